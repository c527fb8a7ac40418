"""What changes in Drive, or fails there, between two syncs."""

from typing import Any

import pytest

from docs_hub import drive_walk
from docs_hub.drive_errors import AccessError, DriveError, IncompleteError, RefusedError, UnreachableError
from docs_hub.models import Document
from tests.support.drive import FakeDrive, anyone, domain
from tests.support.drive_api import ACCOUNT, FOLDER, KEY
from tests.support.drive_collections import DOCS, EDITOR, MEMBER, collection, crawled, document, refused, seen

pytestmark = pytest.mark.django_db
Trouble = Document.Trouble


def test_a_folder_that_is_revoked_takes_its_documents_along_until_it_comes_back(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    for number in range(3):
        drive.document(f"One {number}", root.id)
    of = collection(root)
    crawled(of)
    drive.change(root, permissions=[])

    said = refused(of, RefusedError)

    assert "404" in said
    assert "Nothing in it is shown any more" in said
    assert seen(DOCS) == set()
    assert set(Document.objects.values_list("visibility", "trouble")) == {("staff", Trouble.PERMISSION)}
    of.refresh_from_db()
    assert of.audience == []
    refused(of, RefusedError)
    assert set(Document.objects.values_list("trouble", flat=True)) == {Trouble.PERMISSION}
    drive.change(root, permissions=[anyone()])
    crawled(of)
    assert seen() == {"One 0", "One 1", "One 2"}
    assert set(Document.objects.values_list("trouble", flat=True)) == {""}


@pytest.mark.parametrize("how", ["removed", "trashed", "unshared"])
def test_a_folder_that_an_account_may_not_see_any_more_takes_its_documents_along(account: FakeDrive, how: str) -> None:
    root = account.folder("Shared", "", EDITOR, anyone())
    account.document("One", root.id)
    of = collection(root)
    crawled(of)
    match how:
        case "removed":
            account.remove(root)
        case "trashed":
            account.change(root, is_trashed=True)
        case "unshared":
            account.change(root, permissions=[])
    assert ACCOUNT in refused(of, RefusedError)
    assert seen(DOCS) == set()
    assert document("One").trouble == Trouble.PERMISSION


def test_a_folder_that_stops_being_public_stops_being_shown(account: FakeDrive) -> None:
    root = account.folder("Shared", "", EDITOR, anyone(), domain("example.org"))
    account.document("One", root.id)
    own = account.document("With a link of its own", root.id, "", anyone())
    of = collection(root)
    crawled(of)
    assert len(seen()) == 2

    account.change(root, permissions=[EDITOR, domain("example.org")])
    crawled(of)
    assert seen() == set()
    assert seen(MEMBER) == {"One", own.name}
    assert set(Document.objects.values_list("trouble", flat=True)) == {Trouble.PERMISSION}
    account.change(root, permissions=[EDITOR, anyone()])
    crawled(of)
    assert seen() == {"One", own.name}
    assert set(Document.objects.values_list("trouble", flat=True)) == {""}


def test_a_file_that_stops_being_public_stops_being_shown(account: FakeDrive) -> None:
    root = account.folder("Shared", "", EDITOR, anyone())
    inner = account.folder("Inner", root.id)
    account.document("One", inner.id)
    of = collection(root)
    crawled(of)
    account.change(inner, is_limited=True, permissions=[EDITOR])
    assert crawled(of).updated == ["One"]
    assert seen(DOCS) == set()
    assert document("One").trouble == Trouble.PERMISSION


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (0, "", UnreachableError),
        (503, "backendError", UnreachableError),
        (429, "rateLimitExceeded", UnreachableError),
        (400, "keyInvalid", AccessError),
        (401, "authError", AccessError),
        (403, "accessNotConfigured", AccessError),
        (403, "dailyLimitExceeded", AccessError),
    ],
)
def test_when_drive_says_nothing_of_the_folder_nothing_changes(
    drive: FakeDrive, status: int, reason: str, kind: type[DriveError]
) -> None:
    root = drive.folder("Shared", "", anyone())
    drive.document("One", root.id)
    of = collection(root)
    crawled(of)
    drive.fail(1000, status, reason)
    refused(of, kind)
    assert seen() == {"One"}
    assert document("One").trouble == ""
    of.refresh_from_db()
    assert of.audience == ["anyone with the link: reader"]


def test_a_listing_that_fails_half_way_loses_nothing(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    for number in range(6):
        drive.document(f"One {number}", root.id)
    of = collection(root)
    drive.most = 2
    crawled(of)
    drive.document("A new one", root.id)
    drive.works()
    drive.fail(1000, 500, "backendError", part="/drive/v3/files", after=2)
    refused(of, UnreachableError)
    assert len(seen()) == 7
    assert set(Document.objects.values_list("trouble", flat=True)) == {""}


def test_a_folder_that_was_not_searched_to_its_end_loses_nothing(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    inner = drive.folder("Inner", root.id)
    hidden = drive.document("Hidden for a moment", inner.id)
    of = collection(root)
    crawled(of)
    drive.remove(hidden)
    drive.incomplete.add(inner.id)
    drive.document("Last", drive.folder("Zoo", root.id).id)
    assert "all of the folder Inner" in refused(of, IncompleteError)
    assert seen() == {"Hidden for a moment", "Last"}


@pytest.mark.parametrize(
    ("name", "most", "said"),
    [
        ("DEEPEST", 3, "too many folders"),
        ("MOST_FOLDERS", 0, "too many folders"),
        ("MOST_FILES", 4, "more than 4 files"),
    ],
)
def test_more_than_is_listed_is_named_and_loses_nothing(
    drive: FakeDrive, monkeypatch: pytest.MonkeyPatch, name: str, most: int, said: str
) -> None:
    root = folder = drive.folder("Shared", "", anyone())
    for number in range(6):
        folder = drive.add(f"Level {number}", FOLDER, folder.id)
        drive.document(f"One {number}", folder.id)
    of = collection(root)
    crawled(of)
    monkeypatch.setattr(drive_walk, name, most)
    assert said in refused(of, IncompleteError)
    assert len(seen()) == 6


def test_pages_that_come_twice_are_taken_once(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    for number in range(5):
        drive.document(f"One {number}", root.id)
    drive.most = 2
    drive.fail(1, 400, "invalid", part="/drive/v3/files", after=3)  # the third page's token is too old
    assert len(crawled(collection(root)).created) == 5


def test_nothing_is_asked_where_nothing_is_set_up(drive: FakeDrive, settings: Any) -> None:
    of = collection(drive.folder("Shared"))
    settings.PORTAL_DRIVE_API_KEY = ""
    assert "set PORTAL_DRIVE_API_KEY" in refused(of, AccessError)
    settings.PORTAL_DRIVE_API_KEY = KEY
    settings.PORTAL_BASE_URL = "https://portal.example.org"
    assert "PORTAL_DRIVE_PRIVATE" in refused(of, AccessError)
    assert drive.asked == []


def test_names_and_types_of_strangers_do_no_harm(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    deep = root
    for _ in range(4):
        deep = drive.folder("x" * 200, deep.id)
    drive.document(" \n<b>Bold</b>\x1b[31m\u202e ", deep.id)
    drive.document("", root.id)
    drive.add("y" * 400, "z/" + "z" * 400, root.id, link="javascript:alert(1)")
    report = crawled(collection(root))
    assert len(report.created) == 3
    assert not Document.objects.filter(url__startswith="javascript").exists()
    assert document("Untitled").folder == ""
