"""Whether this process can do its work, for load balancers and container runtimes.

Unavailable means: send no requests here. Degraded means that a person should look, while requests are answered as
ever. Workers that are gone, a disk that takes nothing more and what apps need outside are of that kind: pages and
metadata are served without them, and if they made every web process unavailable, a builder that stands still or a
bucket that does not answer would take the whole site down.
"""

import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from mageos_portal import registry
from mageos_portal.heartbeat import QueueUnreachableError, workers_alive
from mageos_portal.registry import Need

SECONDS_FOR_ANSWER = 4.0  # of what is outside


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a working portal needs, each there or not."""

    database: bool
    migrations: bool
    data_directory: bool  # can be read
    storage: bool  # can be written
    workers: Mapping[str, int] | None  # alive, by cluster; None: the queue does not answer
    needs: Mapping[str, bool]  # of the apps

    @property
    def status(self) -> str:
        if not (self.database and self.migrations and self.data_directory):
            return "unavailable"
        is_whole = self.storage and self.workers and all(self.workers.values()) and all(self.needs.values())
        return "ok" if is_whole else "degraded"


def readiness() -> Readiness:
    """Look at the database, its schema, the data directory, the heartbeat of the workers and what apps need."""
    directory: Path = settings.PORTAL_DATA_DIR
    database, migrations, workers = False, False, None
    try:
        migrations, database = _all_migrations_applied(), True
        workers = dict(workers_alive())
    except (DatabaseError, QueueUnreachableError):
        pass  # said by what is still missing
    return Readiness(database, migrations, directory.is_dir(), _takes_files(directory), workers, _needs())


def _needs() -> Mapping[str, bool]:
    looks = [_Look(need) for need in registry.needs]
    for look in looks:
        look.start()
    for look in looks:
        look.join(SECONDS_FOR_ANSWER)
    return {look.need.key: look.found for look in looks}


class _Look(threading.Thread):
    """Sees whether something is there; whoever asks may go before it knows."""

    def __init__(self, need: Need) -> None:
        super().__init__(name=f"look for {need.key}", daemon=True)
        self.need, self.found = need, False

    def run(self) -> None:
        self.found = self.need.is_there()


def _takes_files(directory: Path) -> bool:
    """Write a byte into a file without a name: a full disk, too, lets nobody do that."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            return file.write(b".") == 1
    except OSError:
        return False


def _all_migrations_applied() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
