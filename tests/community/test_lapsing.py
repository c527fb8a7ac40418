"""When somebody is told, and when an agreement ends: a table of days."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.lapsing import FIRST, SECOND, Mail, Term, mail_due, term

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 30


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def first(version: int, at: float | None) -> Mail:
    return Mail(version, FIRST, None if at is None else day(at))


def second(version: int, at: float | None) -> Mail:
    return Mail(version, SECOND, None if at is None else day(at))


@pytest.mark.parametrize(
    ("unanswered", "mails", "at", "due", "is_over"),
    [
        ([], [], 0, None, False),
        ([2], [], 0, FIRST, False),
        ([2], [], 400, FIRST, False),  # nobody lapses who was not told
        ([2], [first(2, None)], 400, None, False),  # it is being sent, or nobody knows
        ([2], [first(2, 0)], 1, None, False),
        ([2], [first(2, 0)], 22.9, None, False),
        ([2], [first(2, 0)], 23, SECOND, False),
        ([2], [first(2, 0)], 29.9, SECOND, False),
        ([2], [first(2, 0), second(2, 23)], 29.9, None, False),
        ([2], [first(2, 0), second(2, None)], 29.9, None, False),
        ([2], [first(2, 0)], 30, None, True),
        ([2], [first(2, 0), second(2, 23)], 30, None, True),
        ([], [first(2, 0)], 30, None, False),  # it was answered
        ([2, 3], [first(2, 0)], 10, FIRST, False),  # a newer one is told, and the time of the older goes on
        ([2, 3], [first(2, 0), first(3, 10)], 23, SECOND, False),
        ([2, 3], [first(2, 0), first(3, 25)], 26, None, False),  # they were told in the last week
        ([2, 3], [first(2, 0), first(3, 25)], 30, None, True),
        ([3], [first(2, 0), first(3, 25)], 30, None, False),  # the older one was answered
        ([3], [first(2, 0), first(3, 25)], 48, SECOND, False),
    ],
)
def test_what_is_due_on_a_day(
    unanswered: list[int], mails: list[Mail], at: float, due: int | None, is_over: bool
) -> None:
    assert mail_due(unanswered, mails, DAYS, day(at)) == due
    assert term(unanswered, mails, DAYS).is_over(day(at)) == is_over


def test_the_time_runs_from_the_first_mail_that_was_sent() -> None:
    assert term([2], [first(2, 3), second(2, 26)], DAYS) == Term(2, day(33))
    assert term([2, 3], [first(3, 5), first(2, 3)], DAYS) == Term(3, day(33))
    assert term([2], [], DAYS) == Term(2, None)


@given(st.lists(st.integers(2, 4), unique=True), st.integers(14, 60), st.integers(1, 48))
def test_whoever_looks_every_some_hours_sends_two_mails_at_most_and_never_after_the_end(
    unanswered: list[int], days: int, hours: int
) -> None:
    mails: list[Mail] = []
    for number in range(0, (days + 5) * 24, hours):
        now = day(number / 24)
        due = mail_due(unanswered, mails, days, now)
        if due:
            assert not term(unanswered, mails, days).is_over(now)
            mails.append(Mail(max(unanswered), due, now))
    assert [mail.number for mail in mails] == ([FIRST, SECOND] if unanswered else [])
    assert term(unanswered, mails, days).is_over(day(days)) == bool(unanswered)
