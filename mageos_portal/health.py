"""Whether this process can do its work, for load balancers and container runtimes."""

from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from mageos_portal.checks import is_writable


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a working portal needs, each there or not."""

    database: bool
    migrations: bool
    data_directory: bool

    @property
    def complete(self) -> bool:
        return self.database and self.migrations and self.data_directory


def readiness() -> Readiness:
    """Look at the database, its schema and the data directory."""
    data_directory = is_writable(settings.PORTAL_DATA_DIR)
    try:
        return Readiness(database=True, migrations=_all_migrations_applied(), data_directory=data_directory)
    except DatabaseError:
        return Readiness(database=False, migrations=False, data_directory=data_directory)


def _all_migrations_applied() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
