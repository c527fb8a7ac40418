"""Sync collections: updates and documents in git, and folders in Google Drive."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from docs_hub import importing
from docs_hub.models import Collection, Run
from docs_hub.remaining import remains
from docs_hub.syncing import sync

EVERY_FINDING = 2  # verbosity
MOST_ERRORS = 20  # shown of a collection


class Command(BaseCommand):
    help = (
        "Read updates and documents from the git repositories and Drive folders of the active collections. For "
        "operators. Ends with 1 if a collection could not be read; what it gave before is still there then, unless "
        "Drive refuses the folder: only staff see its documents until it is shared again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sources", type=Path, metavar="DIR", help="clones on disk instead of the addresses")
        parser.add_argument(
            "--collection", action="append", default=[], metavar="SLUG", help="only this one; may be repeated"
        )
        parser.add_argument(
            "--repair-encoding",
            action="append",
            default=[],
            metavar="PATH",
            help="undo wrong decoding (itâ€™s) in this file of an update, now and in later syncs; may be repeated",
        )
        parser.add_argument("--again", action="store_true", help="read and render what did not change, too")
        parser.add_argument("--wait", action="store_true", help="wait for a running sync")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        sources = options["sources"]
        if sources is not None and not sources.is_dir():
            raise CommandError(f"--sources {sources}: there is no such directory")
        try:
            collections = _chosen(options["collection"])
        except DatabaseError as error:
            raise CommandError(f"the database is not ready ({error}); run: manage.py migrate") from error
        if unknown := importing.repair(options["repair_encoding"], collections):
            raise CommandError(f"--repair-encoding: no update was imported from {', '.join(unknown)}")
        runs = sync(collections, sources=sources, wait=options["wait"], again=options["again"])
        if options["json"]:
            self.stdout.write(json.dumps({run.collection.slug: _as_object(run) for run in runs}, indent=2))
        else:
            for run in runs:
                self._show(run, options["verbosity"])
        if failed := [run.collection.slug for run in runs if run.state == Run.State.FAILED]:
            raise CommandError(f"not synced: {', '.join(failed)}")

    def _show(self, run: Run, verbosity: int) -> None:
        """Print how a sync went: its counts, its warnings by code, and each file with an error."""
        slug, report = run.collection.slug, run.report
        if report:
            counts = (f"{len(report[name])} {name}" for name in ("created", "updated", "gone"))
            self.stdout.write(f"{slug}: {', '.join(counts)}, {report['same']} the same")
        if run.failure:
            self.stderr.write(self.style.ERROR(f"{slug}: {run.failure}"))
            self.stderr.write(f"  {remains(run.collection)}")
        self._show_warnings(report.get("warnings", {}), verbosity)
        errors = [message for found in report.get("errors", {}).values() for _, message, _ in found]
        for message in errors if verbosity >= EVERY_FINDING else errors[:MOST_ERRORS]:
            self.stderr.write(self.style.ERROR(f"  {message}"))
        if errors:
            self.stderr.write(f"  {len(errors)} errors; what was imported from these files before is still there")

    def _show_warnings(self, warnings: dict[str, list[tuple[str, str, int]]], verbosity: int) -> None:
        if verbosity >= EVERY_FINDING:
            for path, found in warnings.items():
                for code, message, count in found:
                    about = message if message.startswith(path) else f"{path}: {message}"
                    self.stdout.write(self.style.WARNING(f"  [{code}] {about} ({count})"))
            return
        files: dict[str, int] = {}
        for code in (code for found in warnings.values() for code in {code for code, _, _ in found}):
            files[code] = files.get(code, 0) + 1
        listed = ", ".join(
            f"{code} {count}" for code, count in sorted(files.items(), key=lambda each: (-each[1], each[0]))
        )
        if listed:
            self.stdout.write(f"  warnings, by number of files (--verbosity 2 lists them): {listed}")


def _chosen(slugs: list[str]) -> list[Collection]:
    """Give the collections to sync. Raises: CommandError."""
    collections = Collection.objects.read_from_elsewhere()
    if not slugs:
        if found := list(collections):
            return found
        raise CommandError(
            "there is no active collection; add one in the admin, or some by: manage.py import_collections"
        )
    known = {collection.slug: collection for collection in collections}
    if unknown := [slug for slug in slugs if slug not in known]:
        there = ", ".join(known) or "none"
        raise CommandError(
            f"no active collection that can be synced is called {', '.join(unknown)}; there are: {there}"
        )
    return [known[slug] for slug in dict.fromkeys(slugs)]


def _as_object(run: Run) -> dict[str, Any]:
    return {"state": run.state, "failure": run.failure, "commit": run.commit, **run.report}
