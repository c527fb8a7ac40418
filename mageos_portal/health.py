"""Whether this process can do its work, for load balancers and container runtimes.

Unavailable means: send no requests here. Degraded means that a person should look, while requests are answered as
ever. Workers that are gone and a disk that takes nothing more are of that kind: what is published is served without
them, and if they made every web process unavailable, a builder that stands still would take the whole site down.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from mageos_portal.heartbeat import QueueUnreachableError, workers_alive


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a working portal needs, each there or not."""

    database: bool
    migrations: bool
    data_directory: bool  # can be read
    storage: bool  # can be written
    workers: Mapping[str, int] | None  # alive, by cluster; None: the queue does not answer

    @property
    def status(self) -> str:
        if not (self.database and self.migrations and self.data_directory):
            return "unavailable"
        return "ok" if self.storage and self.workers and all(self.workers.values()) else "degraded"


def readiness() -> Readiness:
    """Look at the database, its schema, the data directory and the heartbeat of the workers."""
    directory: Path = settings.PORTAL_DATA_DIR
    database, migrations, workers = False, False, None
    try:
        migrations, database = _all_migrations_applied(), True
        workers = dict(workers_alive())
    except (DatabaseError, QueueUnreachableError):
        pass  # said by what is still missing
    return Readiness(database, migrations, directory.is_dir(), _takes_files(directory), workers)


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
