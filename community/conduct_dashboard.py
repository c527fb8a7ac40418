"""The code of conduct on the admin's first page: who has to agree again."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import HttpRequest
from django.utils import timezone

from community import reminding
from community.models import Agreement, PolicyVersion, Reminder


def agreements(request: HttpRequest) -> dict[str, Any]:
    """Give what the panel shows."""
    now = timezone.now()
    return {
        "in_force": PolicyVersion.objects.in_force(now),
        "standing": Agreement.objects.standing().count(),
        "drafts": PolicyVersion.objects.filter(published_at=None).count(),
        "uncertain": len(reminding.uncertain(now)),
        "sends_mail": settings.EMAIL_BACKEND not in reminding.SENDS_NOTHING,
        **re_agreements(now),
    }


def re_agreements(now: datetime) -> dict[str, Any]:
    """Count who has to agree again: all, those who were not asked yet, and those whose time is over."""
    newest = PolicyVersion.objects.material_after(0, now).first()
    if newest is None:
        return {"asked_for": None, "due": 0, "unasked": 0, "lapsed": 0}
    behind = Agreement.objects.standing().filter(version__number__lt=newest.number)
    of_newer = {"account": OuterRef("account"), "version__number__gt": OuterRef("version__number")}
    sent = Reminder.objects.filter(**of_newer, sent_at__isnull=False).order_by("sent_at")
    since = now - timedelta(days=settings.PORTAL_AGREEMENT_DAYS)
    counts = behind.annotate(first=Subquery(sent.values("sent_at")[:1])).aggregate(
        due=Count("pk"),
        unasked=Count("pk", filter=Q(first=None)),
        lapsed=Count("pk", filter=Q(first__lte=since)),
    )
    return {"asked_for": newest, **counts}
