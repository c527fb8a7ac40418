"""What is thrown away after a while: logs of old builds, plans, and what uploads left behind.

Builds themselves are kept, as they say who changed what. Each batch is a short transaction of its own, and the whole
ends in time for the queue: what is left is for the next night.
"""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from mirror import uploading
from mirror.models import Build, BuildLine, BuildStep

SECONDS = 40.0  # of the minute that a task may take
BUILDS_AT_ONCE = 50


@dataclass(slots=True)
class Pruned:
    """What was thrown away."""

    logs: int = 0  # builds whose log and steps are gone
    lines: int = 0
    plans: int = 0
    uploads: int = 0  # directories
    done: bool = True  # False: the time was over before all was looked at

    def __str__(self) -> str:
        rest = "" if self.done else "; time was over, the rest is for the next run"
        return (
            f"{self.lines} lines of {self.logs} builds, {self.plans} plans and "
            f"{self.uploads} directories of uploads were removed{rest}"
        )


def prune(now: datetime, seconds: float = SECONDS) -> Pruned:
    """Throw away what is older than PORTAL_KEEP_LOGS_DAYS and PORTAL_KEEP_PLANS_DAYS say."""
    over_at = time.monotonic() + seconds
    pruned = Pruned(uploads=uploading.prune(now))
    for build in itertools.chain(_each(old_plans(now)), _each(old_logs(now))):
        if time.monotonic() > over_at:
            pruned.done = False
            break
        pruned.lines += _delete_log(build.pk)
        pruned.logs += 1
        if build.kind == Build.Kind.PLAN:
            build.delete()
            pruned.plans += 1
    return pruned


def old_logs(now: datetime) -> "QuerySet[Build]":
    """Give the builds whose log is too old."""
    lines, steps = BuildLine.objects.filter(build=OuterRef("pk")), BuildStep.objects.filter(build=OuterRef("pk"))
    has_some = Exists(lines) | Exists(steps)
    return Build.objects.ended().filter(has_some, ended_at__lt=now - timedelta(days=settings.PORTAL_KEEP_LOGS_DAYS))


def old_plans(now: datetime) -> "QuerySet[Build]":
    """Give the plans that nobody will read any more."""
    kept = timedelta(days=settings.PORTAL_KEEP_PLANS_DAYS)
    return Build.objects.ended().filter(kind=Build.Kind.PLAN, ended_at__lt=now - kept)


def _each(builds: "QuerySet[Build]") -> Iterator[Build]:
    """Read a few builds at a time, until there are none: no query stays open while rows are deleted."""
    last = 0
    while found := list(builds.filter(pk__gt=last).order_by("pk").only("pk", "kind")[:BUILDS_AT_ONCE]):
        last = found[-1].pk
        yield from found


def _delete_log(build: int) -> int:
    """Delete the lines and steps of one build, which are bounded (recording.py); give the number of lines."""
    BuildStep.objects.filter(build=build).delete()
    return BuildLine.objects.filter(build=build).delete()[0]
