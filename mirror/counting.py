"""Counts installs that composer reports: collected in memory, written every few seconds.

Of an address only a hash is kept, for a day, with a salt that is thrown away after it.
"""

import hashlib
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.util import Finalize

from django.core.cache import cache
from django.db import DatabaseError, close_old_connections, transaction

from mirror.models import Distribution, InstallCount

logger = logging.getLogger(__name__)

MOST_A_DAY = 10  # per address and package
SECONDS_BETWEEN_WRITES = 3.0
MOST_WAITING = 50_000  # installs in memory
DAY = 24 * 60 * 60  # seconds


@dataclass(frozen=True, slots=True)
class Install:
    """One reported install."""

    distribution: int  # primary key
    day: date
    visitor: str  # see `visitor_of`
    name: str
    version: str  # normalized


class InstallCollector:
    """Holds installs until they are written together."""

    def __init__(
        self,
        write: Callable[[list[Install]], None],
        seconds: float = SECONDS_BETWEEN_WRITES,
        most: int = MOST_WAITING,
    ) -> None:
        self._write, self._seconds, self._most = write, seconds, most
        self._waiting: list[Install] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def add(self, installs: Iterable[Install]) -> None:
        """Take installs; what does not fit any more is not counted."""
        with self._lock:
            room = self._most - len(self._waiting)
            self._waiting += list(installs)[:room]
            if self._waiting and self._timer is None:
                self._timer = threading.Timer(self._seconds, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what has been collected."""
        with self._lock:
            installs, self._waiting = self._waiting, []
            if self._timer:
                self._timer.cancel()
            self._timer = None
        if installs:
            self._write(installs)


def visitor_of(address: str, day: date) -> str:
    """Name an address for one day without telling it."""
    key = f"installs:salt:{day}"
    salt: str = cache.get_or_set(key, lambda: secrets.token_hex(16), timeout=DAY + 1) or ""
    return hashlib.sha256(f"{salt}{address}".encode()).hexdigest()[:32]


def write(installs: list[Install]) -> None:
    """Add installs to the counts of their day, up to the most of a visitor."""
    close_old_connections()
    try:
        for (distribution, day), counts in allowed(installs).items():
            _add(distribution, day, counts)
    except DatabaseError:
        logger.exception("%d installs were not counted.", len(installs))
    finally:
        close_old_connections()


def _add(distribution: int, day: date, counts: Mapping[tuple[str, str], int]) -> None:
    with transaction.atomic():
        found = Distribution.objects.filter(pk=distribution).first()
        if found:
            InstallCount.objects.add(found, day, counts)


def allowed(installs: list[Install]) -> dict[tuple[int, date], Counter[tuple[str, str]]]:
    """Count by distribution and day what is within the most of a visitor, which the cache holds."""
    keys = {f"installs:{i.distribution}:{i.day}:{i.visitor}": i for i in installs}
    seen: dict[str, dict[str, int]] = cache.get_many(keys)
    counts: dict[tuple[int, date], Counter[tuple[str, str]]] = {}
    for install in installs:
        key = f"installs:{install.distribution}:{install.day}:{install.visitor}"
        packages = seen.setdefault(key, {})
        packages[install.name] = packages.get(install.name, 0) + 1
        if packages[install.name] <= MOST_A_DAY:
            of_day = counts.setdefault((install.distribution, install.day), Counter())
            of_day[install.name, install.version] += 1
    cache.set_many(seen, timeout=DAY)
    return counts


def count(distribution: Distribution, versions: Iterable[tuple[str, str]], address: str) -> None:
    """Count the install of (name, normalized version) each, once a package."""
    day = datetime.now(UTC).date()
    visitor = visitor_of(address, day)
    once = dict(versions)
    collector.add(Install(distribution.pk, day, visitor, *found) for found in once.items())


collector = InstallCollector(write)
# Not atexit: servers run their workers by multiprocessing, whose processes end without it.
Finalize(None, collector.flush, exitpriority=0)
