"""The life of an invitation: every state with every event, in the table and in the database."""

import itertools

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from community.invitation_events import happen, of_code
from community.invitation_states import STATES, Event, after
from community.models import Invitation
from tests.support.staff import a_person

# Rows: states. Columns: ask, issue, fail, use, expire, revoke.
TABLE = """
            ask    issue   fail    use   expire   revoke
none        asked  -       -       -     -        -
asked       -      issued  failed  used  expired  revoked
issued      -      -       -       used  expired  revoked
used        -      -       -       -     -        -
expired     -      -       -       -     -        -
revoked     -      -       -       -     -        -
failed      -      -       -       -     -        -
"""
LINES = [line.split() for line in TABLE.strip().splitlines()]
EXPECTED = {
    ("" if state == "none" else state, Event(event)): None if target == "-" else target
    for state, *targets in LINES[1:]
    for event, target in zip(LINES[0], targets, strict=True)
}
ALL = list(itertools.product(STATES, Event))


def test_the_table_is_whole() -> None:
    assert set(ALL) == set(EXPECTED)
    assert {state for state in STATES if state} == set(Invitation.State.values)


@pytest.mark.parametrize(("state", "event"), ALL)
def test_each_event_leads_where_the_table_says(state: str, event: Event) -> None:
    assert after(state, event) == EXPECTED[state, event]


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "event"), [each for each in ALL if each[0]])
def test_a_row_goes_nowhere_else(state: str, event: Event) -> None:
    now, target = timezone.now(), EXPECTED[state, event]
    code = of_code("aBcD1234") if state == "issued" else {}
    row = Invitation.objects.create(account=a_person("jane", staff=False), state=state, **code)
    assert happen(row.pk, event, now) == (target is not None)
    row.refresh_from_db()
    assert row.state == (target or state)
    assert (row.ended_at == now) == (target in {"used", "expired", "revoked", "failed"})
    assert bool(row.sealed_code) == (state == "issued" and target in {None, "revoked"})


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["asked", "used", "expired", "failed"])
def test_the_database_keeps_no_code_of_what_is_not_alive(state: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(account=a_person("jane", staff=False), state=state, **of_code("aBcD1234"))


@pytest.mark.django_db
def test_the_database_keeps_one_live_invitation_of_an_account() -> None:
    jane = a_person("jane", staff=False)
    Invitation.objects.create(account=jane, state="used")
    Invitation.objects.create(account=jane, state="issued")
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(account=jane, state="asked")
