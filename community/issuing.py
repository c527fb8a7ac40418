"""Having Discord make an invitation that somebody asked for.

The row is claimed first, so that two workers make one. A worker that dies between Discord's answer and our row leaves
an invitation on Discord that nobody knows: nobody can be shown it, and Discord drops it within a day.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings

from community.alarming import Alarm, tell
from community.discord import DAY, Client, Invite
from community.discord_access import connected, has_bot
from community.discord_errors import DiscordBusyError, DiscordError, DiscordRefusedError
from community.facts import state_of_user
from community.invitation_events import happen, of_code
from community.invitation_states import Event
from community.models import Invitation
from community.standing import is_member

logger = logging.getLogger(__name__)

LATER = timedelta(minutes=1)  # after Discord did not answer
LONGEST_FAILURE = 500  # characters


def issue(pk: int, now: datetime) -> str:
    """Make an invitation, if it is still to be made and its owner still a member; says what was done."""
    if not Invitation.objects.to_issue(now).filter(pk=pk).update(claimed_at=now):
        return "nothing was to be made"
    invitation = Invitation.objects.select_related("account").get(pk=pk)
    if invitation.account is None or not is_member(state_of_user(invitation.account, now)):
        happen(pk, Event.REVOKE, now)
        return "who asked is no member any more"
    if not has_bot():
        happen(pk, Event.FAIL, now, failure="PORTAL_DISCORD_BOT_TOKEN was taken out")
        return "there is no bot any more"
    try:
        return _issue(invitation, now)
    except DiscordError as error:
        return _note_failure(pk, error, now)


def _issue(invitation: Invitation, now: datetime) -> str:
    discord = settings.PORTAL_DISCORD
    with connected() as client:
        made = client.create_invite(discord.channel, discord.roles, f"portal, invitation {invitation.pk}")
        fields = {"guild": discord.guild, "channel": discord.channel, "roles": " ".join(discord.roles)}
        times = {"issued_at": now, "expires_at": now + timedelta(seconds=DAY)}
        if happen(
            invitation.pk, Event.ISSUE, now, **of_code(made.code), **fields, **times, claimed_at=None, failure=""
        ):
            logger.info("An invitation to Discord was made")
            return "made"
        return _undo(client, made)


def _undo(client: Client, made: Invite) -> str:
    """Take back what nobody may have any more, revoked while Discord made it."""
    try:
        client.revoke_invite(made.code, "portal, not wanted any more")
    except DiscordError:
        logger.warning(
            "An invitation that nobody wants could not be taken back; nobody sees it, and it lapses in a day"
        )
    return "revoked in the meantime"


def _note_failure(pk: int, error: DiscordError, now: datetime) -> str:
    """Try again later, or give up where that would not help."""
    said = str(error)[:LONGEST_FAILURE]
    logger.warning("No invitation was made: %s", said)
    if isinstance(error, DiscordRefusedError):
        happen(pk, Event.FAIL, now, failure=said)
        tell(Alarm.REFUSED)
        return said
    wait = timedelta(seconds=error.seconds) if isinstance(error, DiscordBusyError) else LATER
    waiting = Invitation.objects.filter(pk=pk, state=Invitation.State.ASKED)
    waiting.update(claimed_at=None, due_at=now + wait, failure=said)
    return said
