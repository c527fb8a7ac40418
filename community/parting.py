"""Making Discord what memberships are: roles are taken when one ends, and given back when it begins again.

Everything here may run twice. What Discord refuses is noted for staff, who do it by hand.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from community.alarming import Alarm, tell
from community.discord_access import connected, has_bot
from community.discord_errors import DiscordBusyError, DiscordError, DiscordRefusedError
from community.facts import state_of_user
from community.models import Presence
from community.standing import is_member
from mageos_portal.community_configuration import REMOVE

logger = logging.getLogger(__name__)

MOST_SEEN = 1000  # in one sweep
MOST_AT_ONCE = 10  # who part in one sweep: a mistake that shuts everybody out can be stopped
MOST_LOOKED_FOR = 20
LOOK_EVERY = timedelta(days=1)
LATER = timedelta(minutes=10)
MUCH_LATER = timedelta(days=1)  # after a refusal, which a person has to mend
REASON_PARTED, REASON_BACK = "portal, no member any more", "portal, member again"
LONGEST_FAILURE = 500  # characters


def sweep(now: datetime) -> list[int]:
    """Give those of whom Discord has to be told or asked something, bounded; staff hear of very many."""
    ended, back, unseen = [], [], []
    seen = Presence.objects.to_settle(now).select_related("person__user")[:MOST_SEEN]
    for presence in seen:
        is_in = _is_member(presence, now)
        if not is_in and presence.parted_at is None:
            ended.append(presence.pk)
        elif is_in and presence.parted_at:
            back.append(presence.pk)
        elif is_in and presence.discord_id and not _was_seen(presence, now):
            unseen.append(presence.pk)
    if len(ended) > MOST_AT_ONCE:
        tell(Alarm.MANY)
    return [*ended[:MOST_AT_ONCE], *back[:MOST_AT_ONCE], *unseen[:MOST_LOOKED_FOR]]


def settle(pk: int, now: datetime) -> str:
    """Make Discord what somebody's membership is now; says what was done."""
    presence = Presence.objects.filter(pk=pk, left_at=None).select_related("person__user").first()
    if presence is None:
        return "is not there"
    is_in = _is_member(presence, now)
    try:
        fields = dict(_changes(presence, now, is_in=is_in))
    except DiscordError as error:
        return _note_failure(presence, error, now)
    Presence.objects.filter(pk=pk).update(**{"failure": "", "due_at": None, "checked_at": now, **fields})
    if fields.get("remove_since"):
        tell(Alarm.REMOVE)
    _forget(pk)
    return "settled"


def _changes(presence: Presence, now: datetime, *, is_in: bool) -> Iterator[tuple[str, Any]]:
    """Do on Discord what is to be done, and give what has to be noted."""
    if is_in and presence.parted_at:
        yield from _come_back(presence, now)
    elif is_in:
        yield from _look(presence, now)
    elif presence.parted_at is None:
        yield from _part(presence, now)


def _part(presence: Presence, now: datetime) -> Iterator[tuple[str, Any]]:
    if presence.discord_id and not has_bot():
        yield "remove_since", presence.remove_since or now
        yield "failure", "there is no bot that could take the roles away"
        yield "due_at", now + MUCH_LATER
        return
    if presence.discord_id:
        yield from _leave(presence, presence.discord_id, now)
    yield "parted_at", now
    yield "remove_since", (presence.remove_since or now) if presence.by_link else None


def _leave(presence: Presence, account: str, now: datetime) -> Iterator[tuple[str, Any]]:
    discord = settings.PORTAL_DISCORD
    with connected(presence.guild) as client:
        if discord.parting == REMOVE:
            client.remove_member(account, REASON_PARTED)
            if not presence.by_link:
                yield "left_at", now
        else:
            ours = discord.roles if presence.guild == discord.guild else ()
            for role in sorted({*presence.roles.split(), *ours}):
                client.take_role(account, role, REASON_PARTED)
    logger.info("Somebody parted from Discord")


def _come_back(presence: Presence, now: datetime) -> Iterator[tuple[str, Any]]:
    if presence.discord_id and not has_bot():
        return
    if presence.discord_id:
        discord = settings.PORTAL_DISCORD
        with connected(presence.guild) as client:
            if client.member(presence.discord_id) is None:
                yield "left_at", now
            for role in discord.roles if presence.guild == discord.guild else ():
                client.give_role(presence.discord_id, role, REASON_BACK)
        yield "roles", " ".join(discord.roles) if presence.guild == discord.guild else ""
    yield "parted_at", None
    yield "remove_since", None


def _look(presence: Presence, now: datetime) -> Iterator[tuple[str, Any]]:
    """See whether somebody left by themselves."""
    if presence.discord_id and presence.joined_at and has_bot():
        with connected(presence.guild) as client:
            if client.member(presence.discord_id) is None:
                yield "left_at", now


def _note_failure(presence: Presence, error: DiscordError, now: datetime) -> str:
    said = str(error)[:LONGEST_FAILURE]
    logger.warning("Somebody's membership is not settled on Discord: %s", said)
    wait = timedelta(seconds=error.seconds) if isinstance(error, DiscordBusyError) else LATER
    fields: dict[str, Any] = {"failure": said, "due_at": now + wait}
    if isinstance(error, DiscordRefusedError):
        fields |= {"due_at": now + MUCH_LATER}
        if presence.parted_at is None:
            fields |= {"remove_since": presence.remove_since or now}
            tell(Alarm.REMOVE)
    Presence.objects.filter(pk=presence.pk).update(**fields)
    return said


def _forget(pk: int) -> None:
    """Keep nothing of somebody without an account, once there is nothing to do about them."""
    done = Presence.objects.filter(pk=pk, person__user=None, parted_at__isnull=False)
    done.filter(remove_since=None).delete()


def _is_member(presence: Presence, now: datetime) -> bool:
    user = presence.person.user
    return user is not None and is_member(state_of_user(user, now))


def _was_seen(presence: Presence, now: datetime) -> bool:
    return presence.checked_at is not None and presence.checked_at > now - LOOK_EVERY
