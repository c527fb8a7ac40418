"""Changes of administrators: proposed by one, approved by two others."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from community import administering
from community.administering import AdministeringError, OverError, OwnApprovalError
from community.models import Administrator, AdministratorChange, Approval, Person
from community.permission_exporting import draft, export
from community.permission_importing import import_permissions
from tests.support.made_permissions import small
from tests.support.staff import a_person
from tests.support.team_cases import a_change

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def start() -> None:
    import_permissions(small(), reason="start", now=timezone.now(), machines=["owner"])


@pytest.fixture
def three() -> list[User]:
    return [a_person(name) for name in ("jane", "joan", "jill")]


def administrators() -> list[str]:
    return [row.person.github_login for row in Administrator.objects.select_related("person")]


def approve(change: AdministratorChange, person: User) -> AdministratorChange:
    return administering.approve(change, person, timezone.now())


def test_a_change_counts_with_the_second_approval(three: list[User]) -> None:
    jane, joan, jill = three
    change = a_change("fir", jane)
    assert approve(change, joan).state == "open"
    assert administrators() == ["owner"]

    assert approve(change, jill).state == "applied"

    assert administrators() == ["owner", "fir"]
    assert "They do the work." in Administrator.history.latest().history_change_reason
    with pytest.raises(OverError):
        approve(change, a_person("jim"))


def test_nobody_approves_their_own_proposal_twice_or_what_is_about_them(three: list[User]) -> None:
    jane, joan, jill = three
    change = a_change("fir", jane)
    Person.objects.filter(github_login="fir").update(user=jill)
    with pytest.raises(OwnApprovalError, match="Who proposed it"):
        approve(change, jane)
    with pytest.raises(OwnApprovalError, match="Who proposed it"):
        approve(change, jill)
    approve(change, joan)
    with pytest.raises(OwnApprovalError, match="already"):
        approve(change, joan)
    assert Approval.objects.count() == 1
    assert administrators() == ["owner"]


def test_a_proposal_is_over_after_its_time(three: list[User]) -> None:
    jane, joan, jill = three
    change = a_change("fir", jane)
    approve(change, joan)
    later = change.expires_at + timedelta(seconds=1)
    with pytest.raises(OverError, match="propose it anew"):
        administering.approve(change, jill, later)
    with pytest.raises(OverError):
        administering.reject(change, later)
    assert administering.expire(later) == 1
    change.refresh_from_db()
    assert (change.state, change.decided_at) == ("expired", later)
    assert a_change("fir", joan).state == "open"


def test_what_is_rejected_does_not_count(three: list[User]) -> None:
    jane, joan, _ = three
    change = a_change("fir", jane)
    administering.reject(change, timezone.now())
    with pytest.raises(OverError):
        approve(change, joan)
    with pytest.raises(OverError):
        administering.reject(change, timezone.now())
    assert administrators() == ["owner"]


def test_what_makes_no_sense_is_not_proposed(three: list[User]) -> None:
    jane, joan, _ = three
    for login, kind, words in (("owner", "add", "is an administrator already"), ("fir", "remove", "no administrator")):
        with pytest.raises(AdministeringError, match=words):
            a_change(login, jane, kind)
    with pytest.raises(AdministeringError, match="the only administrator"):
        a_change("owner", jane, "remove")
    nobody = AdministratorChange(person=Person.objects.create(name="No GitHub"), reason="x")
    with pytest.raises(AdministeringError, match="no login on GitHub"):
        administering.propose(nobody, jane, timezone.now())
    a_change("fir", jane)
    with pytest.raises(AdministeringError, match="waits for approval already"):
        a_change("fir", joan)
    again = AdministratorChange(
        person=Person.objects.get(github_login="fir"), reason="x", expires_at=timezone.now() + DAY
    )
    with pytest.raises(IntegrityError, match="UNIQUE|unique"), transaction.atomic():
        again.save()


def test_two_changes_do_not_leave_the_organization_without_administrators(three: list[User]) -> None:
    jane, joan, jill = three
    for person in (joan, jill):
        approve(a_change("fir", jane) if person == joan else AdministratorChange.objects.get(), person)
    first, second = a_change("owner", jane, "remove"), a_change("fir", jane, "remove")
    for person in (joan, jill):
        approve(first, person)
    approve(second, joan)
    with pytest.raises(AdministeringError, match="the only administrator"):
        approve(second, jill)
    assert administrators() == ["fir"]
    second.refresh_from_db()
    assert (second.state, second.approvals.count()) == ("open", 1)


def test_an_approved_change_is_exported_and_any_other_is_not(three: list[User]) -> None:
    jane, joan, jill = three
    change = a_change("fir", jane)
    for person in (joan, jill):
        approve(change, person)
    assert not draft(timezone.now()).errors()
    state, _ = export(actor="jane", reason="fir administers", now=timezone.now())
    assert state.organization.administrators == ("owner", "fir")

    Administrator.objects.create(person=Person.objects.get(github_login="hazel"), position=9)

    assert [each.id for each in draft(timezone.now()).errors()] == ["administrators-approval"]


def test_a_login_that_is_changed_does_not_make_an_administrator(three: list[User]) -> None:
    Person.objects.filter(github_login="owner").update(github_login="intruder")
    assert "administrators-approval" in {each.id for each in draft(timezone.now()).errors()}


def test_the_same_on_both_databases(both: Any) -> None:
    import_permissions(small(), reason="start", now=timezone.now(), machines=["owner"])
    jane, joan, jill = (User.objects.create(username=name) for name in ("jane", "joan", "jill"))
    change = a_change("fir", jane)
    approve(change, joan)
    assert approve(change, jill).state == "applied"
    assert administrators() == ["owner", "fir"]
    for broken in ({"decided_at": None}, {"expires_at": change.proposed_at}):
        with pytest.raises(IntegrityError, match="community_administrator_change"), transaction.atomic():
            AdministratorChange.objects.filter(pk=change.pk).update(**broken)
