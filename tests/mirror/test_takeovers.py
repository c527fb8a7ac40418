"""Machines whose clocks differ, and processes that were held up so long that another one took over."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.portal import Portal, go_on, new_portal, stopped_at
from tests.support.postgresql import PostgresqlCluster
from tests.support.repositories import add_tags, make_repository, package

# On a machine whose clock is wrong by some minutes: what becomes of the lease of one that is right, and of its own.
WRONG_CLOCK = """
import json
from datetime import timedelta
from django.utils import timezone
from mirror import exclusion, lifecycle
from mirror.storage import LockedError

right = timezone.now
row = Distribution.objects.filter(pk=distribution.pk)
Build.objects.create(distribution=distribution, state="running", worker="there:1:a")

def left():
    return (row.get().lease_until - right()).total_seconds()

def steals():
    try:
        with exclusion.alone(distribution, "it"):
            return True
    except LockedError:
        return False

for minutes in (10, -10):
    timezone.now = lambda: right() + timedelta(minutes=minutes)
    row.update(lease_holder="there:1:a", lease_until=right() + timedelta(seconds=60))
    said = dict(abandoned=len(lifecycle.release_abandoned()), stolen=steals())
    row.update(lease_until=right() - timedelta(seconds=1))
    with exclusion.alone(distribution, "it") as holder:
        said["taken_for"] = left()
        exclusion.renew(distribution.pk, holder)
        said["renewed_for"] = left()
        exclusion.confirm(row.get())
        said["confirmed_for"] = left()
    print(json.dumps(said))
"""

# What who was held up says, whether its keeper notices first or the publishing.
TAKEN_OVER = (
    "another process has taken the distribution over",
    "taken over by another process meanwhile; nothing was published, try again",
)

LEASE_IS_OVER = """
from django.utils import timezone
Distribution.objects.filter(pk=distribution.pk).update(lease_until=timezone.now())
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def portal(request: pytest.FixtureRequest, tmp_path: Path) -> Portal:
    """A portal with a library that waits to be built."""
    portal = new_portal(tmp_path / "portal")
    make_repository(portal.sources / "library", {"1.0.0": {"composer.json": package("acme/library")}})
    if request.param == "sqlite":
        return portal
    cluster: PostgresqlCluster = request.getfixturevalue("postgresql")
    return on_postgresql(portal, cluster.create_database(tmp_path.name))


def on_postgresql(portal: Portal, url: str) -> Portal:
    found = Portal(portal.directory, {**portal.more, "DATABASE_URL": url})
    found.command("migrate", "--no-input", "--verbosity", "0")
    recipe = str(found.directory / "mirror.toml")
    found.python(f"Distribution.objects.filter(pk=distribution.pk).update(recipe={recipe!r})")
    return found


def elsewhere(portal: Portal) -> Portal:
    """Give the portal as another machine sees it, which has locks of its own."""
    return Portal(portal.directory, {**portal.more, "PORTAL_WORK_DIR": str(portal.directory / "elsewhere")})


def tag(portal: Portal, version: str) -> None:
    add_tags(portal.sources / "library", {version: {"composer.json": package("acme/library"), "text": version}})


def test_a_machine_whose_clock_is_wrong_neither_steals_nor_keeps_nor_loses_a_lease(portal: Portal) -> None:
    for line in portal.python(WRONG_CLOCK).splitlines():
        said: dict[str, Any] = json.loads(line)
        assert (said["stolen"], said["abandoned"]) == (False, 0), line
        assert 60 < said["taken_for"] <= 120, line
        assert 0 < said["renewed_for"] <= 20, line
        assert 60 < said["confirmed_for"] <= 120, line


def test_who_was_held_up_does_not_serve_an_older_publication_after_a_newer_one(portal: Portal) -> None:
    portal.build()
    tag(portal, "1.1.0")
    with stopped_at("publication-recorded", portal, *portal.build_arguments()) as held_up:
        assert portal.publication == 1
        portal.python(LEASE_IS_OVER)
        tag(portal, "1.2.0")
        assert elsewhere(portal).build()["publication"] == 3
        assert portal.publication == 3
        go_on(held_up, None)
    assert portal.publication == 3
    assert portal.versions("acme/library").keys() == {"1.0.0", "1.1.0", "1.2.0"}
    portal.assert_whole()


@pytest.mark.parametrize("portal", ["sqlite"], indirect=True)
def test_who_was_held_up_before_leaves_the_publication_of_the_other_one(portal: Portal) -> None:
    with stopped_at("metadata-stored", portal, *portal.build_arguments()) as held_up:
        portal.python(LEASE_IS_OVER)
        tag(portal, "1.1.0")
        assert elsewhere(portal).build()["publication"] == 1
        before = portal.manifest()
        answer = go_on(held_up, None)
    assert answer.status != 0
    assert any(words in answer.err for words in TAKEN_OVER), answer.err
    assert (portal.publication, portal.manifest()) == (1, before)
    assert portal.versions("acme/library").keys() == {"1.0.0", "1.1.0"}
    portal.assert_whole()
    tag(portal, "1.2.0")
    elsewhere(portal).build()
    assert [path.name for path in (portal.files / "publications").glob(".*")] == []
