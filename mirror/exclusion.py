"""One process at a time changes a distribution on this machine."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from mirror.models import Distribution
from mirror.storage import locked


@contextlib.contextmanager
def alone(distribution: Distribution, doing: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the distribution's lock, and read its row anew under it.

    Raises:
        LockedError: another process holds the lock and ``wait`` is false.
    """
    lock = Path(settings.PORTAL_DATA_DIR) / "locks" / f"{distribution.slug}.lock"
    with locked(lock, f"{doing} of {distribution.slug} by process {os.getpid()}", wait=wait):
        distribution.refresh_from_db()
        yield
