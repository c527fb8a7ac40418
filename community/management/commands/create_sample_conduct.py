"""A code of conduct to try the portal with."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from community.models import PolicyVersion
from community.policy_files import from_disk
from community.policy_publishing import Imported, import_version

DIRECTORY = Path(__file__).parents[2] / "sample"
VERSIONS = (
    (1, datetime(2022, 2, 21, tzinfo=UTC), ""),
    (2, datetime(2026, 1, 13, tzinfo=UTC), "Says how reports are handled, and that it holds at events, too."),
)


class Command(BaseCommand):
    help = (
        "Publish two versions of a sample code of conduct, to see pages and differences. For a first look, never in "
        "production: what is published cannot be taken back. Does nothing where there is any version."
    )

    def handle(self, *args: Any, **options: Any) -> str:
        if settings.PORTAL_PRODUCTION:
            raise CommandError("this is a production portal; draft a text in the admin, or use import_conduct")
        if PolicyVersion.objects.conduct().exists():
            return "There is a code of conduct already."
        for number, day, note in VERSIONS:
            import_version(_sample(number, day, note))
        return f"Published {len(VERSIONS)} versions of a sample code of conduct."


def _sample(number: int, day: datetime, note: str) -> Imported:
    return Imported(
        number=number,
        title="Code of Conduct (sample)",
        markdown=from_disk(DIRECTORY / f"conduct-{number}.md").text,
        published_at=day,
        effective_at=day,
        author="sample",
        approved_by="sample",
        change_note=note,
    )
