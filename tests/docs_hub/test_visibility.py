"""Who sees what: each kind of person × each way to learn of updates and documents."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from docs_hub import indexing
from docs_hub.models import Alias, Document, Update
from tests.support.made_documents import DAY, OURS, PEOPLE, THEIRS, a_collection, a_document, an_update, somebody

pytestmark = pytest.mark.django_db

# What each kind of person sees, by the words that stand for it; what is for the staff only lies in the admin.
SEEN = {
    "anonymous": {"open"},
    "outsider": {"open"},
    "member": {"open", "inner"},
    "of another team": {"open", "inner", "theirs"},
    "of the team": {"open", "inner", "ours"},
    "staff": {"open", "inner"},
}
ALL = {"open", "inner", "ours", "theirs", "staffonly", "draft", "hidden", "future"}
KINDS: dict[str, dict[str, Any]] = {
    "open": {"visibility": "public"},
    "inner": {"visibility": "members"},
    "ours": {"visibility": "team", "team": OURS},
    "theirs": {"visibility": "team", "team": THEIRS},
    "staffonly": {"visibility": "staff"},
}
NOT_YET: dict[str, dict[str, Any]] = {
    "draft": {"state": "draft"},
    "hidden": {"state": "hidden"},
    "future": {"published_at": timezone.now() + timedelta(days=30)},
}
PICTURE = "updates/ab/" + "0" * 32 + ".png"


@pytest.fixture
def everything() -> None:
    """One update and one document of each kind, each in a year, category, collection and folder of its own."""
    for number, (word, fields) in enumerate((KINDS | NOT_YET).items()):
        given = {"published_at": DAY.replace(year=2010 + number), **fields}
        update = an_update(f"{word}-update", category=f"{word}-category", **given)
        Alias.objects.create(path=f"/blog/{word}-old", update=update)
    for word, fields in KINDS.items():
        around = "open" if word == "staffonly" else word  # no collection is for the staff only
        collection = a_collection(f"{around}-collection", **KINDS[around])
        a_document(f"{word}-paper", collection=collection, folder=f"{word}-folder", kind="minutes", **fields)
    a_document("hidden-paper", is_hidden=True, folder="hidden-folder")
    indexing.index_updates(Update.objects.all())
    indexing.index_documents(Document.objects.all())


def words_in(client: Client, path: str) -> set[str]:
    """Say of which kinds a page gives anything away."""
    reply = client.get(path)
    assert reply.status_code == 200, path
    page = reply.content.decode()
    return {word for word in ALL if f"{word}-" in page}


@pytest.mark.parametrize("kind", PEOPLE)
def test_lists_name_nothing_but_what_somebody_sees(everything: None, kind: str) -> None:
    client = somebody(kind)
    for path in ("/updates/", "/docs/", "/search/?q=about", "/search/?q=paper"):
        assert words_in(client, path) <= SEEN[kind], path
    assert words_in(client, "/updates/") == SEEN[kind]
    assert words_in(client, "/search/?q=about") == SEEN[kind]
    assert words_in(client, "/search/?q=paper") == SEEN[kind]


@pytest.mark.parametrize("kind", PEOPLE)
def test_documents_folders_and_collections_with_their_counts_are_for_those_who_see_them(
    everything: None, kind: str
) -> None:
    client = somebody(kind)
    page = client.get("/docs/").content.decode()
    assert {word for word in ALL if f"{word}-paper" in page} == SEEN[kind]
    assert {word for word in ALL if f"{word}-folder" in page} == SEEN[kind]
    assert f"{len(SEEN[kind])} document" in page


@pytest.mark.parametrize("kind", PEOPLE)
def test_feeds_hold_what_everybody_sees(everything: None, kind: str) -> None:
    client = somebody(kind)
    assert words_in(client, "/updates/feed.atom") == {"open"}
    for word in ALL - {"open"}:
        assert client.get(f"/updates/category/{word}-category/feed.atom").status_code == 404


@pytest.mark.parametrize("kind", PEOPLE)
def test_pages_are_there_for_those_who_see_them_only(everything: None, kind: str) -> None:
    client = somebody(kind)
    seen = {word for word in ALL if status(client, word, lambda update: update.get_absolute_url()) == 200}
    categories = {word for word in ALL if client.get(f"/updates/category/{word}-category/").status_code == 200}
    years = {word for word in ALL if status(client, word, lambda update: f"/updates/{update.year}/") == 200}
    papers = {word for word in KINDS if client.get(paper_of(word)).status_code == 200}
    assert (seen, categories, years, papers) == (SEEN[kind],) * 4


def paper_of(word: str) -> str:
    return Document.objects.select_related("collection").get(slug=f"{word}-paper").get_absolute_url()


def status(client: Client, word: str, path: Callable[[Update], str]) -> int:
    return client.get(path(Update.objects.get(slug=f"{word}-update"))).status_code


@pytest.mark.parametrize("kind", PEOPLE)
def test_neighbours_are_updates_that_somebody_sees(everything: None, kind: str) -> None:
    client = somebody(kind)
    for word in SEEN[kind]:
        assert words_in(client, Update.objects.get(slug=f"{word}-update").get_absolute_url()) <= SEEN[kind]


@pytest.mark.parametrize("kind", PEOPLE)
def test_the_home_page_tells_of_what_somebody_sees(everything: None, kind: str) -> None:
    assert words_in(somebody(kind), "/") == SEEN[kind]


@pytest.mark.parametrize("kind", PEOPLE)
def test_old_addresses_tell_nothing_of_what_somebody_does_not_see(everything: None, kind: str) -> None:
    client = somebody(kind)
    led = set()
    for word in ALL:
        reply = client.get(f"/blog/{word}-old")
        if reply.status_code == 301:
            led.add(word)
        else:
            assert reply.status_code == 404
            assert "-update" not in reply.content.decode()
    assert led == SEEN[kind]


@pytest.mark.parametrize("kind", PEOPLE)
def test_what_is_made_for_somebody_is_private(everything: None, kind: str) -> None:
    client = somebody(kind)
    for path in ("/", "/updates/", "/docs/", "/updates/2010/open-update/", "/docs/open-collection/open-paper/"):
        reply = client.get(path)
        assert "Cookie" in reply.headers["Vary"], path
        assert ("private" in reply.headers.get("Cache-Control", "")) is (kind != "anonymous"), path


def test_a_picture_is_given_to_whoever_knows_its_name(settings: Settings, tmp_path: Any) -> None:
    """Its name cannot be guessed, and says nothing of the update that shows it."""
    media = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "media": media}
    storages["media"].save(PICTURE, ContentFile(b"x"))
    an_update("inner-update", visibility="members", html=f'<img src="/media/{PICTURE}">')
    reply = Client().get(f"/media/{PICTURE}")
    assert reply.status_code == 200
    assert "inner" not in str(reply.headers)
    reply.close()
