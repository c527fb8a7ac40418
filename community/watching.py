"""What becomes of invitations: their time is over, or Discord lets nobody in by them any more because they were used.

A link that works once disappears from Discord's list when it is used. So what is not listed any more is asked for by
itself, and counts as used when Discord does not know it.
"""

import logging
from datetime import datetime

from community import presences
from community.discord import Client
from community.discord_access import connected, has_bot
from community.discord_errors import DiscordError
from community.invitation_events import SEAL, code_of, happen
from community.invitation_states import Event
from community.inviting import end_by_time
from community.models import Invitation

logger = logging.getLogger(__name__)

MOST_ASKED = 20  # of one run, which has a minute


def expire(now: datetime) -> int:
    """End what has had its time."""
    over = list(Invitation.objects.over(now))
    for invitation in over:
        end_by_time(invitation, now)
    return len(over)


def note_uses(now: datetime) -> str:
    """Ask Discord which links were used; says how many."""
    if not has_bot():
        return "there is no bot to ask"
    made = Invitation.objects.filter(state=Invitation.State.ISSUED, kind=Invitation.Kind.INVITE)
    used = 0
    for guild, channel in made.order_by().values_list("guild", "channel").distinct():
        ours = list(made.filter(guild=guild, channel=channel).select_related("account").order_by("pk"))
        try:
            with connected(guild) as client:
                used += sum(_note_use(each, now) for each in _used(client, channel, ours))
        except DiscordError as error:
            logger.warning("Discord did not tell which invitations were used: %s", error)
            return str(error)
    return f"{used} invitations were used"


def _used(client: Client, channel: str, ours: list[Invitation]) -> list[Invitation]:
    """Give those that are used up; made before the list was, or they would be missing in it."""
    listed = {digest: invite for invite in client.invites(channel) for digest in SEAL.digests(invite.code)}
    used = [each for each in ours if each.code_digest in listed and listed[each.code_digest].uses >= each.max_uses]
    missing = [each for each in ours if each.code_digest not in listed and code_of(each)]
    return used + [each for each in missing[:MOST_ASKED] if not client.has_invite(code_of(each))]


def _note_use(invitation: Invitation, now: datetime) -> bool:
    if not happen(invitation.pk, Event.USE, now):
        return False
    if invitation.account:
        presences.came_by_link(invitation.account, invitation.guild, invitation.roles, now)
    return True
