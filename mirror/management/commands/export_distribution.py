"""Write a publication as plain files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mirror.dists import StoreError
from mirror.exporting import ExportError, export
from mirror.management.distributions import find_distribution


class Command(BaseCommand):
    help = (
        "Write what a distribution serves as plain files that composer can use as they are: "
        "for nginx, an object store or a USB stick. For operators and hosters; again for what changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="distribution, for example mirror")
        parser.add_argument("directory", type=Path, metavar="DIR", help="new, empty, or an earlier export")
        parser.add_argument(
            "--base-url",
            metavar="URL",
            help="where clients will find the files, if not at the distribution's own address: "
            "https://HOST/ or file:///DIRECTORY/",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        distribution = find_distribution(options["slug"])
        try:
            report = export(distribution, options["directory"], options["base_url"])
        except (ExportError, StoreError, OSError) as error:
            raise CommandError(str(error)) from error
        return (
            f"{report.packages} packages and {report.archives} archives are in {options['directory']} for "
            f"{report.base_url}: {report.written} files written, {report.removed} removed."
        )
