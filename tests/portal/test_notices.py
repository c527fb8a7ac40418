"""Notices reach staff through every channel, and what they say is never more than text."""

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command

from mageos_portal import notices
from mageos_portal.notices import Discord, Email, Notice, NoticeError, discord_message

NOTICE = Notice("mirror: building fails", "no space left", "https://repo.example.org/admin/")
SECRET = "token-of-the-webhook"
Answer = tuple[int, dict[str, str]]


class FakeDiscord:
    """What a server at the address of a webhook was sent."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.messages: list[dict[str, Any]] = []


@contextmanager
def discord(*answers: Answer) -> Iterator[FakeDiscord]:
    """Serve a webhook that gives these answers, the last one for ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, headers = answers[min(len(found.messages), len(answers)) - 1]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = FakeDiscord(f"http://127.0.0.1:{server.server_port}/api/webhooks/1/{SECRET}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_discord_gets_one_message_that_pings_nobody() -> None:
    with discord((204, {})) as server:
        Discord(server.address).send(NOTICE)
    [message] = server.messages
    assert message["allowed_mentions"] == {"parse": []}
    assert message["content"] == "**mirror\\: building fails**\nno space left\n<https://repo.example.org/admin/>"


HOSTILE = "@everyone <@&1> [win](https://evil.example) **b** `c` ||d|| ~~e~~ > f # g"


def test_hostile_text_is_nothing_but_text_on_discord() -> None:
    content = discord_message(Notice(HOSTILE, HOSTILE, "https://repo.example.org/"))["content"]
    said = content.removeprefix("**").replace("**\n", "\n", 1).removesuffix("<https://repo.example.org/>")
    for place, character in enumerate(said):
        if character in "@<[](*`|~>#:":
            assert said[place - 1] == "\\"


@pytest.mark.parametrize("text", ["x" * 5000, "*" * 5000, "\\" * 5000, "\U0001f600" * 5000, "x" * 1900 + "*" * 99])
def test_a_message_fits_into_discord(text: str) -> None:
    content = discord_message(Notice("s" * 500, text, "https://repo.example.org/"))["content"]
    assert 1900 < len(content.encode("utf-16-le")) / 2 <= notices.DISCORD_LIMIT
    assert content.endswith("…\n<https://repo.example.org/>")
    assert content.split("**\n")[1].count("\\" * 2) >= (text[0] == "\\") * 800


def test_discord_is_asked_again_once_when_it_says_so() -> None:
    with discord((429, {"Retry-After": "0.01"}), (204, {})) as server:
        Discord(server.address).send(NOTICE)
    assert len(server.messages) == 2


@pytest.mark.parametrize(
    ("answers", "tries", "said"),
    [
        ([(429, {"Retry-After": "0"})], 2, "it answered 429"),
        ([(429, {"Retry-After": "3600"})], 1, "left alone for 3600 s"),
        ([(429, {"Retry-After": "nan"})], 1, "left alone"),
        ([(404, {})], 1, "it answered 404; see PORTAL_NOTICE_DISCORD_WEBHOOK"),
        ([(302, {"Location": "http://127.0.0.1:1/"})], 1, "it answered 302"),
    ],
)
def test_a_refusal_is_told_without_the_secret(answers: Sequence[Answer], tries: int, said: str) -> None:
    with discord(*answers) as server, pytest.raises(NoticeError, match=said) as error:
        Discord(server.address).send(NOTICE)
    assert len(server.messages) == tries
    assert SECRET not in str(error.value)


def test_mail_goes_to_all_as_plain_text(mailoutbox: list[EmailMessage]) -> None:
    Email(["ann@example.org", "bob@example.org"]).send(Notice("fails\nBcc: all@example.org", "<b>why</b>", NOTICE.url))
    [mail] = mailoutbox
    assert mail.to == ["ann@example.org", "bob@example.org"]
    assert mail.subject == "fails Bcc: all@example.org"
    assert mail.body == f"<b>why</b>\n\n{NOTICE.url}\n"
    assert mail.content_subtype == "plain"


def test_a_channel_that_fails_does_not_stop_the_others(
    settings: Any, mailoutbox: list[EmailMessage], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    settings.PORTAL_NOTICE_EMAILS = ("ann@example.org",)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.EMAIL_HOST_PASSWORD = "password-of-the-server"
    with discord((204, {})) as server:
        settings.PORTAL_NOTICE_DISCORD_WEBHOOK = server.address
        faults = notices.send(NOTICE)
    assert "ConnectionRefusedError" in faults["e-mail"]
    assert faults["Discord"] == ""
    assert len(server.messages) == 1
    assert "could not be sent by e-mail" in caplog.text
    assert "password-of-the-server" not in caplog.text


def test_nothing_in_the_log_names_the_address_of_a_webhook(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.PORTAL_NOTICE_DISCORD_WEBHOOK = f"http://127.0.0.1:1/api/webhooks/1/{SECRET}"
    with caplog.at_level(logging.INFO):  # the level of an installation
        faults = notices.send(NOTICE)
    assert "it did not answer (ConnectError)" in faults["Discord"]
    with discord((204, {})) as server, caplog.at_level(logging.INFO):
        settings.PORTAL_NOTICE_DISCORD_WEBHOOK = server.address
        assert notices.send(NOTICE) == {"Discord": ""}
    assert SECRET not in caplog.text + repr(notices.channels())


def test_without_a_channel_nothing_is_sent() -> None:
    assert notices.send(NOTICE) == {}


def test_the_command_tries_every_channel(settings: Any, mailoutbox: list[EmailMessage]) -> None:
    settings.PORTAL_NOTICE_EMAILS = ("ann@example.org",)
    said = StringIO()
    call_command("send_test_notice", stdout=said)
    assert said.getvalue() == "Sent by e-mail.\n"
    assert "This is a test" in str(mailoutbox[0].body)


def test_the_command_says_how_to_set_a_channel_up() -> None:
    with pytest.raises(CommandError, match="set PORTAL_NOTICE_EMAILS"):
        call_command("send_test_notice")


def test_the_command_names_the_channel_that_failed(settings: Any) -> None:
    settings.PORTAL_NOTICE_DISCORD_WEBHOOK = "http://127.0.0.1:1/"
    with pytest.raises(CommandError, match="Discord: it did not answer"):
        call_command("send_test_notice")
