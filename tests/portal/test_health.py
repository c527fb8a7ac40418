"""What load balancers and container runtimes are told."""

import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.test import Client
from pytest_django import Settings

from tests.support.server import Site, running_site

SECONDS = 120


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.PORTAL_DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


def test_the_process_says_that_it_is_up_without_a_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_a_site_without_workers_is_ready_and_says_that_a_person_should_look(client: Client, data_dir: Path) -> None:
    cache.clear()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "degraded",
        "database": True,
        "migrations": True,
        "data_directory": True,
        "storage": True,
        "workers": {"default": 0, "builds": 0},
        "needs": {"dists": True},
    }
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_a_site_whose_data_directory_is_gone_is_not_ready(client: Client, data_dir: Path) -> None:
    data_dir.rmdir()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert (response.json()["status"], response.json()["data_directory"]) == ("unavailable", False)


@pytest.mark.django_db
def test_a_site_that_cannot_write_still_serves(client: Client, settings: Settings) -> None:
    settings.PORTAL_DATA_DIR = Path("/proc")  # takes no files, not even from root
    response = client.get("/readyz")
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["storage"]) == ("degraded", False)


@pytest.mark.django_db
def test_a_site_with_a_migration_to_do_is_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'mageos_portal'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["migrations"] is False


def test_a_site_without_its_database_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError

    database = connections[DEFAULT_DB_ALIAS]  # itself: of the proxy before it pytest would take away what was patched
    monkeypatch.setattr(database, "ensure_connection", fail)
    monkeypatch.setattr(database, "connection", None)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["database"] is False


def test_both_clusters_are_seen_and_missed(site: Site) -> None:
    clusters = [started(site, name) for name in ("default", "builds")]
    try:
        wait_for(site, "ok")
        assert "alive" in site.manage("check_heartbeat", "builds")
    finally:
        for cluster in clusters:
            cluster.terminate()
        ended = [cluster.wait(SECONDS) for cluster in clusters]
    assert ended == [0, 0]
    wait_for(site, "degraded")


def test_a_missing_cluster_is_told_by_the_exit_status(site: Site) -> None:
    answer = subprocess.run(
        [sys.executable, "manage.py", "check_heartbeat", "builds"],
        cwd=django_settings.BASE_DIR, env=dict(site.environment), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 1
    assert "no worker of the cluster builds is alive" in answer.stderr


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_ask_for_the_headers_only(site: Site, path: str) -> None:
    connected = HTTPConnection(urlsplit(site.base_url).netloc)
    connected.request("HEAD", path)
    answer = connected.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    connected.close()


def started(site: Site, cluster: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=django_settings.BASE_DIR,
        env={**site.environment, "Q_CLUSTER_NAME": cluster},
    )


def wait_for(site: Site, status: str) -> None:
    deadline = time.monotonic() + SECONDS
    while status not in (found := readiness(site)):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)  # between two looks; the loop ends by itself


def readiness(site: Site) -> str:
    connected = HTTPConnection(urlsplit(site.base_url).netloc)
    connected.request("GET", "/readyz")
    answer = connected.getresponse().read().decode()
    connected.close()
    return answer
