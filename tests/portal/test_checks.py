"""What operators get told by `manage.py check`."""

from pathlib import Path

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from mageos_portal import checks


def ids(messages: list[CheckMessage]) -> list[str | None]:
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


def test_a_sound_installation_has_no_faults() -> None:
    assert [message for check in checks.ALL for message in check(None)] == []


@pytest.mark.parametrize(
    "url", ["repo.example.org", "/mirror", "https://repo.example.org/mirror", "https://repo.example.org?x=1"]
)
def test_a_base_url_that_is_no_site_is_an_error(settings: Settings, url: str) -> None:
    settings.PORTAL_BASE_URL = url
    assert ids(checks.check_base_url(None)) == ["portal.E001"]


@pytest.mark.parametrize(("production", "expected"), [(True, ["portal.E002"]), (False, [])])
def test_a_loopback_address_is_an_error_in_production(
    settings: Settings, production: bool, expected: list[str]
) -> None:
    settings.PORTAL_BASE_URL = "https://localhost:8443"
    settings.PORTAL_PRODUCTION = production
    assert ids(checks.check_base_url(None)) == expected


def test_a_missing_data_directory_is_an_error(settings: Settings, tmp_path: Path) -> None:
    settings.PORTAL_DATA_DIR = tmp_path / "missing"
    assert ids(checks.check_data_directory(None)) == ["portal.E003"]


def test_a_data_directory_that_is_a_file_is_an_error(settings: Settings, tmp_path: Path) -> None:
    settings.PORTAL_DATA_DIR = tmp_path / "file"
    settings.PORTAL_DATA_DIR.touch()
    assert ids(checks.check_data_directory(None)) == ["portal.E003"]


def test_a_data_directory_without_the_right_to_write_is_an_error(settings: Settings) -> None:
    settings.PORTAL_DATA_DIR = Path("/proc/self")
    assert ids(checks.check_data_directory(None)) == ["portal.E003"]


@pytest.mark.parametrize("name", ["default", "builds"])
def test_a_queue_that_would_start_running_tasks_again_is_an_error(settings: Settings, name: str) -> None:
    broken = {"timeout": 120, "retry": 120}
    others = {"timeout": 60, "retry": 120}
    clusters = {"default": others, "builds": others} | {name: broken}
    settings.Q_CLUSTER = {**clusters["default"], "ALT_CLUSTERS": {"builds": clusters["builds"]}}
    [error] = checks.check_queue_timeouts(None)
    assert error.id == "portal.E004"
    assert name in error.msg


def test_no_git_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ids(checks.check_git(None)) == ["portal.E005"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("git version 2.33.9", ["portal.E006"]),
        ("git version 1.9", ["portal.E006"]),
        ("git version 2.34.0", []),
        ("git version 2.39.5 (Apple Git-154)", []),
        ("git version 3.0.0", []),
        ("hello", ["portal.E005"]),
    ],
)
def test_git_must_be_new_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, expected: list[str]
) -> None:
    stand_in = tmp_path / "git"
    stand_in.write_text(f"#!/bin/sh\necho '{answer}'\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ids(checks.check_git(None)) == expected


@pytest.mark.parametrize(
    ("production", "is_set", "expected"), [(True, False, ["portal.W007"]), (True, True, []), (False, False, [])]
)
def test_production_without_mail_is_warned_about(
    settings: Settings, production: bool, is_set: bool, expected: list[str]
) -> None:
    settings.PORTAL_PRODUCTION = production
    settings.PORTAL_EMAIL_IS_SET = is_set
    assert ids(checks.check_mail(None)) == expected


@pytest.mark.parametrize(("debug", "expected"), [(False, ["portal.E008"]), (True, [])])
def test_a_second_factor_that_is_off_is_an_error(settings: Settings, debug: bool, expected: list[str]) -> None:
    settings.PORTAL_SECOND_FACTOR = False
    settings.DEBUG = debug
    assert ids(checks.check_second_factor(None)) == expected


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_a_cache_that_is_not_shared_is_an_error(settings: Settings, backend: str) -> None:
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    assert ids(checks.check_cache(None)) == ["portal.E009"]
