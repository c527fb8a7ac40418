"""One of everything that the community has, and what is posted there; see everything.py."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Model

from community.models import Membership, OpenRole, Person
from tests.community.made_roles import NOW, a_role

ROLE, PERSON, MEMBERSHIP = "/admin/community/openrole", "/admin/community/person", "/admin/community/membership"
TEXTS = {"why": "x", "core_tasks": "x", "must_have": "x", "how_to_apply": "x"}
WRITTEN = {"title": "Another", "slug": "another", "summary": "x", **TEXTS, "employment": "VOLUNTEER", "is_remote": "on"}
NAMED = {"name": "Jane", "github_login": "jane-doe"}
BY_REASON = {"reason": "the minutes say so"}
BY_STATE = {
    "in review": OpenRole.State.REVIEW,
    "published": OpenRole.State.PUBLISHED,
    "filled": OpenRole.State.FILLED,
}
VALUES: dict[tuple[str, str], str] = {("slug", "an open role"): "published"}


def rows(visitor: str) -> Iterator[tuple[Model, str]]:
    """Make one row of each model and of each case of the table; what one wrote oneself is a case of its own."""
    yield a_role("written", state=OpenRole.State.DRAFT), ""
    for case, state in BY_STATE.items():
        yield a_role(case.replace(" ", "-"), state=state), case
    yield a_role("own", state=OpenRole.State.REVIEW, author=visitor), "in review, one's own"
    person = Person.objects.create(name="John")
    yield person, ""
    yield Membership.objects.create(person=person, declared_on=NOW.date()), ""


def forms() -> dict[tuple[str, str], Any]:
    """Give what is posted in each case."""
    person = Person.objects.create(name="Joan")
    membership = {"person": person.pk, "kind": "regular", "declared_on": date(2022, 3, 4).isoformat(), **BY_REASON}
    return FORMS | {
        (f"{MEMBERSHIP}/add/", ""): membership,
        (f"{MEMBERSHIP}/<object_id>/change/", ""): membership,
    }


FORMS: dict[tuple[str, str], Any] = {
    (f"{ROLE}/add/", ""): WRITTEN,
    (f"{ROLE}/<object_id>/change/", ""): WRITTEN,
    (f"{ROLE}/<object_id>/delete/", ""): {"post": "yes"},
    (f"{PERSON}/add/", ""): NAMED,
    (f"{PERSON}/<object_id>/change/", ""): NAMED,
    (f"{PERSON}/<object_id>/delete/", ""): {"post": "yes"},
    (f"{MEMBERSHIP}/<object_id>/delete/", ""): {"post": "yes"},
}
ACTIONS: dict[tuple[str, str], str] = {}
