"""Asking people by mail to agree to a material version, and once more before their agreement ends.

Who sends a mail puts its row there first, which only one worker can; so nobody is told twice. When the server does
not take the mail the row goes again, and a later run tries anew.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from community.agreement_facts import mails_to, unanswered_by
from community.facts import state_of_user
from community.lapsing import SECOND, mail_due, term
from community.models import Agreement, PolicyVersion, Reminder
from community.standing import is_member
from community.verified_addresses import address_of

logger = logging.getLogger(__name__)

MOST_MAILS = 40  # of one run, which has a minute
SENDS_NOTHING = ("django.core.mail.backends.dummy.EmailBackend",)
STALE = timedelta(hours=1)  # a mail takes seconds


@dataclass(frozen=True, slots=True)
class Sent:
    """What a run did."""

    mails: int = 0
    refused: int = 0

    def __str__(self) -> str:
        return f"{self.mails} mails were sent, {self.refused} were not taken"


@dataclass(frozen=True, slots=True)
class _Due:
    word: Agreement
    version: PolicyVersion  # to agree to
    number: int  # of the mail


def remind(now: datetime | None = None) -> str:
    """Send the mails that are due, at most as many as one run can; says what was done."""
    if settings.EMAIL_BACKEND in SENDS_NOTHING:
        return "no mail leaves this portal, so nobody was reminded and no agreement ends; set PORTAL_EMAIL_URL"
    now = now or timezone.now()
    mails = refused = 0
    for due in _due(now):
        if mails + refused >= MOST_MAILS:
            break
        outcome = _remind(due, now)
        mails, refused = mails + (outcome is True), refused + (outcome is False)
    return str(Sent(mails, refused))


def uncertain(now: datetime) -> "list[Reminder]":
    """Give the mails of which nobody knows whether they left, because their worker died."""
    return list(Reminder.objects.filter(sent_at=None, claimed_at__lt=now - STALE))


def send_again(reminders: list[Reminder], now: datetime) -> int:
    """Have mails sent again that a person says did not arrive; gives how many those are."""
    lost = Reminder.objects.filter(pk__in=[each.pk for each in reminders], sent_at=None, claimed_at__lt=now - STALE)
    return lost.delete()[0]


def _due(now: datetime) -> Iterator[_Due]:
    in_force = PolicyVersion.objects.in_force(now)
    material = PolicyVersion.objects.material_after(0, now).first()
    if in_force is None or material is None:
        return
    behind = Agreement.objects.standing().filter(version__number__lt=material.number)
    for word in behind.select_related("version", "account").defer("version__markdown", "version__html").iterator():
        numbers = unanswered_by(word, now)
        number = mail_due(numbers, mails_to(word, numbers), settings.PORTAL_AGREEMENT_DAYS, now)
        if number and word.account and is_member(state_of_user(word.account, now)):
            yield _Due(word, in_force, number)


def _remind(due: _Due, now: datetime) -> bool | None:
    """Send one mail; None: somebody else does."""
    numbers = unanswered_by(due.word, now)
    asked = PolicyVersion.objects.material_after(0, now).get(number=max(numbers))
    try:
        with transaction.atomic():
            claim = Reminder.objects.create(
                account_id=due.word.account_id or 0, version=asked, number=due.number, claimed_at=now
            )
    except IntegrityError:
        return None
    ends_at = term(numbers, mails_to(due.word, numbers), settings.PORTAL_AGREEMENT_DAYS).ends_at
    try:
        _mail(due, ends_at or now + timedelta(days=settings.PORTAL_AGREEMENT_DAYS)).send()
    except (OSError, ValueError):  # smtplib's errors are OSErrors
        claim.delete()
        logger.exception("A reminder of %s was not taken; look at PORTAL_EMAIL_URL", asked)
        return False
    Reminder.objects.filter(pk=claim.pk).update(sent_at=max(now, timezone.now()))
    return True


def _mail(due: _Due, ends_at: datetime) -> EmailMultiAlternatives:
    account: User = due.word.account  # type: ignore[assignment] # accounts of those who stand
    base = settings.PORTAL_BASE_URL
    context = {
        "version": due.version,
        "agreed": due.word.version,
        "ends_at": ends_at,
        "is_last": due.number == SECOND,
        "agree_url": base + reverse("community:agree"),
        "text_url": base + due.version.get_absolute_url(),
        "changes_url": base + reverse("community:conduct_diff", args=[due.word.version.number, due.version.number]),
        "contact": settings.PORTAL_CONDUCT_EMAIL,
    }
    subject = render_to_string("community/email/agree_again_subject.txt", context)
    text = render_to_string("community/email/agree_again.txt", context)
    message = EmailMultiAlternatives(" ".join(subject.split()), text, to=[address_of(account)])
    message.attach_alternative(render_to_string("community/email/agree_again.html", context), "text/html")
    return message
