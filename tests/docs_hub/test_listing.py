"""Documents of a listing: what is written, what is read, and what staff decided."""

from collections.abc import Iterator
from typing import Any

import pytest

from docs_hub.findings import warning
from docs_hub.found import Content, ContentError, Found
from docs_hub.listing import AT_ONCE, list_documents
from docs_hub.models import Collection, Document
from docs_hub.reports import Report
from mageos_portal.models import SearchEntry
from tests.support.listings import found, listed

pytestmark = pytest.mark.django_db


def a_collection(**fields: Any) -> Collection:
    usual = {"slug": "handbook", "title": "Handbook", "kind": Collection.Kind.PAGES}
    return Collection.objects.create(**{**usual, **fields})


def never() -> Content:
    raise AssertionError("a document that is the same was read")


def unreadable() -> Content:
    raise ContentError("its source asks for patience")


def test_a_document_is_read_once_as_long_as_its_digest_is_the_same() -> None:
    collection = a_collection()
    assert listed(collection, found()).created == ["a.md"]
    assert listed(collection, found(read=never)).same == 1
    report = listed(collection, found(digest="2", read=lambda: Content("New.")))
    assert (report.updated, Document.objects.get().text) == (["a.md"], "New.")


def test_a_new_title_is_written_without_reading_and_the_address_stays() -> None:
    collection = a_collection()
    listed(collection, found())
    report = listed(collection, found(title="Another", folder="x", read=never))
    document = Document.objects.get()
    assert (report.updated, document.title, document.slug, document.text) == (["a.md"], "Another", "a-title", "Words.")
    assert SearchEntry.objects.get().title == "Another"


def test_names_in_addresses_are_made_of_titles_folders_and_numbers() -> None:
    collection = a_collection()
    same = [found(f"{number}", folder="x/Minutes") for number in range(3)]
    listed(collection, found("a"), *same, found("b", title="日本"), found("c", title="§" * 300))
    slugs = list(Document.objects.order_by("pk").values_list("slug", flat=True))
    assert slugs == ["a-title", "minutes-a-title", "minutes-a-title-2", "minutes-a-title-3", "document", "document-2"]


def test_many_documents_of_many_sizes_are_all_there() -> None:
    collection = a_collection()
    some = [found(str(number), read=lambda: Content("x" * 50_000)) for number in range(2 * AT_ONCE + 1)]
    assert len(listed(collection, *some).created) == 2 * AT_ONCE + 1
    assert Document.objects.count() == SearchEntry.objects.count() == 2 * AT_ONCE + 1
    assert listed(collection, *some).same == 2 * AT_ONCE + 1


def test_one_that_a_whole_listing_lacks_is_lost_until_it_comes_back() -> None:
    collection = a_collection()
    listed(collection, found("a"), found("b"))
    assert listed(collection, found("a"), is_whole=False).gone == []
    assert listed(collection, found("a")).gone == ["b"]
    assert Document.objects.get(external_id="b").trouble == "lost"
    assert SearchEntry.objects.count() == 1
    assert listed(collection, found("a")).gone == []
    assert listed(collection, found("a"), found("b")).updated == ["b"]
    assert (Document.objects.get(external_id="b").trouble, SearchEntry.objects.count()) == ("", 2)


def test_a_listing_that_breaks_off_keeps_what_came_and_loses_nothing() -> None:
    collection = a_collection()
    listed(collection, found("old"))

    def broken() -> Iterator[Found]:
        yield found("new")
        raise OSError("the line went dead")

    with pytest.raises(OSError, match="dead"):
        list_documents(collection, broken(), Report(), is_whole=True)
    assert dict(Document.objects.values_list("external_id", "trouble")) == {"new": "", "old": ""}


def test_content_that_cannot_be_read_now_is_kept_and_read_the_next_time() -> None:
    collection = a_collection()
    listed(collection, found())
    report = listed(collection, found(digest="2", title="New", read=unreadable))
    document = Document.objects.get()
    assert (document.title, document.text, document.digest) == ("New", "Words.", "1")
    assert [each.code for each in report.errors["a.md"]] == ["unread"]
    listed(collection, found(digest="2", title="New", read=lambda: Content("More.")))
    assert (Document.objects.get().text, Document.objects.get().digest) == ("More.", "2")


