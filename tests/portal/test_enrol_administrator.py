"""The command that makes the first administrator, as an operator and as a container run it."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from tests.support.server import manage, site_environment
from tests.support.staff import PASSWORD, a_person, code, enrol

WHO = ("--no-input", "--username", "jane", "--email", "jane@example.org")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_ADMINISTRATOR_PASSWORD", PASSWORD)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("enrol_administrator", *arguments)
    return capsys.readouterr().out


@pytest.mark.django_db
def test_the_administrator_can_log_in_with_what_was_printed(capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, *WHO)
    [secret] = re.findall(r"otpauth://totp/jane%40example.org\?secret=([A-Z2-7]+)&issuer=Mage-OS%20portal", printed)
    client = Client()
    client.post("/account/login/", {"login": "jane", "password": PASSWORD})
    assert client.post("/account/second-factor/authenticate/", {"code": code(secret)})["Location"] == "/admin/"
    assert client.get("/admin/auth/user/").status_code == 200
    assert EmailAddress.objects.get().verified
    assert len(re.findall(r"^  \d{8}$", printed, re.MULTILINE)) == 10


@pytest.mark.django_db
def test_a_second_run_changes_nothing_and_needs_no_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said(capsys, *WHO)
    before = list(Authenticator.objects.values("pk", "data"))
    monkeypatch.delenv("PORTAL_ADMINISTRATOR_PASSWORD")
    printed = said(capsys, *WHO)
    assert "nothing was changed" in printed
    assert "otpauth" not in printed
    assert list(Authenticator.objects.values("pk", "data")) == before


@pytest.mark.django_db
def test_an_account_without_factor_is_completed_and_keeps_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    user = User.objects.create_user("jane", "jane@example.org", "the-password-of-before")
    printed = said(capsys, *WHO)
    user.refresh_from_db()
    assert user.is_superuser
    assert user.check_password("the-password-of-before")
    assert "otpauth" in printed


@pytest.mark.django_db
def test_a_factor_that_somebody_has_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    enrol(a_person("jane"))
    assert "otpauth" not in said(capsys, *WHO)
    assert User.objects.get().is_superuser


@pytest.mark.django_db
def test_a_lost_factor_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    lost = enrol(a_person("jane", superuser=True))
    assert "otpauth" in said(capsys, *WHO, "--replace-second-factor")
    assert not Authenticator.objects.filter(pk=lost.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "password", "what_is_said"),
    [
        (("--no-input", "--email", "jane@example.org"), PASSWORD, "--username is missing"),
        (("--no-input", "--username", "jane"), PASSWORD, "--email is missing"),
        (WHO, "short", "at least 12 characters"),
        (("--no-input", "--username", "ja ne", "--email", "jane@example.org"), PASSWORD, "Enter a valid username"),
        (("--no-input", "--username", "jane", "--email", "jane"), PASSWORD, "valid email address"),
        (("--no-input", "--username", "jane", "--email", "joe@example.org"), PASSWORD, "belongs to another account"),
    ],
)
def test_what_cannot_be_is_said_in_words_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], password: str, what_is_said: str
) -> None:
    monkeypatch.setenv("PORTAL_ADMINISTRATOR_PASSWORD", password)
    a_person("joe")
    with pytest.raises(CommandError, match=what_is_said):
        call_command("enrol_administrator", *arguments)
    assert User.objects.count() == 1


def command(environment: Mapping[str, str], **more: object) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "manage.py", "enrol_administrator"]
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [*arguments, *WHO[1:]], cwd=settings.BASE_DIR, env=dict(environment), text=True, **more
    )


def test_a_person_at_a_terminal_scans_and_confirms(site_directory: Path) -> None:
    environment = site_environment(site_directory)
    manage(environment, "migrate", "--no-input", "--verbosity", "0")
    terminal, ours = pty.openpty()
    process = command(environment, stdin=ours, stdout=ours, stderr=ours, start_new_session=True)
    os.close(ours)
    heard = answer(terminal, "Password: ", PASSWORD) + answer(terminal, "Password again: ", PASSWORD)
    heard = answer(terminal, "the app shows: ", "12")
    [secret] = re.findall(r"secret=([A-Z2-7]+)", heard)
    assert "█" in heard
    assert "That is not the code" in answer(terminal, "the app shows: ", code(secret))
    assert "logs in at /account/login/" in answer(terminal, "second factor.", "")
    assert process.wait(30) == 0
    os.close(terminal)


def answer(terminal: int, question: str, words: str) -> str:
    """Read until the question is asked, answer it, and return what was read."""
    heard = b""
    while question.encode() not in heard:
        heard += os.read(terminal, 4096)
    os.write(terminal, f"{words}\n".encode())
    return heard.decode()


def test_nobody_can_be_asked_without_a_terminal(site_directory: Path) -> None:
    process = command(
        site_environment(site_directory), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, error = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "use --no-input" in error
    assert "Traceback" not in error
