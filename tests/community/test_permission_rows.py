"""Permissions as rows: what is stored is what is read, nothing of it is lost, and what stays is not written again."""

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings

from community.models import Administrator, Grant, Person, Repository, Team, TeamMember
from community.permission_limits import unholdable
from community.permission_rows import read_rows
from community.permission_storing import store
from community.permissions import Organization
from community.terraform_writing import write_tfvars
from tests.support.made_permissions import holdable, made_data, made_organization, organizations, small, small_data

TODAY = timezone.now().date()


def stored(organization: Organization, reason: str = "as it is") -> Organization:
    store(organization, reason, TODAY)
    return read_rows()


def changed(data: Any) -> Organization:
    return Organization.model_validate(data)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(holdable, holdable)
@example(made_organization(), small())
def test_what_is_stored_is_what_is_read(first: Organization, second: Organization) -> None:
    with transaction.atomic():
        for organization in (first, second, first):
            assert not unholdable(organization)
            assert write_tfvars(stored(organization)) == write_tfvars(organization)
        transaction.set_rollback(True)


def test_the_same_on_both_databases(both: Any) -> None:
    data = made_data() | {"numbers": [1, 1.0, -0.0, 1e16, 12345678901234567890, True], "text": "ü\u2028 \\u0041"}
    data["repositories"]["meta"] |= {"wiki": {"x": [2.50, ""]}, "topics": [], "users": [], "archived": False}
    data["repositories"]["tool-3"] |= {"default_branch": "", "homepage_url": ""}
    organization = changed(data)

    assert write_tfvars(stored(organization)) == write_tfvars(organization)
    assert write_tfvars(stored(organization)) == write_tfvars(organization)
    assert stored(small()) == small()
    assert write_tfvars(stored(organization)) == write_tfvars(organization)


@settings(max_examples=100)
@given(organizations)
def test_what_rows_cannot_hold_is_named_or_can_be_held(organization: Organization) -> None:
    logins = [*organization.administrators, *(name for team in organization.teams.values() for name in team.members)]
    if any(not name.isascii() or " " in name for name in logins):
        assert unholdable(organization)


def test_all_that_cannot_be_held_is_named_at_once() -> None:
    data = small_data(administrators=["Owner", "x" * 40])
    data["teams"]["Content"] = data["teams"].pop("content")
    data["teams"]["k" * 101] = {"name": "n" * 201, "description": "", "members": []}
    data["repositories"]["website"] |= {"default_branch": "b" * 256, "users": ["fir", "fir"]}

    faults = "\n".join(unholdable(changed(data)))

    for words in ("is no login", "with other capitals", "is not what GitHub would call", "no team content"):
        assert words in faults
    assert "repositories → website → default_branch: has more than 255 characters; shorten it" in faults
    assert "fir is listed 2 times" in faults
    assert "has more than 100 characters" in faults
    assert "name: has more than 200 characters" in faults


@pytest.mark.django_db
def test_the_same_again_writes_nothing() -> None:
    store(made_organization(), "first", TODAY)

    with CaptureQueriesContext(connection) as queries:
        store(made_organization(), "again", TODAY)

    assert not [each["sql"] for each in queries if each["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert TeamMember.history.count() == 23


@pytest.mark.django_db
def test_reading_asks_as_much_of_the_database_however_much_there_is(django_assert_num_queries: Any) -> None:
    for organization in (small(), made_organization()):
        store(organization, "x", TODAY)
        with django_assert_num_queries(6):
            read_rows()


@pytest.mark.django_db
def test_who_leaves_becomes_an_alumnus_and_comes_back_as_a_member() -> None:
    store(small(), "start", TODAY)
    left = small_data()
    left["teams"]["content"]["members"] = ["hazel"]

    store(changed(left), "fir has left", TODAY)

    row = TeamMember.objects.get(person__github_login="fir")
    assert (row.role, row.until) == ("alumni", TODAY)
    assert row.history.latest().history_change_reason == "fir has left"
    store(small(), "fir is back", TODAY)
    row.refresh_from_db()
    assert (row.role, row.until, row.history.count()) == ("member", None, 3)


@pytest.mark.django_db
def test_a_lead_stays_one_and_keeps_the_day_of_joining() -> None:
    store(small(), "start", TODAY)
    TeamMember.objects.filter(person__github_login="fir").update(role="lead", since=TODAY)
    more = small_data()
    more["teams"]["content"]["members"] = ["newcomer", "hazel", "fir"]

    assert stored(changed(more)).teams["content"].members == ("newcomer", "hazel", "fir")
    row = TeamMember.objects.get(person__github_login="fir")
    assert (row.role, row.since) == ("lead", TODAY)


@pytest.mark.django_db
def test_what_is_gone_from_the_data_is_kept_as_past() -> None:
    store(small(), "start", TODAY)
    less = small_data(repositories={})
    del less["teams"]["content"]

    store(changed(less), "content has ended", TODAY)

    team = Team.objects.get(key="content")
    assert (team.is_archived, team.history.latest().history_change_reason) == (True, "content has ended")
    assert {row.role for row in team.memberships.all()} == {"alumni"}
    assert not Repository.objects.managed().exists()
    assert not Grant.objects.exists()
    assert {row.history_type for row in Grant.history.all()} == {"+", "-"}
    assert stored(small()) == small()


@pytest.mark.django_db
def test_a_mirror_can_become_a_repository_and_the_other_way_round() -> None:
    entry = {"description": "x", "teams": ["content"]}
    there = changed(small_data(mirror_repositories={"Thing": entry}))
    back = small_data()
    back["repositories"]["thing"] = {**entry, "users": ["fir"], "archived": True}

    for organization in (there, changed(back), there):
        assert stored(organization) == organization
        assert Repository.objects.count() == 3


@pytest.mark.django_db
def test_people_are_known_by_their_logins_however_these_are_spelt() -> None:
    known = Person.objects.create(name="Fir", github_login="FIR", github_id=7)

    store(small(), "start", TODAY)

    known.refresh_from_db()
    assert (known.github_login, known.github_id, known.team_memberships.count()) == ("fir", 7, 1)


@pytest.mark.django_db
def test_members_without_github_are_in_the_portal_s_teams_only() -> None:
    store(small(), "start", TODAY)
    TeamMember.objects.create(team=Team.objects.get(key="content"), person=Person.objects.create(name="No GitHub"))

    assert stored(small()) == small()
    assert TeamMember.objects.filter(person__name="No GitHub").get().role == "member"


@pytest.mark.django_db
def test_the_order_of_administrators_is_kept() -> None:
    for names in (["b", "a"], ["a", "b"], ["a"], ["c", "a"]):
        assert stored(changed(small_data(administrators=names))).administrators == tuple(names)
    assert Administrator.history.filter(history_type="-").count() == 1


def test_keys_of_any_shape_are_kept() -> None:
    assert json.loads(write_tfvars(changed(small_data(deep={"a": [{"b": 1}]}))))["deep"] == {"a": [{"b": 1}]}
