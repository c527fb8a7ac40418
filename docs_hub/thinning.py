"""Which former texts of a document are too many. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

NEWEST = 20  # that stay, however close they are to each other
MOST = 50
MOST_BYTES = 5_000_000  # of all; the newest stays, however long it is


@dataclass(frozen=True, slots=True)
class Kept:
    """A former text."""

    number: int  # the newest has the highest
    replaced_at: datetime
    size: int  # bytes


def surplus(kept: Iterable[Kept]) -> list[int]:
    """Give the numbers of those that go.

    The newest 20 stay, and of those before them the last one of each month; beyond 50, or 5 MB, the oldest go.
    """
    months: set[tuple[int, int]] = set()
    gone: list[int] = []
    count = size = 0
    is_full = False
    for place, each in enumerate(sorted(kept, key=lambda each: each.number, reverse=True)):
        day = each.replaced_at.astimezone(UTC)
        month = (day.year, day.month)
        is_full = is_full or count == MOST or (count > 0 and size + each.size > MOST_BYTES)
        if is_full or (place >= NEWEST and month in months):
            gone.append(each.number)
            continue
        months.add(month)
        count, size = count + 1, size + each.size
    return gone
