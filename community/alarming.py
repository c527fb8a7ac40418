"""What staff must know of Discord, each thing told once and again only after some hours."""

from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

from mageos_portal.notices import Notice, send

QUIET = timedelta(hours=6)


class Alarm(StrEnum):
    """Something that a person has to look at."""

    FULL = "full"
    REFUSED = "refused"
    BY_HAND = "by hand"
    REMOVE = "remove"
    MANY = "many"


WORDS = {
    Alarm.FULL: (
        "Discord: all invitations are out",
        "As many invitations are out as PORTAL_DISCORD_MOST_INVITATIONS allows, so nobody gets one. They lapse within "
        "a day. Look whether so many people join, or somebody abuses it.",
    ),
    Alarm.REFUSED: (
        "Discord refuses what the portal asks",
        "The bot's token or its rights are wrong, or Discord has too many invitations. The admin's list of "
        "invitations says what it answered.",
    ),
    Alarm.BY_HAND: (
        "Discord: somebody waits for an invitation",
        "The portal has no bot on Discord, so a person has to send the invitation and mark it as sent.",
    ),
    Alarm.REMOVE: (
        "Discord: somebody is to be removed by hand",
        "A membership ended of somebody whom the portal cannot find or may not change on Discord.",
    ),
    Alarm.MANY: (
        "Discord: many memberships ended at once",
        "Their roles are taken away a few at a time. To stop that, take PORTAL_DISCORD_BOT_TOKEN out.",
    ),
}
PAGES = {Alarm.REMOVE: "admin:community_presence_changelist", Alarm.MANY: "admin:community_presence_changelist"}


def tell(alarm: Alarm) -> bool:
    """Tell staff, unless they were told lately; says whether that was needed."""
    if not cache.add(f"community.alarm.{alarm.name}", "told", QUIET.total_seconds()):
        return False
    subject, text = WORDS[alarm]
    page = reverse(PAGES.get(alarm, "admin:community_invitation_changelist"))
    send(Notice(subject, text, settings.PORTAL_BASE_URL + page))
    return True
