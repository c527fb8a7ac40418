"""Asking Google Drive: pages, keys, tokens, waiting, and what an error says."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from docs_hub import drive as drive_module
from docs_hub import drive_access
from docs_hub.drive import Access, Drive, opened
from docs_hub.drive_answers import Ref
from docs_hub.drive_errors import (
    AccessError,
    BadRequestError,
    DriveError,
    IncompleteError,
    RefusedError,
    TooLargeError,
    UnreachableError,
)
from mageos_portal.reach import Reach
from tests.support.drive import FakeDrive, anyone, domain, running_drive, user
from tests.support.drive_api import ACCOUNT, KEY

HERE = Reach(loopback=True)
Ask = Callable[[Drive], object]


@pytest.fixture
def drive() -> Iterator[FakeDrive]:
    with running_drive() as running:
        yield running


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive_module, "FIRST_WAIT", 0.001)


def access(drive: FakeDrive, key: str = KEY, **more: object) -> Access:
    return Access(drive.url, key, reach=HERE, **more)  # type: ignore[arg-type]


def as_account(drive: FakeDrive, directory: Path, **changes: str) -> Access:
    path = directory / "account.json"
    path.write_text(drive.credentials(**changes), encoding="utf-8")
    return Access(drive.url, credentials=path, reach=HERE)


def refused(how: Access, ask: Ask) -> DriveError:
    with pytest.raises(DriveError) as raised, opened(how) as (found, _):
        ask(found)
    return raised.value


def names(how: Access, id_: str, key: str = "") -> list[str]:
    with opened(how) as (found, _):
        return [file.name for file in found.children(found.file(Ref(id_, key)))]


def test_a_folder_is_listed_page_by_page(drive: FakeDrive) -> None:
    root = drive.folder("Public", "", anyone())
    for number in range(7):
        drive.document(f"Document {number}", root.id)
    drive.most = 3

    assert names(access(drive), root.id) == [f"Document {number}" for number in range(7)]
    assert len(drive.paths("/drive/v3/files")) == 4
    asked = drive.asked[-1].parameters
    assert asked["supportsAllDrives"] == asked["includeItemsFromAllDrives"] == "true"


def test_the_address_may_name_the_version_or_not(drive: FakeDrive) -> None:
    root = drive.folder("Public", "", anyone())
    for url in (drive.url, f"{drive.url}/", f"{drive.url}/drive/v3", f"{drive.url}/drive/v3/"):
        assert names(Access(url, KEY, reach=HERE), root.id) == []


def test_a_listing_whose_page_is_lost_begins_anew(drive: FakeDrive) -> None:
    root = drive.folder("Public", "", anyone())
    for number in range(5):
        drive.document(f"Document {number}", root.id)
    drive.most = 2
    with opened(access(drive)) as (found, _):
        listing = found.children(found.file(Ref(root.id)))
        first = [next(listing).name, next(listing).name]
        drive.lose_tokens()
        rest = [file.name for file in listing]

    assert first == ["Document 0", "Document 1"]
    assert rest == [f"Document {number}" for number in range(5)]  # the walk takes each once


def test_a_listing_whose_pages_are_lost_again_and_again_ends(drive: FakeDrive) -> None:
    root = drive.folder("Public", "", anyone())
    for number in range(5):
        drive.document(f"Document {number}", root.id)
    drive.most = 2
    with opened(access(drive)) as (found, _):
        listing = found.children(found.file(Ref(root.id)))
        for _ in range(8):
            next(listing)
            drive.lose_tokens()
        with pytest.raises(BadRequestError):
            next(listing)


def test_a_listing_that_was_not_searched_to_its_end_says_so_after_the_last_file(drive: FakeDrive) -> None:
    root = drive.folder("Public", "", anyone())
    drive.document("One", root.id)
    drive.incomplete.add(root.id)
    with opened(access(drive)) as (found, _):
        listing = found.children(found.file(Ref(root.id)))
        assert next(listing).name == "One"
        with pytest.raises(IncompleteError, match="all of the folder Public"):
            next(listing)


def test_a_file_that_needs_a_resource_key_is_asked_for_with_it(drive: FakeDrive) -> None:
    root = drive.folder("Old", "", anyone(), resource_key="0-abc", needs_key=True)
    old = drive.document("Old one", root.id, "Words.", resource_key="0-def", needs_key=True)

    assert isinstance(refused(access(drive), lambda found: found.file(Ref(root.id))), RefusedError)
    with opened(access(drive)) as (found, _):
        (child,) = found.children(found.file(Ref(root.id, "0-abc")))
        assert found.exported(child.ref, "text/markdown") == b"Words."
    assert drive.asked[-1].headers["X-Goog-Drive-Resource-Keys"] == f"{old.id}/0-def"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, "rateLimitExceeded"),
        (403, "userRateLimitExceeded"),
        (429, "rateLimitExceeded"),
        (500, "backendError"),
        (502, ""),
        (503, "backendError"),
        (504, ""),
        (0, "hangs up"),
    ],
)
def test_what_may_work_later_is_asked_for_again(drive: FakeDrive, status: int, reason: str) -> None:
    root = drive.folder("Public", "", anyone())
    drive.fail(3, status, reason)
    assert names(access(drive), root.id) == []
    assert len(drive.asked) == 5


def test_it_is_not_asked_for_for_ever(drive: FakeDrive) -> None:
    drive.fail(100, 429, "rateLimitExceeded")
    error = refused(access(drive), lambda found: found.file(Ref("a")))
    assert isinstance(error, UnreachableError)
    assert "429" in str(error)
    assert len(drive.asked) == drive_module.TRIES


def test_waits_grow_and_are_spread(drive: FakeDrive, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(drive_module, "FIRST_WAIT", 1.0)
    monkeypatch.setattr(time, "sleep", waits.append)
    drive.fail(100, 503, "backendError")
    refused(access(drive), lambda found: found.file(Ref("a")))
    assert len(waits) == drive_module.TRIES - 1
    assert all(0.5 * 2**number <= wait <= 1.5 * 2**number for number, wait in enumerate(waits))
    assert waits != [2.0**number for number in range(len(waits))]


def test_what_retry_after_says_is_waited_for(drive: FakeDrive, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    root = drive.folder("Public", "", anyone())
    drive.fail(1, 429, "rateLimitExceeded", Retry_After="7")
    drive.fail(1, 503, "backendError", Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=50)))
    drive.fail(1, 503, "backendError", Retry_After="soon")
    assert names(access(drive), root.id) == []
    assert waits[0] == 7
    assert 30 < waits[1] <= 50
    assert waits[2] < 1


def test_who_is_asked_to_wait_for_long_gives_up_at_once(drive: FakeDrive) -> None:
    drive.fail(100, 429, "rateLimitExceeded", Retry_After="3600")
    assert isinstance(refused(access(drive), lambda found: found.file(Ref("a"))), UnreachableError)
    assert len(drive.asked) == 1


def test_all_requests_together_take_no_longer_than_is_allowed(drive: FakeDrive) -> None:
    drive.fail(100, 503, "backendError", Retry_After="5")
    error = refused(access(drive, seconds=1), lambda found: found.file(Ref("a")))
    assert isinstance(error, UnreachableError)
    assert len(drive.asked) == 1
    assert "took longer" in str(refused(access(drive, seconds=-1), lambda found: found.file(Ref("a"))))


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (404, "notFound", RefusedError),
        (403, "insufficientFilePermissions", RefusedError),
        (403, "appNotAuthorizedToFile", RefusedError),
        (403, "somethingNew", RefusedError),
        (410, "deleted", RefusedError),
        (400, "invalid", BadRequestError),
        (400, "keyInvalid", AccessError),
        (401, "authError", AccessError),
        (403, "accessNotConfigured", AccessError),
        (403, "dailyLimitExceeded", AccessError),
        (403, "insufficientPermissions", AccessError),
        (403, "ipRefererBlocked", AccessError),
        (418, "teapot", UnreachableError),
    ],
)
def test_errors_say_whether_they_are_about_the_file(
    drive: FakeDrive, status: int, reason: str, kind: type[DriveError]
) -> None:
    drive.fail(1, status, reason)
    error = refused(access(drive), lambda found: found.file(Ref("some-id")))
    assert type(error) is kind
    assert f"Drive answers {status} for some-id ({reason}, Said by the test.)" in str(error)


@pytest.mark.parametrize("status", [200, 404, 403, 302])
def test_a_page_that_is_not_of_drive_says_nothing_of_the_file(drive: FakeDrive, status: int) -> None:
    drive.fail(1, status, body=b"<html>Hello</html>", Location="http://127.0.0.1:9/")
    error = refused(access(drive), lambda found: found.file(Ref("a")))
    assert type(error) is UnreachableError
    assert len(drive.asked) == 1  # no redirect is followed


def test_an_answer_of_another_shape_is_named(drive: FakeDrive) -> None:
    drive.fail(1, 200, body=b'{"id": "a", "modifiedTime": "yesterday"}')
    assert "modifiedTime" in str(refused(access(drive), lambda found: found.file(Ref("a"))))


def test_answers_are_bounded(drive: FakeDrive, monkeypatch: pytest.MonkeyPatch) -> None:
    root = drive.folder("Public", "", anyone())
    text = drive.document("Long", root.id, "x" * 5000)
    monkeypatch.setattr(drive_module, "LARGEST_TEXT", 4000)
    monkeypatch.setattr(drive_module, "LARGEST_ANSWER", 400)
    how = access(drive)
    assert type(refused(how, lambda found: found.exported(Ref(text.id), "text/plain"))) is TooLargeError
    assert type(refused(how, lambda found: found.file(Ref(root.id)))) is UnreachableError  # it says nothing of it


def test_a_slow_answer_ends(drive: FakeDrive, monkeypatch: pytest.MonkeyPatch) -> None:
    root = drive.folder("Public", "", anyone())
    monkeypatch.setattr(drive_module, "LONGEST_ANSWER", -1)
    assert "took too long" in str(refused(access(drive), lambda found: found.file(Ref(root.id))))


def test_the_key_is_in_no_log_and_no_error(drive: FakeDrive, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    said = []
    with caplog.at_level(logging.INFO):
        for status in (0, 400, 401, 403, 404, 500):
            drive.works()
            drive.fail(100, status, KEY)
            said.append(str(refused(access(drive), lambda found: found.file(Ref("a")))))
        said.append(repr(drive_access.Key(KEY)))
    assert KEY not in " ".join([*said, caplog.text])
    assert KEY not in repr(access(drive))


def test_a_wrong_key_is_not_taken_for_a_missing_file(drive: FakeDrive) -> None:
    root = drive.folder("Public", "", anyone())
    error = refused(access(drive, "another-key"), lambda found: found.file(Ref(root.id)))
    assert type(error) is AccessError
    assert "PORTAL_DRIVE_API_KEY" in str(error)


def test_without_key_and_account_nothing_is_asked(drive: FakeDrive) -> None:
    assert "PORTAL_DRIVE_CREDENTIALS" in str(refused(access(drive, ""), lambda found: found.file(Ref("a"))))
    assert drive.asked == []


@pytest.mark.parametrize(
    ("url", "reach", "said"),
    [
        ("http://127.0.0.1:1", Reach(), "PORTAL_DRIVE_PRIVATE"),
        ("https://10.1.2.3", Reach(loopback=True), "PORTAL_DRIVE_PRIVATE"),
        ("https://169.254.169.254", Reach(private=True), "no public address"),
        ("https://[::ffff:10.1.2.3]", Reach(), "no public address"),
        ("http://8.8.8.8", Reach(private=True), "without https"),
        ("https://nowhere.invalid", Reach(), "cannot be resolved"),
        ("https://127.0.0.1:http", Reach(), "is no address"),
    ],
)
def test_addresses_that_are_not_public_are_refused(url: str, reach: Reach, said: str) -> None:
    error = refused(Access(url, KEY, reach=reach), lambda found: found.file(Ref("a")))
    assert type(error) is AccessError
    assert said in str(error)


def test_a_service_account_signs_for_its_token_and_asks_for_reading_only(drive: FakeDrive, tmp_path: Path) -> None:
    root = drive.folder("Private", "", user(ACCOUNT))
    drive.document("Inside", root.id)
    assert names(as_account(drive, tmp_path), root.id) == ["Inside"]
    assert drive.tokens.scopes == ["https://www.googleapis.com/auth/drive.readonly"]
    assert all("key" not in asked.parameters for asked in drive.asked)


def test_a_token_that_ends_early_is_renewed(drive: FakeDrive, tmp_path: Path) -> None:
    root = drive.folder("Private", "", user(ACCOUNT))
    with opened(as_account(drive, tmp_path)) as (found, _):
        found.file(Ref(root.id))
        drive.tokens.forget()
        assert found.file(Ref(root.id)).name == "Private"
    assert len(drive.tokens.scopes) == 2


def test_a_token_that_is_never_taken_is_not_renewed_for_ever(drive: FakeDrive, tmp_path: Path) -> None:
    drive.fail(100, 401, "authError", part="/drive/v3")
    assert type(refused(as_account(drive, tmp_path), lambda found: found.file(Ref("a")))) is AccessError
    assert len(drive.tokens.scopes) == 2


def test_an_account_that_is_gone_is_named(drive: FakeDrive, tmp_path: Path) -> None:
    drive.tokens.is_account_known = False
    error = refused(as_account(drive, tmp_path), lambda found: found.file(Ref("a")))
    assert type(error) is AccessError
    assert ACCOUNT in str(error)


@pytest.mark.parametrize(
    ("token_url", "said"),
    [("https://evil.example/token", "evil.example"), ("", "nowhere"), ("http://[", "nowhere")],
)
def test_tokens_come_from_google_only(drive: FakeDrive, tmp_path: Path, token_url: str, said: str) -> None:
    error = refused(as_account(drive, tmp_path, token_uri=token_url), lambda found: found.file(Ref("a")))
    assert said in str(error)
    assert drive.asked == []


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"type": "service_account"', '{"type": "authorized_user"}'])
def test_a_file_that_holds_no_account_is_refused_without_repeating_it(
    drive: FakeDrive, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "account.json"
    path.write_text(content, encoding="utf-8")
    error = refused(Access(drive.url, credentials=path, reach=HERE), lambda found: found.file(Ref("a")))
    assert str(error) == "account.json of PORTAL_DRIVE_CREDENTIALS is no key file of a service account that can be read"


def test_a_broken_private_key_is_refused_without_repeating_it(drive: FakeDrive, tmp_path: Path) -> None:
    error = refused(as_account(drive, tmp_path, private_key="secret"), lambda found: found.file(Ref("a")))
    assert "no key file" in str(error)
    assert "secret" not in str(error)


def test_an_account_sees_what_is_in_its_shared_drives(drive: FakeDrive, tmp_path: Path) -> None:
    root = drive.shared_drive("Team", user(ACCOUNT))
    drive.document("Inside", root.id)
    assert names(as_account(drive, tmp_path), root.id) == ["Inside"]
    assert drive.asked[-1].parameters["driveId"] == root.id


def test_permissions_of_many_are_listed_page_by_page(drive: FakeDrive, tmp_path: Path) -> None:
    root = drive.folder("Private", "", user(ACCOUNT, "writer"), *(user(f"{n}@example.org") for n in range(5)))
    drive.most = 2
    with opened(as_account(drive, tmp_path)) as (found, _):
        assert len(found.permissions(Ref(root.id))) == 6


def test_a_reader_may_not_see_the_permissions(drive: FakeDrive, tmp_path: Path) -> None:
    root = drive.folder("Private", "", user(ACCOUNT), domain("example.org"))
    error = refused(as_account(drive, tmp_path), lambda found: found.permissions(Ref(root.id)))
    assert isinstance(error, RefusedError)
    assert error.reasons == {"insufficientFilePermissions"}


def test_a_server_that_is_gone_is_named_without_the_key(drive: FakeDrive) -> None:
    begun = time.monotonic()
    with running_drive() as other:
        gone = access(other)
    error = refused(gone, lambda found: found.file(Ref("a")))
    assert type(error).__name__ == "_AgainError"
    assert "127.0.0.1 cannot be reached" in str(error)
    assert time.monotonic() - begun < 60
