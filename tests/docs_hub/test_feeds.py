"""Atom feeds of updates, read as strangers read them: as XML, by conditional requests."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.http import http_date
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from docs_hub.feeds import whole_addresses
from docs_hub.models import Category, Update
from tests.support.made_documents import DAY, an_update, somebody

pytestmark = pytest.mark.django_db

FEED = "/updates/feed.atom"
ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "http://127.0.0.1:8000"


def read(path: str = FEED, client: Client | None = None) -> ElementTree.Element:
    reply = (client or Client()).get(path)
    assert reply.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(reply.content)  # noqa: S314 - ours


def entries(path: str = FEED, client: Client | None = None) -> list[ElementTree.Element]:
    return read(path, client).findall(f"{ATOM}entry")


def text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{ATOM}{name}") or ""


def link(element: ElementTree.Element, rel: str) -> str:
    found = element.find(f"{ATOM}link[@rel='{rel}']")
    assert found is not None
    return found.attrib["href"]


def test_a_feed_names_itself_and_its_page() -> None:
    an_update(category="events")
    feed = read("/updates/category/events/feed.atom")
    assert link(feed, "self") == f"{BASE}/updates/category/events/feed.atom"
    assert link(feed, "alternate") == f"{BASE}/updates/category/events/"
    assert (text(feed, "id"), text(feed, "title")) == (f"{BASE}/updates/category/events/", "Mage-OS updates: Events")


def test_an_entry_has_the_whole_text_with_addresses_that_lead_from_anywhere() -> None:
    html = '<a href="/updates/">a</a> <a href="#here">b</a> <a href="https://x.example/">c</a> <img src="/media/x.png">'
    an_update(
        "april", html=html, author="jane", category="events", image="/media/lead.png", image_alt='"A" boat',
        changed_at=DAY + timedelta(days=1),
    )  # fmt: skip
    (entry,) = entries()
    content = text(entry, "content")
    page = f"{BASE}/updates/2024/april/"
    for part in (
        f'<img src="{BASE}/media/lead.png" alt="&quot;A&quot; boat">', f'<a href="{BASE}/updates/">a</a>',
        f'<a href="{page}#here">b</a>', '<a href="https://x.example/">c</a>', f'<img src="{BASE}/media/x.png">',
    ):  # fmt: skip
        assert part in content, part
    assert (link(entry, "alternate"), text(entry, "summary")) == (page, "What april says.")
    assert (text(entry, "published"), text(entry, "updated")) == (
        "2024-05-07T00:00:00+00:00",
        "2024-05-08T00:00:00+00:00",
    )
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "jane"


def test_words_that_look_like_addresses_stay_as_they_are() -> None:
    code = '<pre><code>&lt;a href="/x"&gt; src="/y"</code></pre><p title=" href=/z">href="/z"</p>'
    assert whole_addresses(code, "/updates/2024/x/") == code
    link_with_title = '<a title="a > b" href="/x">x</a>'
    assert whole_addresses(link_with_title, "/") == f'<a title="a > b" href="{BASE}/x">x</a>'


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_whatever_an_update_says_its_feed_is_xml(hostile: str) -> None:
    Update.objects.all().delete()
    Category.objects.all().delete()
    mixed = f"\x01\x0b\x1f\ufffe\uffff]]>&<{hostile}"
    update = an_update("one", title=mixed[:200], description=mixed, author=mixed, html=mixed, category="x")
    Category.objects.update(title=mixed[:100])
    (entry,) = entries()
    assert "]]>&<" in text(entry, "title")
    assert text(entry, "content").startswith("]]>&<")
    assert text(entry, "id").endswith(f"update-{update.pk}")
    read("/updates/category/x/feed.atom")


def test_an_id_outlives_title_address_and_day() -> None:
    update = an_update("april")
    before = text(entries()[0], "id")
    fields: dict[str, Any] = {"title": "New", "slug": "new", "year": 2023, "published_at": DAY.replace(year=2023)}
    Update.objects.filter(pk=update.pk).update(**fields)
    assert text(entries()[0], "id") == before
    assert before == f"tag:{urlsplit(BASE).hostname},2021:update-{update.pk}"


def test_the_newest_thirty_are_told_newest_first() -> None:
    for number in range(31):
        an_update(f"number-{number}", published_at=DAY + timedelta(days=number))
    found = [text(entry, "title") for entry in entries()]
    assert (len(found), found[0], found[-1]) == (30, "About number-30", "About number-1")


def test_a_category_has_a_feed_of_its_own() -> None:
    an_update("talk", category="events")
    an_update("release", category="releases")
    assert [text(entry, "title") for entry in entries("/updates/category/events/feed.atom")] == ["About talk"]


def test_feeds_hold_what_everybody_may_read_whoever_asks() -> None:
    an_update("open", category="events")
    for fields in (
        {"visibility": "members"}, {"visibility": "team", "team": "infrastructure"}, {"visibility": "staff"},
        {"state": "draft"}, {"state": "review"}, {"state": "hidden"}, {"published_at": timezone.now() + timedelta(1)},
    ):  # fmt: skip
        an_update(category="inside", **fields)
    for kind in ("anonymous", "of the team", "staff"):
        client = somebody(kind)
        assert [text(entry, "title") for entry in entries(client=client)] == ["About open"], kind
        assert client.get("/updates/category/inside/feed.atom").status_code == 404


def test_an_empty_feed_is_a_feed() -> None:
    assert entries() == []


def test_readers_that_know_the_feed_get_nothing(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    an_update(category="events")
    for path in (FEED, "/updates/category/events/feed.atom"):
        first = client.get(path)
        assert first.headers["Cache-Control"] == "no-cache"
        for headers in (
            {"If-None-Match": first.headers["ETag"]},
            {"If-Modified-Since": first.headers["Last-Modified"]},
        ):
            with django_assert_num_queries(2):
                reply = client.get(path, headers=headers)
            assert (reply.status_code, reply.content) == (304, b"")
            assert reply.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "New"}, {"state": "hidden"}, {"visibility": "members"}, {"published_at": DAY - timedelta(days=9)},
    ],
    ids=str,
)  # fmt: skip
def test_every_change_is_told(client: Client, change: dict[str, Any]) -> None:
    update = an_update()
    first = client.get(FEED)
    Update.objects.filter(pk=update.pk).update(**change, changed_at=timezone.now())
    for headers in ({"If-None-Match": first.headers["ETag"]}, {"If-Modified-Since": first.headers["Last-Modified"]}):
        assert client.get(FEED, headers=headers).status_code == 200


def test_an_update_that_appears_at_its_time_is_told(client: Client) -> None:
    an_update()
    first = client.get(FEED)
    an_update(published_at=timezone.now(), changed_at=DAY - timedelta(days=9))
    reply = client.get(FEED, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert reply.status_code == 200


def test_a_client_from_the_past_gets_all(client: Client) -> None:
    an_update()
    since = http_date(datetime(2001, 1, 1, tzinfo=UTC).timestamp())
    assert client.get(FEED, headers={"If-Modified-Since": since}).status_code == 200


def test_feeds_are_read_only(client: Client) -> None:
    assert client.post(FEED).status_code == 405
    assert client.head(FEED).status_code == 200


def test_a_feed_takes_few_queries(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(5):
        an_update(category="events")
    with django_assert_num_queries(3):
        client.get(FEED)
