"""When a link is dead: what one look at it changes. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

DEAD_AFTER = 3  # days on which it failed, without an answer between them
NEXT_LOOK, NEXT_TRY = timedelta(days=7), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a link has done so far."""

    failures: int = 0  # days
    failed_on: date | None = None  # the last of them; UTC
    failing_since: datetime | None = None

    @property
    def is_dead(self) -> bool:
        return self.failures >= DEAD_AFTER

    @property
    def is_in_doubt(self) -> bool:
        return 0 < self.failures < DEAD_AFTER

    def after_an_answer(self) -> "Standing":
        return Standing()

    def after_a_failure(self, now: datetime) -> "Standing":
        """Count a day once, however often it failed then."""
        today = now.astimezone(UTC).date()
        if today == self.failed_on:
            return self
        return replace(self, failures=self.failures + 1, failed_on=today, failing_since=self.failing_since or now)

    def next_at(self, now: datetime) -> datetime:
        """Say when to look again."""
        return now + (NEXT_TRY if self.is_in_doubt else NEXT_LOOK)
