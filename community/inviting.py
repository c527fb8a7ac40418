"""Asking for a way into Discord, and what staff do about one by hand.

InvitingError
├── NotMemberError
├── AlreadyInError
├── TooOftenError
└── AllOutError
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from community import presences
from community.discord_access import has_bot
from community.facts import state_of_user
from community.invitation_events import happen
from community.invitation_states import NONE, Event, after
from community.models import Invitation, Person
from community.standing import State, is_member

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)
MOST_A_DAY = 3
MOST_ROWS_A_DAY = 10  # with those that Discord did not give
TO_ISSUE = timedelta(hours=1)  # in which Discord has to give a link
BY_HAND = timedelta(days=30)  # in which staff have to
HAND_LIVES = timedelta(days=7)  # as long as Discord keeps links that people make
Kind = Invitation.Kind


class InvitingError(ValueError):
    """There is no new invitation; its words are for who asked."""


class NotMemberError(InvitingError):
    """Who asks is no member."""


class AlreadyInError(InvitingError):
    """Who asks is on Discord."""


class TooOftenError(InvitingError):
    """Who asks did so too often."""


class AllOutError(InvitingError):
    """There are as many invitations as the settings allow."""


def ask(user: User, now: datetime | None = None) -> Invitation:
    """Give somebody's invitation, a new one if there is none; asked many times at once, there is one.

    Raises:
        InvitingError: see there.
    """
    now = now or timezone.now()
    with transaction.atomic():
        _wait_for_turn(user)
        end_what_is_over(user, now)
        state = state_of_user(user, now)
        if not is_member(state):
            raise NotMemberError("Only who agrees to the code of conduct is invited.")
        live = live_of(user, now)
        if live and not _is_overtaken(live):
            return live
        if state == State.JOINED:
            raise AlreadyInError("You are on Discord already.")
        if live:
            happen(live.pk, Event.REVOKE, now)
        _refuse_too_many(user, now)
        made = _new(user, now)
    logger.info("An invitation was asked for")
    return made


def give_up(user: User, now: datetime) -> list[int]:
    """Revoke somebody's own invitation; gives what has to be taken back from Discord."""
    with transaction.atomic():
        _wait_for_turn(user)
        live = live_of(user, now)
        return [live.pk] if live and happen(live.pk, Event.REVOKE, now) else []


def live_of(user: User, now: datetime) -> Invitation | None:
    return Invitation.objects.live(now).filter(account_id=user.pk).first()


def refuse_too_often(user: User, now: datetime) -> None:
    """Raises: TooOftenError."""
    failed = Q(state=Invitation.State.FAILED, kind=Kind.INVITE)
    counts = Invitation.objects.asked_since(user, now - DAY).aggregate(
        all=Count("pk"), failed=Count("pk", filter=failed)
    )
    if counts["all"] - counts["failed"] >= MOST_A_DAY or counts["all"] >= MOST_ROWS_A_DAY:
        raise TooOftenError(f"You asked {MOST_A_DAY} times in a day. Please try again tomorrow.")


def mark_made(invitation: Invitation, now: datetime) -> bool:
    """Note that a person sent an invitation; False if there is none to be sent any more."""
    if invitation.kind != Kind.HAND or invitation.account is None:
        return False
    with transaction.atomic():
        is_made = happen(invitation.pk, Event.ISSUE, now, issued_at=now, expires_at=now + HAND_LIVES)
        if is_made:
            presences.was_sent_a_link(invitation.account)
    return is_made


def end_what_is_over(user: User, now: datetime) -> None:
    for invitation in Invitation.objects.over(now).filter(account_id=user.pk):
        end_by_time(invitation, now)


def end_by_time(invitation: Invitation, now: datetime) -> None:
    """End what has had its time; a link that Discord never gave has failed."""
    waits = invitation.state == Invitation.State.ASKED
    if waits and invitation.kind == Kind.INVITE:
        happen(invitation.pk, Event.FAIL, now, failure=invitation.failure or "Discord gave no invitation in time")
    else:
        happen(invitation.pk, Event.EXPIRE, now)


def is_full(now: datetime) -> bool:
    """Say whether as many invitations are out as the settings allow."""
    return Invitation.objects.on_discord(now).count() >= int(settings.PORTAL_DISCORD.most_invitations)


def _is_overtaken(live: Invitation) -> bool:
    """Say whether a person should have made it, but now the portal can."""
    return live.kind == Kind.HAND and live.state == Invitation.State.ASKED and has_bot()


def _refuse_too_many(user: User, now: datetime) -> None:
    refuse_too_often(user, now)
    if has_bot():
        _wait_for_everybody()
        if is_full(now):
            raise AllOutError("As many invitations are out as there may be. Please try again in some hours.")


def _new(user: User, now: datetime) -> Invitation:
    kind, lives = (Kind.INVITE, TO_ISSUE) if has_bot() else (Kind.HAND, BY_HAND)
    state = after(NONE, Event.ASK) or ""
    return Invitation.objects.create(account=user, kind=kind, state=state, created_at=now, expires_at=now + lives)


def _wait_for_turn(user: User) -> None:
    """Let one request of a person after the other through."""
    person = Person.objects.of(user)
    Person.objects.select_for_update().get(pk=person.pk)


def _wait_for_everybody() -> None:
    """Let one request after the other count, by a lock on a row that is always there."""
    ContentType.objects.select_for_update(no_key=True).get_or_create(app_label="community", model="invitation")
