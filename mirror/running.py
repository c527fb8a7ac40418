"""A build at work: claimed, recorded and kept alive until it ends.

Its keeper is a thread that renews the lease, writes the record and looks whether the build is to be canceled.
Then, or when another worker has taken over, it kills the whole process group: nothing half-done is ever served,
and the next build picks up what is done.
"""

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from mirror import exclusion, lifecycle
from mirror.models import ENDED, Build, BuildLine, BuildStep, Distribution
from mirror.progress import Progress
from mirror.recording import INTERVAL, Record, clean
from mirror.reporting import BuildRefusedError

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds between two looks at the state
RENEW_EVERY = 4.0  # seconds between two renewals of the lease
DISK_FULL = "full"  # in what a database says then
SECONDS_TO_NOTE_END = 60  # a database that is being restarted is back by then
STEPS: Mapping[str, Sequence[tuple[str, str]]] = {
    Build.Kind.BUILD: (
        ("fetch", "sources"), ("plan", "sources"), ("make", "dists"), ("check", "releases"), ("publish", "publication"),
    ),
    Build.Kind.PLAN: (("fetch", "sources"), ("plan", "sources"), ("check", "releases")),
    Build.Kind.IMPORT: (("check", "archives"), ("store", "archives")),
    Build.Kind.SYNC: (("compare", "files"), ("fetch", "dists"), ("check", "releases"), ("publish", "publication")),
}  # fmt: skip


DOES_ALL = (Build.Kind.BUILD, Build.Kind.SYNC)  # what one of them left, the next one does


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be run."""

    kind: str
    actor: str
    options: Mapping[str, Any]
    queued: Build | None = None


@contextlib.contextmanager
def recorded(distribution: Distribution, wish: Wish, holder: str, progress: Progress, *, kept: bool) -> Iterator[Build]:
    """Run a build under a row of its own, which says how it ended even if it ends badly.

    Whoever calls holds the distribution alone, as ``holder``, and ends the row when all went well.
    With ``kept`` a thread keeps the lease and listens for a cancel; else somebody else must.

    Raises:
        BuildRefusedError: the queued build is not queued any more.
    """
    build = _begun(distribution, wish, holder)
    record = Record(build.pk)
    progress.record_in(record, STEPS[build.kind])
    keeper = Keeper(build, record) if kept and not connection.in_atomic_block else None
    try:
        with keeper or contextlib.nullcontext():
            yield build
    except BaseException as failure:
        note_failure(build, record, failure)
        raise
    record.close(BuildStep.State.SUCCEEDED)


def note_failure(build: Build, record: Record, failure: BaseException) -> None:
    """Write down how a build failed, trying for a while if the database is away."""
    sentence = _sentence(failure)
    deadline = time.monotonic() + SECONDS_TO_NOTE_END
    with contextlib.suppress(DatabaseError, InterfaceError):  # it is kept, and written below
        record.say(sentence, BuildLine.Level.ERROR)
    while True:
        try:
            record.close(BuildStep.State.FAILED)
            Build.objects.end(build, Build.State.FAILED, timezone.now(), failure=clean(sentence))
        except (DatabaseError, InterfaceError) as away:
            if connection.in_atomic_block or time.monotonic() > deadline or DISK_FULL in str(away):
                logger.warning("How %s ended could not be written (%s); the next build will say it.", build, away)
                return
            connection.close()
            time.sleep(LOOK_EVERY)
        else:
            return


def _sentence(failure: BaseException) -> str:
    if isinstance(failure, KeyboardInterrupt):
        return "it was interrupted; what was made is kept, retry to go on"
    if isinstance(failure, (DatabaseError, InterfaceError)):
        detail = str(failure).strip().splitlines() or [type(failure).__name__]
        return f"the database failed ({detail[0]}); see that it runs, then retry: what was made is kept"
    said = str(failure)
    known = type(failure).__module__.startswith("mirror.")
    return said if known and said else f"{type(failure).__name__}: {said}"


def _begun(distribution: Distribution, wish: Wish, holder: str) -> Build:
    """Give the row of this build; rows that still say running belong to dead processes, as we are alone."""
    now = timezone.now()
    for dead in distribution.builds.held():
        if dead.kind == wish.kind in DOES_ALL and dead.state == Build.State.RUNNING:
            lifecycle.fail(dead, "its process died; the next build went on")
        else:
            lifecycle.give_up_or_release(dead)
    if wish.queued is not None:
        if not Build.objects.claim(wish.queued.pk, holder, now):
            raise BuildRefusedError(f"build {wish.queued.pk} is not queued any more")
        wish.queued.refresh_from_db()
        return wish.queued
    return Build.objects.create(
        distribution=distribution,
        kind=wish.kind,
        actor=wish.actor,
        options=dict(wish.options),
        state=Build.State.RUNNING,
        worker=holder,
        started_at=now,
        attempts=1,
    )


class Keeper(threading.Thread):
    """Keeps a running build: renews its lease, writes its record, and ends the process when it must stop."""

    def __init__(self, build: Build, record: Record) -> None:
        super().__init__(name=f"keeper of build {build.pk}", daemon=True)
        self._build, self._record = build, record
        self._stopped = threading.Event()
        self._renewed = self._written = time.monotonic()

    def __enter__(self) -> "Keeper":
        exclusion.renew(self._build.distribution_id, self._build.worker)
        self._record.is_kept = True
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self.join()
        self._record.is_kept = False

    def run(self) -> None:
        while not self._stopped.wait(LOOK_EVERY):
            try:
                self._look(time.monotonic())
            except (DatabaseError, InterfaceError):
                logger.warning("The database does not answer; %s goes on for now.", self._build)
                connection.close()
            if time.monotonic() - self._renewed > exclusion.RENEWED.total_seconds():
                end_process("its lease could not be renewed, so another worker may take it up")
        connection.close()

    def _look(self, now: float) -> None:
        build = self._build
        row = Build.objects.filter(pk=build.pk).values_list("state", "worker").first()
        if row == (Build.State.CANCELING, build.worker):
            self._cancel()
        if row is None or (row[0] not in ENDED and row != (Build.State.RUNNING, build.worker)):
            end_process("another worker has taken it up, or it was deleted")
        if now - self._renewed >= RENEW_EVERY:
            if not exclusion.renew(build.distribution_id, build.worker):
                end_process("another process has taken the distribution over")
            self._renewed = now
        if now - self._written >= INTERVAL:
            self._record.write()
            self._written = now

    def _cancel(self) -> None:
        exclusion.give_back(self._build.distribution_id, self._build.worker)  # from now on it cannot publish
        self._record.say(
            "It was canceled. What was made is kept; what was served is served still.", BuildLine.Level.WARNING
        )
        self._record.close(BuildStep.State.CANCELED)
        lifecycle.finish_canceling(self._build.pk)
        end_process("it was canceled")


def end_process(reason: str) -> NoReturn:
    """End this process and all that it started, at once."""
    with contextlib.suppress(OSError):
        os.write(sys.stderr.fileno(), f"The build was ended: {reason}.\n".encode())
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    for pid in _descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(128 + signal.SIGKILL)


def _descendants(pid: int) -> Iterator[int]:
    """Give the processes that a process started, and theirs, where the system tells (Linux)."""
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, listed.read_text().split()):
                yield from _descendants(child)
                yield child
