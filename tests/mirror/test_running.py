"""A build at work can be canceled at any moment, and nothing of it outlives it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mirror import running, tasks
from tests.support.portal import (
    HANGING,
    SECONDS,
    Portal,
    ended,
    family,
    give_work_to_children,
    hanging_at,
    new_portal,
    recipe,
)
from tests.support.repositories import add_tags, make_repository, package

BAR = 2.0  # seconds in which a cancel takes effect on a machine that is not busy
MANY = 30  # versions; enough that a build starts children

CANCEL = """
from mirror import lifecycle
try:
    lifecycle.cancel(Build.objects.order_by("pk").last(), actor="Ada")
    print("asked")
except lifecycle.NotPossibleError as error:
    print(error)
"""
QUEUE = """
from mirror import lifecycle
print(lifecycle.queue(distribution, "Ada", {options}, kind={kind!r}).pk)
"""
WORK = "from mirror import tasks; tasks.run_build({})"  # as a worker of the queue does
WATCH = "from mirror import tasks; tasks.look_after_builds()"
EXPIRE = "from django.utils import timezone; distribution.lease_until = timezone.now(); distribution.save()"

# A worker whose build is the real one, but for hanging at a boundary.
HANGING_WORKER = f"""
import sys
import django
django.setup()
from mirror import tasks
boundary, note, build = sys.argv[1:]
tasks.build_command = lambda _: [sys.executable, "-c", {HANGING!r}, boundary, note, "run_build", build]
tasks.run_build(int(build))
"""

# The same, on a machine whose clock goes on by an hour as soon as the build hangs.
LATE_WORKER = f"""
import pathlib, sys, time, types
import django
django.setup()
passed = lambda: 3600 if pathlib.Path(sys.argv[2]).exists() else 0
from mirror import tasks
tasks.time = types.SimpleNamespace(monotonic=lambda: time.monotonic() + passed())
{HANGING_WORKER}"""


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """A portal whose library has one published version and many new ones."""
    portal = new_portal(tmp_path_factory.mktemp("running") / "portal")
    library = make_repository(portal.sources / "library", {"1.0.0": {"composer.json": package("acme/library")}})
    make_repository(portal.sources / "tool", {"1.0.0": {"composer.json": package("acme/tool")}})
    portal.build()
    tree = {"composer.json": package("acme/library"), "text": "x" * 10_000}
    add_tags(library, {f"1.{n}.0": {**tree, "n": str(n)} for n in range(1, MANY)})
    return portal


@pytest.fixture
def portal(beginning: Portal, tmp_path: Path) -> Portal:
    return beginning.copy_to(tmp_path / "portal")


def wait_for(true: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait until something is true. Raises: AssertionError when it takes longer."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < seconds, f"not within {seconds} seconds"
        time.sleep(0.02)  # between two looks; the loop ends by itself


def members(group: int) -> list[int]:
    """Give the living processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pgrp) == group and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def last(portal: Portal, *columns: str) -> tuple[object, ...]:
    (row,) = portal.query(f"SELECT {', '.join(columns)} FROM mirror_build ORDER BY id DESC LIMIT 1")  # noqa: S608
    return row


def test_a_cancel_is_looked_for_often_enough() -> None:
    """How long it takes depends on the machine; what we wait for on purpose leaves half of the time to it."""
    assert running.LOOK_EVERY < BAR / 2
    assert tasks.LOOK_EVERY + tasks.SECONDS_TO_CANCEL < BAR * 0.6


@pytest.mark.parametrize("boundary", ["fetched", "scanned", "first-dists-made", "dists-made", "publication-laid-out"])
def test_a_cancel_takes_effect_and_leaves_no_process(portal: Portal, boundary: str) -> None:
    before = portal.manifest()
    with hanging_at(boundary, portal, *portal.build_arguments("--jobs", "2")) as process:
        assert portal.python(CANCEL) == "asked\n"
        assert "it was canceled" in ended(process, -signal.SIGKILL).err
        assert members(process.pid) == []
    assert last(portal, "state", "canceled_by", "failure") == ("canceled", "Ada", "")
    steps = {state for (state,) in portal.query("SELECT state FROM mirror_buildstep WHERE build_id = 2")}
    assert "canceled" in steps
    assert steps <= {"succeeded", "canceled", "waiting"}
    assert portal.manifest() == before
    report = portal.build()
    assert report["built"] + report["reused"] == MANY
    portal.assert_whole()


def test_a_cancel_ends_what_the_build_started_also_in_the_group_of_others(portal: Portal) -> None:
    """As when a script started it: then the group is not its own, and must live."""
    give_work_to_children(portal, recipe("library"))
    arguments = portal.build_arguments("--jobs", "2")
    with hanging_at("first-dists-made", portal, *arguments, session=False) as process:
        children = family(process.pid)
        assert children
        portal.python(CANCEL)
        ended(process, 128 + signal.SIGKILL)
        wait_for(lambda: not children & family(0))
    assert last(portal, "state") == ("canceled",)


