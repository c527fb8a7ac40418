"""Being added by Discord: who comes back from there is the one who was sent, and nothing of it is kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from community import agreeing, connecting
from community.facts import state_of_user
from community.models import Invitation, Presence
from community.standing import State
from mageos_portal.community_configuration import Provider
from tests.support.fake_discord import CLIENT_ID, GUILD, HIGH_ROLE, MEMBER_ROLE, OTHER_ROLE, FakeDiscord
from tests.support.made_joining import ACCOUNT, BACK, OTHER_ACCOUNT, acting_on, issued, member

pytestmark = pytest.mark.django_db

CONNECT, PAGE = "/join/discord/connect/", "/join/discord/"


@pytest.fixture
def jane() -> User:
    return member("jane")


@pytest.fixture
def hers(client: Client, jane: User, discord: FakeDiscord) -> Client:
    client.force_login(jane)
    discord.visitor = ACCOUNT
    return client


def sent_to(client: Client) -> str:
    """Begin, and give where Discord sends the person back to."""
    reply = client.get(CONNECT)
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    return reply.headers["Location"]


def come_back(client: Client, discord: FakeDiscord) -> str:
    """Go to Discord, allow it, come back, and give what the page says then."""
    address = discord.authorize(urlsplit(sent_to(client)).query)
    return said(client, address.removeprefix(address.split("/join/")[0]))


def said(client: Client, path: str) -> str:
    reply = client.get(path)
    assert (reply.status_code, reply.headers["Location"]) == (302, PAGE)
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    return str(client.get(PAGE).content.decode())


def kinds() -> list[tuple[str, str]]:
    return list(Invitation.objects.order_by("pk").values_list("kind", "state"))


def test_somebody_is_added_with_their_role_and_nothing_is_kept(hers: Client, jane: User, discord: FakeDiscord) -> None:
    assert "You are on Discord" in come_back(hers, discord)
    assert discord.members == {ACCOUNT: {MEMBER_ROLE}}
    presence = Presence.objects.get()
    assert (presence.person.user, presence.discord_id, presence.guild, presence.by_link) == (
        jane,
        ACCOUNT,
        GUILD,
        False,
    )
    assert kinds() == [("direct", "used")]
    assert state_of_user(jane, timezone.now()) == State.JOINED
    assert discord.accesses == {}  # given back
    assert "access-" not in everything_that_is_stored()


def everything_that_is_stored() -> str:
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of our own
            found.append(str(cursor.fetchall()))
    return "\n".join(found)


def test_discord_is_asked_for_no_more_than_is_needed(hers: Client) -> None:
    address = urlsplit(sent_to(hers))
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    state = query.pop("state")
    assert len(state) >= 40
    assert query == {
        "response_type": "code", "client_id": CLIENT_ID, "scope": "identify guilds.join", "prompt": "consent",
        "redirect_uri": f"http://127.0.0.1:8000{BACK}",
    }  # fmt: skip


def test_the_real_discord_asks_on_its_own_page(hers: Client, settings: Settings, discord: FakeDiscord) -> None:
    with acting_on(discord, url="https://discord.com/api/v10"):
        assert sent_to(hers).startswith("https://discord.com/oauth2/authorize?response_type=code&")


def test_the_state_is_good_once_for_one_session_and_ten_minutes(
    hers: Client, discord: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = urlsplit(discord.authorize(urlsplit(sent_to(hers)).query))
    path = f"{address.path}?{address.query}"
    other = Client()
    other.force_login(member("joan"))
    assert "did not begin here" in said(other, path)
    assert "did not begin here" in said(hers, f"{BACK}?code=x&state=wrong")
    assert "did not begin here" in said(hers, path)  # the wrong one used it up
    late = urlsplit(discord.authorize(urlsplit(sent_to(hers)).query))
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=10, seconds=1))
    assert "took longer than ten minutes" in said(hers, f"{late.path}?{late.query}")
    assert discord.asked == []
    assert kinds() == []


@pytest.mark.parametrize("query", ["error=access_denied", "", "code=", "code=%00", "code=a%20b", f"code={'x' * 201}"])
def test_who_does_not_allow_it_is_told_so(hers: Client, discord: FakeDiscord, query: str) -> None:
    state = parse_qs(urlsplit(sent_to(hers)).query)["state"][0]
    assert "You did not allow it" in said(hers, f"{BACK}?state={state}&{query}")
    assert discord.asked == []


def test_who_allows_less_is_told_so_and_what_they_gave_is_given_back(hers: Client, discord: FakeDiscord) -> None:
    discord.back = f"http://127.0.0.1:8000{BACK}"
    state = parse_qs(urlsplit(sent_to(hers)).query)["state"][0]
    code = discord.allow(ACCOUNT, "identify")
    assert "You did not allow it" in said(hers, f"{BACK}?state={state}&code={code}")
    assert discord.accesses == {}
    assert discord.members == {}


def test_an_account_on_discord_belongs_to_one_account_here(hers: Client, discord: FakeDiscord) -> None:
    come_back(hers, discord)
    other = Client()
    other.force_login(member("joan"))
    assert "connected with another account here" in come_back(other, discord)
    assert Presence.objects.get().person.user.username == "jane"  # type: ignore[union-attr]
    assert discord.accesses == {}


def test_somebody_is_on_discord_as_one_account(hers: Client, discord: FakeDiscord) -> None:
    come_back(hers, discord)
    discord.visitor = OTHER_ACCOUNT
    assert "connected another Discord account before" in come_back(hers, discord)
    Presence.objects.update(left_at=timezone.now())
    assert "You are on Discord" in come_back(hers, discord)
    assert Presence.objects.get().discord_id == OTHER_ACCOUNT


def test_who_is_there_already_gets_the_role(hers: Client, discord: FakeDiscord) -> None:
    discord.members[ACCOUNT] = {OTHER_ROLE}
    come_back(hers, discord)
    assert discord.members[ACCOUNT] == {OTHER_ROLE, MEMBER_ROLE}


def test_the_link_that_somebody_had_ends_then(hers: Client, jane: User, discord: FakeDiscord) -> None:
    issued(jane, timezone.now())
    come_back(hers, discord)
    assert kinds() == [("invite", "revoked"), ("direct", "used")]
    assert Invitation.objects.to_take_back().count() == 1


Break = Callable[[FakeDiscord], object]
FAULTS: dict[str, tuple[Break, str, str]] = {
    "banned": (lambda fake: fake.banned.add(ACCOUNT), "is banned from the server", "banned"),
    "no right": (lambda fake: fake.rights.remove("invite"), "may not add anybody just now", "may not do that"),
    "too many servers": (lambda fake: fake.refuse(400, 30001, path="/members/"), "as many servers", "30001"),
    "a code that is over": (lambda fake: fake.grants.clear(), "did not take that", "400"),
    "busy": (lambda fake: fake.limit(1.0, path="/oauth2/token"), "try again in some minutes", "wait"),
    "broken": (lambda fake: fake.fail(502, path="/members/"), "try again in some minutes", "502"),
    "nonsense": (lambda fake: fake.fail(200, path="/users/@me"), "try again in some minutes", "not what it documents"),
}


@pytest.mark.parametrize(("fault", "words", "for_staff"), FAULTS.values(), ids=FAULTS.keys())
def test_what_goes_wrong_is_said_in_a_sentence(
    hers: Client, jane: User, discord: FakeDiscord, fault: Break, words: str, for_staff: str
) -> None:
    cache.clear()
    address = discord.authorize(urlsplit(sent_to(hers)).query)
    fault(discord)
    assert words in said(hers, address[address.index("/join/") :])
    row = Invitation.objects.get()
    assert (row.kind, row.state) == ("direct", "failed")
    assert for_staff in row.failure
    assert state_of_user(jane, timezone.now()) == State.AGREED
    assert discord.members == {}


def test_after_a_definite_no_another_account_may_be_used(hers: Client, discord: FakeDiscord) -> None:
    discord.banned.add(ACCOUNT)
    come_back(hers, discord)
    assert Presence.objects.get().discord_id is None
    discord.visitor = OTHER_ACCOUNT
    assert "You are on Discord" in come_back(hers, discord)


def test_somebody_who_was_added_although_discord_failed_is_known(
    hers: Client, jane: User, discord: FakeDiscord
) -> None:
    discord.fail(500, path="/members/", does_it=True)
    come_back(hers, discord)
    assert discord.members == {ACCOUNT: {MEMBER_ROLE}}
    presence = Presence.objects.get()
    assert (presence.discord_id, presence.joined_at) == (ACCOUNT, None)  # so their role can be taken one day
    assert "You are on Discord" in come_back(hers, discord)


def test_a_role_above_the_bots_lets_nobody_in(hers: Client, discord: FakeDiscord) -> None:
    with acting_on(discord, roles=(HIGH_ROLE,)):
        assert "may not add anybody just now" in come_back(hers, discord)


def test_who_stops_being_a_member_meanwhile_is_not_added(hers: Client, jane: User, discord: FakeDiscord) -> None:
    address = discord.authorize(urlsplit(sent_to(hers)).query)
    agreeing.withdraw(jane)
    reply = hers.get(address[address.index("/join/") :])
    assert reply.status_code == 302
    assert discord.members == {}
    assert discord.asked == []


def test_somebody_tries_three_times_a_day(hers: Client, discord: FakeDiscord) -> None:
    discord.banned.add(ACCOUNT)
    for _ in range(3):
        come_back(hers, discord)
    assert "tomorrow" in come_back(hers, discord)


@pytest.mark.parametrize("what", ["bot", "application"])
def test_without_an_application_or_a_bot_nobody_is_sent_there(
    hers: Client, discord: FakeDiscord, settings: Settings, what: str
) -> None:
    with acting_on(discord, **({"bot_token": ""} if what == "bot" else {})):
        if what == "application":
            settings.PORTAL_DISCORD_LOGIN = Provider("", "")
        assert hers.get(CONNECT).headers["Location"] == PAGE
        assert "Connect Discord" not in hers.get(PAGE).content.decode()


def test_strangers_are_not_sent_there(discord: FakeDiscord, client: Client) -> None:
    assert client.get(CONNECT).headers["Location"].startswith("/account/login/")
    assert client.get(BACK).headers["Location"].startswith("/account/login/")
    leaver = member("leaver")
    agreeing.withdraw(leaver)
    client.force_login(leaver)
    assert client.get(CONNECT).headers["Location"] == PAGE


def test_a_state_that_is_no_text_of_ours_is_refused() -> None:
    now = timezone.now()
    session: dict[str, Any] = {}
    connecting.begin(session, now)
    assert not connecting.is_ours(session, "ünïcödé", now)
    assert not connecting.is_ours(session, "", now)
