"""Several machines on this one: a shared database and data directory, a work directory for each, and workers.

site = new_site(tmp_path, cluster, "site")
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

from tests.support.portal import ADDRESS, HANGING, RECIPE, Portal, family, migrated_database, source
from tests.support.postgresql import PostgresqlCluster
from tests.support.repositories import add_tags, make_repository, package

SECONDS = 300
PACKAGES = 30  # in each tag
LOUD = {"PORTAL_LOG_LEVEL": "INFO"}  # so that a queue says when it is ready
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
# A worker of the queue whose first build of one distribution hangs in the middle, with its lease renewed.
HOLDING = f"""
import os, sys
import django
django.setup()
from mirror import tasks
note, slug = sys.argv[1:]
ordinary = tasks.build_command
def command(build):
    if build.distribution.slug != slug or os.path.exists(note):
        return ordinary(build)
    return [sys.executable, "-c", {HANGING!r}, "first-dists-made", note, "run_build", str(build.pk)]
tasks.build_command = command
from django.core.management import call_command
call_command("qcluster")
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

    def is_ready(self) -> bool:
        """Tell whether it takes up what is queued."""
        return "ready for work" in self.log.read_text(encoding="utf-8")

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

    @property
    def held(self) -> Path:
        """Where it is noted that a build hangs."""
        return self.directory / "held"

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

    def let_go(self) -> None:
        """Let the build that hangs go on."""
        os.kill(int(self.held.read_text()), signal.SIGCONT)

    def wait_for_end(self, build: int) -> Row:
        wait_until(lambda: self.row(build).state in {"succeeded", "failed", "canceled"}, lambda: str(self.row(build)))
        return self.row(build)

    @contextmanager
    def worker(self, machine: str, *, holding: str = "") -> Iterator[Worker]:
        """Run the queue of builds on a machine; the first build of ``holding``, on whichever, hangs in the middle."""
        program = ("-c", HOLDING, str(self.held), holding) if holding else ("manage.py", "qcluster")
        settings_module = {"DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
        environment = {
            **self.portal(machine=machine).environment,
            "Q_CLUSTER_NAME": "builds",
            **LOUD,
            **settings_module,
        }
        log = self.directory / f"{machine}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *program], cwd=settings.BASE_DIR, env=environment,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        try:
            yield Worker(process, log, self.directory / machine)
        finally:
            _kill(process)

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


def new_site(directory: Path, cluster: PostgresqlCluster, name: str, **more: str) -> Several:
    """Make a site with a database of this name."""
    site = Several(directory, migrated_database(cluster, name), more)
    site.portal().data.mkdir(parents=True)
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


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a queue and its builds, which are in groups of their own."""
    for pid in family(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(true: Callable[[], bool], shown: Callable[[], str] = lambda: "", seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, shown()
        time.sleep(0.02)  # between two looks; the loop ends by itself
