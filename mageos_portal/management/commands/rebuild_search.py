"""The index of the site's search, made anew."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mageos_portal import finding


class Command(BaseCommand):
    help = (
        "Make the index of the site's search what the apps have now. For operators, after a restore or when something "
        "is not found; a second run changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the counts of each source as one JSON object")

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            done = finding.rebuild()
        except finding.UnfindableError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            return json.dumps({source: asdict(written) for source, written in done.items()})
        return finding.sentence(done)
