"""A cluster of the queue that is stopped in the middle of a build: it ends at once, and the next one goes on."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.portal import HANGING, SECONDS, Portal, Process, family, new_portal
from tests.support.repositories import add_tags, make_repository, package

SECONDS_TO_STOP = 45  # less than systemd and compose.yaml wait
QUEUE = """
from mirror import lifecycle, tasks
build = lifecycle.queue(distribution, "Ada", {{"sources": {sources!r}}})
tasks.enqueue(build)
"""

# The cluster of builds as manage.py starts it, but for the builds, which hang when they have made something.
HANGING_CLUSTER = f"""
import sys
import django
django.setup()
from mirror import tasks
def command(build):
    return [sys.executable, "-c", {HANGING!r}, "first-dists-made", sys.argv[1], "run_build", str(build.pk)]
tasks.build_command = command
from django.core.management import call_command
call_command("qcluster")
"""


@pytest.fixture
def portal(tmp_path: Path) -> Portal:
    """A portal with a build that waits."""
    portal = new_portal(tmp_path / "portal")
    library = make_repository(portal.sources / "library", {"1.0.0": {"composer.json": package("acme/library")}})
    add_tags(library, {f"1.{n}.0": {"composer.json": package("acme/library"), "n": str(n)} for n in range(1, 9)})
    portal.python(QUEUE.format(sources=str(portal.sources)))
    return portal


@contextmanager
def cluster(portal: Portal, *program: str) -> Iterator[Process]:
    environment = {"Q_CLUSTER_NAME": "builds", "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
    process = portal.run(program, environment, session=True)
    try:
        yield process
    finally:
        for pid in [*family(process.pid), process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def wait_for(true: Callable[[], bool], seconds: float = SECONDS) -> None:
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < seconds, f"not within {seconds} seconds"
        time.sleep(0.05)  # between two looks; the loop ends by itself


def build(portal: Portal) -> tuple[object, ...]:
    (row,) = portal.query("SELECT state, attempts FROM mirror_build")
    return row


def test_a_cluster_of_which_every_process_is_told_to_stop_ends_with_its_build(portal: Portal, tmp_path: Path) -> None:
    note = tmp_path / "hanging"
    with cluster(portal, "-c", HANGING_CLUSTER, str(note)) as process:
        wait_for(note.exists)
        everybody = family(process.pid)
        os.killpg(process.pid, signal.SIGTERM)  # as a shell that runs several programs does
        assert process.wait(SECONDS_TO_STOP) == 0
        wait_for(lambda: not everybody & family(0))
    assert build(portal) == ("queued", 1)


def test_a_stopped_cluster_gives_its_build_to_the_next_one(portal: Portal, tmp_path: Path) -> None:
    note = tmp_path / "hanging"
    with cluster(portal, "-c", HANGING_CLUSTER, str(note)) as first:
        wait_for(note.exists)
        assert build(portal) == ("running", 1)
        others = family(first.pid)
        first.terminate()  # itself only, as Docker does
        assert first.wait(SECONDS_TO_STOP) == 0
        wait_for(lambda: not others & family(0))
    assert build(portal) == ("queued", 1)
    with cluster(portal, "manage.py", "qcluster") as second:
        wait_for(lambda: build(portal) == ("succeeded", 2))
        second.terminate()
        assert second.wait(SECONDS_TO_STOP) == 0
    assert len(portal.versions("acme/library")) == 9
    portal.assert_whole()
