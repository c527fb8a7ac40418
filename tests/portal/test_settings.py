"""What the environment may say, and how bad values are refused."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from mageos_portal.configuration import ConfigurationError, base_url_fault, is_loopback, read_configuration
from mageos_portal.secret_key import generated_secret_key
from tests.support.server import site_environment

ROOT = Path("/srv/portal")
PRODUCTION = {
    "PORTAL_ENV": "production",
    "PORTAL_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-and-more",
    "PORTAL_BASE_URL": "https://repo.example.org",
    "PORTAL_TRUSTED_PROXIES": "127.0.0.1",
    "DATABASE_URL": "postgresql://portal:secret@db.example.org:5432/portal",
    "PORTAL_EMAIL_URL": "smtp+tls://portal:secret@mail.example.org:587",
}


def faults(**environment: str) -> list[str]:
    try:
        read_configuration(environment, ROOT)
    except ConfigurationError as error:
        return error.faults
    return []


def test_every_default_runs() -> None:
    configuration = read_configuration({}, ROOT)
    assert configuration.data_dir == ROOT / "var"
    assert configuration.database["NAME"] == "/srv/portal/var/portal.sqlite3"
    assert configuration.base_url == "http://127.0.0.1:8000"
    assert not configuration.production
    assert not configuration.debug


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_configuration({"PORTAL_DATA_DIR": "", "PORTAL_DEBUG": " "}, ROOT) == read_configuration({}, ROOT)


@pytest.mark.parametrize(
    ("name", "value", "what_is_said"),
    [
        ("PORTAL_ENV", "live", "write one of: development, production"),
        ("PORTAL_DEBUG", "maybe", "neither true nor false"),
        ("PORTAL_DATA_DIR", "/etc/hostname", "is not a directory"),
        ("PORTAL_BASE_URL", "repo.example.org", "is not absolute"),
        ("PORTAL_BASE_URL", "ftp://repo.example.org", "is not absolute"),
        ("PORTAL_BASE_URL", "https://repo.example.org/mirror", "has a path"),
        ("PORTAL_BASE_URL", "https://repo.example.org/?a=1", "has a path"),
        ("PORTAL_BASE_URL", "https://repo.example.org:http", "is no address"),
        ("PORTAL_BASE_URL", "https://user:secret@repo.example.org", "contains a user name"),
        ("PORTAL_TRUSTED_PROXIES", "nginx", "write addresses or networks"),
        ("DATABASE_URL", "mysql://root@localhost/portal", "only PostgreSQL and SQLite"),
        ("DATABASE_URL", "postgresql://localhost", "only PostgreSQL and SQLite"),
        ("DATABASE_URL", "nonsense", "write postgresql://"),
        ("DATABASE_URL", "postgresql://localhost:port/portal", "write postgresql://"),
        ("Q_BROKER_URL", "amqp://localhost", "write redis://"),
        ("PORTAL_CACHE_URL", "memcached", "write redis://"),
        ("PORTAL_BUILD_TIMEOUT", "4h", "whole number above 0"),
        ("PORTAL_BUILD_TIMEOUT", "0", "whole number above 0"),
        ("PORTAL_BUILD_RETRY", "14400", "would be started twice"),
        ("PORTAL_GIT_HOSTS", "https://github.com", "write names only"),
        ("PORTAL_FETCH_TIMEOUT", "-1", "whole number above 0"),
        ("PORTAL_LOG_LEVEL", "loud", "write one of: DEBUG"),
        ("PORTAL_SECOND_FACTOR", "off", "a password alone would open the admin"),
        ("PORTAL_SECOND_FACTOR", "maybe", "neither true nor false"),
        ("PORTAL_EMAIL_URL", "mail.example.org", "write smtp+tls://"),
        ("PORTAL_EMAIL_URL", "smtp://", "names no mail server"),
        ("PORTAL_EMAIL_FROM", "the portal", "is no e-mail address"),
        ("PORTAL_NOTICE_EMAILS", "ann@example.org, bob", "'bob' is no e-mail address"),
        ("PORTAL_DISCORD_PARTING", "ban", "'ban' is unknown; write roles"),
        ("PORTAL_NOTICE_DISCORD_WEBHOOK", "http://discord.com/api/webhooks/1/x", "is no https address"),
        ("PORTAL_NOTICE_DISCORD_WEBHOOK", "https://discord.com:x/", "is no https address"),
        ("PORTAL_GITHUB_WEBHOOK_SECRETS", "short", "fewer than 16 characters"),
        ("PORTAL_GITHUB_WEBHOOK_SECRETS", f"{'a' * 20} {'b' * 20} {'c' * 20}", "it holds 3 secrets"),
        ("PORTAL_WEBHOOK_DELAY", "0", "whole number above 0"),
        ("PORTAL_KEEP_LOGS_DAYS", "0", "write a whole number above 0, such as 90"),
        ("PORTAL_KEEP_LOGS_DAYS", "36501", "is not a number of days"),
        ("PORTAL_KEEP_PLANS_DAYS", "a week", "is not a number of days"),
        ("PORTAL_DOCS_INTERVAL", "4", "write 0 for never, or 5 to 10080 minutes"),
        ("PORTAL_LINK_CHECK_HOSTS", "github.com https://example.org/x", "is not the name of a host"),
        ("PORTAL_DOCS_INTERVAL", "10081", "is no interval"),
        ("PORTAL_DOCS_INTERVAL", "hourly", "is no interval"),
        ("PORTAL_AGREEMENT_DAYS", "13", "write 14 to 365, such as 30"),
        ("PORTAL_AGREEMENT_DAYS", "a month", "is no number of days"),
        ("PORTAL_CONDUCT_EMAIL", "conduct", "is no e-mail address"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(name: str, value: str, what_is_said: str) -> None:
    [fault] = faults(**{name: value})
    assert fault.startswith(f"{name}: ")
    assert what_is_said in fault


def test_all_bad_values_are_refused_together() -> None:
    found = faults(PORTAL_DEBUG="maybe", DATABASE_URL="nonsense", PORTAL_BASE_URL="nowhere")
    assert sorted(fault.partition(":")[0] for fault in found) == ["DATABASE_URL", "PORTAL_BASE_URL", "PORTAL_DEBUG"]


def test_a_refused_address_is_not_repeated_with_its_password() -> None:
    for name in (
        "PORTAL_BASE_URL",
        "DATABASE_URL",
        "Q_BROKER_URL",
        "PORTAL_EMAIL_URL",
        "PORTAL_NOTICE_DISCORD_WEBHOOK",
    ):
        assert "hunter2" not in str(faults(**{name: "xyz://user:hunter2@host/path"}))
    assert "hunter2" not in str(faults(PORTAL_BASE_URL="https://user:hunter2@host"))
    assert "hunter2" not in str(faults(PORTAL_GITHUB_WEBHOOK_SECRETS="hunter2"))


def test_production_is_fine_with_sane_values() -> None:
    assert faults(**PRODUCTION) == []


@pytest.mark.parametrize(
    ("name", "value", "what_is_said"),
    [
        ("PORTAL_SECRET_KEY", "", "production needs one"),
        ("PORTAL_SECRET_KEY", "short", "at least 50"),
        ("PORTAL_BASE_URL", "http://repo.example.org", "is not https"),
        ("PORTAL_BASE_URL", "", "is not https"),
        ("PORTAL_DEBUG", "true", "set it to false"),
    ],
)
def test_production_refuses_what_is_fine_on_a_laptop(name: str, value: str, what_is_said: str) -> None:
    [fault] = faults(**PRODUCTION | {name: value})
    assert fault.startswith(f"{name}: ")
    assert what_is_said in fault


def test_the_second_factor_can_be_off_only_where_nothing_is_worth_it() -> None:
    assert read_configuration({}, ROOT).second_factor
    assert not read_configuration({"PORTAL_SECOND_FACTOR": "off", "PORTAL_DEBUG": "true"}, ROOT).second_factor
    assert faults(**PRODUCTION, PORTAL_SECOND_FACTOR="off") != []


def test_mail_leaves_by_the_server_that_was_named() -> None:
    email = read_configuration(PRODUCTION, ROOT).email
    assert email is not None
    assert (email["EMAIL_HOST"], email["EMAIL_PORT"], email["EMAIL_USE_TLS"]) == ("mail.example.org", 587, True)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [("https://repo.example.org", "portal@repo.example.org"), ("http://127.0.0.1:8000", "portal@localhost")],
)
def test_mail_comes_from_the_domain_of_the_site(base_url: str, expected: str) -> None:
    assert read_configuration({"PORTAL_BASE_URL": base_url}, ROOT).email_from == expected


def test_sqlite_lets_readers_and_a_writer_work_at_once() -> None:
    options = read_configuration({"DATABASE_URL": "sqlite:////data/other.sqlite3"}, ROOT).database["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    assert "journal_mode = WAL" in options["init_command"]


def test_postgresql_connections_are_kept_and_checked() -> None:
    database = read_configuration(PRODUCTION, ROOT).database
    assert database["HOST"] == "db.example.org"
    assert database["CONN_HEALTH_CHECKS"] is True


def test_the_hosts_of_the_site_and_of_health_probes_are_always_allowed() -> None:
    environment = PRODUCTION | {"PORTAL_ALLOWED_HOSTS": "a.example.org, b.example.org"}
    expected = ["a.example.org", "b.example.org", "repo.example.org", "localhost", "127.0.0.1", "[::1]"]
    assert read_configuration(environment, ROOT).allowed_hosts == expected


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000", "http://mirror.localhost"]
)
def test_a_loopback_address_is_recognised(url: str) -> None:
    assert base_url_fault(url) is None
    assert is_loopback(url)


def test_an_outside_address_is_not_loopback() -> None:
    assert not is_loopback("https://repo.example.org")


def test_the_secret_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    key = generated_secret_key(data_dir)
    assert generated_secret_key(data_dir) == key
    assert len(key) >= 50
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in data_dir.iterdir()] == ["secret_key"]


def test_processes_that_start_at_once_share_one_secret_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(generated_secret_key, [tmp_path / "data"] * 64))
    assert len(keys) == 1


def run_check(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", "check", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_in_a_bad_environment_says_so_without_a_traceback(tmp_path: Path) -> None:
    answer = run_check(site_environment(tmp_path, PORTAL_BASE_URL="nowhere"))
    assert answer.returncode == 1
    assert "PORTAL_BASE_URL: 'nowhere' is not absolute" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_data_directory_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    answer = run_check(site_environment(Path("/proc/portal")))
    assert answer.returncode == 1
    assert "PORTAL_DATA_DIR: " in answer.stderr
    assert "Traceback" not in answer.stderr


def test_deployment_checks_are_clean_in_production(tmp_path: Path) -> None:
    answer = run_check(site_environment(tmp_path, **PRODUCTION), "--deploy", "--fail-level", "DEBUG")
    assert answer.returncode == 0, answer.stderr


def test_production_behind_no_proxy_is_warned_about_plain_http(tmp_path: Path) -> None:
    production = {name: value for name, value in PRODUCTION.items() if name != "PORTAL_TRUSTED_PROXIES"}
    answer = run_check(site_environment(tmp_path, **production), "--deploy")
    assert "security.W008" in answer.stderr
