"""A collection is brought to what its Drive folder holds."""

from datetime import UTC, datetime
from typing import Any

import pytest

from docs_hub.drive_errors import DriveError, RefusedError
from docs_hub.models import Collection, Document
from tests.support.drive import FakeDrive, anyone
from tests.support.drive_api import SHEET, SLIDES
from tests.support.drive_collections import EDITOR, codes, collection, crawled, document, refused, seen

pytestmark = pytest.mark.django_db
Trouble = Document.Trouble


def test_everything_in_a_public_folder_is_listed_with_its_text(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    inner = drive.folder("Roles / 2026", root.id)
    drive.document("Vision", root.id, "# Our aims\n\nTo go on.")
    drive.document("Lead", inner.id)
    drive.add("Budget", SHEET, root.id, content=b"\xef\xbb\xbfWhat,Cost\r\nServer,1\r\n")
    drive.add("Talk", SLIDES, root.id, content=b"Slide one")
    drive.add("notes.md", "text/markdown", inner.id, content=b"# Notes\n")
    drive.add("logo.png", "image/png", root.id, content=b"PNG")
    of = collection(root)

    report = crawled(of)

    assert (len(report.created), report.warnings, report.errors) == (6, {}, {})
    assert seen() == {"Vision", "Lead", "Budget", "Talk", "notes.md", "logo.png"}
    vision = document("Vision")
    assert (vision.text, vision.folder, vision.headings) == ("Our aims\nTo go on.", "", [[2, "our-aims", "Our aims"]])
    assert vision.url.startswith("https://drive.google.com/file/d/")
    assert vision.changed_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert document("Lead").folder == "Roles - 2026"
    assert document("Budget").text == "What,Cost\nServer,1\n"
    assert (document("logo.png").text, document("logo.png").media_type) == ("", "image/png")
    of.refresh_from_db()
    assert of.audience == ["anyone with the link: reader"]


def test_a_second_look_reads_only_what_changed(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    one = drive.document("One", root.id, "first")
    plain = drive.add("two.txt", "text/plain", root.id, content=b"second")
    of = collection(root)
    crawled(of)
    drive.asked.clear()

    again = crawled(of)
    assert (again.same, again.created, again.updated, again.gone) == (2, [], [], [])
    assert len(drive.asked) == 2

    drive.change(one, "new words")
    drive.change(plain, name="renamed.txt")
    assert crawled(of).updated == ["One", "renamed.txt"]
    assert document("One").text == "new words"
    assert len(drive.paths("/export")) == 1
    assert drive.paths(plain.id) == []  # its bytes are the same


def test_what_is_gone_or_in_the_trash_is_not_shown(account: FakeDrive) -> None:
    root = account.folder("Shared", "", anyone(), EDITOR)
    inner = account.folder("Inner", root.id)
    stays, goes, thrown, below = (account.document(name, root.id) for name in ("Stays", "Goes", "Thrown", "Below"))
    account.remove(below)
    below = account.document("Below", inner.id)
    account.document("Never seen", root.id, is_trashed=True)
    of = collection(root)
    crawled(of)
    assert seen() == {"Stays", "Goes", "Thrown", "Below"}

    account.remove(goes)
    account.change(thrown, is_trashed=True)
    account.change(inner, is_trashed=True)
    report = crawled(of)

    assert seen() == {stays.name}
    assert report.gone == ["Goes"]
    assert document("Goes").trouble == Trouble.LOST
    assert {document("Thrown").trouble, document("Below").trouble} == {Trouble.TRASHED}
    account.change(thrown, is_trashed=False)
    crawled(of)
    assert seen() == {"Stays", "Thrown"}
    assert document("Thrown").trouble == ""


def test_each_file_and_folder_comes_once_whatever_leads_to_it(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    inner = drive.folder("Inner", root.id)
    elsewhere = drive.folder("Elsewhere", "", anyone())
    one = drive.document("One", inner.id)
    drive.also_in(one, root.id)
    drive.children[inner.id].append(root.id)  # a loop
    far = drive.document("Far", elsewhere.id)
    drive.document("Single", drive.folder("Third", "", anyone()).id, id="single-file")
    for number in range(2):
        drive.shortcut(f"To the folder {number}", root.id, elsewhere.id)
        drive.shortcut(f"To the file {number}", inner.id, "single-file")
        drive.shortcut(f"Back {number}", elsewhere.id, root.id)
        drive.shortcut(f"To one {number}", elsewhere.id, one.id)

    report = crawled(collection(root))

    assert sorted(report.created) == ["Far", "One", "Single"]
    assert document("Far").folder == "To the folder 0"
    assert document("Far").external_id == far.id
    assert document("Single").folder == "Inner"
    assert document("One").folder == ""
    assert len(drive.paths("/drive/v3/files")) == len(set(map(str, drive.asked)))


def test_shortcuts_that_lead_nowhere_are_reported(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    private = drive.document("Private", drive.folder("Not shared").id)
    to_private = drive.shortcut("Locked", root.id, private.id)
    drive.shortcut("Chained", root.id, to_private.id)
    chain = drive.shortcut("Outside", drive.folder("Other", "", anyone()).id, private.id)
    drive.shortcut("To a shortcut", root.id, chain.id)
    drive.shortcut("Gone", root.id, "no-such-file")
    drive.shortcut("Odd", root.id, "../about")
    drive.document("One", root.id)

    report = crawled(collection(root))

    assert seen() == {"One"}
    assert set(report.warnings) == {"Locked", "To a shortcut", "Gone", "Odd"}
    assert set(report.warnings_by_code) == {"shortcut-broken"}


def test_resource_keys_are_used_all_the_way_down(drive: FakeDrive) -> None:
    root = drive.folder("Old", "", anyone(), resource_key="0-a", needs_key=True)
    inner = drive.folder("Inner", root.id, resource_key="0-b", needs_key=True)
    drive.document("One", inner.id, "Words.", resource_key="0-c", needs_key=True)
    linked = drive.document("Linked", drive.folder("Far", "", anyone()).id, resource_key="0-d", needs_key=True)
    drive.shortcut("To linked", root.id, linked.id)
    of = collection(root)

    assert "resource key" in refused(of, RefusedError)
    Collection.objects.update(resource_key="0-a")
    crawled(of)
    assert seen() == {"One", "Linked"}
    assert document("One").text == "Words."


def test_a_folder_may_be_named_by_its_link_and_by_a_shortcut(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    drive.document("One", root.id)
    home = drive.folder("Home", "", anyone())
    crawled(collection(drive.shortcut("To it", home.id, root.id)))
    crawled(collection(root, folder=f"https://drive.google.com/drive/folders/{root.id}?usp=sharing"))
    assert Document.objects.count() == 2


@pytest.mark.parametrize("folder", ["", "a' or name contains '", "https://example.org/"])
def test_what_names_no_folder_is_refused_before_anything_is_asked(drive: FakeDrive, folder: str) -> None:
    assert "is no folder of Drive" in refused(collection(drive.folder("Shared"), folder=folder), DriveError)
    assert drive.asked == []


def test_a_file_is_no_folder(drive: FakeDrive) -> None:
    one = drive.document("One", drive.folder("Shared", "", anyone()).id)
    assert "One is no folder" in refused(collection(one), DriveError)


def test_what_cannot_be_exported_is_found_by_its_name(account: FakeDrive, monkeypatch: pytest.MonkeyPatch) -> None:
    root = account.folder("Shared", "", anyone(), EDITOR)
    account.document("Large", root.id, "x" * (10 << 20) + "x")
    account.add("large.txt", "text/plain", root.id, content=b"x" * ((10 << 20) + 1))
    protected = account.document("Protected", root.id, is_copy_protected=True)
    account.fail(1, 403, "cannotExportFile", part=f"{account.document('Odd', root.id).id}/export")
    of = collection(root)
    crawled(of)

    assert {codes(name).pop() for name in ("Large", "large.txt")} == {"too-large"}
    assert codes("Protected") == codes("Odd") == {"no-download"}
    assert set(Document.objects.values_list("text", flat=True)) == {""}
    assert seen() == {"Large", "large.txt", "Protected", "Odd"}
    account.change(protected, is_copy_protected=False)
    crawled(of)
    assert document("Protected").text == "A text."
    account.change(protected, is_copy_protected=True)
    crawled(of)
    assert document("Protected").text == ""


def test_what_cannot_be_read_today_keeps_its_text_and_is_read_tomorrow(drive: FakeDrive) -> None:
    root = drive.folder("Shared", "", anyone())
    one = drive.document("One", root.id, "old words")
    of = collection(root)
    crawled(of)
    drive.change(one, "new words", name="First")
    drive.fail(100, 429, "rateLimitExceeded", part="/export")
    assert set(crawled(of).errors) == {"First"}
    assert document("First").text == "old words"
    drive.works()
    crawled(of)
    assert document("First").text == "new words"


def test_when_no_time_is_left_for_texts_the_listing_is_whole_still(drive: FakeDrive, settings: Any) -> None:
    root = drive.folder("Shared", "", anyone())
    drive.document("One", root.id, "words")
    goes = drive.document("Goes", root.id)
    of = collection(root)
    crawled(of)
    drive.remove(goes)
    drive.document("New", root.id, "more words")
    settings.PORTAL_FETCH_TIMEOUT = 0
    assert "no time was left" in str(crawled(of).errors)
    assert seen() == {"One", "New"}
    assert document("New").text == ""
    settings.PORTAL_FETCH_TIMEOUT = 60
    crawled(of)
    assert document("New").text == "more words"
