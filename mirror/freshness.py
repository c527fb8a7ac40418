"""How far a repository is behind, in a few words: a function of what is known of it and of the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

AT_LEAST_LATE = timedelta(days=1)  # without news, however often somebody should look
LATE_WITHOUT_INTERVAL = timedelta(days=7)
INTERVALS_TO_BE_LATE = 3
MINUTE, HOUR, DAY = 60, 3600, 86400  # seconds


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a distribution."""

    is_published: bool
    is_building: bool
    is_follower: bool
    interval: timedelta  # between two looks for something new; zero: nobody looks by itself
    seen_at: datetime | None  # when it last was all that there is
    origin_changed_at: datetime | None = None  # when what it follows was published
    releases: int = 0
    incomplete: int = 0  # of them


@dataclass(frozen=True, slots=True)
class State:
    """A state in words, and how it looks; nothing is said by the colour alone."""

    word: str
    style: str  # a class of the stylesheet, empty: none


def state_of(facts: Facts, now: datetime) -> State:
    """Say what matters most."""
    return next(_states(facts, now))


def _states(facts: Facts, now: datetime) -> Iterator[State]:
    if not facts.is_published:
        yield State("building", "") if facts.is_building else State("nothing yet", "")
    if behind := behind_since(facts):
        yield State(f"{short(now - behind)} behind", "warn")
    if facts.seen_at and now - facts.seen_at > late_after(facts.interval):
        yield State(f"stale {short(now - facts.seen_at)}", "bad")
    if facts.is_building:
        yield State("building", "")
    if facts.incomplete:
        yield State(f"incomplete {facts.incomplete}", "warn")
    yield State("up to date" if facts.is_follower or not facts.releases else "complete", "good")


def behind_since(facts: Facts) -> datetime | None:
    """Give when what it follows got ahead of it; None if that is not known to have happened."""
    changed, seen = facts.origin_changed_at, facts.seen_at
    if not facts.is_follower or changed is None or (seen is not None and changed <= seen):
        return None
    return changed


def late_after(interval: timedelta) -> timedelta:
    if not interval:
        return LATE_WITHOUT_INTERVAL
    return max(INTERVALS_TO_BE_LATE * interval, AT_LEAST_LATE)


def short(span: timedelta) -> str:
    """Say a span as a badge has room for: "5 min", "3 h", "9 d"."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < HOUR:
        return f"{max(seconds // MINUTE, 1)} min"
    return f"{seconds // HOUR} h" if seconds < 2 * DAY else f"{seconds // DAY} d"
