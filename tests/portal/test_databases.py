"""The site on the databases that it supports."""

import json
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.postgresql import PostgresqlCluster
from tests.support.server import running_site


@pytest.mark.postgresql
def test_an_empty_postgresql_database_becomes_a_working_site(postgresql: PostgresqlCluster, tmp_path: Path) -> None:
    url = postgresql.create_database("portal_site")
    with running_site(tmp_path, DATABASE_URL=url) as site, urlopen(f"{site.base_url}/readyz") as answer:
        assert json.load(answer)["status"] == "degraded"  # nobody works on its queue
    assert not list(tmp_path.glob("*.sqlite3"))


def test_an_empty_directory_becomes_a_working_site(tmp_path: Path) -> None:
    with running_site(tmp_path / "new" / "data") as site, urlopen(f"{site.base_url}/readyz") as answer:
        assert json.load(answer)["status"] == "degraded"  # nobody works on its queue
        site.manage("migrate", "mageos_portal", "zero")
        site.manage("migrate")
