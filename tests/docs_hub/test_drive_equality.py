"""A sync that asks for what changed gives what one that lists everything gives, whatever people did in Drive."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docs_hub.models import Collection, Document, Run
from docs_hub.syncing import sync
from tests.support.drive import FakeDrive, user
from tests.support.drive_collections import EDITOR, READER, collection
from tests.support.drive_gardening import LINK, SHARES, Garden, numbers, work

pytestmark = pytest.mark.django_db
OWN = {"id", "collection_id", "synced_at", "trouble_seen_by"}  # of a row, besides when it was written
PLACES = ("own", "below", "shared drive")
beginnings = st.lists(st.tuples(st.sampled_from(["add_document", "add_folder"]), numbers, numbers), max_size=8)


def planted(drive: FakeDrive, place: str) -> Garden:
    """Make what somebody shares with the account, in one of several places of Drive."""
    elsewhere, above = drive.folder("Elsewhere", "", LINK), None
    match place:
        case "own":
            root = drive.folder("Shared", "", EDITOR, LINK)
        case "below":
            above = drive.folder("Above", "", EDITOR, LINK)
            root = drive.folder("Shared", above.id)
        case _:
            root = drive.folder("Shared", drive.shared_drive("Team", READER, user("ann@example.org")).id, *SHARES[2])
    return Garden(drive, root, elsewhere, above)


def rows(of: Collection) -> list[dict[str, Any]]:
    documents = Document.objects.filter(collection=of).order_by("external_id").values()
    return [{name: value for name, value in row.items() if name not in OWN} for row in documents]


def outcome(of: Collection, *, again: bool) -> tuple[Any, ...]:
    run = sync([Collection.objects.get(pk=of.pk)], again=again)[0]
    of.refresh_from_db()
    return run.state, run.failure, run.report, of.audience, rows(of)


@given(st.sampled_from(PLACES), beginnings, st.lists(work, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_asking_for_changes_gives_what_listing_everything_gives(
    account: FakeDrive, place: str, first: list[Any], later: list[list[Any]]
) -> None:
    Collection.objects.all().delete()
    garden = planted(account, place)
    followed, listed = collection(garden.root), collection(garden.root)
    for step in itertools.chain([first], later, [[]]):
        for verb, one, other in step:
            garden.do(verb, one, other)
        assert outcome(followed, again=False) == outcome(listed, again=True)
    assert Run.objects.filter(collection=followed).count() == len(later) + 2
