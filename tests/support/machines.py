"""Several machines on this one: a shared database and data directory, a work directory for each, and workers.

site = new_site(tmp_path, database_url)
site.add_shop("one", versions=4)
with site.worker("north"), site.worker("south"):
    build = site.queue("one")
    site.wait_for(build, "succeeded")
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from django.conf import settings

from tests.support.portal import ADDRESS, RECIPE, Portal, source
from tests.support.repositories import add_tags, make_repository, package
from tests.support.server import manage

SECONDS = 120
PACKAGES = 30  # in each tag
QUEUE = """
from mirror import lifecycle, tasks
from mirror.models import Build, Distribution
for build in {builds}:
    tasks.enqueue(build)
    print(build.pk)
"""
WATCHDOG = """
import time, django
django.setup()
from django.db import DatabaseError, InterfaceError, connection
from mirror.tasks import look_after_builds
while True:
    try:
        look_after_builds()
    except (DatabaseError, InterfaceError):
        connection.close()
    time.sleep(0.5)
"""


class Row(NamedTuple):
    """A build as the database has it."""

    state: str
    worker: str
    failure: str
    attempts: int

    @property
    def process(self) -> int:
        return int(self.worker.split(":")[1])


@dataclass(frozen=True, slots=True)
class Worker:
    """The processes of one machine's queue."""

    process: "subprocess.Popen[bytes]"
    log: Path
    place: Path  # its work directory

    def is_at_work_on(self, row: Row) -> bool:
        named = self.place / "locks" / "machine"
        return named.exists() and row.worker.startswith(f"{named.read_text()}:")

    def kill(self, row: Row) -> None:
        """Take the plug out: nothing of the machine can say anything any more."""
        for group in (self.process.pid, row.process):
            os.killpg(group, signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Several:
    """What the machines share."""

    directory: Path
    database: str
    more: Mapping[str, str] = field(default_factory=dict)

    def portal(self, slug: str = "mirror", machine: str = "office") -> Portal:
        """Give one distribution as it is seen on a machine."""
        own = {"DATABASE_URL": self.database, "PORTAL_WORK_DIR": str(self.directory / machine)}
        return Portal(
            self.directory, {"PORTAL_BASE_URL": ADDRESS, "GIT_ALLOW_PROTOCOL": "file", **own, **self.more}, slug
        )

    def add_shop(self, slug: str, versions: int) -> None:
        """Add a distribution with as many versions of some packages."""
        repository = make_repository(self.sources(slug) / "library", {})
        add_tags(repository, {f"1.{n}.0": tree(n) for n in range(versions)})
        add_distribution(self.portal(slug), self.sources(slug))

    def sources(self, slug: str) -> Path:
        return self.directory / f"sources-{slug}"

    def tag_more(self, slug: str, versions: int, start: int = 100) -> None:
        tags = {f"1.{n}.0": tree(n) for n in range(start, start + versions)}
        add_tags(self.sources(slug) / "library", tags)

    def queue(self, *slugs: str) -> list[int]:
        """Queue a build of each distribution."""
        return self._queued(f"[lifecycle.queue(Distribution.objects.get(slug=s), 'test', {{}}) for s in {slugs!r}]")

    def retry(self, build: int) -> int:
        (again,) = self._queued(f"[lifecycle.retry(Build.objects.get(pk={build}), actor='test')]")
        return again

    def _queued(self, builds: str) -> list[int]:
        answer = self.portal().command("shell", "--verbosity", "0", "--command", QUEUE.format(builds=builds))
        return [int(line) for line in answer.out.splitlines()]

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._address) as connection:
            return connection.execute(sql, values).fetchall()

    @property
    def _address(self) -> str:
        user, _, place = self.database.removeprefix("postgresql://").partition("@/")
        directory, _, name = place.rpartition("/")
        return f"host={directory} user={user} dbname={name}"

    def row(self, build: int) -> Row:
        return Row(*self.ask("SELECT state, worker, failure, attempts FROM mirror_build WHERE id = %s", build)[0])

    def done(self, build: int) -> int:
        """Tell how many dists a build has made."""
        found = self.ask("SELECT done FROM mirror_buildstep WHERE build_id = %s AND name = 'make'", build)
        return int(found[0][0]) if found else 0

    def is_making(self, build: int) -> bool:
        """Tell whether a build is in the middle of its work."""
        sql = "SELECT state FROM mirror_buildstep WHERE build_id = %s AND name = 'make'"
        return self.row(build).state == "running" and self.ask(sql, build) == [("running",)]

    def wait_for_end(self, build: int) -> Row:
        wait_until(lambda: self.row(build).state in {"succeeded", "failed", "canceled"}, lambda: str(self.row(build)))
        return self.row(build)

    @contextmanager
    def worker(self, machine: str, **more: str) -> Iterator[Worker]:
        """Run the queue of builds on a machine."""
        environment = {**self.portal(machine=machine).environment, "Q_CLUSTER_NAME": "builds", **more}
        log = self.directory / f"{machine}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "qcluster"], cwd=settings.BASE_DIR, env=environment,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        try:
            yield Worker(process, log, self.directory / machine)
        finally:
            _end(process)

    @contextmanager
    def watchdog(self) -> Iterator[None]:
        """Look after the builds as the schedule does every minute, only more often."""
        environment = {**self.portal().environment, "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
        process = subprocess.Popen([sys.executable, "-c", WATCHDOG], cwd=settings.BASE_DIR, env=environment)
        try:
            yield
        finally:
            process.kill()
            process.wait()


def new_site(directory: Path, database: str, **more: str) -> Several:
    site = Several(directory, database, more)
    site.portal().data.mkdir(parents=True)
    manage(site.portal().environment, "migrate", "--no-input", "--verbosity", "0")
    return site


def add_distribution(portal: Portal, sources: Path) -> None:
    """Add a distribution of packages that lie side by side in one repository."""
    path = portal.directory / f"{portal.slug}.toml"
    path.write_text(RECIPE + source("library", kind="children", directory="app"), encoding="utf-8")
    fields = {"title": portal.slug, "slug": portal.slug, "recipe": str(path), "sources_dir": str(sources)}
    make = f"from mirror.models import Distribution; Distribution.objects.create(**{fields!r})"
    portal.command("shell", "--verbosity", "0", "--command", make)


def tree(number: int) -> dict[str, str]:
    """Give the files of a tag, of which none is like another tag's."""
    files = {"composer.json": package("acme/all", f"1.{number}.0")}
    for n in range(PACKAGES):
        files[f"app/P{n}/composer.json"] = package(f"acme/p{n}", f"1.{number}.0")
        files[f"app/P{n}/text.txt"] = f"{number} {n} " * 5_000
    return files


def wait_until(true: Callable[[], bool], shown: Callable[[], str] = lambda: "", seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, shown()
        time.sleep(0.02)  # between two looks; the loop ends by itself


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
