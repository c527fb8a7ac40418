"""Discord's API: what is asked, and what its answers mean."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.discord import LONGEST_ANSWER, Access, Client, Invite, opened
from community.discord_errors import (
    BannedError,
    DiscordBusyError,
    DiscordError,
    DiscordUnreachableError,
    NotAllowedError,
    TooManyInvitesError,
    UnknownError,
)

GUILD, CHANNEL, ROLE, PERSON = "1" * 18, "2" * 18, "3" * 18, "4" * 18
MARKER = "MaRkErCoDe"
INVITE = {"code": MARKER, "uses": 0, "max_uses": 1, "unknown": True}


class Discord:
    """Answers in turn, and remembers what was asked; the last answer counts for all that follow."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers, self.asked, self.slept = list(answers), list[httpx.Request](), list[float]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def client(self) -> Client:
        http = httpx.Client(
            base_url="https://discord.example/api/v10",
            headers={"Authorization": "Bot secret-of-the-bot"},
            transport=httpx.MockTransport(self),
        )
        return Client(http, GUILD, self.slept.append)


def answer(status: int, body: Any = None, **headers: str) -> httpx.Response:
    content = b"" if body is None else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers=headers)


def test_an_invitation_works_once_and_for_a_day() -> None:
    discord = Discord(answer(200, INVITE))
    made = discord.client.create_invite(CHANNEL, [ROLE], "agreed to version 3 – Zoë")
    request = discord.asked[0]
    assert made.code == MARKER
    assert (request.method, request.url.path) == ("POST", f"/api/v10/channels/{CHANNEL}/invites")
    assert request.headers["Authorization"] == "Bot secret-of-the-bot"
    assert request.headers["X-Audit-Log-Reason"] == "agreed%20to%20version%203%20%E2%80%93%20Zo%C3%AB"
    sent = {"max_age": 86400, "max_uses": 1, "unique": True, "temporary": False, "role_ids": [ROLE]}
    assert json.loads(request.content) == sent


def test_codes_and_tokens_are_in_no_repr() -> None:
    discord = Discord(answer(200, INVITE))
    made = discord.client.create_invite(CHANNEL, [], "x")
    assert MARKER not in repr(made) + repr(Access(access_token=MARKER)) + repr(discord.client)
    with opened("https://discord.example", MARKER, GUILD, "https://portal.example") as client:
        assert MARKER not in repr(client)


def test_a_bearer_never_goes_with_the_bots_token() -> None:
    discord = Discord(answer(200, {"id": PERSON, "username": "zoe", "verified": True}))
    assert discord.client.account(Access(access_token="theirs")).id == PERSON
    assert discord.asked[0].headers["Authorization"] == "Bearer theirs"
    discord = Discord(answer(200, {"access_token": "theirs", "scope": "identify guilds.join"}))
    assert discord.client.exchange("client", "secret", "code", "https://portal.example/back").access_token == "theirs"
    assert "Authorization" not in discord.asked[0].headers
    assert discord.asked[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(("status", "is_new"), [(201, True), (204, False)])
def test_somebody_is_added_or_was_there(status: int, is_new: bool) -> None:
    discord = Discord(answer(status, {"roles": []} if is_new else None))
    assert discord.client.add_member(PERSON, Access(access_token="theirs"), [ROLE]) is is_new
    assert json.loads(discord.asked[0].content) == {"access_token": "theirs", "roles": [ROLE]}


Call = Callable[[Client], object]
WHAT_MAY_BE_GONE: dict[str, Call] = {
    "revoke": lambda client: client.revoke_invite(MARKER, "x"),
    "take a role": lambda client: client.take_role(PERSON, ROLE, "x"),
    "remove": lambda client: client.remove_member(PERSON, "x"),
    "member": lambda client: client.member(PERSON),
}


@pytest.mark.parametrize("call", WHAT_MAY_BE_GONE.values(), ids=WHAT_MAY_BE_GONE.keys())
def test_what_is_gone_already_is_no_error(call: Call) -> None:
    assert not call(Discord(answer(404, {"code": 10006})).client)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, 0, NotAllowedError),
        (403, 50013, NotAllowedError),
        (403, 40007, BannedError),
        (400, 30016, TooManyInvitesError),
        (404, 10003, UnknownError),
    ],
)
def test_a_refusal_is_named_asked_once_and_holds_no_code(status: int, code: int, kind: type[DiscordError]) -> None:
    discord = Discord(answer(status, {"code": code, "message": MARKER}))
    with pytest.raises(kind) as refused:
        discord.client.create_invite(CHANNEL, [], "x")
    assert MARKER not in str(refused.value)
    assert len(discord.asked) == 1


def test_short_waits_are_waited_and_long_ones_come_back_later() -> None:
    discord = Discord(answer(429, {"retry_after": 0.4}), answer(200, INVITE))
    assert discord.client.create_invite(CHANNEL, [], "x").code == MARKER
    assert discord.slept == [0.4]
    discord = Discord(answer(429, None, **{"Retry-After": "65"}))
    with pytest.raises(DiscordBusyError) as busy:
        discord.client.create_invite(CHANNEL, [], "x")
    assert (busy.value.seconds, discord.slept) == (65.0, [])


def test_a_server_that_fails_is_asked_again_but_not_for_ever() -> None:
    discord = Discord(answer(502), answer(200, INVITE))
    assert discord.client.create_invite(CHANNEL, [], "x").code == MARKER
    discord = Discord(answer(500))
    with pytest.raises(DiscordUnreachableError):
        discord.client.create_invite(CHANNEL, [], "x")
    assert len(discord.asked) == 3


def test_an_endless_answer_is_not_read_whole() -> None:
    huge = httpx.Response(200, content=b"x" * (LONGEST_ANSWER + 1))
    with pytest.raises(DiscordUnreachableError, match="too long"):
        Discord(huge).client.invites(CHANNEL)


@pytest.mark.parametrize("number", ["", "12", "../users/@me", "1" * 21, "1" * 17 + "/", "١" * 18])
def test_what_is_no_number_of_discord_is_not_asked_for(number: str) -> None:
    discord = Discord(answer(200, INVITE))
    with pytest.raises(ValueError, match="not a number"):
        discord.client.create_invite(number, [], "x")
    assert not discord.asked


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "uses", "id"]), inner),
    max_leaves=8,
)


@given(JSON, st.sampled_from([200, 201, 301, 400, 403, 404, 429]))
def test_no_answer_is_more_than_an_error_of_ours(body: Any, status: int) -> None:
    client = Discord(answer(status, body)).client
    for call in (lambda: client.create_invite(CHANNEL, [], "x"), lambda: client.invites(CHANNEL)):
        try:
            found = call()
        except DiscordError:
            continue
        assert isinstance(found, Invite) or all(isinstance(each, Invite) for each in found)
