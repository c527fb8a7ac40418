"""What the queue runs for the mirror. A build is a process of its own, which this one watches over."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import BinaryIO

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.utils import timezone
from django_q.tasks import async_task
from redis.exceptions import RedisError

from mageos_portal.heartbeat import is_stopping
from mirror import exclusion, lifecycle, notifying, occasions, pruning
from mirror.models import Build, Distribution
from mirror.recording import clean

logger = logging.getLogger(__name__)

CLUSTER = "builds"
LONGEST_WORDS = 2000  # bytes
SECONDS_TO_END = 10  # between asking a build to end and killing it
SECONDS_TO_CANCEL = 0.9  # in which a build ends itself before it is killed
LOOK_EVERY = 0.25  # seconds
LOOK_FOR_STOP_EVERY = 2.0  # seconds, whether our cluster is to stop
HANDED_AGAIN = timedelta(seconds=30)  # after which a worker that is busy, or dead, is thought to sit on it
TOO_LONG = "it took longer than PORTAL_BUILD_TIMEOUT ({seconds} s); what was made is kept, retry to go on"


class BuildEndedBadlyError(Exception):
    """The build's process failed or was ended; the build says why, and what was served still is."""


def enqueue(build: Build) -> None:
    """Hand a queued build to the workers, once the row can be seen by them.

    A queue that does not answer is no error here: the build waits, and is handed over when the queue is back.
    """
    Build.objects.waiting().filter(pk=build.pk).update(handed_at=timezone.now())
    transaction.on_commit(partial(_hand_over, build.pk))


def _hand_over(build_pk: int) -> None:
    try:
        async_task(run_build, build_pk, cluster=CLUSTER, group=CLUSTER, task_name=f"build {build_pk}")
    except (RedisError, OSError):
        logger.exception("The queue does not answer; build %d waits until it does.", build_pk)
        Build.objects.filter(pk=build_pk).update(handed_at=None)


def look_after_builds() -> str:
    """Take up what dead workers left, hand over what waits and may start, tell what is new; runs every minute."""
    for build in lifecycle.release_abandoned():
        logger.warning("%s lost its worker and waits for another one.", build)
    start_waiting()
    return f"notices sent: {notifying.tell_news(timezone.now())}"


def look_for_news(distribution_pk: int) -> str:
    """Start the look of a distribution's interval, unless one waits or runs."""
    distribution = Distribution.objects.filter(pk=distribution_pk).first()
    build = occasions.queue_regular(distribution) if distribution else None
    if build is None:
        return "nothing was started: one waits or runs already, or the distribution is gone"
    enqueue(build)
    return f"{build} was started"


def prune() -> str:
    """Throw away what is too old; runs every night."""
    return str(pruning.prune(timezone.now()))


def start_waiting() -> None:
    """Hand the first waiting build of each distribution to the workers, unless they have it."""
    now = timezone.now()
    for build in lifecycle.startable(now):
        if build.handed_at is None or build.handed_at < now - HANDED_AGAIN:
            enqueue(build)


def _hand_round(build: Build) -> None:
    """Hand out the other builds once more: whoever begins one may sit on them, as the queue takes some in advance."""
    for other in lifecycle.startable(timezone.now()):
        if other.pk != build.pk:
            enqueue(other)


def run_build(build_pk: int) -> None:
    """Run a build as a process of its own; one that is not to be started now is left alone.

    Raises:
        BuildEndedBadlyError: the build has not succeeded.
    """
    build = next((b for b in lifecycle.startable(timezone.now()) if b.pk == build_pk), None)
    if build is None:
        Build.objects.waiting().filter(pk=build_pk).update(handed_at=None)  # until those before it have ended
        return
    _hand_round(build)
    with tempfile.TemporaryFile() as errors:
        watch = _Watch(build, errors)
        try:
            watch.run()
        finally:
            words = last_words(errors)
            watch.note_end(words)
            start_waiting()
    notifying.tell_news(timezone.now())
    if watch.status and watch.status != os.EX_TEMPFAIL:
        raise BuildEndedBadlyError(f"{build} ended with status {watch.status}: {words}")


