"""One process at a time changes a distribution: on this machine by a file lock, among machines by a lease.

The operating system frees the lock when its process dies. The lease is a line in the database that runs out
unless it is renewed; it stays with the machine whose lock is held, so that a death there costs no waiting.
Only the database's clock counts: those of the machines may differ.
"""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.db import DatabaseError, InterfaceError
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from mirror.models import Distribution
from mirror.places import work_dir
from mirror.storage import LockedError, locked

RENEWED = timedelta(seconds=20)  # how long a lease holds that is renewed all the time
BRIEF = timedelta(seconds=120)  # and one that is not
LOOK_AGAIN = 0.5  # seconds


class LeaseLostError(Exception):
    """Another machine took over, because the lease ran out; nothing was published."""


@contextlib.contextmanager
def alone(distribution: Distribution, doing: str, *, wait: bool = False) -> Iterator[str]:
    """Hold the distribution's lock and lease, with its row read anew; gives the name under which it is held.

    Raises:
        LockedError: another process holds one of them and ``wait`` is false.
    """
    locks = work_dir() / "locks"
    holder = f"{_machine(locks)}:{os.getpid()}:{secrets.token_hex(4)}"
    said = f"{doing} of {distribution.slug} by process {os.getpid()}"
    with locked(locks / f"{distribution.slug}.lock", said, wait=wait):
        while not _take(distribution.pk, holder):
            if not wait:
                raise LockedError("a process on another machine")
            time.sleep(LOOK_AGAIN)
        try:
            distribution.refresh_from_db()
            yield holder
        finally:
            with contextlib.suppress(DatabaseError, InterfaceError):  # then it runs out by itself
                give_back(distribution.pk, holder)


def renew(distribution_pk: int, holder: str) -> bool:
    """Hold the lease for a little longer; tell whether it was still held."""
    return bool(_held(distribution_pk, holder).update(lease_until=Now() + RENEWED))


def confirm(distribution: Distribution) -> None:
    """See that nobody took the distribution over; called in the transaction that publishes.

    Raises:
        LeaseLostError: nothing was changed.
    """
    if not _held(distribution.pk, distribution.lease_holder).update(lease_until=Now() + BRIEF):
        sentence = f"{distribution.slug} was taken over by another process meanwhile; nothing was published, try again"
        raise LeaseLostError(sentence)


def hold(distribution: Distribution) -> None:
    """See that nobody took the distribution over, nor can before this transaction ends: rows that follow are ours.

    Raises:
        LeaseLostError: nothing was changed.
    """
    if _held(distribution.pk, distribution.lease_holder).select_for_update().values_list("pk").first() is None:
        raise LeaseLostError(f"{distribution.slug} was taken over by another process meanwhile; try again")


def give_back(distribution_pk: int, holder: str) -> None:
    _held(distribution_pk, holder).update(lease_holder="", lease_until=None)


def is_ours(holder: str) -> bool:
    """Tell whether a lease was taken on this machine, so that our lock says if its holder lives."""
    return holder.startswith(f"{_machine(work_dir() / 'locks')}:")


def _take(distribution_pk: int, holder: str) -> bool:
    ours = holder.partition(":")[0] + ":"
    free = Q(lease_until=None) | Q(lease_until__lte=Now()) | Q(lease_holder__startswith=ours)
    row = Distribution.objects.filter(free, pk=distribution_pk)
    return bool(row.update(lease_holder=holder, lease_until=Now() + BRIEF))


def _held(distribution_pk: int, holder: str) -> QuerySet[Distribution]:
    return Distribution.objects.filter(pk=distribution_pk, lease_holder=holder)


def _machine(locks: Path) -> str:
    """Name the directory of locks: whoever shares it shares the locks."""
    named = locks / "machine"
    with contextlib.suppress(FileNotFoundError):
        return named.read_text(encoding="ascii")
    locks.mkdir(parents=True, exist_ok=True)
    proposed = locks / f".machine-{secrets.token_hex(6)}"
    proposed.write_text(proposed.name.removeprefix(".machine-"), encoding="ascii")
    with contextlib.suppress(FileExistsError):  # of two processes that begin together, the first one names it
        os.link(proposed, named)
    proposed.unlink()
    return named.read_text(encoding="ascii")
