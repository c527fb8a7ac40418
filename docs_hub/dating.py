"""When a post was published, by its front matter and by the name of its file."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import PurePosixPath

from docs_hub.findings import Finding, error, warning

EARLIEST, LATEST = 1990, 2200  # years that are believed
NAMED_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})-")


def published_at(path: str, values: Mapping[str, object]) -> tuple[datetime | None, list[Finding]]:
    """Give the time in UTC, and what is odd about it; None goes with an error."""
    key = "publishDate" if "publishDate" in values else "date"
    value = values.get(key)
    named = named_day(path)
    if value is None or value == "":
        return _by_name(path, named)
    written = _time(value)
    if written is None:
        return None, [error("date-unreadable", f"{path}: {key} {str(value)[:40]!r} is no date; write 2026-02-01")]
    found = []
    if written.tzinfo is None:
        found.append(warning("naive-date", f"{path}: {key} has no time zone and is taken as UTC; add Z"))
    moment = _in_utc(written)
    if moment is None:
        return None, [error("date-unreadable", f"{path}: {key} is not between {EARLIEST} and {LATEST}")]
    if named and named != moment.date():
        found.append(warning("day-differs", f"{path}: {key} says {moment.date()}, the file's name says {named}"))
    return moment, found


def named_day(path: str) -> date | None:
    """Give the day that a file's name begins with: ``2026-02-01-title.md`` or ``20260201-title.md``."""
    named = NAMED_DAY.match(PurePosixPath(path).name)
    if named is None:
        return None
    try:
        return date(*map(int, named.groups()))
    except ValueError:
        return None


def _by_name(path: str, named: date | None) -> tuple[datetime | None, list[Finding]]:
    if named is None:
        return None, [error("date-missing", f"{path}: has no publishDate and no day in its name; add publishDate")]
    found = warning("date-missing", f"{path}: has no publishDate; the day of its name, {named}, is taken")
    return datetime.combine(named, time(), UTC), [found]


def _time(value: object) -> datetime | None:
    """Read what YAML gives: a time, a day, or a text with either; a day is midnight in UTC."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if not isinstance(value, str):
        return None
    try:
        return datetime.combine(date.fromisoformat(value.strip()), time(), UTC)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        return None


def _in_utc(written: datetime) -> datetime | None:
    aware = written if written.tzinfo else written.replace(tzinfo=UTC)
    if not EARLIEST < aware.year < LATEST:
        return None
    return aware.astimezone(UTC)
