"""What the mirror wants done by itself."""

from collections.abc import Iterator

from mageos_portal.registry import ScheduledTask
from mirror import disk_use, occasions, tasks
from mirror.models import Build

START = "mirror.start_build"


def scheduled() -> Iterator[ScheduledTask]:
    """Declare the mirror's tasks; distributions that look for something new have one each."""
    yield ScheduledTask(
        "mirror.watchdog",
        tasks.look_after_builds,
        "Takes up builds whose worker died, starts those that wait, and tells staff what is new.",
        permission=START,
        minutes=1,
    )
    for distribution in occasions.regular():
        kind = occasions.kind_of(distribution)
        yield ScheduledTask(
            f"mirror.look:{distribution.slug}",
            tasks.look_for_news,
            f"Copies what {distribution.slug} follows." if kind == Build.Kind.SYNC else f"Builds {distribution.slug}.",
            arguments=(distribution.pk,),
            permission=START,
            minutes=distribution.interval,
        )
    yield ScheduledTask(
        "mirror.prune",
        tasks.prune,
        "Removes old logs, plans, and what uploads left behind.",
        permission=START,
    )
    yield ScheduledTask(
        "mirror.disk",
        disk_use.look,
        "Measures what the mirror takes of the disk, for the dashboard.",
        permission=START,
        minutes=60,
    )
