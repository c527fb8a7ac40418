"""Write the permissions as the file that OpenTofu reads."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction
from django.utils import timezone

from community.permission_exporting import IDS, Draft, NotExportedError, draft, export
from community.permission_files import FileError, read_permissions
from community.planning import Plan, plan
from community.terraform_reading import TFVARS
from community.whole_files import write_whole


class Command(BaseCommand):
    help = (
        f"Write teams, repositories, grants and administrators as {TFVARS}, for a pull request to the repository of "
        "the OpenTofu configuration, and show what it changes. For operators; staff do the same on the page "
        "Permissions. The portal proposes, OpenTofu applies: nothing is changed on GitHub."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, default=Path(TFVARS), metavar="FILE", help=f"by default {TFVARS}")
        parser.add_argument("--reason", default="", help="why; needed when something changed since the last state")
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if FILE is not what would be written"
        )
        parser.add_argument(
            "--plan-against", type=Path, metavar="FILE", help="write nothing; show what changes against this file"
        )
        parser.add_argument(
            "--despite", action="append", default=[], metavar="ID", help="an error that does not stop it; kept with it"
        )
        parser.add_argument("--json", action="store_true", help="answer with JSON: plan, findings, SHA-256")

    def handle(self, *args: Any, **options: Any) -> str:
        if unknown := sorted(set(options["despite"]) - IDS):
            raise CommandError(f"--despite {unknown[0]}: there is no such check; lint_permissions shows their ids")
        try:
            found = draft(timezone.now())
            if options["check"]:
                return self._checked(found, options)
            if options["plan_against"]:
                against = read_permissions(options["plan_against"]).organization
                return self._answer(found, plan(against, found.organization), options, "Nothing was written.")
            return self._written(found, options)
        except (FileError, NotExportedError) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"the database is not ready ({error}); run: manage.py migrate") from error

    def _checked(self, found: Draft, options: dict[str, Any]) -> str:
        path: Path = options["output"]
        if not path.is_file() or path.read_bytes() != found.content:
            raise CommandError(f"{path} is not what would be exported; run: manage.py export_permissions")
        return self._answer(found, found.plan, options, f"{path} is what would be exported.")

    def _written(self, found: Draft, options: dict[str, Any]) -> str:
        path: Path = options["output"]
        try:
            with transaction.atomic():
                export(
                    actor="",
                    reason=options["reason"],
                    now=timezone.now(),
                    seen=found.sha256,
                    overlooked=options["despite"],
                )
                is_written = write_whole(path, found.content)
        except OSError as error:
            raise CommandError(f"{path} cannot be written ({error.strerror}); name another place") from error
        return self._answer(found, found.plan, options, f"{path} {'was written' if is_written else 'is so already'}.")

    def _answer(self, found: Draft, compared: Plan, options: dict[str, Any], said: str) -> str:
        if options["json"]:
            data = {
                "sha256": found.sha256,
                "bytes": len(found.content),
                "plan": json.loads(compared.as_json()),
                "findings": [each.as_dict() for each in found.findings],
            }
            return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
        self.stdout.write(str(compared))
        for finding in found.findings:
            self.stdout.write(str(finding))
        return f"{said} {len(found.content)} bytes, SHA-256 {found.sha256}"
