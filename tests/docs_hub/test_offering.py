"""Documents that updates link to: which are offered, and what staff decide."""

from typing import Any

import pytest
from django.test import Client

from docs_hub import offering, syncing
from docs_hub.models import Collection, Document, DriveListing, OfferedLink, Update
from docs_hub.offering import DecidedError, accept, offer_links
from tests.support.clones import Clones, updates_of
from tests.support.made_documents import a_collection, a_document, an_update
from tests.support.made_posts import newer
from tests.support.staff import a_person, logged_in
from tests.support.staff_documents import HOSTILE, act, address, page_of, queries, said, text_of

pytestmark = pytest.mark.django_db

ID, OTHER = "1AbCdEfGhIjKlMnOpQrStUv", "2AbCdEfGhIjKlMnOpQrStUv"
VISION = f"https://docs.google.com/document/d/{ID}/edit"
GUIDE = "https://github.com/mage-os/meta/blob/main/docs/guide.md"


@pytest.fixture
def editor(db: None) -> Client:
    return logged_in(a_person("ed", "editor"))


def linking(*links: str, **fields: Any) -> Update:
    return an_update(html="".join(f'<p><a href="{link}">The vision</a></p>' for link in links), **fields)


def offered() -> list[str]:
    return sorted(OfferedLink.objects.filter(state="offered").values_list("key", flat=True))


def test_what_updates_link_to_is_offered_once_with_the_updates_that_do() -> None:
    first, second = linking(VISION, "https://example.org/"), linking(f"{VISION}?usp=sharing", GUIDE, GUIDE)
    assert offer_links() == (2, 0)
    assert offer_links() == (0, 0)
    vision = OfferedLink.objects.get(key=f"drive:{ID}")
    assert (vision.url, vision.words, set(vision.updates.all())) == (VISION, "The vision", {first, second})
    assert offered() == [f"drive:{ID}", "github:mage-os/meta/docs/guide.md"]


def test_a_sync_of_updates_offers_what_they_link_to(clones: Clones) -> None:
    clones.posts({"2024-05-07-april.md": newer(body=f"See [the vision]({VISION}).")})
    clones.report(updates_of())
    assert offered() == [f"drive:{ID}"]


def test_a_sync_is_done_though_links_cannot_be_looked_through(
    clones: Clones, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(syncing, "offer_links", broken)
    clones.posts({"2024-05-07-april.md": newer()})
    assert clones.report(updates_of())["created"]
    assert "could not be looked through" in caplog.text


@pytest.mark.parametrize("state", ["draft", "review", "hidden"])
def test_what_nobody_can_read_offers_nothing(state: str) -> None:
    linking(VISION, state=state)
    assert offer_links() == (0, 0)


def test_an_update_that_links_no_more_takes_the_offer_back() -> None:
    update = linking(VISION, GUIDE)
    offer_links()
    Update.objects.update(html=f'<a href="{GUIDE}">x</a>')
    assert offer_links() == (0, 1)
    assert OfferedLink.objects.get().updates.get() == update
    Update.objects.all().delete()
    assert offer_links() == (0, 1)


def test_what_is_in_the_index_is_not_offered() -> None:
    folder, listed = "3AbCdEfGhIjKlMnOpQrStUv", "4AbCdEfGhIjKlMnOpQrStUv"
    ids = (ID, OTHER, folder, listed)
    linking(GUIDE, *(f"https://drive.google.com/open?id={each}" for each in ids))
    assert offer_links() == (5, 0)
    drive = a_collection("drive", folder=f"https://drive.google.com/drive/folders/{folder}")
    a_document(collection=drive, external_id=ID, trouble="lost")
    DriveListing.objects.create(collection=drive, folder=listed, number=0, seal="", ids=[], files=b"")
    a_document(collection=a_collection("pages", kind="pages"), url=GUIDE.replace("main", "HEAD"), visibility="staff")
    assert offer_links() == (0, 4)
    assert offered() == [f"drive:{OTHER}"]


def test_a_link_that_was_kept_by_hand_is_in_the_index() -> None:
    linking(VISION)
    a_document(collection=a_collection("links", kind="links"), url=f"https://drive.google.com/open?id={ID}")
    assert offer_links() == (0, 0)


def test_no_more_is_offered_than_people_can_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offering, "MOST", 3)
    linking(*(f"https://drive.google.com/open?id={ID}{number}" for number in range(9)), f"{VISION}")
    assert offer_links() == (3, 0)


