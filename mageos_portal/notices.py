"""Telling staff what they must know: one notice, through every channel that is set up.

Staff set channels by PORTAL_NOTICE_EMAILS and PORTAL_NOTICE_DISCORD_WEBHOOK. What a notice says may come from
outside, so no channel takes it for more than text.
"""

import itertools
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from django.conf import settings
from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)

LONGEST_SUBJECT = 150  # characters
LONGEST_TEXT = 10_000
DISCORD_LIMIT = 2000  # characters of a message: https://discord.com/developers/docs/resources/message
DISCORD_MARKS = re.compile(r"([\\*_~`|>#\-\[\]()<@:])")
SUPPRESS_EMBEDS = 4  # no previews of links
SECONDS_TO_ANSWER = 10.0
LONGEST_PATIENCE = 20.0  # seconds that a channel may ask us to wait; a task has a minute


@dataclass(frozen=True, slots=True)
class Notice:
    subject: str
    text: str
    url: str  # absolute: where to look


class NoticeError(Exception):
    """A channel did not take a notice; the others may have. Says why, without addresses and secrets."""


class Channel(Protocol):
    """A way to reach staff."""

    @property
    def name(self) -> str: ...

    def send(self, notice: Notice) -> None:
        """Raises: NoticeError."""


@dataclass(frozen=True, slots=True)
class Email:
    """Mail to a few people, by the server of PORTAL_EMAIL_URL."""

    to: Sequence[str]
    name: str = "e-mail"

    def send(self, notice: Notice) -> None:
        body = f"{notice.text[:LONGEST_TEXT]}\n\n{notice.url}\n"
        message = EmailMessage(subject=_one_line(notice.subject), body=body, to=list(self.to))
        try:
            message.send()
        except (OSError, ValueError) as error:  # smtplib's errors are OSErrors
            sentence = f"the mail server did not take it ({type(error).__name__}); see PORTAL_EMAIL_URL"
            raise NoticeError(sentence) from None


@dataclass(frozen=True, slots=True)
class Discord:
    """A message by a webhook of a Discord channel, whose address is a secret."""

    address: str
    name: str = "Discord"

    def __repr__(self) -> str:
        return "Discord(…)"

    def send(self, notice: Notice) -> None:
        try:
            answer = self._post(notice)
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                time.sleep(_patience(answer))
                answer = self._post(notice)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoticeError(f"it did not answer ({type(error).__name__})") from None
        if not answer.is_success:
            raise NoticeError(f"it answered {answer.status_code}; see PORTAL_NOTICE_DISCORD_WEBHOOK")

    def _post(self, notice: Notice) -> httpx.Response:
        return httpx.post(self.address, json=discord_message(notice), timeout=SECONDS_TO_ANSWER)


def channels() -> tuple[Channel, ...]:
    """Give the channels that are set up."""
    found: list[Channel] = []
    if settings.PORTAL_NOTICE_EMAILS:
        found.append(Email(settings.PORTAL_NOTICE_EMAILS))
    if settings.PORTAL_NOTICE_DISCORD_WEBHOOK:
        found.append(Discord(settings.PORTAL_NOTICE_DISCORD_WEBHOOK))
    return tuple(found)


def send(notice: Notice) -> dict[str, str]:
    """Send a notice through every channel; gives what went wrong by channel, empty where nothing did."""
    return {channel.name: _fault(channel, notice) for channel in channels()}


def discord_message(notice: Notice) -> dict[str, Any]:
    """Write a notice for Discord: nobody is pinged, nothing is formatted, and it fits."""
    head, tail = f"**{_escaped(_one_line(notice.subject))}**\n", f"\n<{notice.url}>"
    text = _fitted(notice.text, DISCORD_LIMIT - _size(head) - _size(tail))
    return {"content": head + text + tail, "allowed_mentions": {"parse": []}, "flags": SUPPRESS_EMBEDS}


def _fault(channel: Channel, notice: Notice) -> str:
    try:
        channel.send(notice)
    except NoticeError as error:
        logger.error("%r could not be sent by %s: %s", _one_line(notice.subject), channel.name, error)  # noqa: TRY400 - a trace may hold addresses
        return str(error)
    return ""


def _patience(answer: httpx.Response) -> float:
    """Read how long to wait, in seconds.

    Raises:
        NoticeError: longer than we can.
    """
    try:
        seconds = float(answer.headers.get("Retry-After", "1"))
    except ValueError:
        seconds = 1.0
    if not 0 <= seconds <= LONGEST_PATIENCE:
        raise NoticeError(f"it is asked too often and wants to be left alone for {seconds:.0f} s")
    return seconds


def _fitted(text: str, room: int) -> str:
    """Escape a text; what does not fit is cut off at its end."""
    if _size(_escaped(text)) <= room:
        return _escaped(text)
    sizes = itertools.accumulate(_size(_escaped(character)) for character in text)
    return _escaped(text[: sum(size < room for size in sizes)]) + "…"


def _size(text: str) -> int:
    """Count as Discord does: characters beyond the basic plane are two."""
    return len(text) + sum(character > "\uffff" for character in text)


def _escaped(text: str) -> str:
    return DISCORD_MARKS.sub(r"\\\1", text)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_SUBJECT]
