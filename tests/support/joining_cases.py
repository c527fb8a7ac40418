"""Ways into Discord and who is there, for the permission table; see everything.py."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from community.models import Invitation, Person, Presence

INVITATION, PRESENCE = "/admin/community/invitation", "/admin/community/presence"
OVER = "one that is over"
WHY = {"reason": "sent to somebody else"}


def rows() -> Iterator[tuple[Model, str]]:
    """Make an invitation that a person has to make, one that is over, and somebody to be removed by hand."""
    newcomer = User.objects.create_user("who-asked")
    yield Invitation.objects.create(account=newcomer, kind=Invitation.Kind.HAND), ""
    yield Invitation.objects.create(account=newcomer, state=Invitation.State.USED, ended_at=timezone.now()), OVER
    yield Presence.objects.create(person=Person.objects.of(newcomer), by_link=True, remove_since=timezone.now()), ""


def forms() -> dict[tuple[str, str], Any]:
    """Give what is posted in each case."""
    return {
        (f"{INVITATION}/<object_id>/revoke/", ""): WHY,
        (f"{INVITATION}/<object_id>/revoke/", OVER): WHY,
        (f"{INVITATION}/<object_id>/delete/", ""): {"post": "yes"},
        (f"{PRESENCE}/<object_id>/delete/", ""): {"post": "yes"},
    }
