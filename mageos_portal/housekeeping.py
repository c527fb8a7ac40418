"""What the site does at night: sessions that are over and old failures go, and the search is put in order."""

from collections.abc import Iterator
from datetime import time, timedelta

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django_q.models import Failure

from mageos_portal import finding, retention
from mageos_portal.registry import ScheduledTask


def keep_house() -> str:
    """Remove expired sessions, and failed tasks that are older than logs are kept; the queue bounds the others."""
    call_command("clearsessions")
    before = timezone.now() - timedelta(days=settings.PORTAL_KEEP_LOGS_DAYS)
    failures = Failure.objects.filter(stopped__lt=before).delete()[0]
    return f"expired sessions and {failures} old failures of tasks were removed"


def scheduled() -> Iterator[ScheduledTask]:
    yield ScheduledTask("portal.housekeeping", keep_house, "Removes expired sessions and old failures of tasks.")
    says = "Takes away what is known of people when its time is over."
    yield ScheduledTask("portal.retention", retention.purge, says, at=time(3, 32))
    says = "Makes the index of the site's search what the apps have."
    yield ScheduledTask("portal.search", finding.rebuild_by_itself, says, at=time(3, 47))
