"""The index of documents and the page of each."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from docs_hub import folders
from docs_hub.models import Document
from tests.support.made_documents import AROUND, a_collection, a_document, somebody

pytestmark = pytest.mark.django_db

FOLDERS = {"": 1, "Minutes/2022": 2, "Minutes/2023": 3, "Designs": 4}


def listed(reply: Any) -> list[str]:
    """Give the titles of a list, in their order."""
    return re.findall(r'<th scope="row">\s*<a href="[^"]+">([^<]+)</a>', reply.content.decode())


def test_the_index_shows_what_is_known_of_each_document(client: Client) -> None:
    collection = a_collection(synced_at=datetime(2024, 6, 1, tzinfo=UTC))
    a_document("plan", collection=collection, folder="Plans/2024", kind="design", status="accepted", team="docs")
    page = client.get("/docs/").content.decode()
    for part in (
        "Paper plan", 'href="/docs/handbook/plan/"', "Technical design", "Accepted", "docs", "2024-05-07", "2024-06-01",
        'href="https://drive.example/plan"', "Handbook / Plans/2024", "1 document",
    ):  # fmt: skip
        assert part in page, part


def test_a_superseded_document_says_by_what() -> None:
    new = a_document("new")
    old = a_document("old", status="superseded", superseded_by=new)
    for path in ("/docs/", old.get_absolute_url()):
        assert f'<a href="{new.get_absolute_url()}">Paper new</a>' in Client().get(path).content.decode()


def test_what_took_the_place_of_a_document_is_told_to_those_only_who_may_see_it() -> None:
    new = a_document("new", collection=a_collection("board"), visibility="members")
    old = a_document("old", status="superseded", superseded_by=new)
    for path in ("/docs/", old.get_absolute_url()):
        assert "Paper new" not in Client().get(path).content.decode()
        assert "Paper new" in somebody_reads(path)


def somebody_reads(path: str) -> str:
    Document.objects.update(visibility="public")
    page = Client().get(path).content.decode()
    Document.objects.filter(slug="new").update(visibility="members")
    return page


def test_the_index_has_pages_of_fifty_that_keep_what_was_chosen(client: Client) -> None:
    for number in range(51):
        a_document(f"paper-{number:02}", kind="minutes")
    first, second = client.get("/docs/?kind=minutes"), client.get("/docs/?kind=minutes&page=2")
    assert (len(listed(first)), listed(second)) == (50, ["Paper paper-50"])
    assert 'rel="next" href="?kind=minutes&amp;page=2"' in first.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=minutes", ["b"]), ("status=draft", ["a"]), ("team=docs", ["b", "c"]), ("kind=design&team=docs", ["c"]),
        ("collection=board", ["c"]), ("kind=role", []), ("team=none", []), ("status=%00", []), ("visibility=staff", []),
    ],
)  # fmt: skip
def test_the_address_says_what_is_listed(client: Client, query: str, found: list[str]) -> None:
    a_document("a", status="draft", kind="vision")
    a_document("b", kind="minutes", team="docs")
    a_document("c", kind="design", team="docs", collection=a_collection("board"))
    reply = client.get(f"/docs/?{query}")
    assert sorted(listed(reply)) == [f"Paper {slug}" for slug in found]
    assert ("Nothing matches" in reply.content.decode()) is (not found)


def test_a_filter_that_chooses_nothing_is_not_offered(client: Client) -> None:
    a_document("a", kind="vision")
    assert "<select" not in client.get("/docs/").content.decode()
    a_document("b", kind="minutes")
    page = client.get("/docs/").content.decode()
    assert re.findall(r'<select name="(\w+)"', page) == ["kind"]
    assert re.findall(r'<option value="(\w+)"', page) == ["vision", "minutes"]


def test_chips_of_visibility_are_there_for_those_who_see_more_than_the_public() -> None:
    a_document("a")
    a_document("b", visibility="members")
    assert "visibility=" not in Client().get("/docs/").content.decode()
    member = somebody("member")
    page = member.get("/docs/").content.decode()
    assert re.findall(r'href="\?visibility=(\w+)"', page) == ["public", "members"]
    assert listed(member.get("/docs/?visibility=members")) == ["Paper b"]


def test_a_folder_lists_what_is_in_it_and_below(client: Client) -> None:
    for slug, folder in (("a", ""), ("b", "Minutes"), ("c", "Minutes/2022"), ("d", "minutes"), ("e", "Minutes of all")):
        a_document(slug, folder=folder)
    reply = client.get("/docs/handbook/?folder=Minutes")
    assert listed(reply) == ["Paper b", "Paper c"]
    page = reply.content.decode()
    assert 'href="/docs/handbook/?folder=Minutes%2F2022"' in page
    assert "<h1>Minutes</h1>" in page
    assert listed(client.get("/docs/handbook/")) != []


@pytest.mark.parametrize("folder", ["None", "Minutes/", "\0", "%", "Min", "Minutes/2022/x"])
def test_a_folder_that_is_not_there_is_no_page(client: Client, folder: str) -> None:
    a_document(folder="Minutes/2022")
    assert client.get("/docs/handbook/", {"folder": folder}).status_code == 404


def test_a_tree_counts_what_lies_below_and_opens_the_way_to_the_current_folder() -> None:
    root = folders.tree(FOLDERS, "Minutes/2022")
    designs, minutes = root.children
    assert (root.count, designs.count, minutes.count) == (10, 4, 5)
    assert [(child.path, child.is_current) for child in minutes.children] == [
        ("Minutes/2022", True),
        ("Minutes/2023", False),
    ]
    assert folders.tree(FOLDERS, "").children[1].children == ()


def test_a_tree_shows_no_more_folders_than_a_page_can_hold() -> None:
    root = folders.tree({f"folder {number:03}": 1 for number in range(150)}, "folder 149")
    assert (len(root.children), root.left_out, root.children[-1].path) == (101, 49, "folder 149")


def test_a_collection_without_documents_says_so(client: Client) -> None:
    a_collection("links", kind="links")
    assert "Nothing is listed here yet" in client.get("/docs/links/").content.decode()


def test_an_empty_index_says_so(client: Client) -> None:
    assert "No document is listed yet" in client.get("/docs/").content.decode()


@pytest.mark.parametrize("path", ["/docs/none/", "/docs/website/", "/docs/old/", "/docs/?collection=none"])
def test_a_collection_that_lists_no_documents_is_no_page(client: Client, path: str) -> None:
    a_collection("website", kind="updates")
    a_collection("old", is_active=False)
    assert client.get(path).status_code == 404


def test_a_document_with_a_text_of_ours_shows_it(client: Client) -> None:
    headings = [[2, f"part-{number}", f"Part {number}"] for number in range(4)]
    shown = a_document("plan", html="<h2>Here</h2>", headings=headings, folder="Plans/2024")
    page = client.get(shown.get_absolute_url()).content.decode()
    for part in (
        "<h2>Here</h2>", 'href="#part-3">Part 3</a>', 'href="/docs/handbook/?folder=Plans%2F2024">2024</a>',
        'rel="canonical" href="http://127.0.0.1:8000/docs/handbook/plan/"',
    ):  # fmt: skip
        assert part in page, part


def test_a_document_whose_text_lies_elsewhere_shows_the_way(client: Client) -> None:
    page = client.get(a_document("plan").get_absolute_url()).content.decode()
    assert "The text is kept at drive.example" in page
    assert 'class="button" href="https://drive.example/plan"' in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", ""])
def test_no_page_leads_to_an_address_that_is_none(client: Client, url: str) -> None:
    shown = a_document(url=url)
    for path in ("/docs/", shown.get_absolute_url()):
        reply = client.get(path)
        assert reply.status_code == 200
        assert not url or f'href="{url}' not in reply.content.decode()


@pytest.mark.parametrize("fields", [{"is_hidden": True}, {"trouble": "lost"}, {"trouble": "trashed"}], ids=str)
def test_what_is_hidden_lost_or_trashed_is_not_there(client: Client, fields: dict[str, Any]) -> None:
    shown = a_document(**fields)
    assert client.get(shown.get_absolute_url()).status_code == 404
    assert listed(client.get("/docs/")) == []


def test_a_collection_that_is_narrowed_hides_its_documents_at_once(client: Client) -> None:
    shown = a_document(collection=a_collection(visibility="members"))
    assert client.get(shown.get_absolute_url()).status_code == 404
    assert client.get("/docs/handbook/").status_code == 404
    assert somebody("member").get(shown.get_absolute_url()).status_code == 200


def test_pages_take_few_queries_however_much_there_is(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    new = a_document()
    for number in range(60):
        collection = a_collection(f"collection-{number % 5}")
        shown = a_document(collection=collection, folder=f"a/{number}", status="superseded", superseded_by=new)
    for client, around in ((Client(), 0), (somebody("of the team"), AROUND)):
        with django_assert_num_queries(6 + around) as captured:
            client.get("/docs/")
        assert not any('"text"' in query["sql"] or '"html"' in query["sql"] for query in captured.captured_queries)
        with django_assert_num_queries(3 + around):
            client.get(shown.get_absolute_url())
