"""Where the portal asks services elsewhere, and what the environment says of that."""

from pathlib import Path

import pytest

from mageos_portal.configuration import Configuration, ConfigurationError, read_configuration
from mageos_portal.reach import Reach, ReachError, check_reach, is_public


def read(root: Path, **environment: str) -> Configuration:
    return read_configuration(environment, root)


def test_drive_is_googles_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.docs.drive_url == "https://www.googleapis.com/drive/v3"
    assert (found.docs.drive_key, found.docs.drive_credentials, found.docs.drive_private) == ("", None, False)


def test_drive_may_be_somewhere_else(tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text("{}", encoding="utf-8")
    found = read(
        tmp_path,
        PORTAL_DRIVE_URL="http://drive.internal:8080/",
        PORTAL_DRIVE_API_KEY="AIza-key_1",
        PORTAL_DRIVE_CREDENTIALS="account.json",
        PORTAL_DRIVE_PRIVATE="true",
    )
    assert found.docs.drive_url == "http://drive.internal:8080"
    assert (found.docs.drive_key, found.docs.drive_private) == ("AIza-key_1", True)
    assert found.docs.drive_credentials == tmp_path / "account.json"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORTAL_DRIVE_URL", "www.googleapis.com", "is no address of a service"),
        ("PORTAL_DRIVE_URL", "ftp://example.org", "is no address of a service"),
        ("PORTAL_DRIVE_URL", "https://me:secret@example.org", "is no address of a service"),
        ("PORTAL_DRIVE_URL", "https://example.org/?key=secret", "is no address of a service"),
        ("PORTAL_DRIVE_URL", "https://example.org:http", "is no address of a service"),
        ("PORTAL_DRIVE_API_KEY", "secret secret", "holds characters that no key has"),
        ("PORTAL_DRIVE_API_KEY", "secré", "holds characters that no key has"),
        ("PORTAL_DRIVE_CREDENTIALS", "nowhere.json", "'nowhere.json' is no file"),
        ("PORTAL_DRIVE_PRIVATE", "perhaps", "neither true nor false"),
    ],
)
def test_what_cannot_be_used_is_refused_without_repeating_secrets(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(tmp_path, **{name: value})
    (fault,) = raised.value.faults
    assert fault.startswith(f"{name}: ")
    assert said in fault
    assert "secr" not in fault


@pytest.mark.parametrize(
    ("url", "reach", "is_inside"),
    [
        ("https://8.8.8.8/", Reach(), False),
        ("http://8.8.8.8/", Reach(plain=True), False),
        ("http://127.0.0.1:1/", Reach(loopback=True), True),
        ("http://127.0.0.1:1/", Reach(private=True), True),
        ("https://10.1.2.3/", Reach(private=True), True),
        ("https://[fd00::1]/", Reach(private=True), True),
    ],
)
def test_requests_go_where_they_may(url: str, reach: Reach, is_inside: bool) -> None:
    assert check_reach(url, reach, "advice") is is_inside


@pytest.mark.parametrize(
    ("url", "reach", "said"),
    [
        ("http://127.0.0.1/", Reach(), "no public address; advice"),
        ("https://192.168.1.1/", Reach(loopback=True), "no public address; advice"),
        ("https://169.254.169.254/", Reach(private=True, loopback=True), "no public address"),
        ("https://0.0.0.0/", Reach(private=True), "no public address"),
        ("https://[::ffff:127.0.0.1]/", Reach(), "no public address"),
        ("http://8.8.8.8/", Reach(private=True), "without https"),
        ("http://10.0.0.1/", Reach(plain=True), "no public address"),
        ("https://nowhere.invalid/", Reach(), "cannot be resolved"),
        ("https://a" + "." * 300 + "/", Reach(), "is no address"),
        ("https://example.org:http/", Reach(), "is no address"),
        ("https://[::/", Reach(), "is no address"),
    ],
)
def test_requests_go_nowhere_else(url: str, reach: Reach, said: str) -> None:
    with pytest.raises(ReachError, match=said):
        check_reach(url, reach, "advice")


def test_the_other_end_of_a_connection_is_on_the_internet_or_not() -> None:
    assert is_public("8.8.8.8")
    assert not is_public("::ffff:10.0.0.1")
    assert not is_public("fe80::1%eth0")
