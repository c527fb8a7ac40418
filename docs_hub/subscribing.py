"""Subscribing to the weekly digest: asked for by anybody, confirmed by the owner of the address, ended by one click.

Who asks learns nothing of an address: whatever is known of it, the same happens, and a worker sends the mail.
"""

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django_q.tasks import async_task

from docs_hub import digest_mails
from docs_hub.models import DigestConsent, Subscriber

logger = logging.getLogger(__name__)

WORDING_VERSION = 1  # one more whenever the wording changes
WORDING = (
    "Send me a mail once a week when there are new updates of Mage-OS. My address is used for nothing else, is given "
    "to nobody, and is deleted when I unsubscribe, which each mail lets me do by one click."
)
MOST_MAILS = 3  # that ask to confirm one address
PAUSE = timedelta(minutes=10)  # between two of them
Act, Channel = DigestConsent.Act, DigestConsent.Channel


def ask(address: str) -> None:
    """Have the owner of an address asked whether they want the digest.

    Raises:
        redis.RedisError, OSError: the queue does not answer.
    """
    subscriber, _ = Subscriber.objects.get_or_create(address=address.lower())
    async_task(send_confirmation, subscriber.pk, group="digest", task_name=f"digest {subscriber.pk}")


def send_confirmation(pk: int) -> str:
    """Send the mail that asks to confirm, unless the address is confirmed or was asked often; says what was done."""
    now = timezone.now()
    may_be_asked = Subscriber.objects.unconfirmed().filter(Q(mailed_at=None) | Q(mailed_at__lt=now - PAUSE))
    claimed = may_be_asked.filter(pk=pk, mails__lt=MOST_MAILS)
    if not claimed.update(mails=F("mails") + 1, mailed_at=now, asked_at=now):
        return "nothing was sent: it is confirmed, was asked a moment ago or often, or is gone"
    try:
        digest_mails.confirmation(Subscriber.objects.get(pk=pk)).send()
    except (OSError, ValueError, Subscriber.DoesNotExist):  # smtplib's errors are OSErrors
        logger.exception("A mail that asks to confirm was not taken; look at PORTAL_EMAIL_URL")
        return "the mail was not taken"
    return "the mail was sent"


def confirm(key: uuid.UUID) -> bool:
    """Note that the owner of an address agreed to the wording; False if it is gone. Doing it twice changes nothing."""
    with transaction.atomic():
        subscriber = Subscriber.objects.select_for_update().filter(key=key).first()
        if subscriber is not None and subscriber.confirmed_at is None:
            subscriber.confirmed_at = timezone.now()
            subscriber.save(update_fields=["confirmed_at"])
            _note(key, Act.GRANTED, Channel.PAGE)
    return subscriber is not None


def leave(key: uuid.UUID, channel: str = Channel.PAGE) -> bool:
    """Delete a subscription, and note that the consent ended; False if it was gone already."""
    with transaction.atomic():
        subscriber = Subscriber.objects.select_for_update().filter(key=key).first()
        if subscriber is None:
            return False
        if subscriber.confirmed_at:
            _note(key, Act.WITHDRAWN, channel)
        subscriber.delete()
    return True


def erase(addresses: Iterable[str]) -> int:
    """Delete the subscriptions of some addresses, as their owner asked; gives how many there were."""
    keys = Subscriber.objects.filter(address__in=_known(addresses)).values_list("key", flat=True)
    return sum(leave(key, Channel.STAFF) for key in list(keys))


def records_of(address: str) -> dict[str, Any] | None:
    """Give all that is kept about an address, for its owner; None: nothing is."""
    subscriber = Subscriber.objects.filter(address__in=_known([address])).first()
    if subscriber is None:
        return None
    said = DigestConsent.objects.filter(subject=subscriber.key).order_by("pk")
    received = subscriber.received.order_by("pk")
    return {
        "address": subscriber.address,
        "asked_at": subscriber.asked_at,
        "confirmed_at": subscriber.confirmed_at,
        "consents": list(said.values("act", "wording", "wording_version", "channel", "at")),
        "mails": list(received.values("issue__week", "state", "claimed_at")),
    }


def purge_unconfirmed(before: datetime) -> int:
    """Delete addresses whose owner never confirmed them, and that nobody asked for since then."""
    return Subscriber.objects.unconfirmed().filter(asked_at__lt=before).delete()[0]


def purge_consents(before: datetime) -> int:
    """Delete what people said who left before then."""
    there = Subscriber.objects.filter(key=OuterRef("subject"))
    since = DigestConsent.objects.filter(subject=OuterRef("subject"), at__gte=before)
    return DigestConsent.objects.filter(~Exists(there), ~Exists(since)).delete()[0]


def _note(key: uuid.UUID, act: str, channel: str) -> None:
    DigestConsent.objects.create(
        subject=key, act=act, wording=WORDING, wording_version=WORDING_VERSION, channel=channel
    )


def _known(addresses: Iterable[str]) -> list[str]:
    return [address.strip().lower() for address in addresses]