def test_one_in_the_trash_is_not_read_and_not_shown() -> None:
    collection = a_collection()
    listed(collection, found())
    listed(collection, found(digest="2", is_trashed=True, read=never))
    assert (Document.objects.get().trouble, SearchEntry.objects.count()) == ("trashed", 0)


@pytest.mark.parametrize(
    ("ours", "theirs", "seen"),
    [
        ("public", "public", "public"), ("public", "members", "members"), ("members", "public", "members"),
        ("members", "staff", "staff"), ("team", "members", "team"), ("public", "team", "team"),
    ],
)  # fmt: skip
def test_nobody_sees_more_than_the_collection_and_the_source_allow(ours: str, theirs: str, seen: str) -> None:
    listed(a_collection(visibility=ours, team="docs"), found(visibility=theirs))
    document = Document.objects.get()
    assert (document.visibility, document.team) == (seen, "docs" if seen == "team" else "")


def test_a_source_that_shows_less_than_before_is_told_to_staff_until_it_shows_more() -> None:
    collection = a_collection()
    listed(collection, found())
    for visibility, trouble in (
        ("members", "permission"),
        ("members", "permission"),
        ("staff", "permission"),
        ("public", ""),
    ):
        listed(collection, found(visibility=visibility))
        assert (Document.objects.get().visibility, Document.objects.get().trouble) == (visibility, trouble)


def test_a_collection_that_is_narrowed_takes_its_documents_along_without_trouble() -> None:
    collection = a_collection()
    listed(collection, found())
    collection.visibility = "members"
    listed(collection, found(read=never))
    assert (Document.objects.get().visibility, Document.objects.get().trouble) == ("members", "")
    assert SearchEntry.objects.get().visibility == "members"


def test_what_staff_decided_outlives_a_sync() -> None:
    collection = a_collection()
    listed(collection, found(), found("b"))
    decided = {"kind": "vision", "status": "accepted", "is_hidden": True, "narrowed_to": "members"}
    Document.objects.update(**decided)
    listed(collection, found(digest="2", kind="minutes"), found("b", digest="2"))
    assert list(Document.objects.values(*decided)) == [decided, decided]
    assert set(Document.objects.values_list("visibility", flat=True)) == {"members"}


def test_a_trouble_that_somebody_saw_is_new_when_it_is_another() -> None:
    collection = a_collection()
    listed(collection, found())
    listed(collection, found(visibility="members"))
    Document.objects.update(trouble_seen_by="kim")
    listed(collection, found(visibility="members"))
    assert Document.objects.get().trouble_seen_by == "kim"
    listed(collection)
    assert (Document.objects.get().trouble, Document.objects.get().trouble_seen_by) == ("lost", "")


def test_what_was_said_of_a_text_is_said_again_without_reading_it() -> None:
    collection = a_collection()
    listed(collection, found(read=lambda: Content("x", findings=(warning("odd-text", "is odd"),))))
    report = listed(collection, found(read=never, findings=(warning("odd-place", "lies oddly"),)))
    assert [each.code for each in report.warnings["a.md"]] == ["odd-place", "odd-text"]
    assert [each.code for each in listed(collection, found(read=never)).warnings["a.md"]] == ["odd-text"]


def test_what_a_database_cannot_hold_is_said_and_left_out() -> None:
    report = listed(
        a_collection(), found("x" * 301), found("b", url="https://example.org/" + "x" * 1000), found("c", title="")
    )
    assert sorted(each.code for some in report.errors.values() for each in some) == [
        "address-too-long",
        "name-too-long",
    ]
    assert Document.objects.get().title == "c"


def test_one_that_is_listed_twice_is_there_once() -> None:
    assert listed(a_collection(), found(), found(title="Other")).created == ["a.md"]
