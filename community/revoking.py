"""Taking invitations back: at once here, where nobody is shown them any more, and then from Discord."""

import logging
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser

from community import presences
from community.discord_access import connected, has_bot
from community.discord_errors import DiscordBusyError, DiscordError
from community.facts import state_of_user
from community.invitation_events import code_of, happen
from community.invitation_states import LIVE, Event
from community.models import Invitation
from community.standing import is_member

logger = logging.getLogger(__name__)

LATER = timedelta(minutes=10)
LONGEST_FAILURE = 500  # characters


def revoke(invitation: Invitation, now: datetime) -> bool:
    """Revoke one; False if it is alive no more."""
    return happen(invitation.pk, Event.REVOKE, now)


def revoke_all_of(user: AbstractBaseUser, now: datetime) -> list[int]:
    """Revoke what somebody has; gives what has to be taken back from Discord."""
    live = Invitation.objects.filter(account_id=user.pk, state__in=LIVE)
    return [invitation.pk for invitation in live if revoke(invitation, now)]


def revoke_of_no_members(now: datetime) -> list[int]:
    """Revoke what those have who are no members any more; gives what has to be taken back from Discord."""
    live = Invitation.objects.filter(state__in=LIVE).select_related("account")
    return [each.pk for each in live if not _is_members(each, now) and revoke(each, now)]


def take_back(pk: int, now: datetime) -> str:
    """Take a revoked invitation from Discord; one that is not there any more was used by somebody."""
    invitation = Invitation.objects.to_take_back().filter(pk=pk).select_related("account").first()
    if invitation is None:
        return "nothing was to be taken back"
    if invitation.expires_at is None or invitation.expires_at <= now:
        _forget_code(pk)
        return "it lapsed by itself"
    code = code_of(invitation)
    if not code or not has_bot():
        return "it cannot be taken back and lapses by itself"
    try:
        with connected(invitation.guild) as client:
            was_there = client.revoke_invite(code, f"portal, invitation {pk}")
    except DiscordError as error:
        return _note_failure(pk, error, now)
    _forget_code(pk)
    if not was_there and invitation.account:
        presences.came_by_link(invitation.account, invitation.guild, invitation.roles, now)
    logger.info("A revoked invitation was %s", "taken back from Discord" if was_there else "gone from Discord")
    return "taken back" if was_there else "it was used before it could be taken back"


def _is_members(invitation: Invitation, now: datetime) -> bool:
    return invitation.account is not None and is_member(state_of_user(invitation.account, now))


def _forget_code(pk: int) -> None:
    Invitation.objects.to_take_back().filter(pk=pk).update(sealed_code="", due_at=None, failure="")


def _note_failure(pk: int, error: DiscordError, now: datetime) -> str:
    wait = timedelta(seconds=error.seconds) if isinstance(error, DiscordBusyError) else LATER
    said = str(error)[:LONGEST_FAILURE]
    logger.warning("A revoked invitation was not taken back yet: %s", said)
    Invitation.objects.to_take_back().filter(pk=pk).update(due_at=now + wait, failure=said)
    return said
