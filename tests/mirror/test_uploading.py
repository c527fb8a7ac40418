"""Uploads: kept within bounds, checked as the command checks, confirmed by a second person, imported by a worker."""

import json
import os
import zipfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mirror import inbox, lifecycle, uploading
from mirror.importing import check_archives
from mirror.inbox import FileRefusedError, Inbox, InboxFullError, Limits
from mirror.models import Build, Distribution, PackageVersion, Upload
from mirror.places import data_dir
from mirror.storage import locked
from mirror.uploading import SecondPersonError, UploadError
from tests.support.packages import make_distribution, package, put, take_in, zipped

pytestmark = pytest.mark.django_db

ROOMY = Limits(file=1 << 20, total=4 << 20)
OURS = package("acme/library", "1.0.0")
CLOSED = package("closed/pay", "2.0.0")


@pytest.fixture
def distribution(settings: Any, tmp_path: Path) -> Distribution:
    settings.PORTAL_DATA_DIR = tmp_path / "data"
    return make_distribution(tmp_path)


def arrived(files: Iterable[tuple[str, bytes]], limits: Limits = ROOMY) -> Inbox:
    """Send files as a browser does, bit by bit."""
    box = Inbox(limits)
    for name, content in files:
        send(box, name, content)
    return box


def send(box: Inbox, name: str, content: bytes) -> None:
    try:
        box.begin(name)
        for start in range(0, len(content), 100):
            box.write(content[start : start + 100])
        box.end()
    except FileRefusedError:
        pass


def upload(distribution: Distribution, *contents: bytes, actor: str = "jane") -> Upload:
    files = [(f"{number}.zip", content) for number, content in enumerate(contents)]
    found = uploading.receive(distribution, arrived(files), actor=actor)
    found.refresh_from_db()
    return found


def on_disk() -> list[str]:
    return sorted(path.relative_to(inbox.uploads_dir()).name for path in inbox.uploads_dir().rglob("*.zip"))


def run(build: Build) -> None:
    call_command("run_build", str(build.pk))
    build.refresh_from_db()


def test_a_check_unpacks_no_more_than_a_person_can_wait_for(distribution: Distribution, tmp_path: Path) -> None:
    archives = put(tmp_path / "archives", a=CLOSED)
    block = os.urandom(1 << 10) + bytes(63 << 10)
    composer = json.dumps({"name": "closed/large", "version": "1.0.0"})
    large = zipped({"composer.json": composer, "large": block * (32 << 4)}, zipfile.ZIP_DEFLATED)  # of 32 MB
    (archives / "large.zip").write_bytes(large)
    assert check_archives(distribution, archives).refused == ()
    for number in range(600):  # so that each may have 28 MB
        (archives / f"{number}.zip").hardlink_to(archives / "a.zip")
    (refused,) = check_archives(distribution, archives).refused
    assert refused.archive == "large.zip"
    assert "unpacks to more than the 28,537,988 bytes allowed" in refused.faults[0]


def test_an_upload_is_checked_and_changes_nothing_yet(distribution: Distribution) -> None:
    found = upload(distribution, CLOSED, b"no zip", package("stranger/thing"))
    assert (found.state, found.files, found.actor, found.own_names) == (Upload.State.CHECKED, 3, "jane", [])
    assert [row["package"] for row in found.report["imported"]] == ["closed/pay"]
    faults = {row["sent_as"]: row["faults"] for row in found.report["refused"]}
    assert faults["1.zip"] == ["is not a zip"]
    assert "none of the vendors" in faults["2.zip"][0]
    assert not PackageVersion.objects.exists()
    assert on_disk() == ["001-0.zip"]


def test_the_check_says_what_the_import_then_does(distribution: Distribution, tmp_path: Path) -> None:
    archives = tmp_path / "archives"
    archives.mkdir()
    put(archives, a=OURS, b=OURS, c=package("acme/library", "1.0.0", text="other"), d=CLOSED, e=b"broken", f=CLOSED)
    checked = check_archives(distribution, archives)
    assert not PackageVersion.objects.exists()
    assert not distribution.files.dists.exists()
    assert checked == take_in(distribution, archives)
    again = check_archives(distribution, archives)
    assert [one.archive for one in again.already_there] == ["d.zip", "f.zip"]
    assert again == take_in(distribution, archives)


