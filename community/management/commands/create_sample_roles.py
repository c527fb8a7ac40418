"""Sample roles for a first look."""

import tomllib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from community.advancing import advance
from community.models import OpenRole
from community.role_states import Step
from mageos_portal.configuration import is_loopback

SAMPLE = Path(__file__).resolve().parents[2] / "sample"
AUTHOR, PUBLISHER = "sample", "sample publisher"


class Command(BaseCommand):
    help = "Publish the profile of a chief operating officer as an open role. For a first look on this machine only."

    def handle(self, *args: Any, **options: Any) -> str:
        if not is_loopback(settings.PORTAL_BASE_URL):
            raise CommandError(f"{settings.PORTAL_BASE_URL} is no sample: write real roles in the admin, Open roles.")
        made = [title for file in sorted(SAMPLE.glob("*.toml")) if (title := _publish(file))]
        return f"Published: {', '.join(made)}." if made else "The sample roles are there already."


def _publish(file: Path) -> str:
    fields = tomllib.loads(file.read_text(encoding="utf-8"))
    if OpenRole.objects.filter(slug=fields["slug"]).exists():
        return ""
    role = OpenRole(**fields, author=AUTHOR)
    role.full_clean()
    role.save()
    advance(role, Step.SUBMIT, AUTHOR, timezone.now())
    advance(role, Step.PUBLISH, PUBLISHER, timezone.now())
    return role.title
