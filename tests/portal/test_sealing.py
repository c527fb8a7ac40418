"""Secrets in the database, and in logs."""

import logging

import httpx
import pytest
from pytest_django import Settings

from mageos_portal.discretion import HostsOnly
from mageos_portal.sealing import Seal, UnreadableError

SEAL = Seal("tests")


def test_what_is_sealed_is_opened_with_this_key_and_older_ones(settings: Settings) -> None:
    sealed = SEAL.close("secret")
    assert "secret" not in sealed
    assert SEAL.open(sealed) == "secret"
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert SEAL.open(sealed) == "secret"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(UnreadableError):
        SEAL.open(sealed)


@pytest.mark.parametrize("sealed", ["", "nonsense", "ünïcödé", "a" * 5_000])
def test_what_was_never_sealed_is_not_opened(sealed: str) -> None:
    with pytest.raises(UnreadableError):
        SEAL.open(sealed)


def test_uses_of_the_key_have_nothing_to_do_with_each_other() -> None:
    other = Seal("others")
    with pytest.raises(UnreadableError):
        other.open(SEAL.close("secret"))
    assert other.digest("secret") != SEAL.digest("secret")


def test_a_secret_is_found_by_its_digest_after_the_key_changed(settings: Settings) -> None:
    digest = SEAL.digest("secret")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert SEAL.digest("secret") != digest
    assert digest in SEAL.digests("secret")
    assert digest not in SEAL.digests("another secret")


def test_a_log_names_the_host_of_a_request_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="httpx")
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=transport) as client:
        client.get("https://user:secret-1@discord.example:8443/invites/secret-2?code=secret-3")
    assert caplog.messages == ['HTTP Request: GET https://discord.example/… "HTTP/1.1 200 OK"']
    assert "secret" not in str([record.__dict__ for record in caplog.records])


def test_other_records_are_left_as_they_are() -> None:
    record = logging.LogRecord("httpx", logging.INFO, "x", 1, "%(a)s", ({"a": 1},), None)
    assert HostsOnly().filter(record)
    assert record.getMessage() == "1"
