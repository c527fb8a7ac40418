"""A code of an invitation, and what Discord gives us to add somebody, are found nowhere but where they belong."""

import logging
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.http import Http404
from django.test import Client
from django.urls import Resolver404
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from community import agreeing, issuing, joining_tasks, revoking, watching
from community.invitation_events import code_of
from community.models import Invitation
from tests.support.fake_discord import SECRET, TOKEN, FakeDiscord
from tests.support.made_joining import ACCOUNT, acting_on, issued, member
from tests.support.permission_table import addresses
from tests.support.staff import a_person, logged_in

pytestmark = pytest.mark.django_db

MARKER = "MaRkErCoDe987"
PAGE = "/join/discord/"


@pytest.fixture
def jane() -> User:
    return member("jane")


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Have every logger say all that it can."""
    for name in ("", "httpx", "httpcore", "django", "django-q", "community"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.fixture(autouse=True)
def staff_are_told(settings: Settings) -> None:
    settings.PORTAL_NOTICE_EMAILS = ("staff@example.org",)
    cache.clear()


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Give all that was logged, with what was only handed over to be formatted."""
    return "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)


def database() -> str:
    """Give all that is stored, whatever the table."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of our own
            found += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(found)


def live_through(discord: FakeDiscord, jane: User, *, use: bool) -> None:
    """Have all happen to a code that can: made, asked about, refused, revoked, used, taken back."""
    now = timezone.now()
    row = issued(jane, now)
    watching.note_uses(now)
    discord.fail(500, times=9, path="invites")
    watching.note_uses(now)
    discord.troubles.clear()
    discord.invites[MARKER].channel = "0" * 18  # so that it is asked for by itself
    watching.note_uses(now)
    if use:
        discord.use(MARKER, ACCOUNT)
        watching.note_uses(now)
    discord.refuse(403, 50013, path="invites", method="DELETE")
    revoking.revoke(row, now)
    revoking.take_back(row.pk, now)
    revoking.take_back(row.pk, now)


@pytest.mark.parametrize("use", [True, False])
def test_a_code_is_in_no_log_no_mail_and_no_row(
    discord: FakeDiscord, jane: User, loud: pytest.LogCaptureFixture, use: bool
) -> None:
    discord.codes = [MARKER]
    live_through(discord, jane, use=use)
    said = logged(loud)
    assert "HTTP Request: POST http://127.0.0.1/…" in said  # it was loud, and says no more than the host
    assert len(discord.calls("GET", MARKER)) >= 1
    for secret in (MARKER, TOKEN):
        assert secret not in said
        assert secret not in database()
        assert secret not in str([message.message() for message in mail.outbox])


def test_a_code_that_lives_is_in_no_row_either(discord: FakeDiscord, jane: User) -> None:
    discord.codes = [MARKER]
    row = issued(jane, timezone.now())
    assert code_of(row) == MARKER
    assert MARKER not in database()
    assert MARKER not in repr(row) + str(row)


def test_the_queue_is_handed_no_more_than_numbers(
    discord: FakeDiscord, jane: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    discord.codes = [MARKER]
    with django_capture_on_commit_callbacks(execute=True):
        joining_tasks.ask(jane)
    row = Invitation.objects.get()
    results = [issuing.issue(row.pk, timezone.now())]
    with django_capture_on_commit_callbacks(execute=True):
        agreeing.withdraw(jane)
    results.append(joining_tasks.take_back(row.pk))
    tasks = [each.task for each in OrmQ.objects.order_by("pk")]
    assert [(task["func"].__name__, task["args"]) for task in tasks] == [("issue", (row.pk,)), ("take_back", (row.pk,))]
    assert MARKER not in str(tasks) + str(results)


def test_a_code_is_on_no_page_but_its_owners(discord: FakeDiscord, jane: User) -> None:
    discord.codes = [MARKER]
    row = issued(jane, timezone.now())
    owner, other, officer, root = Client(), Client(), a_person("otto", "member officer"), a_person("r", superuser=True)
    owner.force_login(jane)
    other.force_login(member("joan"))
    visitors = {
        "owner": owner, "nobody": Client(), "another member": other, "officer": logged_in(officer),
        "conduct team": logged_in(a_person("carl", "conduct team")), "superuser": logged_in(root),
    }  # fmt: skip
    numbers = {"<object_id>": str(row.pk), "<pk>": str(row.pk), "<url>": "x", "<app_label>": "community"}
    shown, looked = set(), 0
    for address in addresses():
        for word, value in numbers.items():
            address = address.replace(word, value)  # noqa: PLW2901 - filled in bit by bit
        if "<" in address or "logout" in address:
            continue
        for name, client in visitors.items():
            text = page_of(client, address)
            looked += bool(text)
            if MARKER in text:
                shown.add((name, address))
    assert shown == {("owner", PAGE)}
    assert looked > 300
    listed = "/admin/community/invitation/"
    assert visitors["superuser"].get(f"{listed}?q={MARKER}").context["cl"].result_count == 0
    for secret in ("code_digest__startswith=a", "sealed_code__contains=a", "code_digest=a"):
        assert visitors["superuser"].get(f"{listed}?{secret}").status_code == 400
    assert visitors["superuser"].get(f"{listed}?q={MARKER[-4:]}").context["cl"].result_count == 1


def page_of(client: Client, path: str) -> str:
    """Give all of a page, with its headers; nothing for what there is not."""
    try:
        reply: Any = client.get(path)
    except (Http404, Resolver404, ValueError):
        return ""
    text = "" if reply.streaming else reply.content.decode(errors="replace")
    return f"{reply.headers}{text}" if reply.status_code < 400 else ""


def test_what_discord_gives_to_add_somebody_is_kept_nowhere(
    discord: FakeDiscord, jane: User, client: Client, loud: pytest.LogCaptureFixture
) -> None:
    client.force_login(jane)
    discord.visitor = ACCOUNT
    address = discord.authorize(urlsplit(client.get("/join/discord/connect/").headers["Location"]).query)
    code = "grant-1"
    assert f"code={code}&" in address
    loud.clear()
    reply = client.get(address[address.index("/join/") :])
    page = client.get(reply.headers["Location"]).content.decode()
    assert discord.members
    for secret in ("access-2", code, SECRET):
        assert secret not in logged(loud).replace(address[address.index("?") :], "")
        assert secret not in database()
        assert secret not in page


def test_settings_do_not_tell_their_secrets(discord: FakeDiscord, settings: Settings) -> None:
    with acting_on(discord, permanent_link="https://discord.gg/permanent"):
        told = repr(settings.PORTAL_DISCORD) + repr(settings.PORTAL_DISCORD_LOGIN)
    for secret in (TOKEN, SECRET, "permanent'"):
        assert secret not in told
