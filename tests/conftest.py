"""Fixtures for all tests. The environment they run in is set by tests/settings.py, before Django starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgresql import PostgresqlCluster, running_postgresql
from tests.support.programs import postgresql_program


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresqlCluster]:
    """A PostgreSQL server of this test run's own."""
    initdb = postgresql_program("initdb")
    with running_postgresql(initdb.parent) as cluster:
        yield cluster


@pytest.fixture
def site_directory(tmp_path: Path) -> Path:
    """A data directory for one site that a test starts."""
    directory = tmp_path / "site"
    directory.mkdir(mode=0o700)
    return directory
