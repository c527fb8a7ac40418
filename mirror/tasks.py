"""What the queue runs for the mirror."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from types import FrameType
from typing import BinaryIO

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone
from django_q.tasks import async_task

from mirror.models import Build

logger = logging.getLogger(__name__)

CLUSTER = "builds"
KILLED = -signal.SIGKILL
LONGEST_WORDS = 2000  # bytes
SECONDS_TO_END = 10  # between asking a build to end and killing it


class BuildEndedBadlyError(Exception):
    """The build's process failed or was ended; the build says why, and what was served still is."""


def enqueue(build: Build) -> None:
    """Hand a queued build to the workers."""
    async_task(run_build, build.pk, cluster=CLUSTER, task_name=f"build {build.pk}")


def run_build(build_pk: int) -> None:
    """Run a build as a process of its own; one that is not queued any more is left alone.

    Raises:
        BuildEndedBadlyError: the build has not succeeded.
    """
    build = Build.objects.select_related("distribution").filter(pk=build_pk).first()
    if build is None or build.state != Build.State.QUEUED:
        return
    status = KILLED
    with tempfile.TemporaryFile() as errors:
        try:
            status = run_in_own_session(build_command(build), errors)
        finally:
            words = last_words(errors)
            note_end(build.pk, status, words)
    if status:
        raise BuildEndedBadlyError(f"{build} ended with status {status}: {words}")


def note_end(build_pk: int, status: int, words: str) -> None:
    """See that no build waits or runs for ever.

    One that ended by itself has said so, unless it was refused before it began.
    """
    unended = [Build.State.QUEUED] if status >= 0 else [Build.State.QUEUED, Build.State.RUNNING]
    close_old_connections()
    Build.objects.filter(pk=build_pk, state__in=unended).update(
        state=Build.State.FAILED,
        ended_at=timezone.now(),
        failure=words or f"its process ended with status {status}",
    )


def last_words(errors: BinaryIO) -> str:
    errors.seek(max(errors.seek(0, os.SEEK_END) - LONGEST_WORDS, 0))
    return errors.read().decode(errors="replace").strip()


def build_command(build: Build) -> list[str]:
    manage = str(settings.BASE_DIR / "manage.py")
    slug = build.distribution.slug
    return [sys.executable, manage, "build_distribution", slug, "--build", str(build.pk), "--wait"]


def run_in_own_session(command: list[str], errors: BinaryIO | None = None) -> int:
    """Run a program and give its exit status; what ends this process ends all that it started."""
    with leaving_when_terminated():
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stderr=errors, start_new_session=True
        )
        try:
            return process.wait()
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
