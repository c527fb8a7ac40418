"""Take in archives that others packed."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mirror import mounts
from mirror.dists import StoreError
from mirror.exclusion import LeaseLostError
from mirror.importing import ImportingError, import_archives
from mirror.intake import ImportReport, Watcher
from mirror.management.distributions import find_distribution
from mirror.management.terminal import telling
from mirror.provenance import MixedError
from mirror.recipe import RecipeError
from mirror.storage import DiskFullError, LockedError

RESERVED = mounts.RESERVED | (mounts.COMPOSER - {"packages"})


class _Shown(Watcher):
    """Shows the archive at hand on a terminal."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def checked(self, archive: str) -> None:
        self._tell(archive)


class Command(BaseCommand):
    help = (
        "Check every zip below a directory and take the good ones in, unchanged: packages that no source has, "
        "or the archives of an existing mirror. For operators. The next build_distribution publishes them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="distribution, for example mirror")
        parser.add_argument("directory", type=Path, metavar="DIR", help="where the zips are, also in folders of it")
        parser.add_argument(
            "--keep-paths", action="store_true", help="serve each at its path below DIR, for lock files that know it"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> str | None:
        distribution = find_distribution(options["slug"])
        try:
            with telling(self.stderr) as tell:
                report = import_archives(
                    distribution,
                    options["directory"],
                    keep_paths=options["keep_paths"],
                    reserved=RESERVED,
                    watcher=_Shown(tell),
                )
        except LockedError as error:
            raise CommandError(f"{error.holder} is running; try again when it is done") from error
        except (ImportingError, MixedError, RecipeError, DiskFullError, StoreError, LeaseLostError) as error:
            raise CommandError(str(error)) from error
        self._show(report, as_json=options["json"])
        if report.refused:
            raise CommandError(f"{len(report.refused)} archives were refused; the others are taken in.")
        return None if options["json"] else _closing(report, distribution.slug)

    def _show(self, report: ImportReport, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report.as_dict(), indent=2))
            return
        for one in report.imported:
            self.stdout.write(f"imported       {one.archive}: {one.package} {one.version} at {one.path}")
        for one in report.already_there:
            self.stdout.write(f"already there  {one.archive}: {one.package} {one.version} at {one.path}")
        for refused in report.refused:
            for fault in refused.faults:
                self.stdout.write(self.style.ERROR(f"refused        {refused.archive}: {fault}"))


def _closing(report: ImportReport, slug: str) -> str:
    if not (report.imported or report.already_there):
        return "There are no .zip files below that directory; nothing was imported."
    counts = f"{len(report.imported)} imported, {len(report.already_there)} already there."
    following = f" They are published by the next: build_distribution {slug}" if report.imported else ""
    return counts + following
