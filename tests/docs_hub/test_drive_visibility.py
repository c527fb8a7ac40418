"""A document is shown no more widely than Drive shows it, than its folders are, and than its collection says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from docs_hub.models import Document
from mageos_portal.audience import EVERYBODY
from tests.support.drive import FakeDrive, anyone, domain, group, user
from tests.support.drive_api import ACCOUNT, KEY
from tests.support.drive_collections import (
    DOCS,
    EDITOR,
    MEMBER,
    READER,
    codes,
    collection,
    crawled,
    document,
    seen,
)

pytestmark = pytest.mark.django_db
Trouble = Document.Trouble


@pytest.mark.parametrize("has_key", [True, False])
def test_each_file_is_shown_as_wide_as_drive_shows_it(account: FakeDrive, settings: Any, has_key: bool) -> None:
    settings.PORTAL_DRIVE_API_KEY = KEY if has_key else ""
    root = account.folder("Shared", "", EDITOR, anyone())
    narrow = account.folder("Narrow", root.id, EDITOR, group("docs@groups.example"), is_limited=True)
    account.document("For all", root.id)
    account.document("For the team", narrow.id)
    account.document("For all, its folder is not", narrow.id, "", anyone())
    of = collection(root)
    crawled(of)
    assert seen() == {"For all"}
    assert seen(MEMBER) == {"For all"}
    assert seen(DOCS) == {"For all", "For the team", "For all, its folder is not"}
    assert document("For all").audience == []  # as the folder
    assert f"user {ACCOUNT}: writer" in document("For the team").audience


def test_a_folder_for_members_shows_nobody_else_anything(account: FakeDrive) -> None:
    root = account.folder("Shared", "", EDITOR, domain("example.org"))
    account.document("For members", root.id)
    account.document("Shared by link, too", root.id, "", anyone())
    of = collection(root)  # whose staff think that it is public
    crawled(of)
    assert seen() == set()
    assert seen(MEMBER) == {"For members", "Shared by link, too"}
    of.refresh_from_db()
    assert of.audience == ["domain example.org: reader", f"user {ACCOUNT}: writer"]
    assert document("Shared by link, too").audience[0] == "anyone with the link: reader"


@pytest.mark.parametrize(
    ("visibility", "for_everybody", "for_members", "for_team"),
    [("public", 1, 1, 1), ("members", 0, 1, 1), ("team", 0, 0, 1)],
)
def test_a_collection_may_show_less_than_drive(
    drive: FakeDrive, visibility: str, for_everybody: int, for_members: int, for_team: int
) -> None:
    root = drive.folder("Shared", "", anyone())
    drive.document("One", root.id)
    crawled(collection(root, visibility=visibility))
    assert [len(seen(who)) for who in (EVERYBODY, MEMBER, DOCS)] == [for_everybody, for_members, for_team]


@pytest.mark.parametrize(
    "permission",
    [
        user("ann@example.org"),
        group("others@groups.example"),
        domain("other.example"),
        anyone(expirationTime=(datetime.now(UTC) - timedelta(days=1)).isoformat()),
        group("docs@groups.example", deleted=True),
        domain("example.org", view="metadata"),
    ],
)
def test_what_is_shared_with_nobody_whom_we_know_is_for_staff(account: FakeDrive, permission: dict[str, Any]) -> None:
    root = account.folder("Shared", "", EDITOR, permission)
    account.document("One", root.id)
    crawled(collection(root))
    assert seen(DOCS) == set()
    assert document("One").visibility == "staff"


def test_permissions_that_cannot_be_read_leave_it_to_staff_and_say_what_to_do(account: FakeDrive) -> None:
    root = account.folder("Shared", "", READER, anyone())
    account.document("One", root.id)
    of = collection(root)
    crawled(of)
    assert seen(DOCS) == set()
    assert codes("One") == {"permissions-unread"}
    assert "let the account be Editor" in document("One").findings[0]["message"]
    of.refresh_from_db()
    assert of.audience == []
    assert len(account.paths("/permissions")) == 1  # not for each file


def test_with_a_key_the_portal_looks_itself_whether_everybody_may_see_it(account: FakeDrive, settings: Any) -> None:
    settings.PORTAL_DRIVE_API_KEY = KEY
    root = account.folder("Shared", "", READER, anyone())
    inner = account.folder("Inner", root.id, READER, is_limited=True)
    for number in range(3):
        account.document(f"Public {number}", root.id)
        account.document(f"Private {number}", inner.id)
    of = collection(root)
    crawled(of)
    assert seen() == {"Public 0", "Public 1", "Public 2"}
    assert codes("Private 0") == {"permissions-unread"}
    of.refresh_from_db()
    assert of.audience == ["anyone with the link: reader"]


def test_in_a_shared_drive_permissions_are_asked_for_where_they_differ_only(account: FakeDrive) -> None:
    root = account.shared_drive("Team", READER, group("docs@groups.example", "fileOrganizer"))
    inner = account.folder("Inner", root.id)
    account.document("For members", inner.id, "", domain("example.org"))
    for number in range(5):
        account.document(f"For the team {number}", inner.id)
    crawled(collection(root, visibility="members"))
    assert seen(MEMBER) == set()  # its folder is not for members
    assert len(seen(DOCS)) == 6
    assert len(account.paths("/permissions")) == 2


def test_a_public_folder_of_a_shared_drive_is_listed_by_key(drive: FakeDrive) -> None:
    root = drive.shared_drive("Team", user("ann@example.org", "organizer"))
    inner = drive.folder("Public", root.id, anyone())
    drive.document("One", inner.id)
    crawled(collection(inner))
    assert seen() == {"One"}
