"""Asking the portal as one visitor, in the words of the permission table, so that nothing of it stays."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from tests.support.everything import Sent
from tests.support.permission_table import ROLES
from tests.support.staff import a_person, logged_in

WRITES = re.compile(r'(?:(?P<row>INSERT .*?INTO)|UPDATE|DELETE FROM) "(?P<table>\w+)"')
NOT_COUNTED = {"django_session", "portal_cache", "community_reportaccess"}  # what any visit may write


def a_visitor(kind: str) -> Client:
    """Make somebody of a kind of visitors, after password and second factor."""
    if kind == "anonymous":
        return Client(raise_request_exception=False)
    roles = [kind] if kind in ROLES else []
    person = a_person(kind, *roles, superuser=kind == "superuser", staff=kind != "member")
    return logged_in(person, Client(raise_request_exception=False))


class Visits:
    """Requests of one visitor, each answered as if it were the first."""

    def __init__(self, client: Client) -> None:
        self.pages: dict[str, str] = {}  # by path: what was shown, as HTML
        self._client = client
        self._cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        self._data = Path(settings.PORTAL_DATA_DIR)
        self._copy = self._data.with_name("as-it-was")
        shutil.copytree(self._data, self._copy, symlinks=True)

    def answer(self, method: str, path: str, sent: Sent) -> str:
        """Say what the visitor gets: ok, on, done, login, a status, and what was written although it was refused."""
        with self._undone(), _written() as tables:
            reply = self._ask(method, path, sent)
            if _target(reply) == reverse("admin:login"):
                reply = self._client.get(reply["Location"])
        if tables:
            self._restore()
        if method == "GET":
            self._keep(path, reply)
        return _word(method, reply, sorted(tables))

    def target(self, method: str, path: str, sent: Sent) -> str:
        """Say where the visitor is led to, and what was written although they were."""
        with self._undone(), _written() as tables:
            reply = self._ask(method, path, sent)
        return (_target(reply) or str(reply.status_code)) + _but(sorted(tables))

    def _keep(self, path: str, reply: Any) -> None:
        if reply.status_code == HTTPStatus.OK and reply.headers["Content-Type"].startswith("text/html"):
            self.pages[path] = reply.content.decode()

    def _ask(self, method: str, path: str, sent: Sent) -> Any:
        headers = dict(sent.headers)
        if method == "GET":
            return self._client.get(path, headers=headers)
        return self._client.post(path, sent.fields or {}, content_type=sent.content_type, headers=headers)

    @contextmanager
    def _undone(self) -> Iterator[None]:
        self._client.cookies = SimpleCookie(self._cookies)
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    def _restore(self) -> None:
        shutil.rmtree(self._data)
        shutil.copytree(self._copy, self._data, symlinks=True)


@contextmanager
def _written() -> Iterator[set[str]]:
    """Learn which tables change meanwhile."""
    tables: set[str] = set()

    def look(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        done = execute(sql, params, many, context)
        found = WRITES.match(sql)
        if found and found["table"] not in NOT_COUNTED and (found["row"] or context["cursor"].cursor.rowcount):
            tables.add(found["table"])
        return done

    with connection.execute_wrapper(look):
        yield tables


def _word(method: str, reply: Any, tables: list[str]) -> str:
    status = reply.status_code
    if _target(reply) == reverse("account_login"):
        said = "login"
    elif status >= 400:
        said = str(status)
    elif method == "GET":
        return ("on" if status >= 300 else "ok") + _but(tables)
    else:
        return "done" if tables else "ok"
    return said + _but(tables)


def _target(reply: Any) -> str:
    location: str = reply.headers.get("Location", "")
    return urlsplit(location).path


def _but(tables: list[str]) -> str:
    return f", but it changed {', '.join(tables)}" if tables else ""
