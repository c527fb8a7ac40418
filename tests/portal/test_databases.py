"""The site on the databases that it supports."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.conf import settings

from tests.support.postgresql import PostgresqlCluster
from tests.support.server import running_site_from_nothing, site_environment


@pytest.mark.postgresql
def test_an_empty_postgresql_database_becomes_a_working_site(postgresql: PostgresqlCluster, tmp_path: Path) -> None:
    url = postgresql.create_database("portal_site")
    with running_site_from_nothing(tmp_path, DATABASE_URL=url) as site, urlopen(f"{site.base_url}/readyz") as answer:
        assert json.load(answer)["status"] == "degraded"  # nobody works on its queue
    assert not list(tmp_path.glob("*.sqlite3"))


def test_an_empty_directory_becomes_a_working_site(tmp_path: Path) -> None:
    with running_site_from_nothing(tmp_path / "new" / "data") as site, urlopen(f"{site.base_url}/readyz") as answer:
        assert json.load(answer)["status"] == "degraded"  # nobody works on its queue
        site.manage("migrate", "mageos_portal", "zero")
        site.manage("migrate")


def said_of_an_empty_database(environment: dict[str, str]) -> str:
    """Run a command before `migrate`, and give what it says while it fails."""
    command = [sys.executable, "manage.py", "sync_schedules"]
    answer = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    return answer.stderr


def test_a_command_on_an_empty_database_says_what_to_run(tmp_path: Path) -> None:
    said = said_of_an_empty_database(site_environment(tmp_path))
    assert said.startswith("The database is not ready (no such table: ")
    assert said.endswith("); run: manage.py migrate\n")


@pytest.mark.postgresql
def test_a_command_on_an_empty_postgresql_database_says_what_to_run(
    postgresql: PostgresqlCluster, tmp_path: Path
) -> None:
    url = postgresql.create_database("portal_empty")
    said = said_of_an_empty_database(site_environment(tmp_path, DATABASE_URL=url))
    assert said.startswith('The database is not ready (relation "')
    assert said.endswith("); run: manage.py migrate\n")
