"""Joining as somebody sees it: where they stand, the next step, and an invitation that only its owner sees."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from community import agreeing, inviting, issuing, presences
from community.facts import FactSource, fact_sources
from community.models import Invitation, PolicyVersion, Presence, Reminder
from mageos_portal import checks
from tests.support.fake_discord import FakeDiscord
from tests.support.made_conduct import DAY, a_version
from tests.support.made_joining import acting_on, in_force, issued, joined, member
from tests.support.staff import a_person

pytestmark = pytest.mark.django_db

JOIN, PAGE, NEW = "/join/", "/join/discord/", "/join/discord/new/"
MOST_QUERIES = 12


@pytest.fixture
def jane(client: Client) -> User:
    jane = member("jane")
    client.force_login(jane)
    return jane


def text_of(client: Client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response["X-Robots-Tag"]
    return response.content.decode()


def unverified(user: User) -> None:
    EmailAddress.objects.filter(user=user).update(verified=False)


def lapsed(user: User) -> None:
    newer = a_version(2)
    Reminder.objects.create(account=user, version=newer, sent_at=timezone.now() - 31 * DAY)


def test_nobody_in_particular_is_told_the_way(client: Client) -> None:
    page = text_of(client, JOIN)
    assert 'href="/account/login/?next=/join/"' in page
    assert "Log in" in page
    assert page.count("<h1") == 1


def test_somebody_new_is_led_to_the_code(client: Client) -> None:
    client.force_login(a_person("joan", staff=False))
    assert "no code of conduct in force yet" in text_of(client, JOIN)
    a_version(1)
    assert 'href="/join/agree/"' in text_of(client, JOIN)


Change = Callable[[User], object]
STATES: dict[str, tuple[Change, str, str]] = {
    "unverified": (unverified, "confirm your e-mail address", "/account/email/"),
    "agreed": (lambda user: None, "All that is left is Discord", PAGE),
    "lapsed": (lapsed, "Your agreement ended", "/join/agree/"),
    "withdrawn": (agreeing.withdraw, "You withdrew your agreement", "/join/agree/"),
    "joined": (lambda user: presences.came_by_link(user, "", "", timezone.now()), "Nothing is left to do", PAGE),
}


@pytest.mark.parametrize(("change", "words", "way"), STATES.values(), ids=STATES.keys())
def test_each_state_has_a_sentence_and_a_way(client: Client, jane: User, change: Change, words: str, way: str) -> None:
    change(jane)
    page = text_of(client, JOIN)
    assert words in page
    assert f'href="{way}"' in page


@pytest.mark.parametrize(("fact", "words"), [("is_suspended", "is suspended"), ("is_erased", "is erased")])
def test_who_is_shut_out_is_told_so(
    client: Client, jane: User, monkeypatch: pytest.MonkeyPatch, fact: str, words: str
) -> None:
    monkeypatch.setattr(fact_sources, "_entries", dict(fact_sources._entries))
    fact_sources.register(FactSource("test", lambda user, now: {fact: True}, order=90))
    page = text_of(client, JOIN)
    assert words in page
    assert "join-steps" not in page
    assert client.get(PAGE).headers["Location"] == JOIN


def test_the_way_leads_from_the_button_to_the_link(client: Client, jane: User, discord: FakeDiscord) -> None:
    discord.codes = ["aBcD1234"]
    assert "Get my invitation" in text_of(client)
    assert client.post(PAGE, {"act": "ask"}).headers["Location"] == PAGE
    waiting = text_of(client)
    assert 'data-state="waiting"' in waiting
    assert "Look again" in waiting
    assert "join.js" in waiting
    issuing.issue(Invitation.objects.get().pk, timezone.now())
    page = client.get(PAGE)
    text = page.content.decode()
    assert text.count("https://discord.gg/aBcD1234") == 2
    assert "works once, for you alone" in text
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store, private"
    assert "<form" not in text[text.index("<main") :]  # such a page sends no origin, and no form of it is taken
    assert "your invitation to Discord waits for you" in text_of(client, JOIN)


def test_a_page_with_a_form_says_where_it_comes_from(client: Client, jane: User, discord: FakeDiscord) -> None:
    for path in (PAGE, NEW):
        page = client.get(path)
        assert "<form" in page.content.decode()
        assert page["Referrer-Policy"] != "no-referrer"


def test_posting_needs_the_forms_token(jane: User, discord: FakeDiscord) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(jane)
    for path in (PAGE, NEW):
        assert strict.post(path, {"act": "ask"}).status_code == 403
    assert not Invitation.objects.exists()


def test_a_link_disappears_the_moment_its_owner_is_no_member(client: Client, jane: User, discord: FakeDiscord) -> None:
    row = issued(jane, timezone.now())
    unverified(jane)
    assert client.get(PAGE).headers["Location"] == JOIN
    row.refresh_from_db()
    assert row.state == "issued"  # though no schedule has revoked it yet
    assert "discord.gg" not in text_of(client, JOIN)


def test_a_link_disappears_when_its_time_is_over(
    client: Client, jane: User, discord: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    issued(jane, now)
    assert "discord.gg" in text_of(client)
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=1))
    client.force_login(jane)
    assert "discord.gg" not in text_of(client)


def test_a_new_link_takes_the_place_of_the_old(client: Client, jane: User, discord: FakeDiscord) -> None:
    issued(jane, timezone.now())
    assert "stops working" in text_of(client, NEW)
    client.post(NEW)
    assert sorted(Invitation.objects.values_list("state", flat=True)) == ["asked", "revoked"]
    assert 'data-state="waiting"' in text_of(client)


def test_who_had_three_keeps_the_last(client: Client, jane: User, discord: FakeDiscord) -> None:
    for _ in range(2):
        issued(jane, timezone.now())
        inviting.give_up(jane, timezone.now())
    issued(jane, timezone.now())
    client.post(NEW)
    page = text_of(client)
    assert "tomorrow" in page
    assert "discord.gg" in page


def test_what_takes_long_or_failed_is_said(
    client: Client, jane: User, discord: FakeDiscord, settings: Settings
) -> None:
    row = inviting.ask(jane)
    Invitation.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    assert "takes longer than usual" in text_of(client)
    discord.rights.clear()
    issuing.issue(row.pk, timezone.now())
    page = text_of(client)
    assert "gave us no invitation" in page
    assert "Get my invitation" in page
    assert "may not do that" not in page  # that is for staff


def test_a_full_server_is_said(client: Client, jane: User, discord: FakeDiscord) -> None:
    with acting_on(discord, most_invitations=1):
        inviting.ask(member("joan"))
        client.post(PAGE, {"act": "ask"})
        assert "try again in some hours" in text_of(client)


def test_a_code_that_no_key_reads_is_replaced(
    client: Client, jane: User, discord: FakeDiscord, settings: Settings
) -> None:
    issued(jane, timezone.now())
    settings.SECRET_KEY = "another-key-of-the-tests"
    client.force_login(jane)
    assert "cannot be shown any more" in text_of(client)
    assert NEW in text_of(client)


def test_without_a_bot_staff_invite(client: Client, jane: User) -> None:
    assert "Staff will invite you" in text_of(client)
    client.post(PAGE, {"act": "ask"})
    assert "A person sends it" in text_of(client)
    inviting.mark_made(Invitation.objects.get(), timezone.now())
    assert "look into your mail" in text_of(client)
    client.post(NEW)
    assert "A person sends it" in text_of(client)


def test_who_waits_for_a_person_sees_that_there_is_a_bot_now(
    client: Client, jane: User, request: pytest.FixtureRequest
) -> None:
    client.post(PAGE, {"act": "ask"})
    request.getfixturevalue("discord")
    assert "Get my invitation now" in text_of(client)
    client.post(PAGE, {"act": "ask"})
    assert 'data-state="waiting"' in text_of(client)


def test_a_permanent_link_is_off_warned_of_and_shown_to_members_only(
    client: Client, jane: User, discord: FakeDiscord
) -> None:
    link = "https://discord.gg/permanent"
    assert checks.check_permanent_link(None) == []
    with acting_on(discord, permanent_link=link):
        assert link not in text_of(client)  # there is a bot
        assert [warning.id for warning in checks.check_permanent_link(None)] == ["portal.W010"]
    with acting_on(discord, permanent_link=link, bot_token=""):
        assert link in text_of(client)
        assert client.get(PAGE)["Referrer-Policy"] == "no-referrer"
        agreeing.withdraw(jane)
        assert client.get(PAGE).headers["Location"] == JOIN
        assert link not in text_of(client, JOIN)


def test_who_is_in_may_say_that_they_are_not(client: Client, jane: User, discord: FakeDiscord) -> None:
    presences.came_by_link(jane, "", "", timezone.now())
    page = text_of(client)
    assert "Your link was used" in page
    assert "Tell us who you are there" in page
    client.post(PAGE, {"act": "gone"})
    assert "Get my invitation" in text_of(client)


def test_who_is_known_there_is_not_asked_who_they_are(client: Client, jane: User, discord: FakeDiscord) -> None:
    joined(jane, discord, timezone.now())
    page = text_of(client)
    assert "Tell us who you are" not in page
    client.post(PAGE, {"act": "gone"})
    assert Presence.objects.there().count() == 1  # Discord is asked first


def test_an_act_that_there_is_not_asks(client: Client, jane: User, discord: FakeDiscord) -> None:
    client.post(PAGE, {"act": "\x00"})
    assert Invitation.objects.count() == 1


def test_the_pages_need_an_account(client: Client) -> None:
    for path in (PAGE, NEW):
        assert client.get(path).headers["Location"].startswith("/account/login/")
        assert client.post(path).headers["Location"].startswith("/account/login/")


def test_pages_lead_there(client: Client) -> None:
    a_version(1)
    for path in ("/community/", "/code-of-conduct/"):
        assert 'href="/join/"' in client.get(path).content.decode()
    a_version(2)
    assert 'href="/join/"' not in client.get("/code-of-conduct/v/1/").content.decode()


def test_agreeing_leads_there(client: Client) -> None:
    in_force()
    client.force_login(a_person("joan", staff=False))
    number = PolicyVersion.objects.get().number
    posted = {"agrees": "on", "number": number, "request_id": "a" * 32}
    assert client.post("/join/agree/", posted).headers["Location"] == PAGE


@pytest.mark.parametrize("what", ["nothing", "waiting", "link", "in", "by hand"])
def test_pages_ask_few_questions(
    client: Client,
    jane: User,
    request: pytest.FixtureRequest,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    what: str,
) -> None:
    discord: Any = None if what == "by hand" else request.getfixturevalue("discord")
    if what == "link":
        issued(jane, timezone.now())
    elif what == "in":
        joined(jane, discord, timezone.now())
    elif what != "nothing":
        inviting.ask(jane)
    for path in (PAGE, JOIN, NEW):
        with django_assert_max_num_queries(MOST_QUERIES):
            text_of(client, path)


def test_no_word_of_a_page_is_wrong_html(client: Client, jane: User, discord: FakeDiscord) -> None:
    for path in (JOIN, PAGE, NEW):
        assert not re.search(r"{%|{{|%}|}}", text_of(client, path))
