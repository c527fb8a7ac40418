"""What load balancers are told of a bucket of dists that is there, is not there, or does not answer."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.support.buckets import BucketServer, running_buckets
from tests.support.server import free_port

pytestmark = pytest.mark.django_db

Use = Callable[..., None]
SECONDS = 30


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with running_buckets() as server:
        yield server


@pytest.fixture
def use(settings: Settings, tmp_path: Path, server: BucketServer) -> Use:
    """Keep dists in a bucket of the server, or of another one."""

    def use(bucket: str, **options: Any) -> None:
        found = server.storages(bucket)
        settings.STORAGES = {**settings.STORAGES, "dists": {**found, "OPTIONS": {**found["OPTIONS"], **options}}}

    settings.PORTAL_DATA_DIR = tmp_path
    return use


def told(client: Client) -> tuple[int, str, dict[str, bool]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["status"], answer.json()["needs"]


def test_a_bucket_that_answers_is_there(client: Client, use: Use, server: BucketServer) -> None:
    server.make("there")
    use("there")
    deadline = time.monotonic() + SECONDS
    while told(client)[2] != {"dists": True}:  # a machine that is very busy may take too long at first
        assert time.monotonic() < deadline


def test_a_bucket_that_nobody_made_is_missed_and_named_in_the_log(
    client: Client, use: Use, caplog: pytest.LogCaptureFixture
) -> None:
    use("nowhere")
    assert told(client) == (200, "degraded", {"dists": False})
    assert "Dists cannot be reached: the bucket nowhere at http://127.0.0.1" in caplog.text


def test_a_bucket_whose_server_is_gone_is_missed_while_pages_are_served(client: Client, use: Use) -> None:
    use("there", endpoint_url=f"http://127.0.0.1:{free_port()}")
    assert told(client) == (200, "degraded", {"dists": False})
    assert client.get("/").status_code == 200


def test_a_bucket_that_never_answers_does_not_hold_up_the_probe(client: Client, use: Use) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use("there", endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        assert told(client) == (200, "degraded", {"dists": False})
        assert time.monotonic() - started < SECONDS
