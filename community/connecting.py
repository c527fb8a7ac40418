"""Adding somebody to Discord who allows it there: no link exists that could be passed on.

What Discord gives us for that is used at once, given back, and never kept. Everything happens in the request of who
asked, as a queue would have to keep it; the client waits for nothing then.
"""

import hmac
import logging
import re
import secrets
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from community import presences
from community.alarming import Alarm, tell
from community.discord import Access, Client
from community.discord_access import SCOPES, connected_for_a_page
from community.discord_errors import (
    BannedError,
    DiscordError,
    DiscordRefusedError,
    NotAllowedError,
)
from community.facts import state_of_user
from community.invitation_states import NONE, Event, after
from community.inviting import InvitingError, live_of, refuse_too_often
from community.models import Invitation
from community.revoking import revoke
from community.standing import is_member

logger = logging.getLogger(__name__)

CODE = re.compile(r"[\x21-\x7e]{1,200}")  # that somebody comes back with
KEY = "discord_join"  # in the session
LIVES = timedelta(minutes=10)
ON_TOO_MANY_SERVERS = 30001
AGAIN = "Discord does not answer as it should just now. Please try again in some minutes."
STATE_IS_WRONG = "This did not begin here, or took longer than ten minutes. Please start again."
NOT_ALLOWED = "You did not allow it on Discord, so nothing was done. Start again, or take a personal link."
NO_MEMBER = "Only who agrees to the code of conduct is added."


class ConnectingError(Exception):
    """Somebody was not added; its words are for them."""


def begin(session: MutableMapping[str, Any], now: datetime) -> str:
    """Give what Discord sends back with the person, good for one time, for this session and ten minutes."""
    state = secrets.token_urlsafe(32)
    session[KEY] = {"state": state, "until": (now + LIVES).timestamp()}
    return state


def is_ours(session: MutableMapping[str, Any], state: str, now: datetime) -> bool:
    """Say whether somebody comes back from where this session sent them; asked a second time, it is not."""
    begun = session.pop(KEY, None)
    if begun is None or begun["until"] < now.timestamp():
        return False
    return hmac.compare_digest(str(begun["state"]).encode(), state.encode())


def connect(user: User, code: str, back: str, now: datetime) -> list[int]:
    """Add somebody to the server; gives which of their links are to be taken back from Discord.

    Raises:
        ConnectingError: see there.
    """
    try:
        refuse_too_often(user, now)
        _refuse_stranger(user, now)
        with connected_for_a_page() as client, _access(client, code, back) as access:
            _add(client, user, access, now)
    except (InvitingError, presences.TakenError) as error:
        raise ConnectingError(str(error)) from None
    except DiscordError as error:
        raise ConnectingError(_words(error, user, now)) from None
    return _note(user, now)


@contextmanager
def _access(client: Client, code: str, back: str) -> Iterator[Access]:
    """Give what lets us act for somebody, and give it back afterwards."""
    login = settings.PORTAL_DISCORD_LOGIN
    access = client.exchange(login.client_id, login.secret, code, back)
    try:
        if not set(SCOPES) <= set(access.scope.split()):
            raise ConnectingError(NOT_ALLOWED)
        yield access
    finally:
        try:
            client.forget(login.client_id, login.secret, access)
        except DiscordError:
            logger.warning("Discord did not take an access back; it ends by itself")


def _add(client: Client, user: User, access: Access, now: datetime) -> None:
    discord = settings.PORTAL_DISCORD
    account = client.account(access)
    _refuse_stranger(user, now)  # asking took its time
    presence = presences.claim(user, account.id, discord.guild, discord.roles)
    try:
        if not client.add_member(account.id, access, discord.roles):
            for role in discord.roles:  # they were there already
                client.give_role(account.id, role, "portal, connected")
    except DiscordRefusedError:
        presences.release(presence)
        raise
    presences.note_joined(presence, now)


def _refuse_stranger(user: User, now: datetime) -> None:
    if not is_member(state_of_user(user, now)):
        raise ConnectingError(NO_MEMBER)


def _note(user: User, now: datetime) -> list[int]:
    """Note that somebody came in, and end the link that they had."""
    with transaction.atomic():
        live = live_of(user, now)
        ended = [live.pk] if live and revoke(live, now) else []
        _row(user, now, Event.USE)
    logger.info("Somebody was added to Discord")
    return ended


def _words(error: DiscordError, user: User, now: datetime) -> str:
    """Keep for staff what Discord said, and say it to who asked."""
    logger.warning("Somebody was not added to Discord: %s", error)
    _row(user, now, Event.FAIL, failure=str(error))
    if isinstance(error, BannedError):
        return f"This Discord account is banned from the server. Write to {settings.PORTAL_CONDUCT_EMAIL}."
    if isinstance(error, NotAllowedError):
        tell(Alarm.REFUSED)
        return "The portal may not add anybody just now. Staff are told; please try again later."
    if isinstance(error, DiscordRefusedError) and error.code == ON_TOO_MANY_SERVERS:
        return "Your Discord account is on as many servers as Discord allows. Leave one, and try again."
    if isinstance(error, DiscordRefusedError):
        return "Discord did not take that. Please start again."
    return AGAIN


def _row(user: User, now: datetime, event: Event, **fields: Any) -> None:
    """Keep that somebody asked, and at once what became of it."""
    discord = settings.PORTAL_DISCORD
    state = after(after(NONE, Event.ASK) or NONE, event) or NONE
    about = {"guild": discord.guild, "roles": " ".join(discord.roles), "created_at": now, "ended_at": now}
    Invitation.objects.create(account=user, kind=Invitation.Kind.DIRECT, state=state, **about, **fields)
