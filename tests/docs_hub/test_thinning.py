"""Which former texts of a document are too many."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from docs_hub.thinning import MOST, MOST_BYTES, NEWEST, Kept, surplus

DAY = datetime(2024, 5, 7, tzinfo=UTC)


def test_the_newest_stay_and_of_the_others_the_last_of_each_month() -> None:
    hourly = [Kept(number, DAY - timedelta(hours=1000 - number), 10) for number in range(1, 1001)]
    gone = surplus(hourly)
    months = {(each.replaced_at.year, each.replaced_at.month) for each in hourly}
    assert set(range(1000 - NEWEST + 1, 1001)).isdisjoint(gone)
    assert 1000 - len(gone) == NEWEST + len(months) - 1


def test_no_more_than_fifty_stay_whatever_their_months() -> None:
    monthly = [Kept(number, DAY + timedelta(days=31 * number), 10) for number in range(1, 100)]
    assert surplus(monthly) == list(range(99 - MOST, 0, -1))


def test_long_ones_are_fewer_and_the_newest_stays_however_long_it_is() -> None:
    long = [Kept(number, DAY, MOST_BYTES // 3) for number in range(1, 6)]
    assert surplus(long) == [2, 1]
    assert surplus([Kept(1, DAY, 3), Kept(2, DAY, MOST_BYTES * 2)]) == [1]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, MOST_BYTES)), max_size=120))
def test_what_stays_is_bounded_and_stays_when_asked_again(given: list[tuple[int, int]]) -> None:
    some = [Kept(number, DAY + timedelta(minutes=at), size) for number, (at, size) in enumerate(given)]
    gone = set(surplus(some))
    stays = [each for each in some if each.number not in gone]
    assert len(stays) <= MOST
    assert sum(each.size for each in stays) <= MOST_BYTES
    assert not some or some[-1] in stays
    assert surplus(stays) == []
