"""One of everything that the code of conduct has, and what is posted there; see everything.py."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model

from community import consenting
from community.models import Reminder
from tests.support.made_conduct import FIRST, a_draft, a_member, a_version

DRAFT = "a draft"
REQUEST = "0" * 32
WRITTEN = {
    "kind": "conduct",
    "number": "4",
    "locale": "en",
    "title": "Conduct",
    "markdown": "Be kind.",
    "material": "on",
}
POLICY, AGREEMENT, REMINDER = (f"/admin/community/{name}" for name in ("policyversion", "agreement", "reminder"))


def rows() -> Iterator[tuple[Model, str]]:
    """Make one row of each model and of each case of the table."""
    first = a_version(1)
    member = a_member("conduct-member", first)
    yield a_version(2), ""
    yield a_draft(3, author="somebody"), DRAFT
    yield member.agreements.get(), ""
    yield consenting.grant(member, "newsletter", wording="Send me news.", wording_version=1), ""
    yield Reminder.objects.create(account=member, version=first, claimed_at=FIRST), ""


def values() -> dict[tuple[str, str], str]:
    return {("number", ""): "1", ("older", ""): "1", ("newer", ""): "2", ("app_label", "community"): "community"}


FORMS: dict[tuple[str, str], Any] = {
    ("/join/agree/", ""): {"agrees": "on", "number": "2", "request_id": REQUEST},
    ("/account/agreement/withdraw/", ""): {"request_id": REQUEST},
    (f"{POLICY}/add/", ""): WRITTEN,
    (f"{POLICY}/<object_id>/change/", ""): WRITTEN,
    (f"{POLICY}/<object_id>/change/", DRAFT): WRITTEN,
    (f"{POLICY}/<object_id>/delete/", ""): {"post": "yes"},
    (f"{POLICY}/<object_id>/delete/", DRAFT): {"post": "yes"},
    (f"{AGREEMENT}/export/", ""): {"format": "csv"},
}
