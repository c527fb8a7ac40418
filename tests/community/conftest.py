"""Both databases, each with the community's tables."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from community import discord_access
from tests.support.databases import another_database, as_default
from tests.support.fake_discord import FakeDiscord, running_discord
from tests.support.made_joining import acting_on
from tests.support.postgresql import PostgresqlCluster

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
APPS = ("admin", "account", "mfa", "mageos_portal", "community")  # whose tables know accounts, and the search


@pytest.fixture(scope="module", params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: Any) -> str:
    """A database of this module's own, without any table yet."""
    if request.param == "sqlite":
        more = "?timeout=20&transaction_mode=IMMEDIATE"
        return f"sqlite:///{tmp_path_factory.mktemp('community')}/community.sqlite3{more}"
    cluster: PostgresqlCluster = request.getfixturevalue("postgresql")
    return cluster.create_database(f"community_{request.module.__name__.rpartition('.')[2]}")


@pytest.fixture(scope="module")
def database(database_url: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """A connection to it, with the tables."""
    with django_db_blocker.unblock(), another_database(database_url, *APPS) as connection:
        yield connection


@pytest.fixture
def both(database: Any, django_db_blocker: Any) -> Iterator[Any]:
    """The same, of which nothing stays."""
    with django_db_blocker.unblock(), as_default(database), transaction.atomic():
        yield database
        transaction.set_rollback(True)


@pytest.fixture
def discord(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDiscord]:
    """A Discord that the portal acts on, asked as it should be; nobody waits for it."""
    monkeypatch.setattr(discord_access, "sleep", lambda seconds: None)
    with running_discord() as discord, acting_on(discord):
        yield discord
    assert discord.complaints == []
