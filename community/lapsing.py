"""When somebody has to agree again, when they are told, and when their agreement ends. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST, SECOND = 1, 2  # mails about one version
SECOND_BEFORE = timedelta(days=7)  # the end


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail about a version, or the intention to send it."""

    version: int  # its number
    number: int  # FIRST or SECOND
    sent_at: datetime | None  # None: not known to have been sent


@dataclass(frozen=True, slots=True)
class Term:
    """What somebody has to agree to, and until when; None: nothing, no end yet."""

    version: int | None = None
    ends_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= now


def term(unanswered: Collection[int], mails: Collection[Mail], days: int) -> Term:
    """Give the term of somebody whose last word does not cover these material versions that are in force."""
    if not unanswered:
        return Term()
    sent = [mail.sent_at for mail in mails if mail.version in unanswered and mail.sent_at]
    return Term(max(unanswered), min(sent) + timedelta(days=days) if sent else None)


def mail_due(unanswered: Collection[int], mails: Collection[Mail], days: int, now: datetime) -> int | None:
    """Give the number of the mail to send now: the first about the newest version, or the one before the end."""
    asked = term(unanswered, mails, days)
    if asked.version is None or asked.is_over(now):
        return None
    known = {mail.number for mail in mails if mail.version == asked.version}
    if FIRST not in known:
        return FIRST
    if SECOND in known or asked.ends_at is None:
        return None
    last_week = asked.ends_at - SECOND_BEFORE
    told_lately = any(mail.sent_at and mail.sent_at >= last_week for mail in mails if mail.version in unanswered)
    return SECOND if now >= last_week and not told_lately else None
