"""A report to the conduct team and a sanction, for the permission table; see everything.py."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

from community import evidence, reporting
from community.models import Person, Sanction

REPORT, SANCTION = "/admin/community/conductreport", "/admin/community/sanction"
CLOSED = "a closed one"
SAID = {"text": "what the team agreed on"}
FILE = ("report_pk", "attachment_pk")
values: dict[tuple[str, str], str] = {}


def rows() -> Iterator[tuple[Model, str]]:
    """Make a report that waits and has a file, one that was decided, and a sanction."""
    row, _ = reporting.report(reporting.Told("x"), [evidence.taken("a.txt", b"x")], request_id="0" * 32)
    values.update({(FILE[0], ""): str(row.pk), (FILE[1], ""): str(row.attachments.get().pk)})
    yield row, ""
    closed, _ = reporting.report(reporting.Told("x"), [], request_id="1" * 32)
    reporting.close(closed, User.objects.create_user("of-the-team"), "nothing to do")
    yield closed, CLOSED
    yield Sanction.objects.create(person=Person.objects.create(name="Jim"), ground="x", decision="y"), ""


def forms() -> dict[tuple[str, str], Any]:
    """Give what is posted in each case."""
    person, _ = Person.objects.get_or_create(name="Jill")
    sanction = {"person": person.pk, "kind": "warning", "since_0": "2026-01-02", "since_1": "03:04:05"}
    sanction |= {"ground": "x", "decision": "y"}
    return {
        ("/code-of-conduct/report/", ""): {"request_id": "2" * 32, "what": "x"},
        (f"{REPORT}/<object_id>/note/", ""): SAID,
        (f"{REPORT}/<object_id>/close/", ""): SAID,
        (f"{REPORT}/<object_id>/close/", CLOSED): SAID,
        (f"{REPORT}/<object_id>/reopen/", ""): SAID,
        (f"{REPORT}/<object_id>/reopen/", CLOSED): SAID,
        (f"{REPORT}/<object_id>/delete/", ""): {"post": "yes"},
        (f"{SANCTION}/add/", ""): sanction,
        (f"{SANCTION}/<object_id>/change/", ""): sanction,
        (f"{SANCTION}/<object_id>/delete/", ""): {"post": "yes"},
    }
