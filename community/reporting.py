"""Reports to the conduct team: sent, looked at, noted, decided; and who looked is noted each time."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from community.evidence import Evidence
from community.models import ConductReport, ReportAccess, ReportAttachment, ReportNote

logger = logging.getLogger(__name__)

State = ConductReport.State


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody tells."""

    what: str
    about: str = ""
    place: str = ""
    contact: str = ""


def report(
    told: Told, evidence: Sequence[Evidence], *, request_id: str, reporter: User | None = None
) -> tuple[ConductReport, bool]:
    """Keep a report as a whole; the same form posted again is the same one, and False says so."""
    fields = {
        "what": told.what,
        "about": told.about,
        "place": told.place,
        "contact": told.contact,
        "reporter": reporter,
    }
    with transaction.atomic():
        row, is_new = ConductReport.objects.get_or_create(request_id=request_id, defaults=fields)
        if is_new:
            ReportAttachment.objects.bulk_create(
                ReportAttachment(
                    report=row, name=each.name, media_type=each.media_type, size=len(each.content), content=each.content
                )
                for each in evidence
            )
    return row, is_new


def tell_team(pk: int) -> str:
    """Tell the conduct team by mail that there is a report; the mail says nothing of what is in it."""
    address = settings.PORTAL_BASE_URL + reverse("admin:community_conductreport_change", args=[pk])
    text = f"Somebody sent a report. Only the conduct team can read it:\n\n{address}\n"
    mail = EmailMessage("A report to the conduct team", text, to=[settings.PORTAL_CONDUCT_EMAIL])
    try:
        mail.send()
    except (OSError, ValueError):  # smtplib's errors are OSErrors
        logger.exception("The mail about a report was not taken; look at PORTAL_EMAIL_URL")
        return "the mail was not taken; the dashboard shows the report"
    return "the conduct team was told"


def note_access(row: ConductReport, who: User, what: str) -> None:
    ReportAccess.objects.create(report=row, who=who, what=what)


def note(row: ConductReport, who: User, text: str) -> None:
    """Add a note; a new report is being looked into from then on."""
    with transaction.atomic():
        ReportNote.objects.create(report=row, author=who, text=text)
        ConductReport.objects.filter(pk=row.pk, state=State.NEW).update(state=State.OPEN)


def close(row: ConductReport, who: User, decision: str, now: datetime | None = None) -> bool:
    """Decide a report; False if somebody did already."""
    with transaction.atomic():
        waiting = ConductReport.objects.waiting().filter(pk=row.pk)
        if not waiting.update(state=State.CLOSED, decision=decision, closed_at=now or timezone.now()):
            return False
        ReportNote.objects.create(report=row, author=who, text=f"Closed: {decision}")
    return True


def reopen(row: ConductReport, who: User, reason: str) -> bool:
    """Look into a report again, as after an appeal; False if it is open."""
    with transaction.atomic():
        closed = ConductReport.objects.filter(pk=row.pk, state=State.CLOSED)
        if not closed.update(state=State.OPEN, closed_at=None):
            return False
        ReportNote.objects.create(report=row, author=who, text=f"Opened again: {reason}")
    return True


def forget_reporter(user: AbstractBaseUser, now: datetime) -> int:
    """Take out of reports who sent them, when the account is erased."""
    return ConductReport.objects.filter(reporter_id=user.pk).update(reporter=None, contact="")


def purge(before: datetime) -> int:
    """Delete what was decided long ago, with files, notes and the list of who looked."""
    return ConductReport.objects.filter(closed_at__lt=before).delete()[1].get("community.ConductReport", 0)
