"""Builds run as processes of their own, and nothing of them outlives the queue's patience."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from mirror import tasks
from mirror.models import Build, Distribution
from tests.support.server import manage, site_environment

SECONDS = 300

# A program that starts another one, says that both are there, and then waits.
FAMILY = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(600)
"""


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # between two looks; the loop ends by itself


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


@pytest.fixture
def distribution(db: None) -> Distribution:
    return Distribution.objects.get(is_default=True)


def test_a_build_is_queued_for_its_own_cluster(
    distribution: Distribution, django_capture_on_commit_callbacks: Any
) -> None:
    build = Build.objects.create(distribution=distribution)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.enqueue(build)
    (row,) = OrmQ.objects.all()
    package = SignedPackage.loads(row.payload)
    assert row.key == "builds"
    assert (package["func"], package["args"]) == (tasks.run_build, (build.pk,))


@pytest.mark.parametrize("state", [Build.State.RUNNING, Build.State.SUCCEEDED, Build.State.FAILED])
def test_a_build_that_is_not_queued_any_more_is_left_alone(distribution: Distribution, state: str) -> None:
    build = Build.objects.create(distribution=distribution, state=state)
    tasks.run_build(build.pk)
    build.refresh_from_db()
    assert build.state == state


def test_a_build_that_is_gone_is_left_alone(distribution: Distribution) -> None:
    tasks.run_build(0)


def test_the_command_needs_no_shell(distribution: Distribution) -> None:
    build = Build.objects.create(distribution=distribution)
    manage_py = str(settings.BASE_DIR / "manage.py")
    assert tasks.build_command(build) == [sys.executable, manage_py, "run_build", str(build.pk)]


def test_what_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = FAMILY.rpartition("time.sleep")[0]
    with tasks.in_own_session([sys.executable, "-c", program, str(note)]) as process:
        assert process.wait(SECONDS) == 0
    wait_for(lambda: not is_running(int(note.read_text())))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGALRM])
def test_the_whole_family_ends_with_the_worker(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM is how the queue ends a worker, SIGALRM how it tells one that its time is over."""
    note = tmp_path / "pid"
    worker = f"""
import signal, sys
import django
django.setup()
from mirror import tasks
def over(*_): raise TimeoutError
signal.signal(signal.SIGALRM, over)
with tasks.leaving_when_terminated(), tasks.in_own_session([sys.executable, "-c", {FAMILY!r}, {str(note)!r}]) as one:
    one.wait()
"""
    environment = site_environment(tmp_path) | {"DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", worker], env=environment, cwd=settings.BASE_DIR, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: note.exists() and note.read_text() != "")
    process.send_signal(number)
    assert process.wait(SECONDS) != 0
    wait_for(lambda: not is_running(int(note.read_text())))


STUBBORN = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""


def test_a_program_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "SECONDS_TO_END", 0.1)
    ready = tmp_path / "ready"
    process = subprocess.Popen([sys.executable, "-c", STUBBORN, str(ready)], start_new_session=True)
    wait_for(ready.exists)
    tasks.end_session(process)
    assert process.returncode == -signal.SIGKILL


def test_a_build_that_is_refused_before_it_begins_says_why(distribution: Distribution, tmp_path: Path) -> None:
    build = Build.objects.create(distribution=distribution)
    with pytest.raises(tasks.BuildEndedBadlyError, match="status 1"):  # its process knows no database of the tests
        tasks.run_build(build.pk)
    build.refresh_from_db()
    assert build.state == Build.State.FAILED
    assert build.failure
    assert build.ended_at is not None


QUEUE = """
from mirror import lifecycle, tasks
from mirror.models import Distribution
distribution = Distribution.objects.get(is_default=True)
build = lifecycle.queue(distribution, "jane", {})
tasks.enqueue(build)
print(build.pk)
"""
STATE = "from mirror.models import Build; print(Build.objects.get(pk={}).state)"


def test_a_worker_of_the_cluster_runs_a_queued_build(site_directory: Path) -> None:
    """The build itself fails: it has no sources. That it was tried is what counts here."""
    environment = site_environment(site_directory, GIT_ALLOW_PROTOCOL="file", Q_CLUSTER_NAME="builds")
    manage(environment, "migrate", "--no-input", "--verbosity", "0")
    empty = site_directory / "clones"
    empty.mkdir()
    sources = f"from mirror.models import Distribution; Distribution.objects.update(sources_dir={str(empty)!r})"
    manage(environment, "shell", "--no-imports", "--command", sources)
    pk = manage(environment, "shell", "--no-imports", "--command", QUEUE).split()[-1]
    with (site_directory / "cluster.log").open("wb") as log:
        command = [sys.executable, "manage.py", "qcluster"]
        cluster = subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR, stdout=log, stderr=log)
        try:
            wait_for(lambda: "failed" in manage(environment, "shell", "--no-imports", "--command", STATE.format(pk)))
        finally:
            cluster.send_signal(signal.SIGTERM)
            cluster.wait(SECONDS)
