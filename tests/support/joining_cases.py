"""One of everything that joining Discord has, and what is posted there; see everything.py."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model
from django.utils import timezone

from community.invitation_events import of_code
from community.models import Invitation, Person, Presence
from tests.support.made_conduct import a_member, a_version

INVITATION, PRESENCE = "/admin/community/invitation", "/admin/community/presence"
BY_HAND, TO_REMOVE = "waits for a person", "to be removed"


def rows() -> Iterator[tuple[Model, str]]:
    """Make one row of each model and of each case of the table."""
    version = a_version(1)
    waits = a_member("waits-for-a-link", version)
    yield Invitation.objects.create(account=waits, state="issued", **of_code("aBcD1234")), ""
    by_hand = a_member("waits-for-a-person", version)
    yield Invitation.objects.create(account=by_hand, kind=Invitation.Kind.HAND), BY_HAND
    now = timezone.now()
    yield Presence.objects.create(person=Person.objects.of(waits), discord_id="8" * 18, joined_at=now), ""
    gone = Person.objects.of(by_hand)
    yield Presence.objects.create(person=gone, by_link=True, parted_at=now, remove_since=now), TO_REMOVE


FORMS: dict[tuple[str, str], Any] = {
    ("/join/discord/", ""): {"act": "ask"},
    (f"{INVITATION}/<object_id>/revoke/", ""): {"reason": "they shared it"},
}
