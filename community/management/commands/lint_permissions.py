"""Say what is wrong with the permissions as they stand."""

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from community.linting import LEVELS, blocks_export
from community.permission_exporting import draft


class Command(BaseCommand):
    help = (
        "Show everything that is wrong or surprising in teams, repositories and grants, all at once, each with its id "
        "and what to do. For operators and scheduled checks: fails if an error would stop an export."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="answer with a JSON list")

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            findings = draft(timezone.now()).findings
        except DatabaseError as error:
            raise CommandError(f"the database is not ready ({error}); run: manage.py migrate") from error
        if options["json"]:
            text = json.dumps([each.as_dict() for each in findings], indent=2, ensure_ascii=False)
        else:
            text = "\n".join(map(str, findings))
        if text:
            self.stdout.write(text)
        counts = Counter(each.level for each in findings)
        said = ", ".join(f"{counts[level]} {level}s" for level in LEVELS)
        if blocks_export(findings):
            raise CommandError(f"{said}: errors stop an export")
        return "" if options["json"] else f"{said}."
