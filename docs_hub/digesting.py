"""The weekly digest: what is new since the last one, sent to each subscriber at most once, a few at a time.

A run that dies goes on with the next one. The row of a mail is there before the mail goes: of one whose worker died in
between nobody knows whether it left, and it is not sent again.
"""

import logging
import smtplib
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from docs_hub import digest_mails
from docs_hub.models import DigestIssue, DigestMail, Subscriber, Update
from docs_hub.models.updates import UpdateQuerySet

logger = logging.getLogger(__name__)

HOUR = 8  # of Monday, UTC
WEEK = timedelta(days=7)
GRACE = timedelta(days=7)  # for updates that a sync brings late
MOST_MAILS = 200  # of one run
SECONDS = 35  # until no other mail is begun; a task has a minute
MOST_UPDATES = 30  # of one mail
PERMANENT = range(500, 600)  # answers of a mail server
State = DigestMail.State


class _ServerError(Exception):
    """The mail server takes nothing now; the next run tries again."""


@dataclass(slots=True)
class Sent:
    """What a run did."""

    mails: int = 0
    refused: int = 0
    failure: str = ""

    def __str__(self) -> str:
        said = f"{self.mails} mails were sent, {self.refused} were refused"
        return f"{said}; {self.failure}" if self.failure else said


def send_digest(now: datetime) -> str:
    """Send what is due of this week's digest, as much as one run can; says what was done."""
    if not digest_mails.can_send():
        return "no mail leaves this portal, so there is no digest; set PORTAL_EMAIL_URL"
    issue = _issue(now)
    if issue is None:
        return "nothing is new, or it is not Monday yet"
    updates = list(_told(issue, now))
    if not updates:
        return "what was new is not public any more"
    sent = _send(issue, updates)
    if sent.mails or sent.refused or sent.failure:
        logger.info("Digest of %s: %s.", issue.week, sent)
    return str(sent)


def week_of(now: datetime) -> date:
    """Give the Monday whose digest is the newest: last week's until eight o'clock."""
    moment = now.astimezone(UTC) - timedelta(hours=HOUR)
    return moment.date() - timedelta(days=moment.weekday())


def _issue(now: datetime) -> DigestIssue | None:
    """Give this week's issue, made when there is something new and somebody to tell."""
    week = week_of(now)
    if known := DigestIssue.objects.filter(week=week).first():
        return known
    new = list(_new(now).values_list("pk", flat=True)[:MOST_UPDATES])
    if not new or not Subscriber.objects.confirmed().filter(confirmed_at__lt=now).exists():
        return None
    try:
        with transaction.atomic():
            issue = DigestIssue.objects.create(week=week, made_at=now)
            issue.updates.set(new)
    except IntegrityError:  # another worker made it at this moment
        return DigestIssue.objects.get(week=week)
    return issue


def _new(now: datetime) -> UpdateQuerySet:
    """Give public updates of the past week that no digest told of, and late ones of the week before."""
    told = DigestIssue.updates.through.objects.values("update")
    has_past = DigestIssue.objects.exists()
    since = now - WEEK - (GRACE if has_past else timedelta(0))
    return Update.objects.published(now).filter(published_at__gt=since).exclude(pk__in=told).newest_first()


def _told(issue: DigestIssue, now: datetime) -> "QuerySet[Update]":
    """Give the updates of an issue that everybody may still read."""
    return Update.objects.published(now).filter(pk__in=issue.updates.values("pk")).light().newest_first()


def _send(issue: DigestIssue, updates: list[Update]) -> Sent:
    sent, ends = Sent(), time.monotonic() + SECONDS
    waiting = list(Subscriber.objects.without(issue)[:MOST_MAILS])
    if not waiting:
        return sent
    try:
        with get_connection() as connection:
            for subscriber in waiting:
                if time.monotonic() > ends:
                    break
                mail = digest_mails.digest(subscriber, issue.week, updates)
                mail.connection = connection
                _send_one(issue, subscriber, mail, sent)
    except (_ServerError, OSError) as error:
        sent.failure = f"the mail server takes no more ({type(error.__cause__ or error).__name__})"
        logger.warning("Digest of %s: the mail server takes no more; look at PORTAL_EMAIL_URL", issue.week)
    return sent


def _send_one(issue: DigestIssue, subscriber: Subscriber, mail: EmailMultiAlternatives, sent: Sent) -> None:
    """Send a mail that nobody else sends. Raises: _ServerError."""
    claim = _claim(issue, subscriber)
    if claim is None:
        return
    try:
        mail.send()
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors
        if not _is_about_address(error):
            claim.delete()
            raise _ServerError from error
        sent.refused += 1
        _end(claim, State.REFUSED)
    else:
        sent.mails += 1
        _end(claim, State.SENT)


def _claim(issue: DigestIssue, subscriber: Subscriber) -> DigestMail | None:
    """Put the row of a mail there; None if somebody else did, or the subscriber left."""
    try:
        with transaction.atomic():
            still_there = Subscriber.objects.select_for_update().confirmed().filter(pk=subscriber.pk).exists()
            return DigestMail.objects.create(issue=issue, subscriber=subscriber) if still_there else None
    except IntegrityError:
        return None


def _is_about_address(error: Exception) -> bool:
    """Tell whether a server refuses this one address for good; if not, it would not take others either."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code in PERMANENT and not isinstance(
            error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError
        )
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code in PERMANENT for code, _ in error.recipients.values())
    return not isinstance(error, OSError)


def _end(claim: DigestMail, state: str) -> None:
    DigestMail.objects.filter(pk=claim.pk).update(state=state)
