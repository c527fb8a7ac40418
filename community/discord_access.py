"""Discord as the settings name it: who asks, where somebody is sent, and what a link to join looks like."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings

from community.discord import Client, opened

JOIN = "https://discord.gg/"
SCOPES = ("identify", "guilds.join")
sleep = time.sleep


def has_bot() -> bool:
    """Say whether the portal can act on Discord at all."""
    return bool(settings.PORTAL_DISCORD.is_set)


def can_add() -> bool:
    """Say whether it can add people who allow it."""
    return has_bot() and bool(settings.PORTAL_DISCORD_LOGIN.is_set)


@contextmanager
def connected(guild: str = "") -> Iterator[Client]:
    """Give a client for a task; ``guild`` is where somebody was added, if not where they are added now."""
    discord = settings.PORTAL_DISCORD
    site = settings.PORTAL_BASE_URL
    with opened(discord.url, discord.bot_token, guild or discord.guild, site, sleep=sleep) as client:
        yield client


@contextmanager
def connected_for_a_page() -> Iterator[Client]:
    """Give a client that waits for nothing, as somebody waits for the page."""
    discord = settings.PORTAL_DISCORD
    with opened(discord.url, discord.bot_token, discord.guild, settings.PORTAL_BASE_URL, tries=1) as client:
        yield client


def authorize_url(back: str, state: str) -> str:
    """Give the page of Discord where somebody allows us to add them, which is beside the API."""
    site = urlsplit(settings.PORTAL_DISCORD.url)
    query = {
        "response_type": "code",
        "client_id": settings.PORTAL_DISCORD_LOGIN.client_id,
        "scope": " ".join(SCOPES),
        "state": state,
        "redirect_uri": back,
        "prompt": "consent",
    }
    return urlunsplit((site.scheme, site.netloc, "/oauth2/authorize", urlencode(query), ""))


def link_of(code: str) -> str:
    return f"{JOIN}{code}"