def test_an_import_runs_as_a_build_with_steps_and_a_log(distribution: Distribution) -> None:
    found = upload(distribution, CLOSED, package("closed/pay", "2.1.0"))
    build = uploading.accept(found, actor="jane")
    assert (build.kind, build.state, build.actor, build.options) == ("import", "queued", "jane", {"upload": found.pk})
    run(build)
    assert (build.state, build.built, build.failure) == ("succeeded", 2, "")
    steps = [(step.name, step.state, step.done, step.total) for step in build.steps.all()]
    assert steps == [("check", "succeeded", 2, 2), ("store", "succeeded", 2, 2)]
    assert "2 archives were imported" in " ".join(build.lines.values_list("text", flat=True))
    assert [str(row) for row in PackageVersion.objects.order_by("pk")] == ["closed/pay 2.0.0", "closed/pay 2.1.0"]
    assert distribution.files.dist("packages/closed/pay-2.0.0.zip").read_bytes() == CLOSED
    assert on_disk() == []


def test_what_was_imported_is_published_by_a_build_that_waits(distribution: Distribution) -> None:
    run(uploading.accept(upload(distribution, CLOSED), actor="jane"))
    run(uploading.accept(upload(distribution, package("closed/other")), actor="jane"))
    waiting = distribution.builds.waiting().get()
    assert (waiting.kind, waiting.options, waiting.trigger) == ("build", {}, "person")


def test_our_own_names_wait_for_a_second_person(distribution: Distribution) -> None:
    found = upload(distribution, OURS, CLOSED)
    assert (found.state, found.own_names) == (Upload.State.WAITING, ["acme/library"])
    with pytest.raises(SecondPersonError, match="holds acme/library, so another person than jane"):
        uploading.accept(found, actor="jane")
    assert not Build.objects.exists()
    build = uploading.accept(found, actor="joe")
    assert (found.state, found.confirmed_by, found.build) == (Upload.State.ACCEPTED, "joe", build)
    assert found.confirmed_at is not None
    run(build)
    assert build.state == "succeeded"


def test_names_that_became_our_own_since_need_a_second_person(distribution: Distribution) -> None:
    build = uploading.accept(upload(distribution, CLOSED), actor="jane")
    recipe = distribution.recipe_path
    recipe.write_text(recipe.read_text().replace('vendors = ["acme"]', 'vendors = ["acme", "closed"]'))
    with pytest.raises(CommandError, match="closed/pay became our own"):
        run(build)
    assert not PackageVersion.objects.exists()


def test_an_upload_is_accepted_once(distribution: Distribution) -> None:
    found = upload(distribution, CLOSED)
    same = Upload.objects.get(pk=found.pk)
    uploading.accept(found, actor="jane")
    with pytest.raises(UploadError, match="is accepted already"):
        uploading.accept(same, actor="joe")
    with pytest.raises(UploadError, match="is accepted already"):
        uploading.withdraw(same)
    assert Build.objects.count() == 1
    assert on_disk() == ["001-0.zip"]


def test_a_withdrawn_upload_leaves_nothing(distribution: Distribution) -> None:
    found = upload(distribution, OURS)
    uploading.withdraw(found)
    assert found.state == Upload.State.WITHDRAWN
    assert on_disk() == []
    with pytest.raises(UploadError, match="is withdrawn already"):
        uploading.accept(found, actor="joe")


def test_an_upload_without_a_good_archive_leaves_nothing(distribution: Distribution) -> None:
    found = upload(distribution, b"no zip")
    assert found.state == Upload.State.REFUSED
    assert not inbox.place_of(found.directory).exists()


def test_what_is_there_already_is_said(distribution: Distribution, tmp_path: Path) -> None:
    take_in(distribution, put(tmp_path / "archives", a=CLOSED))
    found = upload(distribution, CLOSED, package("closed/pay", "2.0.0", text="other"))
    assert [row["package"] for row in found.report["already_there"]] == ["closed/pay"]
    assert "is there already with other bytes" in found.report["refused"][0]["faults"][0]
    assert found.state == Upload.State.REFUSED


