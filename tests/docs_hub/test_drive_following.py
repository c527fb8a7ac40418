"""A second sync asks Drive for what changed, and for everything wherever that would not do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from docs_hub import crawling, drive_changes, remembering
from docs_hub.models import Collection, Document, DriveListing, DriveTree, Run
from docs_hub.syncing import sync
from tests.support.drive import FakeDrive, anyone, domain, group, user
from tests.support.drive_api import ACCOUNT, Item
from tests.support.drive_collections import EDITOR, MEMBER, READER, collection, document, seen

pytestmark = pytest.mark.django_db
WRITES = ("INSERT", "UPDATE", "DELETE")


class Followed:
    """A folder with two folders in it and documents in each, that was synced once."""

    def __init__(self, drive: FakeDrive, *, root: Item | None = None) -> None:
        self.drive = drive
        self.root = root or drive.folder("Shared", "", EDITOR, anyone())
        self.inner = drive.folder("Inner", self.root.id)
        self.deep = drive.folder("Deep", self.inner.id)
        self.documents = [drive.document(folder.name, folder.id) for folder in (self.root, self.inner, self.deep)]
        self.of = collection(self.root)
        self.sync()

    def sync(self, **options: Any) -> Run:
        self.drive.asked.clear()
        return sync([Collection.objects.get(pk=self.of.pk)], **options)[0]

    def listed(self) -> list[str]:
        """Give the names of folders that the last sync listed, in order."""
        queries = [asked.parameters.get("q", "") for asked in self.drive.asked]
        ids = [query.split("'")[1] for query in queries if "in parents" in query]
        return [self.drive.items[id_].name for id_ in ids]


@pytest.fixture
def followed(account: FakeDrive) -> Followed:
    return Followed(account)


def test_nothing_new_takes_three_requests_and_writes_nothing_but_the_run(followed: Followed) -> None:
    before = list(Document.objects.values()), list(DriveListing.objects.values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as captured:
        run = followed.sync()
    assert followed.drive.paths("/drive/v3") == [
        f"/drive/v3/files/{followed.root.id}",
        "/drive/v3/changes",
        "/drive/v3/files",
    ]
    assert (run.state, run.report["same"], run.report["updated"]) == ("succeeded", 3, [])
    assert (list(Document.objects.values()), list(DriveListing.objects.values_list("pk", flat=True))) == before
    written = {query["sql"].split('"')[1] for query in captured if query["sql"].startswith(WRITES)}
    assert written == {"docs_hub_run", "docs_hub_collection"}


def test_a_folder_without_folders_takes_two_requests(account: FakeDrive) -> None:
    root = account.folder("Shared", "", EDITOR, anyone())
    account.document("One", root.id)
    of = collection(root)
    sync([of])
    account.asked.clear()
    sync([Collection.objects.get(pk=of.pk)])
    assert account.paths("/drive/v3") == [f"/drive/v3/files/{root.id}", "/drive/v3/changes"]


def test_what_the_last_sync_warned_of_is_said_again(followed: Followed) -> None:
    followed.drive.add("odd.md", "text/markdown", followed.root.id, content=b"\xff\xff")
    followed.drive.shortcut("Gone", followed.root.id, "../no-file")
    first = followed.sync().report
    assert len(first["warnings"]) == 2
    Collection.objects.update(last_error="")
    again = followed.sync().report
    assert (again["warnings"], again["same"]) == (first["warnings"], 4)
    assert followed.listed() == []


def test_only_folders_with_something_new_are_listed_again(followed: Followed) -> None:
    followed.drive.change(followed.documents[1], "new words")
    assert followed.sync().report["updated"] == ["Inner"]
    assert followed.listed() == ["Inner"]
    followed.drive.document("New", followed.deep.id)
    assert followed.sync().report["created"] == ["New"]
    assert followed.listed() == ["Deep"]
    followed.drive.remove(followed.documents[0])
    assert followed.sync().report["gone"] == ["Shared"]
    assert followed.listed() == ["Shared"]
    followed.drive.change(followed.inner, name="Renamed")
    followed.sync()
    assert followed.listed() == ["Shared"]
    assert document("Deep").folder == "Renamed/Deep"
    followed.drive.move(followed.deep, followed.drive.folder("Not ours", "", EDITOR).id)
    followed.sync()
    assert followed.listed() == ["Renamed"]
    assert seen() == {"Inner"}


def test_what_is_moved_back_later_is_listed_anew(followed: Followed) -> None:
    away = followed.drive.folder("Not for us")
    followed.drive.move(followed.deep, away.id)
    followed.sync()
    followed.drive.change(followed.documents[2], name="Changed while away")
    followed.sync()
    followed.drive.move(followed.deep, followed.inner.id)
    followed.sync()
    assert "Changed while away" in seen()


def test_a_folder_that_is_limited_stops_being_shown_even_if_the_log_is_silent(followed: Followed) -> None:
    log = [*followed.drive.log]
    followed.drive.change(followed.inner, is_limited=True, permissions=[EDITOR])
    followed.drive.log[:] = log
    followed.sync()
    assert followed.listed() == ["Shared", "Inner", "Deep"]
    assert seen() == {"Shared"}


def test_what_stops_being_public_far_above_stops_being_shown_though_nothing_is_in_the_log(account: FakeDrive) -> None:
    above = account.folder("Above", "", EDITOR, anyone())
    followed = Followed(account, root=account.folder("Shared", above.id))
    assert len(seen()) == 3
    above.permissions = [EDITOR, domain("example.org")]
    followed.sync()
    assert seen() == set()
    assert len(seen(MEMBER)) == 3
    assert document("Deep").audience == []  # as its folder


def test_a_folder_that_is_revoked_hides_everything_and_comes_back_whole(followed: Followed) -> None:
    followed.drive.change(followed.root, permissions=[])
    assert "Nothing in it is shown any more" in followed.sync().failure
    assert seen() == set()
    followed.drive.change(followed.root, permissions=[EDITOR, anyone()])
    followed.sync()
    assert len(seen()) == 3


def test_what_shortcuts_lead_to_outside_is_asked_for_each_time(followed: Followed) -> None:
    far = followed.drive.folder("Far", "", anyone())
    deeper = followed.drive.folder("Deeper", far.id)
    one = followed.drive.document("Before", deeper.id)
    followed.drive.shortcut("To it", followed.root.id, far.id)
    Collection.objects.update(visibility="members")
    followed.of.refresh_from_db()
    followed.sync()
    followed.drive.change(one, name="After")
    followed.drive.document("And another", deeper.id)
    followed.sync()
    assert {"After", "And another"} <= set(Document.objects.values_list("title", flat=True))
    assert followed.listed() == ["Far", "Deeper"]


def test_what_expires_stops_being_shown_though_nothing_changed(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    followed.drive.change(followed.root, permissions=[EDITOR, anyone(expirationTime=soon)])
    followed.sync()
    assert len(seen()) == 3
    monkeypatch.setattr(crawling, "timezone", SimpleNamespace(now=lambda: datetime.now(UTC) + timedelta(hours=2)))
    followed.sync()
    assert followed.listed() == []
    assert seen() == set()


def test_everything_is_listed_once_a_day_whatever_the_log_says(followed: Followed) -> None:
    log = [*followed.drive.log]
    followed.drive.change(followed.documents[2], name="Silently renamed")
    followed.drive.log[:] = log
    followed.sync()
    assert followed.listed() == []
    DriveTree.objects.update(listed_at=datetime.now(UTC) - remembering.LONGEST)
    followed.sync()
    assert followed.listed() == ["Shared", "Inner", "Deep"]
    assert "Silently renamed" in seen()


@pytest.mark.parametrize("options", [{"actor": "ann"}, {"again": True}])
def test_people_who_ask_get_everything(followed: Followed, options: dict[str, Any]) -> None:
    followed.sync(**options)
    assert followed.listed() == ["Shared", "Inner", "Deep"]


@pytest.mark.parametrize(
    "change",
    [
        lambda followed: Collection.objects.update(members_are="elsewhere.example"),
        lambda followed: Collection.objects.update(visibility="members"),
        lambda followed: followed.drive.fail(1, 404, "notFound", part="/changes"),
        lambda followed: followed.drive.fail(1, 410, "gone", part="/changes"),
        lambda followed: setattr(followed.drive, "are_changes_lost", True),
        lambda followed: followed.drive.incomplete.add("mimeType = 'application/vnd.google-apps.folder'"),
        lambda followed: DriveTree.objects.update(token="9999"),
    ],
)
def test_where_changes_would_not_do_everything_is_listed(
    followed: Followed, change: Callable[[Followed], object]
) -> None:
    change(followed)
    assert followed.sync().state == "succeeded"
    assert followed.listed() == ["Shared", "Inner", "Deep"]


def test_more_changes_than_are_looked_at_take_a_listing(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive_changes, "MOST_CHANGES", 2)
    for number in range(3):
        followed.drive.document(f"Of somebody else {number}", followed.drive.folder("Theirs", "", EDITOR).id)
    followed.sync()
    assert followed.listed() == ["Shared", "Inner", "Deep"]


def test_changes_come_on_many_pages(followed: Followed) -> None:
    followed.drive.most = 2
    for number in range(5):
        followed.drive.document(f"New {number}", followed.deep.id)
    assert len(followed.sync().report["created"]) == 5
    assert len(followed.drive.paths("/changes")) == 3
    followed.sync()
    assert (len(followed.drive.paths("/changes")), followed.listed()) == (1, [])


@pytest.mark.parametrize("part", ["/drive/v3/files", "/drive/v3/changes"])
def test_when_drive_does_not_answer_what_is_remembered_stays(followed: Followed, part: str) -> None:
    followed.drive.change(followed.documents[1], name="New name")
    followed.drive.fail(100, 503, "backendError", part=part)
    assert followed.sync().state == "failed"
    followed.drive.works()
    assert followed.sync().report["updated"] == ["New name"]
    assert followed.listed() == ["Inner"]


def test_a_sync_that_fails_half_way_is_followed_by_a_whole_one(followed: Followed) -> None:
    followed.drive.change(followed.inner, is_limited=True, permissions=[EDITOR])
    followed.drive.document("New", followed.deep.id)
    followed.drive.fail(100, 503, "backendError", part="/drive/v3/files", after=3)  # a listing of folders, and of one
    assert followed.sync().state == "failed"
    followed.drive.works()
    followed.sync()
    assert followed.listed() == ["Shared", "Inner", "Deep"]
    assert seen() == {"Shared"}


def test_what_could_not_be_read_is_read_by_the_next_one(followed: Followed) -> None:
    followed.drive.change(followed.documents[0], "new words")
    followed.drive.fail(100, 429, "rateLimitExceeded", part="/export")
    assert set(followed.sync().report["errors"]) == {"Shared"}
    followed.drive.works()
    followed.sync()
    assert document("Shared").text == "new words"


@pytest.mark.parametrize("status", [404, 503])
def test_a_drive_without_a_log_is_listed_each_time(account: FakeDrive, status: int) -> None:
    account.fail(1000, status, "backendError", part="/startPageToken")
    followed = Followed(account)
    assert followed.sync().state == "succeeded"
    assert followed.listed() == ["Shared", "Inner", "Deep"]


def test_a_key_has_no_log_and_asks_for_none(drive: FakeDrive) -> None:
    followed = Followed(drive)
    followed.sync()
    assert followed.listed() == ["Shared", "Inner", "Deep"]
    assert drive.paths("/changes") == []
    assert not DriveListing.objects.exists()


@pytest.mark.parametrize(
    "permissions",
    [
        [READER, anyone()],  # Drive does not tell it who else may see it
        [anyone("writer")],
        [group("portals@groups.example", "writer"), anyone()],
    ],
)
def test_what_is_not_shared_with_the_account_by_name_is_listed_each_time(
    account: FakeDrive, permissions: list[dict[str, Any]]
) -> None:
    account.groups["portals@groups.example"].add(ACCOUNT)
    followed = Followed(account, root=account.folder("Shared", "", *permissions))
    followed.sync()
    assert followed.listed() == ["Shared", "Inner", "Deep"]
    assert account.paths("/changes") == []


def test_a_shared_drive_has_a_log_of_its_own(account: FakeDrive) -> None:
    team = account.shared_drive("Team", READER, group("docs@groups.example", "fileOrganizer"))
    followed = Followed(account, root=account.folder("Shared", team.id))
    followed.sync()
    assert followed.listed() == []
    assert [asked.parameters["driveId"] for asked in account.asked if "changes" in asked.path] == [team.id]
    account.change(followed.documents[2], name="Renamed")
    followed.sync()
    assert followed.listed() == ["Deep"]
    account.change(team, permissions=[READER, user("ann@example.org", "organizer")])
    followed.sync()
    assert followed.listed() == ["Shared", "Inner", "Deep"]


def test_a_shortcut_to_the_folder_may_lead_to_another_one_later(followed: Followed) -> None:
    other = followed.drive.folder("Another", "", EDITOR, anyone())
    followed.drive.document("In another", other.id)
    shortcut = followed.drive.shortcut("To it", followed.drive.folder("Home", "", EDITOR).id, followed.root.id)
    of = collection(shortcut)
    sync([of])
    followed.drive.change(shortcut, target=other.id)
    sync([Collection.objects.get(pk=of.pk)])
    assert set(of.documents.filter(trouble="").values_list("title", flat=True)) == {"In another"}


def test_a_folder_of_thousands_is_remembered_in_parts(account: FakeDrive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "AT_ONCE", 2)
    followed = Followed(account)
    for number in range(6):
        account.document(f"One {number}", followed.inner.id)
    followed.sync()
    assert DriveListing.objects.filter(folder=followed.inner.id).count() == 4
    account.change(followed.documents[0], name="Elsewhere")
    report = followed.sync().report
    assert (report["updated"], report["same"], followed.listed()) == (["Elsewhere"], 8, ["Shared"])
