"""Addresses that updates once had: where they lead, and what they never do."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from docs_hub import linking, old_addresses
from docs_hub.models import Alias, Update
from tests.support.made_documents import DAY, an_update, somebody
from tests.support.made_posts import OLDER, newer, older, post

pytestmark = pytest.mark.django_db

HERE = "/updates/2024/april-recap/"


def an_imported_update(*paths: str, **fields: Any) -> Update:
    """Make an update with the old addresses that an importer keeps of its files."""
    update = an_update("april-recap", **fields)
    for path in paths or ("src/data/post/2024-05-07-april-recap.md",):
        is_older = "/pages/" in path
        read = post(path, older(date="2024-05-07") if is_older else newer(category="Events"))
        for address in linking.old_addresses(read):
            Alias.objects.get_or_create(path=address, update=update)
    return update


def led_to(path: str, client: Client | None = None) -> str:
    """Say where an address leads; its status if it leads nowhere."""
    reply = (client or Client()).get(path)
    return str(reply.headers["Location"]) if reply.status_code == 301 else str(reply.status_code)


@pytest.mark.parametrize(
    "path",
    [
        "/events/2024-05-07-april-recap",  # the website's own address
        "/events/2024-05-07-april-recap/",
        "/events/april-recap/",  # of the years without days
        "/updates/2024-05-07-april-recap",
        "/updates/april-recap/",
        "/releases/april-recap",  # under another category
        "/ecommerce-insights/2024-05-06-april-recap",  # and another day
        "/blog/april-recap",
        "/blog/20240507-april-recap",
        "/updates/2023/april-recap/",
        "/events/april-recap.html",
        "/events/2024%2D05%2D07%2Dapril%2Drecap",
        "/events//april-recap//",
    ],
)
def test_every_shape_that_an_address_had_leads_to_the_one(path: str) -> None:
    an_imported_update()
    assert led_to(path) == HERE


@pytest.mark.parametrize("path", ["/blog/mage-os-update-2022-week-9", "/blog/mage-os-update-2022-week-9-and-8/"])
def test_names_of_files_of_the_older_layout_lead_on(path: str) -> None:
    an_imported_update(OLDER, "src/pages/blog/mage-os-update-2022-week-9-and-8.md")
    assert led_to(path) == HERE


def test_letters_outside_ascii_are_known_however_they_are_written() -> None:
    Alias.objects.create(path="/blog/größe", update=an_update("april-recap"))
    assert led_to("/blog/gr%C3%B6%C3%9Fe/") == HERE


def test_the_website_s_lists_lead_to_ours(client: Client) -> None:
    assert led_to("/blog/") == "/updates/"
    assert led_to("/category/events") == "/updates/category/events/"
    assert led_to("/updates") == "/updates/"


def test_what_was_asked_with_is_kept() -> None:
    an_imported_update()
    assert led_to("/events/april-recap?utm=1&b=%20x") == f"{HERE}?utm=1&b=%20x"
    assert led_to("/events/april-recap?" + "x" * 5000) == HERE


def test_a_page_that_is_there_is_never_led_away_from() -> None:
    Alias.objects.create(path="/updates", target="/docs/", is_handmade=True)
    assert led_to("/updates/") == "200"


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_only_reading_is_led_on(client: Client, method: str) -> None:
    an_imported_update()
    assert getattr(client, method)("/events/april-recap").status_code == 404
    assert client.head("/events/april-recap").status_code == 301


@pytest.mark.parametrize(
    "path",
    [
        "/p2/acme/shop.json",
        "/packages/acme/shop-1.0.zip",
        "/packages.json",
        "/d/mirror/p2/acme/shop.json",
        "/d/mirror/none",
    ],
)
def test_what_composer_asks_for_is_never_led_on(
    path: str,
) -> None:
    Alias.objects.create(path=path, target="/updates/", is_handmade=True)
    assert led_to(path) == "404"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "evil",
        "/\n/x",
    ],
)
def test_nobody_is_led_to_another_host(target: str) -> None:
    Alias.objects.create(path="/old", target=target, is_handmade=True)
    assert led_to("/old") == "404"


@pytest.mark.parametrize(
    "path", ["//evil.example/blog/x", "/%5Cevil.example", "/https://evil.example", "/blog//evil.example"]
)
def test_an_address_that_names_a_host_leads_nowhere(path: str) -> None:
    assert led_to(path) == "404"


def test_a_handmade_address_leads_to_another_page() -> None:
    Alias.objects.create(path="/handbook", target="/docs/?kind=vision#top", is_handmade=True)
    assert led_to("/handbook/") == "/docs/?kind=vision#top"
    assert led_to("/handbook?a=b") == "/docs/?kind=vision&a=b#top"


def test_handmade_addresses_that_follow_each_other_are_one_step() -> None:
    Alias.objects.create(path="/first", target="/second/", is_handmade=True)
    Alias.objects.create(path="/second", update=an_update("april-recap"))
    assert led_to("/first") == HERE


@pytest.mark.parametrize("length", [1, 2, 3, 9])
def test_addresses_that_lead_in_a_circle_lead_nowhere(length: int) -> None:
    for number in range(length):
        Alias.objects.create(path=f"/round-{number}", target=f"/round-{(number + 1) % length}/", is_handmade=True)
    assert led_to("/round-0") == "404"


@pytest.mark.parametrize(
    "path", ["/blog/%00", "/blog/%2500", "/%ff%fe", "/blog/" + "x" * 3000, "/%", "/blog/%252e%252e/"]
)
def test_nonsense_is_not_found(path: str) -> None:
    assert led_to(path) == "404"


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "draft"}, {"state": "review"}, {"state": "hidden"}, {"visibility": "staff"},
        {"visibility": "members"}, {"published_at": timezone.now() + timedelta(days=1), "year": 2024},
    ],
    ids=["draft", "review", "hidden", "staff", "members", "tomorrow"],
)  # fmt: skip
def test_an_update_that_nobody_may_read_is_not_led_to(fields: dict[str, Any]) -> None:
    an_imported_update(**fields)
    assert led_to("/events/april-recap") == "404"


def test_members_are_led_to_what_is_theirs_and_nobody_keeps_that() -> None:
    an_imported_update(visibility="members")
    reply = somebody("member").get("/events/april-recap")
    assert (reply.status_code, reply.headers["Cache-Control"]) == (301, "private")
    assert "Cookie" in reply.headers["Vary"]
    assert "Cookie" in Client().get("/events/april-recap").headers["Vary"]


def test_finding_an_address_takes_one_query_and_no_text(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    an_imported_update(body="A long text.", published_at=DAY)
    with django_assert_num_queries(1) as captured:
        client.get("/releases/2024-05-07-april-recap")
    assert '"body"' not in captured.captured_queries[0]["sql"]
    with django_assert_num_queries(1):
        client.get("/no/such/page")


def test_while_the_database_does_not_answer_a_404_stays_one(client: Client) -> None:
    def fail(*_: Any) -> Any:
        raise OperationalError("gone away")

    with connection.execute_wrapper(fail):
        assert client.get("/events/april-recap").status_code == 404


@pytest.mark.parametrize(("target", "is_ours"), [("/updates/", True), ("//x", False), ("x", False), ("", False)])
def test_targets(target: str, *, is_ours: bool) -> None:
    assert old_addresses.is_of_this_site(target) is is_ours
