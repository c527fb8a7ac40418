"""Erasing an account: asked for, thought over for a week, then done as a whole or not at all.

What is evidence stays, under a pseudonym: that somebody agreed, sanctions until their time is over, and what the
staff did. The row of the account stays too, without anything of the person in it, because all that points at it.
"""

import logging
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from community import barring, data_letters
from community.models import (
    Administrator,
    Agreement,
    Consent,
    DataRequest,
    Invitation,
    Person,
    Reminder,
    VerifiedAddress,
)
from community.verified_addresses import address_of
from mageos_portal.registry import erasure_steps, personal_records

logger = logging.getLogger(__name__)


class AccountNeededError(Exception):
    """Others depend on the account; nothing was erased."""


STAFF = (
    "This account belongs to the staff. Ask an administrator to take its roles away first, "
    "so that what it is responsible for finds somebody else."
)
ADMINISTRATOR = (
    "This account administers the organization on GitHub. Two others approve the end of that first, "
    "so that somebody is left who can."
)


def why_needed(user: User) -> str:
    """Say why an account cannot be erased yet; empty: it can."""
    if user.is_staff or user.is_superuser:
        return STAFF
    return ADMINISTRATOR if Administrator.objects.filter(person__user_id=user.pk).exists() else ""


def ask_to_erase(user: User, now: datetime | None = None) -> DataRequest:
    """Note that somebody wants their account erased, which happens a week later. Raises: AccountNeededError."""
    _refuse_needed(user)
    request, is_new = DataRequest.objects.get_or_create(
        account=user,
        kind=DataRequest.Kind.ERASURE,
        state=DataRequest.State.OPEN,
        defaults={"received_at": now or timezone.now()},
    )
    if is_new:
        data_letters.send("erasure_asked", address_of(user), erases_at=request.erases_at)
    return request


def keep_account(user: User, now: datetime | None = None) -> bool:
    """Take the wish back; False if there was none."""
    asked = DataRequest.objects.open().filter(account=user, kind=DataRequest.Kind.ERASURE)
    return bool(asked.update(state=DataRequest.State.CANCELED, done_at=now or timezone.now(), handler="portal"))


def erase_due(now: datetime | None = None) -> int:
    """Erase the accounts whose time to think it over is over; gives how many those were."""
    now, erased = now or timezone.now(), 0
    for request in DataRequest.objects.erasures_due(now).select_related("account"):
        try:
            erased += carry_out(request, handler="portal", now=now)
        except AccountNeededError:
            logger.warning("Data request %s waits: others depend on the account", request.pk)
    return erased


def carry_out(request: DataRequest, *, handler: str, now: datetime | None = None, answer: str = "") -> bool:
    """Erase the account of a request that is open; False if it is not any more. Raises: AccountNeededError."""
    now = now or timezone.now()
    with transaction.atomic():
        waiting = DataRequest.objects.open().filter(pk=request.pk, account__isnull=False)
        user = User.objects.select_for_update().filter(data_requests__pk=request.pk).first()
        if user is None or not waiting.update(
            state=DataRequest.State.DONE, done_at=now, handler=handler, answer=answer, note=""
        ):
            return False
        _refuse_needed(user)
        address = address_of(user)
        _erase(user, now)
        transaction.on_commit(lambda: data_letters.send("erased", address))
    return True


def _refuse_needed(user: User) -> None:
    if reason := why_needed(user):
        raise AccountNeededError(reason)


def _erase(user: User, now: datetime) -> None:
    person = Person.objects.of(user)
    barring.leave_marks(person, user)
    for step in erasure_steps:
        step.erase(user, now)
    _cut_links(user)
    _forget_belongings(user)
    _rename(user, f"former-member-{person.pk}")
    _forget_person(person, now)


def _cut_links(user: User) -> None:
    """Leave of evidence what says that one person said it, but not who."""
    Agreement.objects.filter(account=user).update(account=None)
    Consent.objects.filter(account=user).update(account=None)


def _forget_belongings(user: User) -> None:
    Invitation.objects.filter(account=user).update(account=None, last_four="")
    for model in (Reminder, VerifiedAddress):
        model.objects.filter(account=user).delete()
    for belonging in (EmailAddress, Authenticator):
        belonging.objects.filter(user=user).delete()
    DataRequest.objects.filter(account=user).exclude(state=DataRequest.State.OPEN).update(document="", note="")


def _rename(user: User, pseudonym: str) -> None:
    """Put the pseudonym wherever the user name stands; the new password ends all sessions."""
    for entry in personal_records:
        model = apps.get_model(entry.key)
        for name in entry.names:
            model._default_manager.filter(**{name: user.username}).update(**{name: pseudonym})  # noqa: SLF001 - Django's documented name
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    entries.update(object_repr=pseudonym)
    user.groups.clear()
    user.user_permissions.clear()
    user.username, user.email, user.first_name, user.last_name = pseudonym, "", "", ""
    user.is_active = False
    user.set_unusable_password()
    user.save()


def _forget_person(person: Person, now: datetime) -> None:
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Person), object_id=str(person.pk))
    entries.update(object_repr=f"former member #{person.pk}")
    person.name, person.github_login, person.github_id = "", "", None
    person.is_public, person.erased_at, person.user = False, now, None
    person.save()
