"""A portal that acts on a fake Discord, and members who ask it for a way in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.test import override_settings

from community import inviting, issuing
from community.invitation_events import code_of
from community.models import Invitation, PolicyVersion, Presence
from community.presences import claim, note_joined
from mageos_portal.community_configuration import Discord, Provider
from tests.support.fake_discord import (
    CHANNEL,
    CLIENT_ID,
    GUILD,
    MEMBER_ROLE,
    SECRET,
    TOKEN,
    FakeDiscord,
)
from tests.support.made_conduct import a_member, a_version

BACK = "/join/discord/back/"
ACCOUNT, OTHER_ACCOUNT = "8" * 18, "9" * 18  # on Discord


def of_fake(discord: FakeDiscord, **more: Any) -> Discord:
    """Give the settings that lead to a fake Discord."""
    fields = {"url": discord.address, "bot_token": TOKEN, "guild": GUILD, "channel": CHANNEL, "roles": (MEMBER_ROLE,)}
    given: Discord = replace(settings.PORTAL_DISCORD, **fields | more)
    return given


@contextmanager
def acting_on(discord: FakeDiscord, **more: Any) -> Iterator[None]:
    """Have the portal act on it meanwhile."""
    discord.back = settings.PORTAL_BASE_URL + BACK
    login = Provider(CLIENT_ID, SECRET)
    with override_settings(PORTAL_DISCORD=of_fake(discord, **more), PORTAL_DISCORD_LOGIN=login):
        yield


def in_force() -> PolicyVersion:
    """Give a version of the code of conduct that is in force, made at the first need."""
    return PolicyVersion.objects.first() or a_version(1)


def member(name: str = "jane") -> User:
    return a_member(name, in_force())


def issued(user: User, now: datetime) -> Invitation:
    """Have somebody ask, and a worker make it."""
    invitation = inviting.ask(user, now)
    issuing.issue(invitation.pk, now)
    invitation.refresh_from_db()
    assert code_of(invitation)
    return invitation


def joined(user: User, discord: FakeDiscord, now: datetime, account: str = ACCOUNT) -> Presence:
    """Have somebody be on Discord, as an account that is known."""
    presence = claim(user, account, GUILD, (MEMBER_ROLE,))
    discord.members[account] = {MEMBER_ROLE}
    note_joined(presence, now)
    presence.refresh_from_db()
    return presence
