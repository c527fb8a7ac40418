"""What staff do with collections: set them up, sync them, read what a sync said, and delete them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from docs_hub import notifying, tasks
from docs_hub.models import Collection, Document, Run, Update
from docs_hub.schedules import scheduled
from mageos_portal import notices
from tests.support.staff import a_person, logged_in
from tests.support.staff_documents import (
    HOSTILE,
    NOW,
    a_collection,
    a_document,
    act,
    address,
    an_imported_update,
    an_update,
    page_of,
    queries,
    said,
    text_of,
)

pytestmark = pytest.mark.django_db

LIST, ADD = "/admin/docs_hub/collection/", "/admin/docs_hub/collection/add/"
FOLDER = "1AbCdEfGhIjKlMnOpQrStUv"
REPORT = {
    "created": ["a.md"], "updated": [f"u{number}.md" for number in range(300)], "same": 7, "gone": ["g.md"],
    "warnings": {"a.md": [["nbsp", "odd spaces", 3]], "u1.md": [["nbsp", "odd spaces", 1]]},
    "errors": {"e.md": [["front-matter", "e.md: broken", 1]]},
}  # fmt: skip


@pytest.fixture
def root(db: None) -> Client:
    return logged_in(a_person("root", superuser=True))


@pytest.fixture
def editor(db: None) -> Client:
    return logged_in(a_person("ed", "editor"))


@pytest.fixture
def drive(db: None) -> Collection:
    fields = {"folder": FOLDER, "visibility": "team", "team": "docs", "team_is": "docs@example.org"}
    return a_collection("drive", Collection.Kind.DRIVE, **fields)


def waiting() -> Sequence[Any]:
    """Give what waits in the queue, as it will be called."""
    return [queued.task for queued in OrmQ.objects.order_by("pk")]


def add(client: Client, **fields: str) -> str:
    usual = {"slug": "new", "title": "New", "visibility": "public", "preference": "0", "is_active": "on"}
    return text_of(client.post(ADD, {**usual, **fields}, follow=True))


def a_run(collection: Collection, state: str = Run.State.SUCCEEDED, **fields: Any) -> Run:
    return Run.objects.create(collection=collection, state=state, **{"ended_at": timezone.now(), **fields})


@pytest.mark.parametrize(("fields", "fault"), [
    ({"kind": "updates"}, "Write an https address"),
    ({"kind": "pages", "repository": "http://github.com/a/b"}, "Write an https address"),
    ({"kind": "updates", "repository": "https://me:secret@github.com/a/b"}, "Write an https address"),
    ({"kind": "updates", "repository": "file:///etc/passwd"}, "Write an https address"),
    ({"kind": "updates", "repository": "https://[::1/x"}, "This is no address"),
    ({"kind": "updates", "repository": "https://evil.example/a/b"}, "evil.example is not among the allowed hosts"),
    ({"kind": "updates", "repository": "https://github.com/a/b", "path": "../x"}, "without . and .."),
    ({"kind": "updates", "repository": "https://github.com/a/b", "folder": FOLDER}, "This kind of collection has none"),
    ({"kind": "drive"}, "Paste the folder"),
    ({"kind": "drive", "folder": "a folder"}, "Paste the folder"),
    ({"kind": "drive", "folder": FOLDER, "repository": "https://github.com/a/b"}, "This kind of collection has none"),
    ({"kind": "links", "visibility": "team"}, "Name the team that may see it."),
    ({"kind": "links", "slug": "a b"}, "Enter a valid"),
])  # fmt: skip
def test_what_does_not_fit_a_kind_is_told(root: Client, fields: dict[str, str], fault: str) -> None:
    page = add(root, **fields)
    assert fault in page
    assert "secret" not in page.replace("me:secret@github.com", "")
    assert not Collection.objects.filter(slug="new").exists()


@pytest.mark.parametrize(("pasted", "folder", "key"), [
    (FOLDER, FOLDER, ""),
    (f"https://drive.google.com/drive/folders/{FOLDER}?resourcekey=0-abc&usp=sharing", FOLDER, "0-abc"),
    (f"https://drive.google.com/drive/u/1/folders/{FOLDER}", FOLDER, ""),
    (f" https://drive.google.com/open?id={FOLDER} ", FOLDER, ""),
])  # fmt: skip
def test_a_folder_is_taken_out_of_what_was_pasted(root: Client, pasted: str, folder: str, key: str) -> None:
    add(root, kind="drive", folder=pasted)
    made = Collection.objects.get(slug="new")
    assert (made.folder, made.resource_key) == (folder, key)


def test_a_repository_is_set_up(root: Client) -> None:
    add(root, kind="updates", repository="https://github.com/acme/site/", path="/src//posts/")
    made = Collection.objects.get(slug="new")
    assert (made.repository, made.path) == ("https://github.com/acme/site", "src/posts")


def test_editors_look_at_the_settings_and_change_none(editor: Client, drive: Collection) -> None:
    assert "<input" not in page_of(editor, drive).split('id="collection_form"')[1].split("</form>")[0].replace(
        '<input type="hidden"', ""
    )
    assert editor.post(address(Collection, "change", drive.pk), {"title": "x"}).status_code == 403
    assert editor.get(ADD).status_code == 403


def test_a_sync_is_handed_to_the_workers_that_have_time(editor: Client, drive: Collection) -> None:
    page = text_of(editor.post(address(Collection, "sync", drive.pk), follow=True))
    assert "drive: handed to the workers" in page
    assert OrmQ.objects.get().key == tasks.CLUSTER != Conf.CLUSTER_NAME
    (task,) = waiting()
    assert task["args"][:2] == ([drive.pk], "ed")
    assert said(drive) == ["ed: Asked for a sync."]


def test_several_are_synced_together_and_what_cannot_be_is_named(editor: Client, drive: Collection) -> None:
    links = a_collection("links", Collection.Kind.LINKS)
    asleep = a_collection("asleep", is_active=False)
    page = act(editor, "sync_now", drive, links, asleep)
    assert "asleep, links: nothing to sync" in page
    assert [task["args"][0] for task in waiting()] == [[drive.pk]]


def test_who_may_not_sync_is_refused(drive: Collection) -> None:
    client = logged_in(a_person("amy", "auditor"))
    assert client.post(address(Collection, "sync", drive.pk)).status_code == 403
    assert client.post(LIST, {"action": "sync_now", "_selected_action": [drive.pk]}).status_code == 403
    assert "Sync now" not in page_of(client, drive)
    assert not OrmQ.objects.exists()


def test_what_was_synced_since_it_was_asked_for_is_not_synced_again(drive: Collection) -> None:
    asked_at = timezone.now().isoformat()
    a_run(drive)
    assert tasks.sync_collections([drive.pk], "ed", asked_at) == "all were synced in the meantime"
    assert tasks.sync_collections([drive.pk + 1], "ed", asked_at) == "all were synced in the meantime"
    assert Run.objects.count() == 1


def test_a_sync_that_fails_says_why_to_staff_and_on_its_page(
    editor: Client, settings: Any, tmp_path: Path, mailoutbox: list[Any]
) -> None:
    settings.PORTAL_DATA_DIR, settings.PORTAL_NOTICE_EMAILS = tmp_path, ("staff@example.org",)
    posts = a_collection(repository="https://elsewhere.example/a/b")
    assert tasks.sync_collections([posts.pk], "ed", timezone.now().isoformat()) == "posts failed"
    assert "elsewhere.example is not among the allowed hosts" in mailoutbox[0].body
    assert "elsewhere.example is not among the allowed hosts" in page_of(editor, posts)
    assert Run.objects.get().actor == "ed"


def test_the_report_of_the_last_sync_can_be_read(editor: Client, drive: Collection) -> None:
    run = a_run(drive, report=REPORT, actor="kim")
    for page in (page_of(editor, drive), page_of(editor, run)):
        for words in ("Errors: 1", "e.md: broken", "Created: 1", "Updated: 300", "and 100 more", "Gone: 1"):
            assert words in page
        assert "Warning nbsp: 2" in page
        assert "7 the same as before." in page


@pytest.mark.parametrize("report", [{}, {"errors": 3, "warnings": ["x"], "created": None}, {"errors": {"a": ["b"]}}])
def test_a_report_of_another_shape_stops_no_page(editor: Client, drive: Collection, report: dict[str, Any]) -> None:
    assert "there is nothing to say" in page_of(editor, a_run(drive, report=report))


def test_with_whom_a_folder_is_shared_stands_beside_with_whom_it_should_be(editor: Client, drive: Collection) -> None:
    drive.audience = ["anyone with the link: reader", "group docs@example.org: writer"]
    drive.save()
    page = page_of(editor, drive)
    for words in (*drive.audience, "group docs@example.org: reader", "in Drive everybody can read it"):
        assert words in page


def test_hostile_text_is_shown_as_text(editor: Client, drive: Collection) -> None:
    Collection.objects.update(last_error=HOSTILE, title=HOSTILE, audience=[HOSTILE])
    report = {"created": [HOSTILE], "errors": {HOSTILE: [[HOSTILE, HOSTILE, 2]]}, "warnings": {"a": [[HOSTILE] * 3]}}
    run = a_run(drive, Run.State.FAILED, report=report, failure=HOSTILE, actor=HOSTILE)
    lists = [text_of(editor.get(address(model))) for model in (Collection, Run)]
    for page in (*lists, page_of(editor, drive), page_of(editor, run), text_of(editor.get("/admin/"))):
        assert "<script>alert" not in page
        assert "\\x202e" in page


def test_deleting_says_what_goes_and_what_stays(root: Client, editor: Client) -> None:
    collection = a_collection()
    update = an_imported_update(collection=collection)
    a_document(collection)
    path = address(Collection, "delete", collection.pk)
    assert editor.get(path).status_code == 403
    page = text_of(root.get(path))
    assert "1 documents leave the index" in page
    assert "1 updates stay" in page
    root.post(path, {"post": "yes"})
    assert not Collection.objects.exists()
    assert not Document.objects.exists()
    update.refresh_from_db()
    assert (update.is_written_here, update.state) == (True, Update.State.PUBLISHED)


def test_an_update_that_another_collection_gives_too_stays_imported(root: Client) -> None:
    first, second = a_collection(), a_collection("second")
    update = an_imported_update(collection=first)
    update.files.create(collection=second, path="x.md", blob="b" * 40, commit="c" * 40)
    root.post(address(Collection, "delete", first.pk), {"post": "yes"})
    update.refresh_from_db()
    assert not update.is_written_here


def test_the_panel_says_how_things_are_and_what_waits(editor: Client, drive: Collection) -> None:
    a_run(drive, Run.State.FAILED, failure="no access")
    Collection.objects.update(last_error="no access")
    an_imported_update("waits", title="It waits", state=Update.State.REVIEW)
    an_update("later", title="It comes", published_at=timezone.now().replace(year=2040), year=2040)
    a_document(drive, trouble="lost")
    a_document(drive, "seen", trouble="lost", trouble_seen_by="kim")
    page = text_of(editor.get("/admin/"))
    for words in ("It waits", "It comes", "no access", "Write an update", 'trouble=new">1</a>'):
        assert words in page


def test_what_a_page_costs_does_not_grow(editor: Client, drive: Collection) -> None:
    run = a_run(drive, report=REPORT)
    pages = (LIST, address(Run), address(Collection, "change", drive.pk), address(Run, "change", run.pk), "/admin/")
    before = {path: queries(editor, path) for path in pages}
    Run.objects.bulk_create(Run(collection=drive, state="failed", report=REPORT, ended_at=NOW) for _ in range(1000))
    Document.objects.bulk_create(
        Document(collection=drive, external_id=f"{n}", slug=f"{n}", title="x", url="https://x", trouble="lost")
        for n in range(1000)
    )
    assert {path: queries(editor, path) for path in pages} == before
    assert [before[path] for path in pages[:4]] == [7, 10, 9, 7]


def test_all_are_synced_by_themselves(settings: Any, drive: Collection) -> None:
    (task,) = scheduled()
    assert (task.minutes, task.permission) == (60, "docs_hub.sync_collection")
    assert tasks.start_syncs() == "handed to the workers: drive"
    assert waiting()[0]["args"][:2] == ([drive.pk], "")
    settings.PORTAL_DOCS_INTERVAL = 0
    assert list(scheduled()) == []


def test_without_a_collection_nothing_is_handed_out(db: None) -> None:
    assert tasks.start_syncs() == "there is no collection to sync"
    assert not OrmQ.objects.exists()


def test_staff_are_told_once_that_a_sync_fails_and_once_that_it_works_again(
    settings: Any, mailoutbox: list[Any], drive: Collection
) -> None:
    settings.PORTAL_NOTICE_EMAILS = ("staff@example.org",)
    assert notices.channels()
    for state in (Run.State.FAILED, Run.State.FAILED, Run.State.SUCCEEDED, Run.State.SUCCEEDED):
        a_run(drive, state, failure="no access" if state == Run.State.FAILED else "")
        notifying.tell_news(timezone.now())
        notifying.tell_news(timezone.now())
    assert [mail.subject for mail in mailoutbox] == [
        "Documents: drive cannot be synced", "Documents: drive is synced again",
    ]  # fmt: skip
    assert "no access" in mailoutbox[0].body


def test_staff_are_told_once_that_an_update_waits(settings: Any, mailoutbox: list[Any]) -> None:
    settings.PORTAL_NOTICE_EMAILS = ("staff@example.org",)
    an_imported_update("a", title="First", state=Update.State.REVIEW)
    an_imported_update("b", title=f"Second {HOSTILE}", state=Update.State.REVIEW)
    for _ in range(2):
        notifying.tell_news(timezone.now())
    (mail,) = mailoutbox
    assert mail.subject == "Documents: 2 updates wait for approval"
    assert "First" in mail.body
    assert "\\x202e" in mail.body
