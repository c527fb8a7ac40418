"""Syncs: their rows, what happens when one fails, and that no two of a collection run at once."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from docs_hub import exclusion
from docs_hub.models import Collection, Document, Run, Update
from docs_hub.syncing import KEPT_RUNS, sync
from tests.support.clones import PAGES, Clones, pages_of, updates_of
from tests.support.made_posts import newer

pytestmark = pytest.mark.django_db

APRIL = "2024-05-07-april-recap.md"


def test_a_sync_leaves_a_row_and_its_collection_says_when(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer()})
    (run,) = clones.sync(collection, actor="kim")
    saved = Run.objects.get()
    assert (saved.state, saved.actor, saved.failure, len(saved.commit)) == (Run.State.SUCCEEDED, "kim", "", 40)
    assert saved.report["created"] == [f"src/data/post/{APRIL}"]
    collection.refresh_from_db()
    assert (collection.synced_at, collection.commit, collection.last_error) == (run.ended_at, saved.commit, "")
    assert collection.report == {"created": 1, "updated": 0, "gone": 0, "same": 0, "errors": 0, "warnings": 0}


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        ({"repository": "https://github.com/example/none"}, "has no clone of https://github.com/example/none"),
        ({"repository": ""}, "names no repository"),
        ({"branch": "next"}, "no branch next; there are main"),
        ({"path": "src/none"}, "has no directory src/none"),
        ({"path": f"src/data/post/{APRIL}"}, "has no directory"),
    ],
)
def test_a_collection_that_cannot_be_read_keeps_what_it_gave_and_the_others_go_on(
    clones: Clones, fields: dict[str, Any], failure: str
) -> None:
    first, other = updates_of(), pages_of()
    clones.posts({APRIL: newer()})
    clones.commit("handbook", {f"{PAGES}/a.md": "# A"})
    clones.sync(first)
    for name, value in fields.items():
        setattr(first, name, value)
    first.save(update_fields=fields)
    broken, fine = clones.sync(first, other)
    assert (broken.state, fine.state) == (Run.State.FAILED, Run.State.SUCCEEDED)
    assert failure in broken.failure
    first.refresh_from_db()
    assert (first.last_error, first.report["created"]) == (broken.failure, 1)
    assert Update.objects.published(timezone.now()).count() == Document.objects.count() == 1
    first.repository, first.path, first.branch = "https://github.com/example/posts", "src/data/post", ""
    first.save(update_fields=["repository", "path", "branch"])
    clones.sync(first)
    first.refresh_from_db()
    assert first.last_error == ""


def test_a_clone_that_is_none_is_said(clones: Clones, tmp_path: Path) -> None:
    (clones.directory / "posts").mkdir(parents=True)
    (run,) = clones.sync(updates_of())
    assert run.failure == "posts is not a git repository"


@pytest.mark.parametrize("url", ["http://github.com/a/b", "https://other.example/a/b", "https://u:p@github.com/a/b"])
def test_addresses_that_must_not_be_fetched_are_refused(clones: Clones, url: str) -> None:
    (run,) = sync([updates_of(repository=url)])
    assert (run.state, "u:p" in run.failure) == (Run.State.FAILED, False)


def test_an_error_that_nobody_foresaw_fails_one_sync_only(clones: Clones, caplog: pytest.LogCaptureFixture) -> None:
    first, second = pages_of("first"), pages_of("second")
    for name in ("first", "second"):
        clones.commit(name, {f"{PAGES}/a.md": "# A"})
    first.visibility = "unknown"
    first.save()
    broken, fine = clones.sync(first, second)
    assert (broken.state, fine.state) == (Run.State.FAILED, Run.State.SUCCEEDED)
    assert "nobody foresaw" in broken.failure
    assert "The sync of first failed" in caplog.text


def test_two_syncs_of_a_collection_do_not_run_at_once(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer()})
    with exclusion.alone(collection, "kim") as running:
        (run,) = clones.sync(collection)
        assert (run._state.adding, run.state) == (True, Run.State.FAILED)
        assert "is being synced already" in run.failure
        assert Run.objects.get() == running
    assert not Update.objects.exists()


def test_the_database_takes_no_second_running_row() -> None:
    collection = updates_of()
    Run.objects.create(collection=collection)
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(collection=collection)


def test_a_row_of_a_process_that_died_here_is_ended_by_the_next_sync(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer()})
    with exclusion.alone(collection, "kim") as died:
        pass  # without ending its row, as death does
    (run,) = clones.sync(collection)
    died.refresh_from_db()
    assert (died.state, died.failure, run.state) == (Run.State.FAILED, exclusion.DIED, Run.State.SUCCEEDED)


def test_a_row_of_another_machine_holds_until_no_sync_can_still_run(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer()})
    there = Run.objects.create(collection=collection, machine="another")
    (run,) = clones.sync(collection)
    assert "is being synced already" in run.failure
    Run.objects.filter(pk=there.pk).update(started_at=timezone.now() - exclusion.LONGEST - timedelta(minutes=1))
    (run,) = clones.sync(collection)
    assert run.state == Run.State.SUCCEEDED


def test_old_rows_go(clones: Clones) -> None:
    collection = updates_of()
    clones.posts({APRIL: newer()})
    old = [Run(collection=collection, state=Run.State.SUCCEEDED) for _ in range(KEPT_RUNS)]
    first = Run.objects.bulk_create(old)[0]
    (run,) = clones.sync(collection)
    assert Run.objects.count() == KEPT_RUNS
    assert not Run.objects.filter(pk=first.pk).exists()
    assert Run.objects.first() == run


def test_links_kept_by_hand_are_left_alone(clones: Clones) -> None:
    assert clones.sync(Collection.objects.create(slug="links", title="Links", kind=Collection.Kind.LINKS)) == []
