"""Taking away what is known of people when its time is over, rule by rule; each night."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from mageos_portal.registry import retention_rules

logger = logging.getLogger(__name__)


def purge(now: datetime | None = None) -> str:
    """Take away what each rule says; says how much that was. A rule that fails does not keep the others from it."""
    counts, now = [], now or timezone.now()
    for rule in retention_rules:
        before = now - timedelta(days=settings.PORTAL_RETENTION_DAYS[rule.key])
        try:
            with transaction.atomic():
                counts.append(f"{rule.title}: {rule.purge(before)}")
        except ProtectedError:
            logger.exception("The rule %s kept everything, because other records need some of it", rule.key)
            counts.append(f"{rule.title}: none, because other records need some of it")
    return "; ".join(counts)
