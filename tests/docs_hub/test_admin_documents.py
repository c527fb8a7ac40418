"""What staff decide about documents, and the links that they keep by hand."""

from typing import Any

import pytest
from django.test import Client

from docs_hub.models import Collection, Document
from tests.support.staff import a_person, logged_in
from tests.support.staff_documents import (
    HOSTILE,
    a_collection,
    a_document,
    act,
    address,
    page_of,
    queries,
    said,
    text_of,
)

pytestmark = pytest.mark.django_db

LIST, ADD = "/admin/docs_hub/document/", "/admin/docs_hub/document/add/"


@pytest.fixture
def editor(db: None) -> Client:
    return logged_in(a_person("ed", "editor"))


@pytest.fixture
def pages(db: None) -> Collection:
    return a_collection("pages", Collection.Kind.PAGES)


@pytest.fixture
def links(db: None) -> Collection:
    return a_collection("links", Collection.Kind.LINKS, visibility="members")


def change(client: Client, document: Document, **fields: str) -> str:
    return text_of(client.post(address(Document, "change", document.pk), {"kind": "other", **fields}, follow=True))


def add(client: Client, collection: Collection, **fields: str) -> str:
    usual = {"collection": str(collection.pk), "title": "A link", "url": "https://example.org/", "kind": "other"}
    return text_of(client.post(ADD, {**usual, **fields}, follow=True))


def test_staff_say_what_a_document_is(editor: Client, pages: Collection) -> None:
    old, new = a_document(pages), a_document(pages, "two.md")
    change(editor, old, kind="statutes", status="superseded", superseded_by=str(new.pk))
    old.refresh_from_db()
    assert (old.kind, old.status, old.superseded_by) == ("statutes", "superseded", new)


def test_what_its_source_says_is_not_changed_here(editor: Client, pages: Collection) -> None:
    document = a_document(pages)
    change(editor, document, title="Mine", url="https://evil.example/", visibility="public", allowed="public")
    document.refresh_from_db()
    assert (document.title, document.url) == ("A document", "https://example.org/one")


@pytest.mark.parametrize(("allowed", "narrowed_to", "team", "visibility", "of"), [
    ("public", "members", "", "members", ""),
    ("public", "team", "docs", "team", "docs"),
    ("members", "staff", "", "staff", ""),
    ("members", "", "", "members", ""),
])  # fmt: skip
def test_a_document_is_shown_more_narrowly(  # noqa: PLR0917 - a table
    editor: Client, pages: Collection, allowed: str, narrowed_to: str, team: str, visibility: str, of: str
) -> None:
    document = a_document(pages, allowed=allowed, visibility=allowed)
    change(editor, document, narrowed_to=narrowed_to, narrowed_team=team)
    document.refresh_from_db()
    assert (document.visibility, document.team) == (visibility, of)


def test_taking_the_narrower_choice_back_shows_as_much_as_the_source_allows(editor: Client, pages: Collection) -> None:
    document = a_document(pages, allowed="members", visibility="staff", narrowed_to="staff")
    change(editor, document, narrowed_to="")
    document.refresh_from_db()
    assert document.visibility == "members"


def test_what_a_sync_wrote_meanwhile_is_not_written_over(editor: Client, pages: Collection) -> None:
    document = a_document(pages, title=HOSTILE)
    change(editor, document, kind="statutes")
    document.refresh_from_db()
    assert (document.kind, document.title) == ("statutes", HOSTILE)


@pytest.mark.parametrize(("fields", "fault"), [
    ({"narrowed_to": "public"}, "choose something narrower"),
    ({"narrowed_to": "team"}, "Name the team that may see it."),
    ({"narrowed_team": "docs"}, "A team counts only"),
    ({"kind": "nonsense"}, "Select a valid choice"),
    ({"superseded_by": "own"}, "choose the newer one"),
    ({"superseded_by": "other"}, "choose “superseded”"),
])  # fmt: skip
def test_what_cannot_be_is_told_at_its_field(
    editor: Client, pages: Collection, fields: dict[str, str], fault: str
) -> None:
    document = a_document(pages, allowed="members", visibility="members")
    rows = {"own": str(document.pk), "other": str(a_document(pages, "two.md").pk)}
    fields = {name: rows.get(value, value) for name, value in fields.items()}
    assert fault in change(editor, document, **fields)
    document.refresh_from_db()
    assert (document.visibility, document.superseded_by) == ("members", None)


def test_a_link_is_kept_by_hand(editor: Client, links: Collection) -> None:
    add(editor, links, title="The  vision", folder=" Board / 2024 /", text="Words to find")
    link = Document.objects.get()
    assert (link.title, link.slug, link.folder) == ("The vision", "the-vision", "Board/2024")
    assert (link.visibility, link.allowed) == ("members", "members")


