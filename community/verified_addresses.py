"""Which accounts have a confirmed e-mail address, and since when.

allauth says that an address was confirmed, but not when, and tells it by a signal only: its flows confirm
addresses in more than one way, and this signal is the one place that all of them pass. So here, and only here, we
listen to one.
"""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from community.models import VerifiedAddress


def listen() -> None:
    """Note down every confirmation from now on."""
    email_confirmed.connect(_note, dispatch_uid="community.verified_addresses")


def address_of(user: AbstractBaseUser) -> str:
    """Give somebody's confirmed address, the one that is used if there are several; empty: none."""
    confirmed = EmailAddress.objects.filter(user_id=user.pk, verified=True).order_by("-primary", "pk")
    return str(confirmed.values_list("email", flat=True).first() or "")


def verified_at(user: AbstractBaseUser, now: datetime) -> datetime | None:
    """Say when somebody's address was confirmed; None: it is not.

    One that was confirmed without our seeing it (by staff, by another site, before this was kept) is noted as seen now.
    """
    address = address_of(user)
    if not address:
        return None
    known = VerifiedAddress.objects.filter(account_id=user.pk, email__iexact=address).first()
    if known is None:
        fields = {"email": address.lower(), "verified_at": now, "is_exact": False}
        known = VerifiedAddress.objects.create(account_id=user.pk, **fields)
    return known.verified_at


def _note(sender: Any, request: Any, email_address: Any, **_: Any) -> None:
    VerifiedAddress.objects.create(
        account_id=email_address.user_id, email=email_address.email.lower(), verified_at=timezone.now()
    )
