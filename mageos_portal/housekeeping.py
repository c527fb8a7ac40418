"""What the site throws away after a while: sessions that are over, and what the queue remembers of failures."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django_q.models import Failure

from mageos_portal.registry import ScheduledTask


def keep_house() -> str:
    """Remove expired sessions, and failed tasks that are older than logs are kept; the queue bounds the others."""
    call_command("clearsessions")
    before = timezone.now() - timedelta(days=settings.PORTAL_KEEP_LOGS_DAYS)
    failures = Failure.objects.filter(stopped__lt=before).delete()[0]
    return f"expired sessions and {failures} old failures of tasks were removed"


def scheduled() -> Iterator[ScheduledTask]:
    yield ScheduledTask("portal.housekeeping", keep_house, "Removes expired sessions and old failures of tasks.")
