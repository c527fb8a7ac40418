"""Take over teams, repositories and grants from the configuration of GitHub."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from community.permission_files import FileError, read_permissions
from community.permission_importing import Imported, ImportRefusedError, import_permissions
from community.terraform_reading import Source


class Command(BaseCommand):
    help = (
        "Make teams, repositories, grants and administrators what variables.tf or an exported "
        "portal.auto.tfvars.json says, and show what that changes. For operators who set a portal up, or who take over "
        "what was changed on GitHub's side. All of it or nothing; the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="variables.tf, or a file that ends with .json")
        parser.add_argument("--dry-run", action="store_true", help="only show what would change")
        parser.add_argument("--reason", default="", help="why, for the history; by default the file's name")
        parser.add_argument(
            "--machine", action="append", default=[], metavar="LOGIN", help="an account of a program; may be repeated"
        )

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            source = read_permissions(options["file"])
            done = import_permissions(
                source.organization,
                reason=options["reason"] or f"imported from {options['file'].name}",
                now=timezone.now(),
                machines=options["machine"],
                dry_run=options["dry_run"],
            )
        except FileError as error:
            raise CommandError(str(error)) from error
        except ImportRefusedError as error:
            raise CommandError(f"{options['file']} cannot be imported, nothing was changed:\n{error}") from error
        except DatabaseError as error:
            raise CommandError(f"the database is not ready ({error}); run: manage.py migrate") from error
        self._show(source, done)
        return _sentence(source, done, is_dry=options["dry_run"])

    def _show(self, source: Source, done: Imported) -> None:
        for note in source.notes:
            self.stdout.write(f"note: {note}")
        if source.left_alone:
            self.stdout.write(f"left alone: {', '.join(source.left_alone)}")
        self.stdout.write(str(done.plan))
        for finding in done.findings:
            self.stdout.write(str(finding))


def _sentence(source: Source, done: Imported, *, is_dry: bool) -> str:
    held = source.organization
    counts = (
        f"{len(held.teams)} teams, {len(held.repositories)} repositories, {len(held.mirror_repositories)} mirrors, "
        f"SHA-256 {done.sha256}"
    )
    if is_dry:
        return f"Nothing was imported (--dry-run). The file has {counts}"
    if done.plan.is_empty:
        return f"Nothing changed: {counts}"
    return f"Imported {counts}"
