"""Make a distribution the same as another mirror."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mirror import following
from mirror.management.distributions import find_distribution
from mirror.management.reserved import RESERVED
from mirror.management.terminal import is_own_process
from mirror.progress import Progress
from mirror.reporting import BuildError
from mirror.syncing import SyncOptions, SyncReport

MEGABYTE = 1_000_000


class Command(BaseCommand):
    help = (
        "Copy what another mirror has and this one lacks, check every byte, and serve it at this portal's own address. "
        "For hosters. The address is remembered; it may be a directory that export_distribution wrote."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="distribution, for example mirror")
        parser.add_argument("url", nargs="?", default="", metavar="URL", help="https://HOST/ or DIR; else as last time")
        parser.add_argument("--wait", action="store_true", help="wait for a running sync")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--actor", default="", help="who is noted as having started it")

    def handle(self, *args: Any, **options: Any) -> str | None:
        distribution = find_distribution(options["slug"])
        asked = SyncOptions(
            url=options["url"],
            reserved=RESERVED,
            wait=options["wait"],
            actor=options["actor"],
            kept=is_own_process(self),
        )
        progress = Progress(None if options["json"] else sys.stderr)
        try:
            report = following.sync(distribution, asked, progress)
        except BuildError as error:
            raise CommandError(str(error)) from error
        finally:
            progress.end()
        if options["json"]:
            return json.dumps(report.as_dict(), indent=2)
        for finding in report.findings:
            self.stderr.write(self.style.WARNING(str(finding)))
        return sentence(report)


def sentence(report: SyncReport) -> str:
    size = f"{report.bytes / MEGABYTE:,.1f} MB"
    fetched = f"Fetched {report.fetched:,} archives ({size}), {report.reused:,} were here, in {report.seconds:.1f} s."
    number = report.publication
    served = f"Publication {number} is served" if number else "What is served was up to date"
    return f"{fetched} {served}, equal to {report.origin}."
