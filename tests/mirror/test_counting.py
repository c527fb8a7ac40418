"""Installs are collected, limited a day and address, and written together."""

import json
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, connection

from mirror import counting
from mirror.counting import Install, InstallCollector
from mirror.models import Distribution, InstallCount
from tests.support.server import running_site

DAY = date(2026, 1, 2)


@pytest.fixture
def distribution(db: None) -> Distribution:
    cache.clear()
    return Distribution.objects.create(slug="acme", recipe="acme.toml")


def install(distribution: Distribution, name: str = "acme/library", visitor: str = "v", day: date = DAY) -> Install:
    return Install(distribution.pk, day, visitor, name, "1.0.0.0")


def counts() -> dict[str, int]:
    return dict(InstallCount.objects.values_list("name", "count"))


def test_counts_add_up(distribution: Distribution) -> None:
    counting.write([install(distribution), install(distribution), install(distribution, "acme/other")])
    counting.write([install(distribution)])
    assert counts() == {"acme/library": 3, "acme/other": 1}


def test_one_address_counts_ten_times_a_package_and_day(distribution: Distribution) -> None:
    counting.write([install(distribution)] * 8)
    counting.write([install(distribution)] * 8)
    counting.write([install(distribution, "acme/other"), install(distribution, visitor="w")])
    assert counts() == {"acme/library": 11, "acme/other": 1}


def test_the_next_day_counts_anew(distribution: Distribution) -> None:
    counting.write([install(distribution)] * 12 + [install(distribution, day=date(2026, 1, 3))])
    assert sorted(InstallCount.objects.values_list("count", flat=True)) == [1, 10]


def test_a_distribution_that_is_gone_is_not_counted(distribution: Distribution) -> None:
    found = install(distribution)
    distribution.delete()
    counting.write([found])
    assert counts() == {}


def test_an_address_becomes_another_hash_every_day(distribution: Distribution) -> None:
    today, tomorrow = (counting.visitor_of("192.0.2.7", date(2026, 1, day)) for day in (2, 3))
    assert today == counting.visitor_of("192.0.2.7", DAY)
    assert len({today, tomorrow, counting.visitor_of("192.0.2.8", DAY)}) == 3
    assert "192.0.2.7" not in today


def test_a_hash_cannot_be_made_again_without_the_salt(distribution: Distribution) -> None:
    before = counting.visitor_of("192.0.2.7", DAY)
    cache.clear()
    assert counting.visitor_of("192.0.2.7", DAY) != before


def test_installs_are_written_together_after_a_while() -> None:
    written: list[list[str]] = []
    done = threading.Event()

    def write(installs: list[Install]) -> None:
        written.append([one.name for one in installs])
        done.set()

    collector = InstallCollector(write, seconds=0.05)
    for name in ("a", "b"):
        collector.add([Install(1, DAY, "v", name, "1")])
    assert done.wait(10)
    assert [name for batch in written for name in batch] == ["a", "b"]


def test_a_flush_writes_at_once_and_only_once() -> None:
    written: list[Install] = []
    collector = InstallCollector(written.extend, seconds=3600)
    collector.add([Install(1, DAY, "v", "a", "1")])
    collector.flush()
    collector.flush()
    assert len(written) == 1


def test_memory_is_bounded() -> None:
    written: list[Install] = []
    collector = InstallCollector(written.extend, seconds=3600, most=3)
    collector.add(Install(1, DAY, "v", str(number), "1") for number in range(5))
    collector.flush()
    assert [one.name for one in written] == ["0", "1", "2"]


def test_a_database_that_is_down_loses_counts_only(
    distribution: Distribution, caplog: pytest.LogCaptureFixture
) -> None:
    def down(execute: Any, sql: str, *arguments: Any) -> Any:
        if "mirror_installcount" in sql:
            raise OperationalError("down")
        return execute(sql, *arguments)

    with connection.execute_wrapper(down):
        counting.write([install(distribution)])
    assert "1 installs were not counted" in caplog.text
    assert counts() == {}


FILL = """
import django
django.setup()
from mirror.models import Distribution
from tests.support.publications import publish
publish(Distribution.objects.get(is_default=True))
"""
COUNTS = "from mirror.models import InstallCount; print(*InstallCount.objects.values_list('name', 'count'))"


def test_a_server_that_is_stopped_writes_what_it_has_counted(site_directory: Path) -> None:
    notice = json.dumps({"downloads": [{"name": "acme/library", "version": "2.0.0.0"}]}).encode()
    agent = {"User-Agent": "Composer/2.5.5 (Linux; 6.1.0; PHP 8.2.36)"}
    with running_site(site_directory) as site:
        environment = {**site.environment, "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
        subprocess.run([sys.executable, "-c", FILL], env=environment, cwd=settings.BASE_DIR, check=True)
        with urlopen(Request(f"{site.base_url}/notify", notice, agent)) as reply:
            assert reply.status == 201
    assert site.manage("shell", "--no-imports", "--command", COUNTS).strip() == "('acme/library', 1)"
