"""One sync of a collection at a time.

Its row says that it runs, and the database takes no second such row. A row of a process that died is ended by the next
sync: at once on the machine where it ran, whose file lock death frees, and elsewhere when no sync can still be running.
"""

import contextlib
import fcntl
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from docs_hub.models import Collection, Run

LONGEST = timedelta(hours=5)  # that a sync takes; the queue ends it before
LOOK_AGAIN = 0.5  # seconds
DIED = "Its process ended without a word; what was read before that is there."


class BusyError(Exception):
    """Somebody else syncs the collection; nothing was done."""


@contextlib.contextmanager
def alone(collection: Collection, actor: str, *, wait: bool = False) -> Iterator[Run]:
    """Begin a sync that nobody else runs, with its collection read anew; whoever calls ends its row.

    Raises:
        BusyError: one runs, and ``wait`` is false.
    """
    locks = work_dir() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"{collection.pk}.lock").open("a") as file:
        while not (run := _begun(collection, actor, locks, file)):
            if not wait:
                raise BusyError(f"{collection.slug} is being synced already; wait for it to end")
            time.sleep(LOOK_AGAIN)
        collection.refresh_from_db()
        yield run


@contextlib.contextmanager
def one_import() -> Iterator[None]:
    """Wait until no other process of this machine derives updates: files of several collections may be one."""
    locks = work_dir() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / "updates.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def work_dir() -> Path:
    """Give where this machine keeps its clones and locks for documents."""
    return Path(settings.PORTAL_WORK_DIR or settings.PORTAL_DATA_DIR) / "documents"


def _begun(collection: Collection, actor: str, locks: Path, file: TextIO) -> Run | None:
    """Take the lock of a collection and make its row; None if somebody else has one of them."""
    machine, now = _machine(locks), timezone.now()
    running = Run.objects.filter(collection=collection, state=Run.State.RUNNING)
    dead = running.filter(Q(machine=machine) | Q(started_at__lt=now - LONGEST))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with transaction.atomic():
            dead.update(state=Run.State.FAILED, failure=DIED, ended_at=now)
            return Run.objects.create(collection=collection, actor=actor, machine=machine)
    except (BlockingIOError, IntegrityError):
        return None


def _machine(locks: Path) -> str:
    """Name the directory of locks: whoever shares it shares the locks."""
    named = locks / "name"
    if not named.exists():
        proposed = locks / f".{secrets.token_hex(16)}"
        proposed.write_text(proposed.name[1:], encoding="ascii")
        with contextlib.suppress(FileExistsError):  # of two processes that begin together, the first one names it
            named.hardlink_to(proposed)
        proposed.unlink()
    return named.read_text(encoding="ascii")
