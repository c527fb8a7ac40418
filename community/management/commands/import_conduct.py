"""Take over a version of the code of conduct that was in force before the portal was."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from community import policy_files
from community.agreeing import TITLE
from community.policy_files import PolicyFile, PolicyFileError
from community.policy_publishing import Imported, PublishingError, import_version


class Command(BaseCommand):
    help = (
        "Add a published version of the code of conduct from a Markdown file, or from a clone of a git repository at "
        "a commit, with the dates that it had. For operators who set a portal up: one after the other, the oldest "
        "first. It cannot be changed or taken back afterwards; the same again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="PATH", help="the file; with --repository, its path in there")
        parser.add_argument("--number", type=int, required=True, help="1, 2, 3 …")
        parser.add_argument("--published", required=True, metavar="DAY", help="such as 2026-01-13")
        parser.add_argument("--effective", metavar="DAY", help="from when on it counts; by default when published")
        parser.add_argument("--approved-by", required=True, metavar="WHO", help="such as: board")
        parser.add_argument("--author", default="", help="who wrote it")
        parser.add_argument("--title", default=TITLE)
        parser.add_argument("--locale", default="en", help="language of the text")
        parser.add_argument("--change-note", default="", help="what changed since the version before")
        parser.add_argument("--editorial", action="store_true", help="only its wording changed")
        parser.add_argument("--repository", type=Path, metavar="DIR", help="a clone to read from")
        parser.add_argument("--commit", default="HEAD", help="commit, tag or branch of the clone")

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            version, is_new = import_version(_imported(_file(options), options))
        except (PolicyFileError, PublishingError) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"the database is not ready ({error}); run: manage.py migrate") from error
        return f"{version} {'was added' if is_new else 'is there already'}, SHA-256 {version.sha256}"


def _file(options: dict[str, Any]) -> PolicyFile:
    if options["repository"]:
        return policy_files.from_git(options["repository"], options["commit"], options["path"])
    return policy_files.from_disk(Path(options["path"]))


def _imported(file: PolicyFile, options: dict[str, Any]) -> Imported:
    published = _day(options["published"])
    return Imported(
        number=options["number"],
        title=options["title"],
        markdown=file.text,
        published_at=published,
        effective_at=_day(options["effective"]) if options["effective"] else published,
        author=options["author"],
        approved_by=options["approved_by"],
        locale=options["locale"],
        material=not options["editorial"],
        change_note=options["change_note"],
        source_commit=file.commit,
    )


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise CommandError(f"{text!r} is no day; write one such as 2026-01-13") from error
