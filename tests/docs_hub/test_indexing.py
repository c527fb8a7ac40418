"""What the site's search knows of updates and documents."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from docs_hub import indexing
from docs_hub.models import Collection, Document, Update
from mageos_portal import finding
from mageos_portal.models import SearchEntry
from tests.support.made_documents import DAY, a_collection, a_document, an_update

pytestmark = pytest.mark.django_db

EVERYWHERE = {indexing.UPDATES, indexing.DOCUMENTS}


def known() -> set[str]:
    """Give the titles that the search knows of ours."""
    return set(SearchEntry.objects.filter(source__in=EVERYWHERE).values_list("title", flat=True))


def test_a_published_update_is_found_with_all_that_is_said() -> None:
    update = an_update("april", text="The words.")
    indexing.index_updates([update.pk])
    entry = SearchEntry.objects.get(source=indexing.UPDATES)
    assert (entry.kind, entry.title, entry.url) == ("update", "About april", "/updates/2024/april/")
    assert "What april says." in entry.text
    assert "The words." in entry.text
    assert (entry.day, entry.visibility, entry.appears_at) == (DAY.date(), "public", DAY)


def test_a_document_is_found_with_its_text() -> None:
    document = a_document("plan", text="The words.", visibility="team", team="docs")
    indexing.index_documents(Document.objects.all())
    entry = SearchEntry.objects.get(source=indexing.DOCUMENTS)
    assert (entry.key, entry.kind, entry.title) == (str(document.pk), "document", "Paper plan")
    assert (entry.url, entry.text) == ("/docs/handbook/plan/", "The words.")
    assert (entry.day, entry.visibility, entry.team) == (DAY.date(), "team", "docs")


@pytest.mark.parametrize("change", [{"state": "hidden"}, {"state": "review"}, {"visibility": "staff"}], ids=str)
def test_an_update_that_nobody_may_read_is_taken_out(change: dict[str, Any]) -> None:
    update = an_update()
    indexing.index_updates([update.pk])
    assert known() == {update.title}
    Update.objects.update(**change)
    indexing.index_updates([update.pk])
    assert known() == set()


def test_an_update_of_the_future_says_when_it_appears() -> None:
    update = an_update(published_at=timezone.now() + timedelta(days=1))
    indexing.index_updates([update.pk])
    assert SearchEntry.objects.get(source=indexing.UPDATES).appears_at == update.published_at


@pytest.mark.parametrize(
    "change",
    [{"is_hidden": True}, {"trouble": "lost"}, {"trouble": "trashed"}, {"visibility": "staff"}],
    ids=str,
)
def test_a_document_that_nobody_may_see_is_taken_out(change: dict[str, Any]) -> None:
    document = a_document()
    indexing.index_documents([document.pk])
    assert known() == {document.title}
    Document.objects.update(**change)
    indexing.index_documents([document.pk])
    assert known() == set()


def test_what_was_deleted_is_taken_out() -> None:
    update, document = an_update(), a_document()
    gone = [update.pk], [document.pk]
    indexing.index_updates(gone[0])
    indexing.index_documents(gone[1])
    Update.objects.all().delete()
    Document.objects.all().delete()
    indexing.index_updates(gone[0])
    indexing.index_documents(gone[1])
    assert known() == set()


@pytest.mark.parametrize(
    ("collection", "document", "found"),
    [
        (("public", ""), ("public", ""), ("public", "")),
        (("public", ""), ("members", ""), ("members", "")),
        (("members", ""), ("public", ""), ("members", "")),
        (("team", "docs"), ("public", ""), ("team", "docs")),
        (("members", ""), ("team", "docs"), ("team", "docs")),
        (("team", "docs"), ("team", "docs"), ("team", "docs")),
        (("team", "docs"), ("team", "web"), None),
        (("public", ""), ("staff", ""), None),
    ],
)
def test_a_document_is_found_by_those_whom_it_and_its_collection_allow(
    collection: tuple[str, str], document: tuple[str, str], found: tuple[str, str] | None
) -> None:
    around = a_collection(visibility=collection[0], team=collection[1])
    a_document(collection=around, visibility=document[0], team=document[1])
    indexing.index_documents(Document.objects.all())
    readers = SearchEntry.objects.filter(source=indexing.DOCUMENTS).values_list("visibility", "team").first()
    assert readers == found


def test_a_collection_that_is_switched_off_takes_its_documents_out() -> None:
    a_document()
    indexing.index_documents(Document.objects.all())
    Collection.objects.update(is_active=False)
    indexing.index_documents(Document.objects.all())
    assert known() == set()


def test_more_than_one_batch_is_indexed_and_others_stay() -> None:
    other = an_update("other")
    indexing.index_updates([other.pk])
    wanted = [an_update() for _ in range(indexing.AT_ONCE + 1)]
    indexing.index_updates(Update.objects.exclude(pk=other.pk))
    assert known() == {update.title for update in (other, *wanted)}


def test_an_index_made_anew_knows_the_same() -> None:
    an_update("open")
    an_update("draft", state="draft")
    a_document("plan")
    a_document("lost", trouble="lost")
    finding.rebuild()
    assert known() == {"About open", "Paper plan"}
