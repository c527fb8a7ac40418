"""What somebody's page of Discord shows: the one place where the code of an invitation is ever shown."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import User

from community.discord_access import can_add, has_bot, link_of
from community.invitation_events import code_of
from community.inviting import live_of
from community.models import Invitation, Presence
from community.standing import State

LATELY = timedelta(days=1)
LONG = timedelta(minutes=2)  # an invitation takes seconds


class What(StrEnum):
    """What there is for somebody."""

    IN = "in"
    LINK = "link"
    LOST = "lost"  # a link whose code no key reads any more
    WAITING = "waiting"
    BY_HAND = "by hand"
    SENT_BY_HAND = "sent by hand"
    PERMANENT = "permanent"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Shown:
    """The page of one member."""

    what: What
    link: str = field(default="", repr=False)  # a secret
    expires_at: datetime | None = None
    takes_long: bool = False
    has_failed: bool = False  # what was asked for last
    has_bot: bool = False
    can_connect: bool = False  # be added by Discord itself
    is_known: bool = False  # Discord can tell whether they are there


def shown_to(user: User, state: State, now: datetime) -> Shown:
    """Say what to show to a member. Only for states of members."""
    if state == State.JOINED:
        known = Presence.objects.there().filter(person__user_id=user.pk, discord_id__isnull=False).exists()
        return Shown(What.IN, can_connect=can_add() and not known, is_known=known)
    live = live_of(user, now)
    if live is not None:
        return _of(live, now)
    if not has_bot() and settings.PORTAL_DISCORD.permanent_link:
        return Shown(What.PERMANENT, link=settings.PORTAL_DISCORD.permanent_link)
    last = Invitation.objects.asked_since(user, now - LATELY).first()
    has_failed = last is not None and last.state == Invitation.State.FAILED and last.kind == Invitation.Kind.INVITE
    return Shown(What.NOTHING, has_failed=has_failed, has_bot=has_bot(), can_connect=can_add())


def _of(live: Invitation, now: datetime) -> Shown:
    is_issued = live.state == Invitation.State.ISSUED
    if live.kind == Invitation.Kind.HAND:
        return Shown(What.SENT_BY_HAND if is_issued else What.BY_HAND, can_connect=can_add(), has_bot=has_bot())
    if not is_issued:
        return Shown(What.WAITING, takes_long=now - live.created_at > LONG, can_connect=can_add())
    code = code_of(live)
    if not code:
        return Shown(What.LOST, can_connect=can_add())
    return Shown(What.LINK, link=link_of(code), expires_at=live.expires_at, can_connect=can_add())
