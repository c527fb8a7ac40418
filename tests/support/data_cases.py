"""What people ask about their data, for the permission table; see everything.py."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

from community.models import DataRequest

REQUEST = "/admin/community/datarequest"
CLOSED = "closed"
ANSWER = {"answer": "done by hand"}
VALUES: dict[tuple[str, str], str] = {("uuid", ""): "00000000-0000-4000-8000-000000000000"}


def rows() -> Iterator[tuple[Model, str]]:
    """Make a request that waits, and one that was answered."""
    correction = DataRequest.Kind.CORRECTION
    yield DataRequest.objects.create(kind=correction, note="a letter", channel=DataRequest.Channel.STAFF), ""
    yield DataRequest.objects.create(kind=correction, state=DataRequest.State.DONE), CLOSED


def forms() -> dict[tuple[str, str], Any]:
    """Give what is posted in each case."""
    account, _ = User.objects.get_or_create(username="somebody-who-wrote")
    written = {"kind": "erasure", "account": account.pk, "received_at_0": "2026-01-02", "received_at_1": "03:04:05"}
    return {
        ("/account/profile/", ""): {"name": "Jo"},
        (f"{REQUEST}/add/", ""): {**written, "note": "a letter"},
        (f"{REQUEST}/<object_id>/delete/", ""): {"post": "yes"},
        (f"{REQUEST}/<object_id>/carry-out/", ""): ANSWER,
        (f"{REQUEST}/<object_id>/carry-out/", CLOSED): ANSWER,
        (f"{REQUEST}/<object_id>/close/", ""): ANSWER,
        (f"{REQUEST}/<object_id>/close/", CLOSED): ANSWER,
    }
