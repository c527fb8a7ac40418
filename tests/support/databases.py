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
def another_database(url: str, *apps: str) -> Iterator[Any]:
    """Make the tables of some apps, or of the site itself, in an empty database, and give the connection."""
    with another_connection(url) as connection:
        with as_default(connection):
            for app in apps or ("mageos_portal",):
                call_command("migrate", app, interactive=False, verbosity=0)
        yield connection


@contextmanager
def another_connection(url: str) -> Iterator[Any]:
    """Connect to a database."""
    settings = connections.configure_settings({DEFAULT: dict(environ.Env.db_url_config(url))})[DEFAULT]
    connection = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, DEFAULT)
    try:
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