def test_an_archive_that_turned_bad_fails_the_build_and_the_others_are_taken(
    distribution: Distribution, tmp_path: Path
) -> None:
    build = uploading.accept(upload(distribution, CLOSED, package("closed/other")), actor="jane")
    take_in(distribution, put(tmp_path / "archives", a=package("closed/pay", "2.0.0", text="other")))
    with pytest.raises(CommandError, match="1 archives were refused"):
        run(build)
    assert build_state(build) == "failed"
    errors = build.lines.filter(level="error").values_list("text", flat=True)
    assert any("is there already with other bytes" in text for text in errors)
    assert PackageVersion.objects.filter(package__name="closed/other").exists()
    assert distribution.builds.waiting().filter(kind="build").exists()


def build_state(build: Build) -> str:
    build.refresh_from_db()
    return build.state


def test_an_import_waits_for_a_running_build(distribution: Distribution) -> None:
    build = uploading.accept(upload(distribution, CLOSED), actor="jane")
    with locked(data_dir() / "locks" / f"{distribution.slug}.lock", "a build of shop", wait=False):
        with pytest.raises(CommandError, match="a build of shop is running") as caught:
            run(build)
        assert caught.value.returncode == os.EX_TEMPFAIL
        assert build_state(build) == "queued"
    run(build)
    assert build.state == "succeeded"


def test_an_import_that_failed_can_be_retried(distribution: Distribution) -> None:
    found = upload(distribution, CLOSED)
    build = uploading.accept(found, actor="jane")
    recipe = distribution.recipe_path.read_text()
    distribution.recipe_path.write_text("broken")
    with pytest.raises(CommandError):
        run(build)
    assert Build.objects.refuse(build.pk, timezone.now(), "broken recipe")
    distribution.recipe_path.write_text(recipe)
    build.refresh_from_db()
    again = lifecycle.retry(build, actor="joe")
    run(again)
    found.refresh_from_db()
    assert (again.state, found.build) == ("succeeded", again)


def test_files_that_are_gone_are_asked_for_again(distribution: Distribution) -> None:
    found = upload(distribution, CLOSED)
    build = uploading.accept(found, actor="jane")
    inbox.remove(found.directory)
    with pytest.raises(CommandError, match="upload them again"):
        run(build)


def test_a_follower_takes_no_uploads(distribution: Distribution) -> None:
    distribution.follows = "https://origin.example/"
    with pytest.raises(UploadError, match="follows https://origin.example/"):
        upload(distribution, CLOSED)
    assert on_disk() == []


def test_sample_and_real_packages_do_not_mix(distribution: Distribution, tmp_path: Path) -> None:
    take_in(distribution, put(tmp_path / "archives", a=CLOSED))
    Distribution.objects.update(is_sample=True)
    distribution.refresh_from_db()
    with pytest.raises(UploadError, match="holds the sample"):
        upload(distribution, package("closed/other"))
    assert on_disk() == []


def test_a_fault_of_ours_leaves_nothing_on_the_disk(distribution: Distribution) -> None:
    box = arrived([("a.zip", CLOSED)])
    distribution.recipe_path.write_text("broken")
    with pytest.raises(UploadError):
        uploading.receive(distribution, box, actor="jane")
    assert not box.directory.exists()


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../etc/passwd.zip", "001-_.._etc_passwd.zip"),
        ("<script>alert(1)</script>.zip", "001-_script_alert_1_script_.zip"),
        ("a\u202ezip.exe\x07\n.ZIP", "001-a_zip.exe_.zip"),
        (".zip", "001-_.zip"),
        ("x" * 500 + ".zip", "001-" + "x" * 100 + ".zip"),
    ],
)
def test_the_name_of_a_file_is_never_used_as_a_path(distribution: Distribution, name: str, stored: str) -> None:
    box = arrived([(name, CLOSED)])
    assert [path.name for path in box.directory.iterdir()] == [stored]
    shown = box.sent_as[stored]
    assert shown.isprintable()
    assert len(shown) <= inbox.LONGEST_NAME


