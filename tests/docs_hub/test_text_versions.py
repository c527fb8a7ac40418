"""Former texts of documents: when one is kept, and for whom."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from docs_hub import listing, thinning
from docs_hub.found import ANEW, CLOSED, Content, ContentError, content_id
from docs_hub.models import Collection, Document, TextVersion
from tests.support.clones import Clones, pages_of
from tests.support.listings import found, listed
from tests.support.made_documents import OURS, THEIRS, a_collection, a_document, a_version, somebody

pytestmark = pytest.mark.django_db

DAY = datetime(2024, 5, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few documents be several batches."""
    monkeypatch.setattr(listing, "AT_ONCE", 20)


def written(collection: Collection, text: str, digest: str, **fields: Any) -> None:
    listed(collection, found(digest=digest, read=lambda: Content(text), **fields))


def kept() -> list[tuple[int, str, str]]:
    return list(TextVersion.objects.order_by("number").values_list("number", "text", "visibility"))


def unreadable() -> Content:
    raise ContentError("its source asks for patience")


def test_a_text_is_kept_when_another_takes_its_place() -> None:
    collection = a_collection()
    written(collection, "Old words, ä.", "1", changed_at=DAY)
    assert kept() == []
    before = timezone.now()
    written(collection, "New words.", "2", changed_at=DAY + timedelta(days=1))
    version = TextVersion.objects.get()
    assert (version.number, version.text, version.size, version.changed_at) == (1, "Old words, ä.", 14, DAY)
    assert version.sha256 == hashlib.sha256("Old words, ä.".encode()).hexdigest()
    assert before <= version.replaced_at <= timezone.now()


def test_nothing_is_kept_as_long_as_the_text_stays() -> None:
    collection = a_collection()
    written(collection, "Words.", "1")
    written(collection, "Words.", "2", title="Another title", folder="Elsewhere")
    listed(collection, found(digest="3", read=unreadable))
    assert kept() == []


def test_each_text_has_a_number_of_its_own_though_it_was_there_before() -> None:
    collection = a_collection()
    for digest, text in enumerate("ABA"):
        written(collection, text, str(digest))
    assert kept() == [(1, "A", "public"), (2, "B", "public")]


def test_a_text_that_is_only_rendered_in_another_way_was_changed_by_nobody() -> None:
    collection = a_collection()
    written(collection, "Words.", "blob 1")
    written(collection, "Words, rendered anew.", "blob 2")
    assert kept() == []
    written(collection, "Written anew.", "other 2")
    assert kept() == [(1, "Words, rendered anew.", "public")]


def test_pages_that_are_rendered_again_have_no_former_text(clones: Clones) -> None:
    collection = pages_of()
    clones.commit("handbook", {"docs/guide.md": "# Guide\n\nWords."})
    clones.report(collection)
    Document.objects.update(text="As an older renderer wrote it.")
    clones.sync(collection, again=True)
    assert (Document.objects.get().text, kept()) == ("Words.", [])
    clones.commit("handbook", {"docs/guide.md": "# Guide\n\nOther words."})
    clones.sync(collection, again=True)
    assert kept() == [(1, "Words.", "public")]


def test_a_text_that_its_owner_closed_and_opened_again_is_not_a_former_one() -> None:
    collection = a_collection()
    written(collection, "Words.", "version:1")
    written(collection, "", "closed version:1")
    assert kept() == [(1, "Words.", "public")]
    written(collection, "Words.", "version:1")
    assert kept() == []


def test_a_text_that_changed_while_it_was_closed_is_a_former_one() -> None:
    collection = a_collection()
    written(collection, "Words.", "version:1")
    written(collection, "", "closed version:2")
    written(collection, "Other words.", "version:2")
    assert kept() == [(1, "Words.", "public")]


def test_former_texts_go_with_their_document() -> None:
    version = a_version(a_document())
    version.document.delete()
    assert not TextVersion.objects.exists()


def test_keeping_asks_for_what_is_kept_of_all_documents_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    collection = a_collection()

    def queries(number: int, text: str) -> list[str]:
        some = [found(f"{each}.md", digest=text, read=lambda: Content(text)) for each in range(number)]
        with CaptureQueriesContext(connection) as captured:
            listed(collection, *some)
        return [each["sql"] for each in captured.captured_queries if "textversion" in each["sql"]]

    assert queries(15, "A") == []
    assert len(queries(15, "B")) == 2
    monkeypatch.setattr(thinning, "MOST", 1)
    assert len(queries(15, "C")) == 17


def test_old_ones_are_thinned_out_when_a_new_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "NEWEST", 2)
    collection = a_collection()
    for number in range(6):
        written(collection, f"Text {number}.", str(number))
    assert [number for number, _, _ in kept()] == [4, 5]
    TextVersion.objects.filter(number=4).update(replaced_at=DAY)
    written(collection, "Text 6.", "6")
    assert [number for number, _, _ in kept()] == [4, 5, 6]


@pytest.mark.parametrize(
    ("digest", "content"),
    [
        ("blob 123", "blob"), (f"{ANEW}blob 123", "blob"), ("md5:1", "md5:1"), (f"{CLOSED}version:7", "version:7"),
        ("", ""), (ANEW, ""),
    ],
)  # fmt: skip
def test_a_digest_names_a_content(digest: str, content: str) -> None:
    assert content_id(digest) == content


@pytest.mark.parametrize(
    ("collection", "document", "then"),
    [
        ({}, {}, ("public", "")),
        ({"visibility": "members"}, {}, ("members", "")),
        ({}, {"narrowed_to": "team", "narrowed_team": OURS, "visibility": "team", "team": OURS}, ("team", OURS)),
        ({"visibility": "team", "team": THEIRS}, {"visibility": "team", "team": OURS}, ("staff", "")),
        ({}, {"visibility": "staff"}, ("staff", "")),
        ({}, {"is_hidden": True}, ("staff", "")),
        ({}, {"trouble": "trashed"}, ("staff", "")),
        ({}, {"trouble": "lost"}, ("staff", "")),
    ],
)
def test_a_former_text_is_for_those_who_could_read_it(
    collection: dict[str, str], document: dict[str, Any], then: tuple[str, str]
) -> None:
    made = a_collection(**collection)
    written(made, "Old.", "1")
    Document.objects.update(**document)
    written(made, "New.", "2")
    assert (TextVersion.objects.get().visibility, TextVersion.objects.get().team) == then


def test_what_was_written_before_it_was_shared_stays_hidden_after() -> None:
    collection = a_collection()
    written(collection, "A secret draft.", "1", visibility="staff")
    written(collection, "The text for all.", "2", visibility="public")
    written(collection, "The text for all, mended.", "3", visibility="public")
    document = Document.objects.get()
    page = Client().get(f"{document.get_absolute_url()}history/").content.decode()
    assert re.findall(r"Text \d", page) == ["Text 2", "Text 2", "Text 2"]
    assert Client().get(f"{document.get_absolute_url()}history/1/").status_code == 404


def test_a_document_that_is_narrowed_takes_its_past_along() -> None:
    collection = a_collection()
    written(collection, "Old.", "1")
    written(collection, "New.", "2")
    page = f"{Document.objects.get().get_absolute_url()}history/1/"
    assert Client().get(page).status_code == 200
    written(collection, "New.", "2", visibility="members")
    assert (Client().get(page).status_code, somebody("member").get(page).status_code) == (404, 200)
