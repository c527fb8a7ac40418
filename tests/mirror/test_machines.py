"""Several machines over one database and one data directory: what happens when a part of it goes away."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.machines import PACKAGES, Several, add_distribution, new_site, wait_until
from tests.support.portal import new_portal
from tests.support.postgresql import PostgresqlCluster, running_postgresql
from tests.support.programs import postgresql_program, program
from tests.support.server import free_port

pytestmark = pytest.mark.postgresql

VERSIONS = 4  # of each package
TWO_MINUTES = 120


@pytest.fixture
def database_server() -> Iterator[PostgresqlCluster]:
    """A server of one test's own, to be restarted."""
    with running_postgresql(postgresql_program("initdb").parent) as cluster:
        yield cluster


def undisturbed(site: Several, directory: Path, slug: str) -> tuple[dict[str, str], float]:
    """Build the same elsewhere, in peace; give the manifest and the seconds it took."""
    alone = replace(new_portal(directory), slug=slug)
    add_distribution(alone, site.sources(slug))
    started = time.monotonic()
    alone.command("build_distribution", slug)
    return alone.manifest(), time.monotonic() - started


def test_builds_spread_over_machines_and_outlive_one_of_them(postgresql: PostgresqlCluster, tmp_path: Path) -> None:
    site = new_site(tmp_path / "site", postgresql, "machines")
    site.add_shop("one", VERSIONS)
    site.add_shop("two", VERSIONS)
    with site.watchdog(), site.worker("north", holding="one") as north, site.worker("south", holding="one") as south:
        wait_until(lambda: north.is_ready() and south.is_ready(), north.log.read_text)
        one, two = site.queue("one", "two")
        wait_until(site.held.exists, lambda: str(site.row(one)))
        wait_until(lambda: site.row(two).state != "queued", lambda: str(site.row(two)))
        row = site.row(one)
        hit, spared = (north, south) if north.is_at_work_on(row) else (south, north)
        assert hit.is_at_work_on(row)
        assert spared.is_at_work_on(site.row(two))
        started = time.monotonic()
        hit.kill(row)
        manifest, seconds = undisturbed(site, tmp_path / "alone", "one")  # while the lease runs out
        ended = site.wait_for_end(one)
        assert time.monotonic() - started < seconds + TWO_MINUTES
        assert (ended.state, ended.attempts) == ("succeeded", 2)
        assert spared.is_at_work_on(ended)
        assert site.wait_for_end(two).state == "succeeded"
    assert site.portal("one").manifest() == manifest
    for slug in ("one", "two"):
        site.portal(slug).assert_whole()
        site.portal().command("verify_distribution", slug)
    assert not (site.portal().data / "locks").exists()  # of a machine, they lie in its own directory
    assert not (site.portal().data / "sources").exists()


def test_a_database_that_is_restarted_costs_no_build(database_server: PostgresqlCluster, tmp_path: Path) -> None:
    site = new_site(tmp_path / "site", database_server, "restarted")
    site.add_shop("one", 1)
    site.portal("one").command("build_distribution", "one")
    before = site.portal("one").manifest()
    site.tag_more("one", VERSIONS)
    with site.watchdog(), site.worker("north", holding="one"):
        (second,) = site.queue("one")
        wait_until(site.held.exists, lambda: str(site.row(second)))
        database_server.restart()
        site.let_go()
        assert site.portal("one").manifest() == before
        ended = site.wait_for_end(second)
        if ended.state == "failed":
            assert "the database failed" in ended.failure
            assert "then retry" in ended.failure
            ended = site.wait_for_end(site.retry(second))
        assert ended.state == "succeeded"
    assert len(site.portal("one").manifest()) == len(before) + VERSIONS * PACKAGES
    site.portal("one").assert_whole()


def test_a_broker_that_is_gone_makes_builds_wait(postgresql: PostgresqlCluster, tmp_path: Path) -> None:
    port = free_port()
    broker = {"Q_BROKER_URL": f"redis://127.0.0.1:{port}/0"}
    site = new_site(tmp_path / "site", postgresql, "broker", **broker)
    site.add_shop("one", 2)
    with contextlib.ExitStack() as stack:
        with running_redis(port, tmp_path):
            stack.enter_context(site.worker("north"))
            (first,) = site.queue("one")
            assert site.wait_for_end(first).state == "succeeded"
            before = site.portal("one").manifest()
        site.tag_more("one", 1)
        (second,) = site.queue("one")  # which is no error
        assert site.ask("SELECT state, handed_at FROM mirror_build WHERE id = %s", second) == [("queued", None)]
        assert site.portal("one").manifest() == before
        with running_redis(port, tmp_path), site.watchdog():
            assert site.wait_for_end(second).state == "succeeded"
    assert len(site.portal("one").manifest()) == len(before) + PACKAGES


def test_a_full_disk_is_named_and_a_retry_finishes(postgresql: PostgresqlCluster, tmp_path: Path) -> None:
    site = new_site(tmp_path / "site", postgresql, "full")
    site.add_shop("one", 1)
    with small_disk(site.portal().data / "distributions") as disk:
        (first,) = site.queue("one")
        site.portal().command("run_build", str(first))
        before = site.portal("one").manifest()
        site.tag_more("one", VERSIONS)
        (second,) = site.queue("one")
        answer = site.portal().command("run_build", str(second), status=1)
        sentence = "no space left on the disk"
        assert sentence in answer.err
        row = site.row(second)
        assert (row.state, sentence in row.failure, "free some and build again" in row.failure) == (
            "failed",
            True,
            True,
        )
        assert site.portal("one").manifest() == before
        site.portal("one").assert_whole()
        remount(disk, "200m")
        site.portal().command("run_build", str(site.retry(second)))
        assert len(site.portal("one").manifest()) == len(before) + VERSIONS * PACKAGES
        site.portal("one").assert_whole()


@contextlib.contextmanager
def running_redis(port: int, directory: Path) -> Iterator[None]:
    """Run a broker that is killed at the end, as its machine may be."""
    command = [str(program("redis-server")), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", "."]
    process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a disk of few bytes at a directory."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk; CI is root")
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def remount(place: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)