def test_a_file_that_is_no_zip_is_refused_before_it_arrives(distribution: Distribution) -> None:
    box = arrived([("setup.exe", b"MZ"), ("a.zip", CLOSED)])
    found = uploading.receive(distribution, box, actor="jane")
    found.refresh_from_db()
    assert [(row["sent_as"], row["faults"]) for row in found.report["refused"]] == [
        ("setup.exe", ["is not called something.zip; only zips can be imported"])
    ]
    assert on_disk() == ["002-a.zip"]


def test_a_file_over_its_limit_is_refused_and_the_others_are_taken(distribution: Distribution) -> None:
    box = arrived([("big.zip", b"x" * 2000), ("a.zip", CLOSED)], Limits(file=1500, total=10_000))
    found = uploading.receive(distribution, box, actor="jane")
    assert "is larger than" in found.report["refused"][0]["faults"][0]
    assert found.state == Upload.State.CHECKED
    assert found.size == len(CLOSED)


def test_more_than_the_limit_in_all_is_refused_whole(distribution: Distribution) -> None:
    box = Inbox(Limits(file=1500, total=2000))
    send(box, "a.zip", b"x" * 1200)
    with pytest.raises(InboxFullError, match="more than the"):
        send(box, "b.zip", b"x" * 1200)
    assert not box.directory.exists()
    with pytest.raises(UploadError, match="nothing was kept"):
        uploading.receive(distribution, box, actor="jane")


def test_too_many_files_are_refused_whole(distribution: Distribution) -> None:
    with pytest.raises(InboxFullError, match="more than 2 files"):
        arrived([(f"{number}.zip", CLOSED) for number in range(3)], Limits(1 << 20, 1 << 20, files=2))
    assert on_disk() == []


def test_a_request_that_is_too_long_is_refused_before_it_is_read(distribution: Distribution) -> None:
    with pytest.raises(InboxFullError, match="100 MB are more than the 4 MB allowed"):
        Inbox(ROOMY).expect(100 << 20)
    with pytest.raises(InboxFullError, match="no space is left"):
        Inbox(Limits(1 << 62, 1 << 62)).expect(1 << 61)


def test_old_leftovers_are_pruned(distribution: Distribution) -> None:
    stale, fresh, imported = upload(distribution, CLOSED), upload(distribution, CLOSED), upload(distribution, CLOSED)
    failed = upload(distribution, package("closed/other"))
    for found in (imported, failed):
        uploading.accept(found, actor="jane")
    forgotten, arriving = arrived([("a.zip", CLOSED)]), arrived([("a.zip", CLOSED)])
    long_ago = timezone.now() - timedelta(days=8)
    os.utime(forgotten.directory, (long_ago.timestamp(), long_ago.timestamp()))
    Upload.objects.filter(pk=stale.pk).update(created_at=long_ago)
    Build.objects.filter(uploads=imported).update(state=Build.State.SUCCEEDED, ended_at=timezone.now())
    Build.objects.filter(uploads=failed).update(state=Build.State.FAILED, ended_at=timezone.now())

    assert uploading.prune(timezone.now()) == 3
    assert {path.name for path in inbox.kept()} == {fresh.directory, failed.directory, arriving.name}
    stale.refresh_from_db()
    assert stale.state == Upload.State.WITHDRAWN
    assert uploading.prune(timezone.now() + timedelta(days=8)) == 3
    assert list(inbox.kept()) == []


def test_pruning_touches_nothing_that_is_no_upload(distribution: Distribution) -> None:
    note = inbox.uploads_dir() / "README"
    note.parent.mkdir(parents=True)
    note.write_text("kept")
    assert uploading.prune(timezone.now() + timedelta(days=99)) == 0
    assert note.exists()
    with pytest.raises(ValueError, match="is not the directory of an upload"):
        inbox.remove("../distributions")


def test_a_report_can_be_kept_as_json(distribution: Distribution) -> None:
    found = upload(distribution, CLOSED, b"no zip")
    found.refresh_from_db()
    assert json.loads(json.dumps(found.report)) == found.report
    assert found.report["imported"][0]["sha256"]
