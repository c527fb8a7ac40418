"""Who is shut out: by a sanction in force, also under a new account with the address or number of an erased one."""

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q
from django.utils.crypto import salted_hmac

from community.models import Person, Presence, Sanction, SanctionMark

SALT = "community.barring"


def facts(user: AbstractBaseUser, now: datetime) -> Mapping[str, bool]:
    """Tell whether somebody is suspended."""
    in_force = Sanction.objects.in_force(now).exclude(kind=Sanction.Kind.WARNING)
    found = in_force.filter(Q(person__user_id=user.pk) | Q(marks__isnull=False))
    known = list(found.values_list("person__user_id", "marks__digest"))
    is_theirs = any(owner == user.pk for owner, _ in known)
    return {"is_suspended": is_theirs or _is_recognized(user, {digest for _, digest in known if digest})}


def leave_marks(person: Person, user: AbstractBaseUser) -> None:
    """Keep what recognizes somebody whose account is erased, for as long as sanctions of theirs are kept."""
    digests = [_digest(settings.SECRET_KEY, each) for each in _marks_of(user)]
    sanctions = Sanction.objects.filter(person=person).exclude(kind=Sanction.Kind.WARNING)
    marks = [SanctionMark(sanction=sanction, digest=digest) for sanction in sanctions for digest in digests]
    SanctionMark.objects.bulk_create(marks, ignore_conflicts=True)


def _is_recognized(user: AbstractBaseUser, digests: Set[str]) -> bool:
    """Say whether somebody has what an erased account had that is shut out."""
    if not digests:
        return False
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(_digest(key, mark) in digests for mark in _marks_of(user) for key in keys)


def _marks_of(user: AbstractBaseUser) -> Iterator[str]:
    yield from _named(
        "mail", EmailAddress.objects.filter(user_id=user.pk, verified=True).values_list("email", flat=True)
    )
    found = Presence.objects.filter(person__user_id=user.pk).values_list("discord_id", flat=True)
    yield from _named("discord", (each for each in found if each))


def _named(kind: str, values: Iterable[str]) -> Iterator[str]:
    return (f"{kind}:{value.strip().lower()}" for value in values)


def _digest(key: str, value: str) -> str:
    return salted_hmac(SALT, value, key, algorithm="sha256").hexdigest()
