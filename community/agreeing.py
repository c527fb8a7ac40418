"""What people say to the code of conduct: that they agree, and that they do not any more.

AgreeingError
├── NotVerifiedError
├── NotInForceError
└── NothingToWithdrawError
"""

import logging
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from community.membership_listeners import tell_changed
from community.models import Agreement, Person, PolicyVersion
from community.verified_addresses import verified_at

logger = logging.getLogger(__name__)

TITLE = "Mage-OS Code of Conduct"
WITHDRAWAL = "I withdraw my agreement to the {title}, version {number}. My access as a member ends."
Act, Method = Agreement.Act, Agreement.Method


class AgreeingError(ValueError):
    """It was not noted; what was said before still holds."""


class NotVerifiedError(AgreeingError):
    """The account has no confirmed e-mail address."""


class NotInForceError(AgreeingError):
    """The version is not the one that counts."""


class NothingToWithdrawError(AgreeingError):
    """There is no agreement."""


def label_of(version: PolicyVersion) -> str:
    """Give what stands beside the box."""
    return f"I agree to the {TITLE}, version {version.number} ({version.day})"


def agree(
    user: User,
    version: PolicyVersion,
    *,
    label: str,
    method: str = Method.WEB,
    request_id: str = "",
    now: datetime | None = None,
) -> Agreement:
    """Note that somebody agreed; asked twice, by one request or two, it is noted once. Raises: AgreeingError."""
    now = now or timezone.now()
    with transaction.atomic():
        person = _locked(user)
        if (done := _done(person, Act.AGREED, request_id)) is not None:
            return done
        _refuse_other(version, method, now)
        confirmed = verified_at(user, now)
        if confirmed is None:
            raise NotVerifiedError(f"{user.get_username()} has no confirmed e-mail address; confirm one first")
        last = _last_word(person)
        if last and last.act == Act.AGREED:
            if last.version_id == version.pk:
                return last
            _add(user, person, last.version, Act.SUPERSEDED, label=label, method=method, at=now)
        evidence = {"label": label, "method": method, "request_id": request_id, "address_verified_at": confirmed}
        made = _add(user, person, version, Act.AGREED, at=now, **evidence)
        tell_changed(user, now)
    logger.info("Somebody agreed to %s", version)
    return made


def withdraw(user: User, *, request_id: str = "", now: datetime | None = None) -> Agreement:
    """Note that somebody does not agree any more; asked twice, it is noted once. Raises: NothingToWithdrawError."""
    now = now or timezone.now()
    with transaction.atomic():
        person = _locked(user)
        last = _done(person, Act.WITHDRAWN, request_id) or _last_word(person)
        if last is None:
            raise NothingToWithdrawError(f"{user.get_username()} has not agreed to anything")
        if last.act == Act.WITHDRAWN:
            return last
        label = withdrawal_label(last.version)
        made = _add(user, person, last.version, Act.WITHDRAWN, label=label, at=now, request_id=request_id)
        tell_changed(user, now)
    logger.info("Somebody withdrew their agreement to %s", made.version)
    return made


def withdrawal_label(version: PolicyVersion) -> str:
    """Give what stands beside the button that withdraws."""
    return WITHDRAWAL.format(title=TITLE, number=version.number)


def _locked(user: User) -> Person:
    """Give the person, whom no other request can speak for before this one ends."""
    person = Person.objects.of(user)
    return Person.objects.select_for_update().get(pk=person.pk)


def _done(person: Person, act: str, request_id: str) -> Agreement | None:
    """Give what a request that is repeated did before."""
    if not request_id:
        return None
    return Agreement.objects.of(person).filter(act=act, request_id=request_id).select_related("version").first()


def _last_word(person: Person) -> Agreement | None:
    return Agreement.objects.said().filter(subject=person.key).select_related("version").order_by("-pk").first()


def _refuse_other(version: PolicyVersion, method: str, now: datetime) -> None:
    """Refuse what cannot be agreed to; on paper, somebody may have agreed to an older one."""
    if version.kind != PolicyVersion.Kind.CONDUCT or not version.is_published:
        raise NotInForceError(f"{version} is nothing to agree to")
    in_force = PolicyVersion.objects.in_force(now)
    counts = version.effective_at is not None and version.effective_at <= now
    is_current = in_force is not None and version.number == in_force.number
    if not counts or (method == Method.WEB and not is_current):
        raise NotInForceError(f"{version} is not in force; {in_force or 'none'} is")


def _add(user: User, person: Person, version: PolicyVersion, act: str, **evidence: Any) -> Agreement:
    about = {"subject": person.key, "account": user, "version": version, "text_sha256": version.sha256}
    return Agreement.objects.create(**about, act=act, **evidence)
