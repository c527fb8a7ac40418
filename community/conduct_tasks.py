"""What the queue does for the code of conduct by itself."""

from collections.abc import Iterator

from community import reminding
from mageos_portal.registry import ScheduledTask

MINUTES = 15  # between two runs


def remind() -> str:
    """Ask by mail who has to agree again."""
    return reminding.remind()


def scheduled() -> Iterator[ScheduledTask]:
    yield ScheduledTask(
        "community.remind",
        remind,
        "Asks by mail who has to agree to a new version of the code of conduct.",
        permission="community.change_reminder",
        minutes=MINUTES,
    )
