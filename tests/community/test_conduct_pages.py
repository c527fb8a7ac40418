"""The code of conduct as everybody reads it, and as somebody agrees to it."""

import re
from datetime import datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django import urls
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from community import agreeing
from community.models import Agreement, Reminder
from community.views import conduct
from tests.support.made_conduct import DAY, a_draft, a_version, agreed
from tests.support.staff import a_person

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12
REQUEST = "a" * 32


@pytest.fixture
def jane(client: Client) -> User:
    jane = a_person("jane", staff=False)
    client.force_login(jane)
    return jane


def text_of(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


def test_without_a_version_the_page_says_so(client: Client) -> None:
    assert "No version is published yet" in text_of(client, "/code-of-conduct/")
    a_draft(1)
    assert "No version is published yet" in text_of(client, "/code-of-conduct/")


def test_the_page_shows_the_text_in_force_and_the_way_to_the_others(client: Client, settings: Settings) -> None:
    settings.PORTAL_CONDUCT_EMAIL = "conduct@portal.example"
    a_version(1)
    a_version(2, change_note="Rule two.")
    a_version(3, at=timezone.now() - DAY, effective_at=timezone.now() + 90 * DAY)
    page = text_of(client, "/code-of-conduct/")
    assert "<li>Rule 2</li>" in page
    assert "&lt;b&gt;insults" in page
    assert "Rule two." in page
    assert 'href="/code-of-conduct/diff/1..2/">Changes since version 1<' in page
    assert 'href="/code-of-conduct/v/3/"' in page
    assert 'href="mailto:conduct@portal.example"' in page
    assert "Suspension." in page
    assert '/code-of-conduct/"' in page.split("canonical")[1]
    assert page.count("<h1") == 1


def test_an_old_and_a_coming_version_say_what_they_are(client: Client) -> None:
    a_version(1)
    a_version(2)
    a_version(3, at=timezone.now() - DAY, effective_at=timezone.now() + 90 * DAY)
    assert "not in force any more" in text_of(client, "/code-of-conduct/v/1/")
    assert "not in force" not in text_of(client, "/code-of-conduct/v/2/")
    assert "not in force yet" in text_of(client, "/code-of-conduct/v/3/")


@pytest.mark.parametrize(
    "path",
    [
        "v/0/", "v/9/", "v/99999999999999999999/", "v/1/?lang=de", "v/1/?lang=%00", "diff/1..1/", "diff/1..9/",
        "diff/0..1/", "diff/1..99999999999999999999/", "v/3/", "diff/1..3/",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    a_version(1)
    a_version(2)
    a_draft(3)
    text_of(client, f"/code-of-conduct/{path}", 404)


def test_another_language_of_a_version_can_be_chosen(client: Client) -> None:
    a_version(1)
    a_version(1, locale="de", text="Seid nett.", title="Verhaltenskodex")
    english, german = text_of(client, "/code-of-conduct/"), text_of(client, "/code-of-conduct/?lang=de")
    assert 'href="/code-of-conduct/?lang=de" lang="de"' in english
    assert '<div class="prose" lang="de"><p>Seid nett.</p>' in german
    assert re.search(r'rel="canonical" href="[^"]+/code-of-conduct/\?lang=de"', german)


def test_the_difference_is_told_by_words(client: Client) -> None:
    a_version(1, text="Be kind to each other.\n")
    a_version(2, text="Be nice to each other.\n", material=False, change_note="A better word.")
    a_version(3, text="Be nice to all.\n")
    page = text_of(client, "/code-of-conduct/diff/1..2/")
    assert "[removed: </span>kind" in page
    assert "[added: </span>nice" in page
    assert "Wording only" in page
    assert "A better word." in page
    assert "Version 3" not in page
    response = client.get("/code-of-conduct/diff/3..1/")
    assert (response.status_code, response["Location"]) == (301, "/code-of-conduct/diff/1..3/")


def test_every_page_leads_to_the_code(client: Client) -> None:
    assert '<a href="/code-of-conduct/">Code of conduct</a>' in text_of(client, "/")
    assert '<a href="/code-of-conduct/">Code of conduct</a>' in text_of(client, "/no-such-page", 404)


def test_agreeing_takes_a_ticked_box_and_nothing_else(client: Client, jane: User) -> None:
    version = a_version(1)
    page = text_of(client, "/join/agree/")
    assert "I agree to the Mage-OS Code of Conduct, version 1 (2026-01-01)" in page
    assert "<li>Rule 1</li>" in page
    box = re.search(r'<input type="checkbox"[^>]*>', page)
    assert box
    assert "checked" not in box[0]
    refused = client.post("/join/agree/", {"number": "1", "request_id": REQUEST}).content.decode()
    assert "Tick the box if you agree" in refused
    assert not Agreement.objects.exists()
    answer = client.post("/join/agree/", {"number": "1", "request_id": REQUEST, "agrees": "on"})
    assert (answer.status_code, answer["Location"]) == (302, "/join/discord/")
    row = Agreement.objects.get()
    assert (row.account, row.version, row.request_id, row.method) == (jane, version, REQUEST, "web")
    assert row.label == agreeing.label_of(version)
    client.post("/join/agree/", {"number": "1", "request_id": REQUEST, "agrees": "on"})
    assert Agreement.objects.count() == 1


def test_the_pages_of_the_flow_are_kept_by_nobody(client: Client, jane: User) -> None:
    a_version(1)
    for path in ("/join/agree/", "/account/agreement/"):
        response = client.get(path)
        assert "no-store" in response["Cache-Control"]
        assert "noindex" in response["X-Robots-Tag"]


@pytest.mark.parametrize("posted", [{"number": "1"}, {"number": "x"}, {"number": "1", "request_id": "\x00"}, {}])
def test_a_form_for_another_text_is_not_taken(client: Client, jane: User, posted: dict[str, str]) -> None:
    a_version(1)
    a_version(2)
    page = client.post("/join/agree/", {"agrees": "on", "request_id": REQUEST} | posted).content.decode()
    assert 'role="alert"' in page
    assert not Agreement.objects.exists()
    if posted == {"number": "1"}:
        assert "Version 2 came into force while you read" in page


def test_nobody_agrees_without_account_address_or_text(client: Client) -> None:
    body = {"number": "1", "request_id": REQUEST, "agrees": "on"}
    assert client.post("/join/agree/", body)["Location"].startswith("/account/login/")
    client.force_login(a_person("jane", staff=False))
    assert "nothing to agree to" in text_of(client, "/join/agree/")
    a_version(1)
    EmailAddress.objects.update(verified=False)
    assert "confirm your e-mail address" in client.post("/join/agree/", body).content.decode()
    assert not Agreement.objects.exists()


def test_who_agreed_before_sees_what_changed_and_until_when(client: Client, jane: User) -> None:
    agreed(jane, a_version(1, text="Be kind.\n"))
    newer = a_version(2, text="Be nice.\n")
    Reminder.objects.create(account=jane, version=newer, sent_at=timezone.now())
    page = text_of(client, "/join/agree/")
    assert "What changed since version 1" in page
    assert "[added: </span>nice" in page
    assert f"Your earlier agreement ends on {timezone.now() + 30 * DAY:%Y-%m-%d}" in page
    client.post("/join/agree/", {"number": "2", "request_id": REQUEST, "agrees": "on"})
    assert "that still holds" in text_of(client, "/join/agree/")
    assert 'type="checkbox"' not in text_of(client, "/join/agree/")


def test_a_change_of_wording_asks_for_nothing(client: Client, jane: User) -> None:
    agreed(jane, a_version(1))
    a_version(2, material=False)
    page = text_of(client, "/join/agree/")
    assert "only the wording changed" in page
    assert 'type="checkbox"' not in page


def test_somebody_sees_all_that_they_said_and_withdraws(client: Client, jane: User) -> None:
    agreed(jane, a_version(1))
    agreed(a_person("other", staff=False), a_version(1))
    page = text_of(client, "/account/agreement/")
    assert "You agreed to version 1" in page
    assert page.count("<tr>") == 2
    question = text_of(client, "/account/agreement/withdraw/")
    assert "your access as a member ends at once" in question
    assert not Agreement.objects.filter(act="withdrawn").exists()
    assert client.post("/account/agreement/withdraw/", {}).status_code == 200
    client.post("/account/agreement/withdraw/", {"request_id": REQUEST})
    assert Agreement.objects.get(act="withdrawn").account == jane
    assert "You withdrew your agreement" in text_of(client, "/account/agreement/")
    assert client.get("/account/agreement/withdraw/").status_code == 302


def test_who_lapsed_is_told(client: Client, jane: User) -> None:
    agreed(jane, a_version(1))
    newer = a_version(2)
    Reminder.objects.create(account=jane, version=newer, sent_at=datetime.fromisoformat("2026-05-01T00:00+00:00"))
    assert "That ended on 2026-05-31" in text_of(client, "/account/agreement/")


def test_pages_ask_few_questions(
    client: Client, jane: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 9):
        version = a_version(number, at=timezone.now() - (9 - number) * DAY)
        a_version(number, locale="de", at=timezone.now() - (9 - number) * DAY)
        agreed(jane, version, at=version.effective_at)
    Reminder.objects.create(account=jane, version=version, sent_at=timezone.now())
    paths = (
        "code-of-conduct/",
        "code-of-conduct/v/3/",
        "code-of-conduct/diff/1..8/",
        "join/agree/",
        "account/agreement/",
    )
    for path in paths:
        with django_assert_max_num_queries(MOST_QUERIES):
            text_of(client, f"/{path}")


def test_the_link_to_the_form_for_reports_is_there_when_the_page_is(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reverse(asked: str, *args: Any, **kwargs: Any) -> str:
        return "/elsewhere/report/" if asked == "community:report" else original(asked, *args, **kwargs)

    original = urls.reverse
    a_version(1)
    monkeypatch.setattr(conduct, "reverse", reverse)
    assert "/elsewhere/report/" in text_of(client, "/code-of-conduct/")