def test_a_build_whose_distribution_was_taken_over_ends(portal: Portal) -> None:
    with hanging_at("dists-made", portal, *portal.build_arguments()) as process:
        portal.set(lease_holder="elsewhere:1:a")
        answer = ended(process, -signal.SIGKILL)
        assert members(process.pid) == []
    assert "another process has taken the distribution over" in answer.err
    assert last(portal, "state") == ("running",)  # whoever took over decides what becomes of it


def queue(portal: Portal, kind: str = "build") -> int:
    options = {"sources": str(portal.sources), "jobs": 2}
    return int(portal.python(QUEUE.format(options=options, kind=kind)))


@contextmanager
def working(portal: Portal, build: int, boundary: str, worker: str = HANGING_WORKER) -> Iterator[tuple[int, int]]:
    """Let a worker run a queued build, which hangs at a boundary; give the pids of both."""
    note = portal.directory / "hanging"
    program = ("-c", worker, boundary, str(note), str(build))
    process = portal.run(program, {"DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}, session=True)
    try:
        wait_for(lambda: note.exists() or process.poll() is not None)
        assert note.exists(), process.communicate()
        yield process.pid, int(note.read_text())
    finally:
        for group in (process.pid, int(note.read_text()) if note.exists() else process.pid):
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        process.communicate()


def test_a_killed_build_is_taken_up_again_and_finishes(portal: Portal) -> None:
    build = queue(portal)
    with working(portal, build, "dists-made") as (worker, process):
        os.killpg(process, signal.SIGKILL)
        wait_for(lambda: not members(worker))
    assert last(portal, "state", "attempts", "worker") == ("queued", 1, "")
    portal.python(WORK.format(build))
    assert last(portal, "state", "attempts", "reused", "publication_id") == ("succeeded", 2, MANY, 2)
    portal.assert_whole()


def test_a_build_whose_worker_was_killed_goes_on_by_itself(portal: Portal) -> None:
    """Its process holds the lease, so nobody else takes it up; if that dies too, the lease runs out."""
    build = queue(portal)
    with working(portal, build, "dists-made") as (worker, process):
        os.killpg(worker, signal.SIGKILL)
        portal.python(WATCH)
        assert last(portal, "state") == ("running",)
        os.killpg(process, signal.SIGKILL)
    portal.python(f"{EXPIRE}\n{WATCH}")
    assert last(portal, "state") == ("queued",)
    portal.python(WORK.format(build))
    assert last(portal, "state", "publication_id") == ("succeeded", 2)
    portal.assert_whole()


def test_a_build_that_does_not_listen_is_canceled_by_its_worker(portal: Portal) -> None:
    build = queue(portal)
    with working(portal, build, "dists-made") as (worker, process):
        os.kill(process, signal.SIGSTOP)
        portal.python(CANCEL)
        wait_for(lambda: last(portal, "state") == ("canceled",))
        wait_for(lambda: not members(process))
        wait_for(lambda: not members(worker))


def test_a_worker_that_is_ended_puts_its_build_back(portal: Portal) -> None:
    build = queue(portal)
    with working(portal, build, "dists-made") as (worker, process):
        os.kill(worker, signal.SIGTERM)
        wait_for(lambda: not members(worker))
        assert members(process) == []
    assert last(portal, "state") == ("queued",)
    assert portal.query("SELECT lease_holder FROM mirror_distribution WHERE slug = 'mirror'") == [("",)]


def test_a_build_that_takes_too_long_fails_and_says_so(portal: Portal) -> None:
    build = queue(portal)
    hasty = Portal(portal.directory, {"PORTAL_BUILD_TIMEOUT": "900"})
    with working(hasty, build, "dists-made", LATE_WORKER) as (worker, process):
        wait_for(lambda: not members(worker))
        assert members(process) == []
    state, failure = last(portal, "state", "failure")
    assert state == "failed"
    assert "it took longer than PORTAL_BUILD_TIMEOUT (900 s)" in str(failure)


def test_the_next_build_waits_and_starts_by_itself(portal: Portal) -> None:
    first, second = queue(portal), queue(portal)
    portal.python(WORK.format(second))
    assert last(portal, "state", "handed_at") == ("queued", None)
    portal.python(WORK.format(first))
    assert portal.query("SELECT state FROM mirror_build WHERE id = ?", first) == [("succeeded",)]
    (handed,) = last(portal, "handed_at")
    assert handed is not None


def test_a_plan_says_what_a_build_would_do_and_changes_nothing(portal: Portal) -> None:
    before = portal.manifest()
    portal.python(WORK.format(queue(portal, "plan")))
    state, report = last(portal, "state", "report")
    assert state == "succeeded"
    assert "acme/library 1.29.0" in str(report)
    assert portal.manifest() == before
    assert portal.query("SELECT COUNT(*) FROM mirror_packageversion") == [(1,)]


def test_of_several_cancels_at_once_one_is_taken(portal: Portal) -> None:
    outcomes: list[str] = []
    with hanging_at("dists-made", portal, *portal.build_arguments()) as process:
        hands = [threading.Thread(target=lambda: outcomes.append(portal.python(CANCEL))) for _ in range(3)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        ended(process, -signal.SIGKILL)
    assert outcomes.count("asked\n") == 1
    assert last(portal, "state") == ("canceled",)
