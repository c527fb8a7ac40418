"""Who is on Discord, as far as we can know it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from community.models import Person, Presence


class TakenError(Exception):
    """The account on Discord is somebody else's, or they are there as another one; nothing was changed."""


TAKEN = "This Discord account is connected with another account here."
BACK = {"left_at": None, "parted_at": None, "remove_since": None, "due_at": None, "failure": ""}


def came_by_link(user: User, guild: str, roles: str, now: datetime) -> Presence:
    """Note that somebody's link was used; as which account, Discord does not tell."""
    with transaction.atomic():
        person = Person.objects.of(user)
        fields = {"by_link": True, "guild": guild, "roles": roles, "joined_at": now, **BACK}
        return Presence.objects.update_or_create(person=person, defaults=fields)[0]


def was_sent_a_link(user: User) -> None:
    """Note that a person sent somebody a link, of which we do not learn whether it was used."""
    with transaction.atomic():
        Presence.objects.update_or_create(
            person=Person.objects.of(user), defaults={"by_link": True, "joined_at": None, **BACK}
        )


def claim(user: User, discord_id: str, guild: str, roles: Sequence[str]) -> Presence:
    """Note as which account somebody will be on Discord, before they are: whoever fails then is found again.

    Raises:
        TakenError: see there.
    """
    try:
        with transaction.atomic():
            person = Person.objects.of(user)
            Person.objects.select_for_update().get(pk=person.pk)
            known = Presence.objects.filter(person=person).first()
            if known and known.discord_id not in {None, discord_id} and not known.left_at:
                raise TakenError("You connected another Discord account before. Leave with that one, or write to us.")
            if Presence.objects.filter(discord_id=discord_id).exclude(person=person).exists():
                raise TakenError(TAKEN)
            given = set(roles) | set(known.roles.split() if known and known.guild == guild else ())
            fields: dict[str, Any] = {"discord_id": discord_id, "guild": guild, "roles": " ".join(sorted(given))}
            fields |= {"joined_at": known.joined_at if known and not known.left_at else None}
            fields |= {"left_at": None, "parted_at": None}
            return Presence.objects.update_or_create(person=person, defaults=fields)[0]
    except IntegrityError:  # somebody else was quicker
        raise TakenError(TAKEN) from None


def release(presence: Presence) -> None:
    """Forget as which account somebody wanted to be there, when Discord said a definite no."""
    Presence.objects.filter(pk=presence.pk, joined_at=None).update(discord_id=None)


def note_joined(presence: Presence, now: datetime) -> None:
    Presence.objects.filter(pk=presence.pk).update(joined_at=now, checked_at=now, **BACK)


def say_gone(user: User, now: datetime) -> int | None:
    """Note that somebody says that they are not there; gives whom to ask Discord about, where it can tell."""
    mine = Presence.objects.there().filter(person__user_id=user.pk)
    known = mine.exclude(discord_id=None).values_list("pk", flat=True).first()
    if known is None:
        mine.update(left_at=now)
    return known


def close(presence: Presence, now: datetime) -> bool:
    """Note that a person removed somebody from Discord; False if that was not due."""
    due = Presence.objects.to_remove().filter(pk=presence.pk)
    return bool(due.update(remove_since=None, left_at=now, parted_at=presence.parted_at or now))
