"""What the queue does by itself, kept as rows of its scheduler.

Apps declare it (registry.py). Only the default cluster looks at the rows, every 30 seconds; what was missed while
it was away is done once. The name of a row says that it is ours, and groups what its runs answered.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task

from mageos_portal.registry import ScheduledTask, schedule_sources

PREFIX = "portal: "
MOST_MINUTES = 32_767  # what the queue's column holds, three weeks


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of the rows, by name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    kept: int


def declared() -> dict[str, ScheduledTask]:
    """Give all that the apps want done, by the name of its row."""
    return {PREFIX + task.key: task for source in schedule_sources for task in source.tasks()}


def own_rows() -> "QuerySet[Schedule]":
    rows: QuerySet[Schedule] = Schedule.objects.filter(name__startswith=PREFIX)
    return rows


def sync_schedules() -> Synced:
    """Make the scheduler's rows what is declared; rows of others are left alone."""
    now = timezone.now()
    with transaction.atomic():
        _wait_for_turn()
        wanted = declared()
        rows: dict[str, Schedule] = {}
        for row in own_rows().order_by("-pk"):
            rows.setdefault(str(row.name), row)
        added = tuple(name for name in wanted if name not in rows)
        removed = tuple(sorted(name for name in rows if name not in wanted))
        own_rows().exclude(pk__in=[row.pk for name, row in rows.items() if name in wanted]).delete()
        for name in added:
            Schedule.objects.create(name=name, next_run=next_run(wanted[name], now), **_fields(wanted[name]))
        common = [name for name in wanted if name in rows]
        changed = tuple(name for name in common if _correct(rows[name], wanted[name], now))
    return Synced(added, changed, removed, len(common) - len(changed))


def next_run(task: ScheduledTask, now: datetime) -> datetime:
    """Say when something that was just declared is done for the first time."""
    if task.minutes:
        return now + timedelta(minutes=_minutes(task))
    today = datetime.combine(now.astimezone(UTC).date(), task.at, UTC)
    return today if today > now else today + timedelta(days=1)


def run_now(name: str) -> str:
    """Hand a declared task to the queue at once, besides its schedule; gives the queue's id.

    Raises:
        KeyError: it is not declared any more.
        redis.RedisError, OSError: the queue does not answer.
    """
    task = declared()[name]
    return str(async_task(task.function, *task.arguments, group=name, task_name=task.key))


def _wait_for_turn() -> None:
    """Let one process after the other sync, by a lock on a row that is always there."""
    ContentType.objects.select_for_update().get_or_create(app_label="django_q", model="schedule")


def _fields(task: ScheduledTask) -> dict[str, Any]:
    return {
        "func": f"{task.function.__module__}.{task.function.__qualname__}",
        "args": repr(task.arguments) if task.arguments else None,
        "kwargs": None,
        "schedule_type": Schedule.MINUTES if task.minutes else Schedule.DAILY,
        "minutes": _minutes(task) or None,
        "repeats": -1,
        "cluster": None,
    }


def _minutes(task: ScheduledTask) -> int:
    return min(task.minutes, MOST_MINUTES)


def _correct(row: Schedule, task: ScheduledTask, now: datetime) -> bool:
    """Make a row what is declared; a changed rhythm begins now. Tell whether there was something to change."""
    wanted = _fields(task)
    wrong = {key: value for key, value in wanted.items() if getattr(row, key) != value}
    if row.next_run is None or wrong.keys() & {"schedule_type", "minutes"} or _is_at_another_time(row, task):
        wrong["next_run"] = next_run(task, now)
    if wrong:
        Schedule.objects.filter(pk=row.pk).update(**wrong)
    return bool(wrong)


def _is_at_another_time(row: Schedule, task: ScheduledTask) -> bool:
    return not task.minutes and row.next_run is not None and row.next_run.astimezone(UTC).time() != task.at