def test_two_links_of_one_name_have_two_addresses(editor: Client, links: Collection) -> None:
    for _ in range(3):
        add(editor, links, title="Minutes")
    assert sorted(Document.objects.values_list("slug", flat=True)) == ["minutes", "minutes-2", "minutes-3"]


def test_a_link_keeps_its_address_when_its_title_changes(editor: Client, links: Collection) -> None:
    add(editor, links)
    link = Document.objects.get()
    usual = {"collection": str(links.pk), "url": "https://example.org/two"}
    change(editor, link, title="Another name", **usual)
    link.refresh_from_db()
    assert (link.title, link.slug, link.url) == ("Another name", "a-link", "https://example.org/two")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://example.org/", "data:text/html,x", "x"])
def test_a_link_leads_to_the_web_only(editor: Client, links: Collection, url: str) -> None:
    assert "Enter a valid URL." in add(editor, links, url=url)
    assert not Document.objects.exists()


def test_a_link_is_not_shown_more_widely_than_its_collection(editor: Client, links: Collection) -> None:
    assert "choose something narrower" in add(editor, links, narrowed_to="public")


def test_a_document_of_a_source_is_not_added_by_hand(editor: Client, pages: Collection) -> None:
    assert "Select a valid choice" in add(editor, pages)


def test_only_links_are_deleted_and_by_superusers(editor: Client, pages: Collection, links: Collection) -> None:
    root = logged_in(a_person("root", superuser=True))
    link, document = a_document(links), a_document(pages)
    assert editor.post(address(Document, "delete", link.pk), {"post": "yes"}).status_code == 403
    assert root.post(address(Document, "delete", document.pk), {"post": "yes"}).status_code == 403
    assert root.post(address(Document, "delete", link.pk), {"post": "yes"}).status_code == 302
    assert list(Document.objects.all()) == [document]


def test_documents_are_taken_out_and_put_back(editor: Client, pages: Collection) -> None:
    document = a_document(pages)
    assert "1 document was taken out of the index." in act(editor, "take_out", document)
    assert Document.objects.get().is_hidden
    assert "Nothing of that was to be done." in act(editor, "take_out", document)
    act(editor, "put_back", document)
    assert not Document.objects.get().is_hidden
    assert said(document) == ["ed: Taken out of the index.", "ed: Put back into the index."]


def test_trouble_that_was_seen_is_not_shown_as_new(editor: Client, pages: Collection) -> None:
    lost, fine = a_document(pages, trouble="lost"), a_document(pages, "two.md")
    assert "1 document was noted as seen." in act(editor, "seen", lost, fine)
    assert Document.objects.get(pk=lost.pk).trouble_seen_by == "ed"
    assert not editor.get(f"{LIST}?trouble=new").context["cl"].result_list
    assert "Lost, seen by ed" in page_of(editor, lost)


@pytest.mark.parametrize(("query", "ids"), [
    ("trouble=new", {"lost"}),
    ("trouble=permission", {"seen"}),
    ("index=out", {"out"}),
    ("status__exact=draft", {"out"}),
    ("kind__exact=vision", {"lost"}),
    ("visibility__exact=members", {"seen"}),
    ("q=Board", {"out"}),
    ("trouble=nonsense", set()),
])  # fmt: skip
def test_the_list_is_narrowed_down(editor: Client, pages: Collection, query: str, ids: set[str]) -> None:
    a_document(pages, "lost", trouble="lost", kind="vision")
    a_document(pages, "seen", trouble="permission", trouble_seen_by="kim", visibility="members")
    a_document(pages, "out", is_hidden=True, status="draft", folder="Board")
    shown = editor.get(f"{LIST}?{query}").context["cl"].result_list
    assert {document.external_id for document in shown} == ids


def test_hostile_text_is_shown_as_text(editor: Client) -> None:
    drive = a_collection("drive", Collection.Kind.DRIVE, folder="x")
    finding = [{"level": "warning", "code": HOSTILE, "message": HOSTILE}]
    texts = {"title": HOSTILE, "folder": HOSTILE, "media_type": "x", "trouble": "lost", "trouble_seen_by": HOSTILE}
    url = f"javascript:{HOSTILE}"
    document = a_document(drive, **texts, url=url, findings=finding, audience=[HOSTILE])
    for page in (page_of(editor, document), text_of(editor.get(LIST))):
        assert "<script>alert" not in page
        assert 'href="javascript' not in page
        assert "\u202e" not in page
        assert "\\x202e" in page


def test_pages_cost_as_many_queries_for_a_thousand_documents_as_for_a_few(editor: Client, pages: Collection) -> None:
    document = a_document(pages)
    paths = (LIST, address(Document, "change", document.pk))
    before = [queries(editor, path) for path in paths]
    many: list[Any] = [
        Document(collection=pages, external_id=f"{n}", slug=f"{n}", title="x", url="https://x", trouble="lost")
        for n in range(1000)
    ]
    Document.objects.bulk_create(many)
    assert [queries(editor, path) for path in paths] == before == [8, 8]