class _Watch:
    """Watches over the process of one build, and sees that no build waits or runs for ever."""

    def __init__(self, build: Build, errors: BinaryIO) -> None:
        self._build, self._errors = build, errors
        self._pid = 0
        self._over_at = time.monotonic() + settings.PORTAL_BUILD_TIMEOUT
        self._looked_for_stop = time.monotonic()
        self._canceling_since: float | None = None
        self._is_over = False
        self.status = -signal.SIGKILL

    def run(self) -> None:
        with leaving_when_terminated(), in_own_session(build_command(self._build), self._errors) as process:
            self._pid = process.pid
            while not self._has_ended(process):
                pass
        self.status = process.returncode

    def note_end(self, words: str) -> None:
        """Say for the process what it could not say itself; ``words`` are its last."""
        close_old_connections()
        row = Build.objects.select_related("distribution").get(pk=self._build.pk)
        if row.state == Build.State.QUEUED and self.status != os.EX_TEMPFAIL and self.status > 0:
            Build.objects.refuse(row.pk, timezone.now(), words or f"its process ended with status {self.status}")
        elif row.state == Build.State.QUEUED:
            Build.objects.waiting().filter(pk=row.pk).update(handed_at=None)
        elif not row.has_ended and self._was_ours(row):
            self._note_end_of(row, words)

    def _note_end_of(self, row: Build, words: str) -> None:
        if self._is_over:
            lifecycle.fail(row, TOO_LONG.format(seconds=settings.PORTAL_BUILD_TIMEOUT))
        elif self.status > 0 and row.state == Build.State.RUNNING:
            lifecycle.fail(row, words or f"its process ended with status {self.status}")
        else:
            lifecycle.give_up_or_release(row)
        exclusion.give_back(row.distribution_id, row.worker)

    def _has_ended(self, process: "subprocess.Popen[bytes]") -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_EVERY)
        if process.returncode is not None:
            return True
        self._is_over = time.monotonic() > self._over_at
        if self._is_to_be_canceled():
            _signal(process, signal.SIGKILL)
            process.wait()
            return True
        return self._is_over or self._cluster_stops()

    def _cluster_stops(self) -> bool:
        """Tell whether the queue only waits for this build to end; it would wait for hours."""
        if time.monotonic() - self._looked_for_stop < LOOK_FOR_STOP_EVERY:
            return False
        self._looked_for_stop = time.monotonic()
        try:
            return is_stopping(os.getppid())
        except (DatabaseError, InterfaceError):
            connection.close()
            return False

    def _is_to_be_canceled(self) -> bool:
        """Tell whether the build was to cancel itself and has not done so in time."""
        try:
            canceling = Build.objects.filter(pk=self._build.pk, state=Build.State.CANCELING).exists()
        except (DatabaseError, InterfaceError):
            connection.close()
            return False
        if not canceling:
            return False
        self._canceling_since = self._canceling_since or time.monotonic()
        return time.monotonic() - self._canceling_since > SECONDS_TO_CANCEL

    def _was_ours(self, row: Build) -> bool:
        return exclusion.is_ours(row.worker) and row.worker.split(":")[1] == str(self._pid)


def last_words(errors: BinaryIO) -> str:
    """Give what a process said last, fit for the public."""
    errors.seek(max(errors.seek(0, os.SEEK_END) - LONGEST_WORDS, 0))
    said = errors.read().decode(errors="replace").strip().removeprefix("CommandError: ")
    return "\n".join(map(clean, said.splitlines()))


def build_command(build: Build) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_build", str(build.pk)]


@contextlib.contextmanager
def in_own_session(command: list[str], errors: BinaryIO | None = None) -> "Iterator[subprocess.Popen[bytes]]":
    """Start a program; when this ends, so does all that it started."""
    process = subprocess.Popen(  # noqa: S603 - our own program, no shell
        command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stderr=errors, start_new_session=True
    )
    try:
        yield process
    finally:
        end_session(process)


def end_session(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its whole session: politely first, so that it can say what happened."""
    try:
        if process.poll() is None:
            _signal(process, signal.SIGTERM)
            process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        logger.warning("Process %d did not end when asked and is killed.", process.pid)
    finally:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


@contextlib.contextmanager
def leaving_when_terminated() -> Iterator[None]:
    """Turn the queue's SIGTERM into an exception meanwhile, so that `finally` runs."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are none of this thread's business
        return
    previous = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
