"""What the environment says about the community: how it gets into Discord, and what it is on GitHub."""

import re
from dataclasses import dataclass, field

from mageos_portal.outgoing import service_address
from mageos_portal.variables import Reader

SNOWFLAKE = re.compile(r"[0-9]{17,20}")  # what Discord calls its numbers
SECRET = re.compile(r"[\x21-\x7e]{16,200}")
CLIENT = re.compile(r"[A-Za-z0-9._-]{4,100}")
MOST_INVITATIONS = 900  # at a time; Discord stops at 1,000
DISCORD = "https://discord.com/api/v10"
GITHUB = "https://github.com"
TAKE_ROLES, REMOVE = PARTINGS = ("roles", "remove")  # what happens on Discord when a membership ends


@dataclass(frozen=True, slots=True)
class Discord:
    """How the portal acts on Discord; without a bot's token it does not."""

    url: str
    bot_token: str = field(repr=False)  # a secret
    guild: str
    channel: str  # where an invitation leads
    roles: tuple[str, ...]  # given to who joins
    most_invitations: int  # alive at a time
    permanent_link: str = field(repr=False)  # empty: none, which is how it should be
    parting: str  # one of PARTINGS

    @property
    def is_set(self) -> bool:
        return bool(self.bot_token)


@dataclass(frozen=True, slots=True)
class Provider:
    """Another site whose accounts can be connected."""

    client_id: str
    secret: str = field(repr=False)

    @property
    def is_set(self) -> bool:
        return bool(self.client_id)


@dataclass(frozen=True, slots=True)
class CommunityConfiguration:
    """The checked values of the environment that concern the community."""

    discord: Discord
    discord_login: Provider
    github_login: Provider
    github_url: str
    drift_token: str = field(repr=False)  # reads the organization; a secret
    organization: str


def read_community(reader: Reader) -> CommunityConfiguration:
    """Read the environment; what is wrong is noted with the reader."""
    discord = Discord(
        url=reader.read("PORTAL_DISCORD_URL", DISCORD, service_address),
        bot_token=reader.read("PORTAL_DISCORD_BOT_TOKEN", "", _secret),
        guild=reader.read("PORTAL_DISCORD_GUILD", "", _snowflake),
        channel=reader.read("PORTAL_DISCORD_CHANNEL", "", _snowflake),
        roles=reader.read("PORTAL_DISCORD_ROLES", "", _snowflakes),
        most_invitations=reader.read("PORTAL_DISCORD_MOST_INVITATIONS", "200", _invitations),
        permanent_link=reader.read("PORTAL_DISCORD_PERMANENT_LINK", "", _link),
        parting=reader.read("PORTAL_DISCORD_PARTING", TAKE_ROLES, _parting),
    )
    for name, value in (("GUILD", discord.guild), ("CHANNEL", discord.channel)):
        if discord.is_set != bool(value):
            what = "is needed with PORTAL_DISCORD_BOT_TOKEN" if discord.is_set else "is of no use without a bot"
            reader.faults[f"PORTAL_DISCORD_{name}"] = (
                f"it {what}; set PORTAL_DISCORD_BOT_TOKEN, GUILD and CHANNEL together"
            )
    return CommunityConfiguration(
        discord=discord,
        discord_login=_provider(reader, "DISCORD"),
        github_login=_provider(reader, "GITHUB"),
        github_url=reader.read("PORTAL_GITHUB_URL", GITHUB, service_address),
        drift_token=reader.read("PORTAL_GITHUB_TOKEN", "", _secret),
        organization=reader.read("PORTAL_GITHUB_ORGANIZATION", "mage-os", _organization),
    )


def _provider(reader: Reader, name: str) -> Provider:
    provider = Provider(
        reader.read(f"PORTAL_{name}_CLIENT_ID", "", _client), reader.read(f"PORTAL_{name}_CLIENT_SECRET", "", _secret)
    )
    if bool(provider.client_id) != bool(provider.secret):
        missing = "SECRET" if provider.client_id else "ID"
        reader.faults[f"PORTAL_{name}_CLIENT_{missing}"] = "it is needed with the other one; set both or none"
    return provider


def _secret(value: str) -> str:
    """Take what fits into a header; it is never repeated in an error."""
    if value and not SECRET.fullmatch(value):
        raise ValueError("it is no token: write the 16 to 200 characters as they were given, without spaces")
    return value


def _client(value: str) -> str:
    if value and not CLIENT.fullmatch(value):
        raise ValueError(f"{value!r} is no id of an application; copy it from where the application was made")
    return value


def _snowflake(value: str) -> str:
    if value and not SNOWFLAKE.fullmatch(value):
        raise ValueError(f"{value!r} is no id of Discord; copy the id, which has 17 to 20 digits")
    return value


def _snowflakes(value: str) -> tuple[str, ...]:
    return tuple(_snowflake(word) for word in value.replace(",", " ").split())


def _invitations(value: str) -> int:
    if not value.isdigit() or not 1 <= int(value) <= MOST_INVITATIONS:
        raise ValueError(f"{value!r} is no number from 1 to {MOST_INVITATIONS}")
    return int(value)


def _link(value: str) -> str:
    if value and not value.startswith("https://"):
        raise ValueError("it is no link; write https://discord.gg/…, or leave it out: everybody who knows it gets in")
    return value


def _parting(value: str) -> str:
    if value not in PARTINGS:
        raise ValueError(
            f"{value!r} is unknown; write {TAKE_ROLES} (the default), or {REMOVE} to remove from the server"
        )
    return value


def _organization(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}", value):
        raise ValueError(f"{value!r} is no name of an organization on GitHub")
    return value
