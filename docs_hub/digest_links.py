"""Links of mails that let somebody act without an account: signed, so that nobody makes one for another address."""

import uuid

from django.conf import settings
from django.core import signing
from django.urls import reverse

CONFIRM, LEAVE = "docs_hub.digest.confirm", "docs_hub.digest.leave"  # one never works as the other
DAYS_TO_CONFIRM = 7


class LinkError(Exception):
    """The link was not made here, is not whole, or is too old; nothing was changed."""


def confirm_url(key: uuid.UUID) -> str:
    return str(settings.PORTAL_BASE_URL) + reverse("docs_hub:digest_confirm", args=[_signed(key, CONFIRM)])


def leave_url(key: uuid.UUID) -> str:
    """Give a link that works as long as the portal does."""
    return str(settings.PORTAL_BASE_URL) + reverse("docs_hub:digest_leave", args=[_signed(key, LEAVE)])


def key_to_confirm(token: str) -> uuid.UUID:
    """Raises: LinkError."""
    return _read(token, CONFIRM, max_age=DAYS_TO_CONFIRM * 86_400)


def key_to_leave(token: str) -> uuid.UUID:
    """Raises: LinkError."""
    return _read(token, LEAVE)


def _signed(key: uuid.UUID, purpose: str) -> str:
    return signing.dumps(key.hex, salt=purpose)


def _read(token: str, purpose: str, max_age: int | None = None) -> uuid.UUID:
    try:
        return uuid.UUID(hex=signing.loads(token, salt=purpose, max_age=max_age))
    except (signing.BadSignature, ValueError, TypeError, AttributeError) as error:
        raise LinkError("the link is not whole, or too old") from error