def test_a_dismissed_link_stays_dismissed(editor: Client) -> None:
    linking(VISION)
    offer_links()
    link = OfferedLink.objects.get()
    assert "1 link was dismissed" in act(editor, "dismiss", link)
    assert offer_links() == (0, 0)
    link.refresh_from_db()
    assert (link.state, link.decided_by) == ("dismissed", "ed")
    assert "Nothing of that was to be done" in act(editor, "dismiss", link)
    assert "1 link was offered again" in act(editor, "offer_again", link)
    link.refresh_from_db()
    assert (link.state, link.decided_by, link.decided_at) == ("offered", "", None)
    assert said(link) == ["ed: Dismissed.", "ed: Offered again."]


def test_an_accepted_link_is_a_document_of_its_collection(editor: Client) -> None:
    linking(VISION)
    offer_links()
    link, links = OfferedLink.objects.get(), a_collection("links", kind="links", visibility="members")
    page = f"{address(OfferedLink, 'changelist')}{link.pk}/accept/"
    assert 'value="The vision"' in text_of(editor.get(page))
    text_of(editor.post(page, {"title": "Product\u202e vision", "collection": links.pk}, follow=True))
    document = Document.objects.get()
    assert (document.title, document.url, document.kind) == ("Product vision", VISION, "vision")
    assert (document.collection, document.visibility, document.slug) == (links, "members", "product-vision")
    link.refresh_from_db()
    assert (link.state, link.document, link.decided_by) == ("accepted", document, "ed")
    assert said(link) == ["ed: Accepted from the links of updates."]
    assert offer_links() == (0, 0)
    document.delete()
    assert offer_links() == (0, 0)


def test_two_people_accept_a_link_once(editor: Client) -> None:
    linking(VISION)
    offer_links()
    link, links = OfferedLink.objects.get(), a_collection("links", kind="links")
    accept(link, links, "Vision", actor="kim")
    with pytest.raises(DecidedError, match="somebody else"):
        accept(link, links, "Vision", actor="ed")
    page = f"{address(OfferedLink, 'changelist')}{link.pk}/accept/"
    assert "somebody else" in text_of(editor.post(page, {"title": "V", "collection": links.pk}, follow=True))
    assert Document.objects.count() == 1


def test_documents_are_accepted_into_active_collections_of_links_only(editor: Client) -> None:
    linking(VISION)
    offer_links()
    link = OfferedLink.objects.get()
    page = f"{address(OfferedLink, 'changelist')}{link.pk}/accept/"
    others = [a_collection("drive"), a_collection("old", kind="links", is_active=False)]
    for fields in ({"title": "x", "collection": each.pk} for each in others):
        assert "Select a valid choice" in text_of(editor.post(page, fields))
    assert not Document.objects.exists()


@pytest.mark.parametrize(("role", "may"), [("editor", True), ("auditor", False)])
def test_only_editors_decide(role: str, may: bool) -> None:
    linking(VISION)
    offer_links()
    link = OfferedLink.objects.get()
    client = logged_in(a_person("kim", role))
    page = page_of(client, link)
    assert ("Accept…" in page) is may
    chosen = {"action": "dismiss", "_selected_action": [str(link.pk)]}
    assert (client.post(address(OfferedLink), chosen).status_code == 403) is not may
    assert (client.get(f"{address(OfferedLink)}{link.pk}/accept/").status_code == 403) is not may


def test_what_others_wrote_is_text(editor: Client) -> None:
    an_update(title=HOSTILE, html=f'<a href="{VISION}?x=%3Cscript%3E">&lt;script&gt;alert(1)&lt;/script&gt;</a>')
    offer_links()
    link = OfferedLink.objects.get()
    for page in (text_of(editor.get(address(OfferedLink))), page_of(editor, link)):
        assert "<script>alert(1)" not in page
        assert "\u202e" not in page


def test_the_list_takes_as_many_queries_for_many_links(editor: Client) -> None:
    linking(VISION)
    offer_links()
    before = queries(editor, address(OfferedLink))
    linking(*(f"https://drive.google.com/open?id={ID}{number}" for number in range(40)))
    offer_links()
    assert queries(editor, address(OfferedLink)) == before <= 12


def test_the_dashboard_says_how_many_wait(editor: Client) -> None:
    linking(VISION, GUIDE)
    offer_links()
    assert "2 to look at" in text_of(editor.get("/admin/"))
    assert Collection.objects.count() == 0
