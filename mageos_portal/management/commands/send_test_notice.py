"""Try the ways to reach staff."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mageos_portal.notices import Notice, send

NO_CHANNEL = (
    "no channel is set up; set PORTAL_NOTICE_EMAILS to addresses (and PORTAL_EMAIL_URL to a mail server), "
    "or PORTAL_NOTICE_DISCORD_WEBHOOK to the address of a Discord webhook"
)


class Command(BaseCommand):
    help = "Send a notice through every channel that is set up, so that whoever sets them up sees that they work."

    def handle(self, *args: Any, **options: Any) -> str:
        url = f"{settings.PORTAL_BASE_URL}/admin/"
        text = "This is a test. You will be told here when a build fails or works again, and when a release waits."
        faults = send(Notice(f"Test notice of {settings.PORTAL_BASE_URL}", text, url))
        if not faults:
            raise CommandError(NO_CHANNEL)
        if failed := [f"{name}: {fault}" for name, fault in faults.items() if fault]:
            raise CommandError("; ".join(failed))
        return f"Sent by {' and '.join(faults)}."
