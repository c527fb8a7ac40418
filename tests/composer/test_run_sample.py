"""`manage.py run_sample`, which `make run` starts: a first look at the portal, by its own words."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from django.conf import settings

from tests.support.portal import DATABASE, family, snapshot
from tests.support.repositories import add_tags, package
from tests.support.server import Site, free_port, site_environment

SECONDS = 300
SECONDS_TO_DIE = 60
LAST_WORD = "COMPOSER_HOME="  # is in the last line that it prints before it waits
LIBRARY, VERSION = "magento/composer", "1.11.0"
QUEUE = """
from mirror import lifecycle, tasks
from mirror.models import Distribution
build = lifecycle.queue(Distribution.objects.get(slug="mirror"), "staff", {})
tasks.enqueue(build)
print(build.pk)
"""

pytestmark = pytest.mark.xdist_group("run sample")


@dataclass(frozen=True, slots=True)
class Run:
    """A sample that is served."""

    process: "subprocess.Popen[bytes]"
    printed: Path

    @property
    def words(self) -> str:
        return self.printed.read_text(encoding="utf-8")

    @property
    def command(self) -> str:
        """Give what it says to type."""
        return next(line for line in self.words.splitlines() if LAST_WORD in line).strip()


@dataclass(frozen=True, slots=True)
class State:
    """What a sample has served and will serve."""

    publications: int
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that was told to end."""

    words: str
    command: str
    status: int
    left: frozenset[int]  # ids of processes that live still
    state: State
    copy: Path  # of its data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A portal with data of its own, which the sample must not touch."""
    data = tmp_path_factory.mktemp("run") / "a portal"  # the space has to be quoted
    data.mkdir(mode=0o700)
    address = f"http://127.0.0.1:{free_port()}"
    return Site(address, data, site_environment(data, PORTAL_BASE_URL=address))


@pytest.fixture(scope="module")
def sample(site: Site) -> Site:
    """The same with the data of the sample."""
    data = site.data_dir / "sample"
    return Site(site.base_url, data, {**site.environment, "PORTAL_DATA_DIR": str(data)})


@pytest.fixture(scope="module")
def first(site: Site, sample: Site) -> Ended:
    """The first run, on an empty directory."""
    with running(site) as run:
        state = state_of(sample)
        left = left_by(run, run.process.terminate)
    copy = site.data_dir.parent / "copy"
    subprocess.run(["cp", "-a", str(site.data_dir), str(copy)], check=True)
    return Ended(run.words, run.command, run.process.returncode, left, state, copy)


@pytest.fixture
def copied(site: Site, first: Ended, tmp_path: Path) -> Site:
    """The same data at another address."""
    data, address = tmp_path / "copy", f"http://127.0.0.1:{free_port()}"
    subprocess.run(["cp", "-a", str(first.copy), str(data)], check=True)
    return Site(address, data, site_environment(data, PORTAL_BASE_URL=address))


@pytest.fixture(scope="module")
def second(site: Site, first: Ended) -> Iterator[Run]:
    """A later run, which is still there."""
    with running(site) as run:
        yield run


@contextmanager
def running(site: Site) -> Iterator[Run]:
    """Run the sample as the one program of a terminal, and end it as a service manager does."""
    printed = site.data_dir.parent / "printed.txt"
    command = [sys.executable, "manage.py", "run_sample"]
    with printed.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=dict(site.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    run = Run(process, printed)
    try:
        wait_until(lambda: LAST_WORD in run.words or process.poll() is not None)
        assert process.poll() is None, run.words
        yield run
    finally:
        if process.poll() is None:
            left_by(run, process.terminate)


def left_by(run: Run, end: Callable[[], None]) -> frozenset[int]:
    """End a run and give the ids of the processes that it leaves, which are ended then."""
    started = family(run.process.pid)
    end()
    run.process.wait(SECONDS)
    with suppress(AssertionError):
        wait_until(lambda: not any(map(is_alive, started)), SECONDS_TO_DIE)
    left = frozenset(pid for pid in started if is_alive(pid))
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


def wait_until(is_so: Callable[[], object], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # between two looks; the loop ends by itself


def state_of(sample: Site) -> State:
    [[publications]] = rows(sample, "SELECT count(*) FROM mirror_publication")
    return State(publications, snapshot(sample.data_dir / "distributions"))


def rows(sample: Site, sql: str, *values: int) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{(sample.data_dir / DATABASE).as_uri()}?mode=ro", uri=True)) as database:
        return database.execute(sql, values).fetchall()


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}  # nobody may have asked how it ended


def test_the_first_run_builds_a_sample_and_says_what_to_type(site: Site, first: Ended) -> None:
    assert first.state.publications == 1
    words = first.words
    assert f"The portal runs at {site.base_url}/" in words
    assert "manage.py enrol_administrator" in words
    assert f"composer create-project --repository-url={site.base_url}/ " in first.command
    assert "magento/project-community-edition=2.4.4 shop" in first.command


def test_the_sample_has_a_directory_of_its_own(site: Site, first: Ended) -> None:
    assert {path.name for path in site.data_dir.iterdir()} <= {"sample", "secret_key"}


def test_a_run_that_is_told_to_end_leaves_no_process(first: Ended) -> None:
    assert first.status == 0
    assert first.words.rstrip().endswith("Stopping.")
    assert first.left == frozenset()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "a closed window"])
def test_a_terminal_ends_everything(copied: Site, number: signal.Signals) -> None:
    """A terminal signals all processes of its foreground group at once."""
    with running(copied) as run:
        assert left_by(run, lambda: os.killpg(run.process.pid, number)) == frozenset()


def test_a_second_run_rebuilds_nothing(sample: Site, first: Ended, second: Run) -> None:
    assert f"The portal runs at {sample.base_url}/" in second.words
    served = {path: content for path, content in state_of(sample).files.items() if path in first.state.files}
    assert rows(sample, "SELECT built FROM mirror_build ORDER BY id LIMIT 1 OFFSET 1") == [(0,)]
    assert served | {"mirror/current": ""} == {**first.state.files, "mirror/current": ""}


@pytest.mark.composer
def test_the_printed_command_installs_a_shop(second: Run, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["sh", "-c", second.command],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout
    lock = json.loads((tmp_path / "shop/composer.lock").read_bytes())
    assert ("magento/magento2-base", "2.4.4") in {(found["name"], found["version"]) for found in lock["packages"]}
    assert os.access(tmp_path / "shop/bin/magento", os.X_OK)


def test_a_queued_build_is_run_by_its_worker(sample: Site, second: Run) -> None:
    composer = package(LIBRARY, VERSION)
    add_tags(sample.data_dir / "sources/mirror-composer", {VERSION: {"composer.json": composer}})
    build = int(sample.manage("shell", "--verbosity", "0", "--command", QUEUE))
    ended = "SELECT state, built, actor FROM mirror_build WHERE id = ? AND ended_at IS NOT NULL"
    wait_until(lambda: rows(sample, ended, build))
    assert rows(sample, ended, build) == [("succeeded", 1, "staff")]
    with urlopen(f"{sample.base_url}/p2/{LIBRARY}.json") as answer:
        assert json.load(answer)["packages"][LIBRARY][0]["version"] == VERSION


def test_a_port_that_is_taken_is_named(site: Site, second: Run) -> None:
    command = [sys.executable, "manage.py", "run_sample"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=dict(site.environment), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"{site.base_url.removeprefix('http://')} cannot be listened on (Address already in use)" in done.stderr
    assert "set PORTAL_BASE_URL to another port" in done.stderr
    assert second.process.poll() is None
