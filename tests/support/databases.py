"""Tests that are held on both databases, in the process of the tests itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import environ
from django.core.management import call_command
from django.db import connections
from django.db.utils import load_backend

DEFAULT = "default"


@contextmanager
def another_database(url: str) -> Iterator[Any]:
    """Make the tables of the site itself, no app's, in an empty database, and give the connection."""
    settings = connections.configure_settings({DEFAULT: dict(environ.Env.db_url_config(url))})[DEFAULT]
    connection = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, DEFAULT)
    try:
        with as_default(connection):
            call_command("migrate", "mageos_portal", interactive=False, verbosity=0)
        yield connection
    finally:
        connection.close()


@contextmanager
def as_default(connection: Any) -> Iterator[None]:
    """Have all that this thread asks for come from a connection."""
    before = connections[DEFAULT]
    connections[DEFAULT] = connection
    try:
        yield
    finally:
        connections[DEFAULT] = before
