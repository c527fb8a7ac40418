"""What somebody gets at each address depends on where they stand only where this table says so.

Addresses come from the resolver, so a new one whose answer depends on it fails until it has a line.
"""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from community import agreeing, agreement_facts
from community.facts import state_of_user
from community.models import Person, PolicyVersion, Reminder, Sanction
from tests.support.everything import Sent
from tests.support.made_conduct import FIRST, a_version, agreed
from tests.support.permission_table import addresses
from tests.support.staff import a_person, logged_in
from tests.support.visiting import Visits

pytestmark = pytest.mark.django_db

STATES = ("unverified", "verified", "agreed", "lapsed", "withdrawn", "suspended")
MEMBERS = {"agreed"}

# Address and method: what each of the states gets, in the words of tests/portal/permissions.md
DEPENDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("/join/discord/", "GET"): ("on", "on", "ok", "on", "on", "on"),
    ("/join/discord/", "POST"): ("ok", "ok", "done", "ok", "ok", "ok"),
    ("/join/discord/new/", "GET"): ("on", "on", "ok", "on", "on", "on"),
    ("/join/discord/new/", "POST"): ("ok", "ok", "done", "ok", "ok", "ok"),
    ("/account/second-factor/webauthn/add/", "GET"): ("on", "ok", "ok", "ok", "ok", "ok"),
    ("/account/agreement/withdraw/", "GET"): ("on", "on", "ok", "ok", "on", "ok"),
}


@pytest.fixture
def versions() -> list[PolicyVersion]:
    return [a_version(1), a_version(2)]


def somebody(state: str, versions: list[PolicyVersion]) -> User:
    """Make somebody who stands there."""
    user = a_person(state, staff=False)
    if state in {"agreed", "withdrawn", "suspended"}:
        agreed(user, versions[1])
    if state == "lapsed":
        agreed(user, versions[0])
        Reminder.objects.create(account=user, version=versions[1], sent_at=FIRST + timedelta(days=101))
    if state == "withdrawn":
        agreeing.withdraw(user)
    if state == "suspended":
        Sanction.objects.create(person=Person.objects.of(user), ground="x", decision="y")
    if state == "unverified":
        EmailAddress.objects.filter(user=user).update(verified=False)
    return user


def asked_of(user: User) -> dict[tuple[str, str], str]:
    """Ask for every address without arguments."""
    visits = Visits(logged_in(user, Client(raise_request_exception=False)))
    plain = [each for each in addresses() if "<" not in each and not each.startswith("/admin/")]
    ways = [(each, method) for each in plain for method in ("GET", "POST")]
    return {(each, method): visits.answer(method, each, Sent()) for each, method in ways}


@pytest.mark.parametrize("state", STATES)
def test_somebody_stands_where_the_table_says(state: str, versions: list[PolicyVersion]) -> None:
    user = somebody(state, versions)
    assert state_of_user(user, timezone.now()) == state
    assert agreement_facts.membership(user).is_member == (state in MEMBERS)


def test_addresses_answer_as_the_table_says(
    versions: list[PolicyVersion], tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> None:
    answers = []
    for state in STATES:
        settings.PORTAL_DATA_DIR = tmp_path_factory.mktemp(state) / "data"
        settings.PORTAL_DATA_DIR.mkdir()
        answers.append(asked_of(somebody(state, versions)))
    found = {way: tuple(each[way] for each in answers) for way in answers[0]}
    depends = {way: said for way, said in found.items() if len(set(said)) > 1}
    assert depends == DEPENDS
    assert len(found) > 100
