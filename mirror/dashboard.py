"""What staff see first: the panels of the mirror on the admin's first page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from mageos_portal.schedules import PREFIX
from mirror import disk_use, observing
from mirror.findings import printable
from mirror.models import Build, BuildStep, Release
from mirror.observing import DistributionState
from mirror.permits import may_cancel, may_retry
from mirror.spans import age, clock

RUNS_SHOWN = 10
SCHEDULES_SHOWN = 3
APPROVALS_SHOWN = 5
TONES = {
    "complete": "good",
    Build.State.SUCCEEDED: "good",
    Build.State.RUNNING: "busy",
    Build.State.CANCELING: "busy",
    Build.State.QUEUED: "quiet",
    Build.State.CANCELED: "quiet",
    Build.State.FAILED: "bad",
    BuildStep.State.WAITING: "quiet",
}
LITTLE_FREE = 0.1  # of the disk


@dataclass(frozen=True, slots=True)
class Card:
    """One distribution as it is shown."""

    state: DistributionState
    tone: str
    age: str  # of its publication
    looked: str  # how long ago
    failing: str  # for how long
    approvals: Sequence[Release]  # the newest of those that wait
    more_approvals: int


@dataclass(frozen=True, slots=True)
class Run:
    """One line of the table of runs."""

    build: Build
    tone: str
    by: str
    lasted: str
    step: BuildStep | None
    before: Build | None  # what it waits for, if it is another build
    can_cancel: bool
    can_retry: bool


def distributions(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    return {"cards": [_card(state, now) for state in observing.states(now)], **_allowed(request)}


def queue(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    health = observing.queue_health(now)
    return {
        "health": health,
        "workers": sorted(health.workers.items()),
        "oldest_age": age(health.oldest.created_at, now) if health.oldest else "",
        "schedules": [
            ((row.name or row.func).removeprefix(PREFIX), row.next_run)
            for row in observing.next_schedules(SCHEDULES_SHOWN)
        ],
        **_allowed(request),
    }


def disk(_: HttpRequest) -> dict[str, Any]:
    free, total = disk_use.free()
    use = disk_use.last_measured()
    return {
        "use": use,
        "measured": age(use.at, timezone.now()) if use else "",
        "free": free,
        "total": total,
        "is_short": free < total * LITTLE_FREE,
    }


def runs(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    builds = observing.latest_builds(RUNS_SHOWN)
    steps = observing.running_steps([build.pk for build in builds])
    before = observing.before_in_line(builds, now)
    found = [_run(request, build, steps.get(build.pk), before.get(build.pk), now) for build in builds]
    return {"runs": found, **_allowed(request)}


def _run(request: HttpRequest, build: Build, step: BuildStep | None, before: Build | None, now: datetime) -> Run:
    return Run(
        build=build,
        tone=TONES[build.state],
        by=printable(build.actor) or build.trigger,
        lasted=clock(build.started_at, build.ended_at or now) if build.started_at else "",
        step=step,
        before=before,
        can_cancel=may_cancel(request, build),
        can_retry=may_retry(request, build),
    )


def _card(state: DistributionState, now: datetime) -> Card:
    publication, failing = state.distribution.publication, state.distribution.failing_since
    return Card(
        state=state,
        tone=TONES.get(state.word, "warn"),
        age=f"{age(publication.created_at, now)} old" if publication else "",
        looked=age(state.looked_at, now) if state.looked_at else "",
        failing=age(failing, now) if failing else "",
        approvals=state.approvals[:APPROVALS_SHOWN],
        more_approvals=max(len(state.approvals) - APPROVALS_SHOWN, 0),
    )


def _allowed(request: HttpRequest) -> dict[str, Any]:
    return {"may_start": request.user.has_perm("mirror.start_build")}


PANELS = (
    ("distributions", distributions, "mirror.view_distribution"),
    ("runs", runs, "mirror.view_build"),
    ("queue", queue, "mirror.view_build"),
    ("disk", disk, "mirror.view_distribution"),
)
