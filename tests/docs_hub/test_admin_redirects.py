"""Redirects that staff write, and those that were imported."""

import pytest
from django.db import models
from django.test import Client

from docs_hub.models import Alias
from tests.support.staff import a_person, logged_in
from tests.support.staff_documents import (
    HOSTILE,
    a_collection,
    a_document,
    address,
    an_update,
    page_of,
    queries,
    text_of,
)

pytestmark = pytest.mark.django_db

LIST, ADD = "/admin/docs_hub/alias/", "/admin/docs_hub/alias/add/"


@pytest.fixture
def editor(db: None) -> Client:
    return logged_in(a_person("ed", "editor"))


def add(client: Client, path: str, target: str = "", update: models.Model | None = None) -> str:
    fields = {"path": path, "target": target, "update": str(update.pk) if update else ""}
    return text_of(client.post(ADD, fields, follow=True))


def test_an_old_address_leads_to_an_update(editor: Client) -> None:
    update = an_update()
    add(editor, "/blog/week-nine/", update=update)
    made = Alias.objects.get()
    assert (made.path, made.update, made.is_handmade) == ("/blog/week-nine", update, True)
    assert Client().get("/blog/week-nine/").headers["Location"] == update.get_absolute_url()


def test_an_old_address_leads_to_a_page(editor: Client) -> None:
    add(editor, "/old-news", "/updates/?page=1#x")
    assert Client().get("/old-news").headers["Location"] == "/updates/?page=1#x"


@pytest.mark.parametrize("path", [
    "old", "//evil.example/x", "https://evil.example/", "/a b", "/a?b", "/a#b", "/a\\b", "/", "/a\tb",
])  # fmt: skip
def test_what_is_no_path_is_refused(editor: Client, path: str) -> None:
    assert "Write a path of this site" in add(editor, path, "/updates/")
    assert not Alias.objects.exists()


@pytest.mark.parametrize("path", ["/updates/", "/updates", "/updates/2026/week-9", "/docs/pages/one/", "/admin/"])
def test_a_page_cannot_be_led_away_from(editor: Client, path: str) -> None:
    an_update("week-9")
    a_document(a_collection("pages", "pages"), "one")
    assert "There is a page at this address" in add(editor, path, "/docs/")


def test_the_address_of_an_update_that_never_was_is_free(editor: Client) -> None:
    add(editor, "/updates/2026/never", "/updates/")
    assert Alias.objects.get().path == "/updates/2026/never"


@pytest.mark.parametrize("target", [
    "//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "updates", "/up dates/",
])  # fmt: skip
def test_nobody_is_led_to_another_site(editor: Client, target: str) -> None:
    assert "Write a path of this site that begins with one slash" in add(editor, "/old", target)
    assert not Alias.objects.exists()


def test_nobody_is_led_to_a_page_that_is_not_there(editor: Client) -> None:
    assert "There is no page at this address." in add(editor, "/old", "/no/such/page")


def test_nobody_is_led_in_a_circle(editor: Client) -> None:
    Alias.objects.create(path="/updates/2026/b", target="/updates/2026/a", is_handmade=True)
    an_update("b")
    assert "leads back to where it begins" in add(editor, "/updates/2026/a", "/updates/2026/b/")


@pytest.mark.parametrize("target", ["", "/updates/"])
def test_it_leads_to_one_thing(editor: Client, target: str) -> None:
    update = an_update() if target else None
    assert "one of the two" in add(editor, "/old", target, update)


def test_an_address_is_led_on_once(editor: Client) -> None:
    for _ in range(2):
        page = add(editor, "/old", "/updates/")
    assert "already exists" in page


def test_imported_redirects_are_looked_at_only(editor: Client) -> None:
    root, alias = logged_in(a_person("root", superuser=True)), Alias.objects.create(path="/x", update=an_update())
    for client in (editor, root):
        assert client.post(address(Alias, "change", alias.pk), {"path": "/y"}).status_code == 403
    assert root.post(address(Alias, "delete", alias.pk), {"post": "yes"}).status_code == 403
    assert "<textarea" not in page_of(editor, alias)


def test_hostile_text_is_shown_as_text(editor: Client) -> None:
    imported = Alias.objects.create(path=f"/{HOSTILE}", update=an_update(title=HOSTILE))
    for page in (text_of(editor.get(LIST)), page_of(editor, imported)):
        assert "<script>alert" not in page
        assert "\\x202e" in page


def test_the_list_costs_as_many_queries_for_a_thousand_as_for_one(editor: Client) -> None:
    update = an_update()
    Alias.objects.create(path="/x", update=update)
    before = queries(editor, LIST)
    Alias.objects.bulk_create(Alias(path=f"/x{number}", update=update) for number in range(1000))
    assert queries(editor, LIST) == before == 7
