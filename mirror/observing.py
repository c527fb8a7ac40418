"""What there is to say about the mirror at a moment: distributions, the queue, the latest runs. Only reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Q, QuerySet
from django_q.models import Schedule

from mageos_portal.heartbeat import QueueUnreachableError, workers_alive
from mirror.models import Build, BuildLine, BuildQuerySet, BuildStep, Distribution, Release

LATELY = timedelta(hours=24)
LOOKS_MISSED = 3  # after which a distribution that looks by itself is stale
LINES_AT_ONCE = 500
SOONEST_STALE = timedelta(hours=1)
SUCCEEDED_LOOK = Q(builds__state=Build.State.SUCCEEDED, builds__kind__in=(Build.Kind.BUILD, Build.Kind.SYNC))


@dataclass(frozen=True, slots=True)
class DistributionState:
    """How one distribution is."""

    distribution: Distribution
    incomplete: int  # releases that lack packages
    looked_at: datetime | None  # when a build or a sync of it succeeded last
    is_stale: bool
    running: Build | None
    step: BuildStep | None  # of the running build
    waiting: int  # builds
    approvals: Sequence[Release]

    @property
    def word(self) -> str:
        """Say in a few words what it serves."""
        if self.distribution.publication is None:
            return "nothing published"
        if self.is_stale:
            return "stale"
        return f"incomplete {self.incomplete}" if self.incomplete else "complete"


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """Whether builds are taken up, and how they went lately."""

    workers: Mapping[str, int]  # alive, by cluster
    fault: str  # why nothing is known of the workers; empty: it is
    waiting: int  # builds
    oldest: Build | None  # of those that wait
    failed: int  # in the last 24 hours
    abandoned: Sequence[Build]  # held by workers that are dead

    @property
    def is_stuck(self) -> bool:
        """Tell whether a person should look after it."""
        return bool(self.fault or self.abandoned or not all(self.workers.values()))


def states(now: datetime) -> list[DistributionState]:
    """Give the state of every distribution, in a number of queries that does not depend on how many there are."""
    running = {build.distribution_id: build for build in _builds().held()}
    steps = running_steps([build.pk for build in running.values()])
    waiting = dict(Build.objects.waiting().order_by().values_list("distribution").annotate(Count("pk")))
    lacking = Release.objects.filter(complete=False)
    incomplete = dict(lacking.order_by().values_list("distribution").annotate(Count("pk")))
    approvals = awaiting_approval()
    looked = _last_looks()
    found = []
    for row in Distribution.objects.select_related("publication__distribution"):
        build = running.get(row.pk)
        state = DistributionState(
            distribution=row,
            incomplete=incomplete.get(row.pk, 0),
            looked_at=looked.get(row.pk),
            is_stale=is_stale(row, looked.get(row.pk), now),
            running=build,
            step=steps.get(build.pk) if build else None,
            waiting=waiting.get(row.pk, 0),
            approvals=[release for release in approvals if release.distribution_id == row.pk],
        )
        found.append(state)
    return found


def is_stale(distribution: Distribution, looked_at: datetime | None, now: datetime) -> bool:
    """Tell whether a distribution that looks for something new by itself has not done so for long."""
    if not distribution.interval or distribution.publication_id is None:
        return False
    patience = max(timedelta(minutes=distribution.interval) * LOOKS_MISSED, SOONEST_STALE)
    return looked_at is None or now - looked_at > patience


def awaiting_approval() -> list[Release]:
    """Give the releases that could be served if a person approved them, newest first."""
    whole = Q(complete=True) | Q(distribution__publish_incomplete=True)
    asked = Q(confirmed=False) | Q(distribution__approve_releases=True)
    held = Release.objects.filter(whole, asked, published_at=None, approved_at=None).exclude(held_because="")
    return list(held.select_related("distribution").order_by("-time"))


def queue_health(now: datetime) -> QueueHealth:
    workers, fault = _workers()
    waiting = _builds().due(now).select_related("distribution")
    return QueueHealth(
        workers=workers,
        fault=fault,
        waiting=Build.objects.waiting().count(),
        oldest=waiting.order_by("created_at", "pk").first(),
        failed=Build.objects.filter(state=Build.State.FAILED, ended_at__gte=now - LATELY).count(),
        abandoned=list(_builds().abandoned().select_related("distribution")),
    )


def next_schedules(limit: int) -> list[Schedule]:
    return list(Schedule.objects.exclude(next_run=None).exclude(repeats=0).order_by("next_run", "pk")[:limit])


def latest_builds(limit: int) -> list[Build]:
    return list(_builds().select_related("distribution")[:limit])


def running_steps(builds: Sequence[int]) -> dict[int, BuildStep]:
    """Give the step at which each of these builds is, by the build's primary key."""
    steps = BuildStep.objects.filter(build__in=builds, state=BuildStep.State.RUNNING)
    return {step.build_id: step for step in steps}


def before_in_line(builds: Iterable[Build], now: datetime) -> dict[int, Build]:
    """Give by primary key what waiting builds wait for: the build of their distribution that runs, or begins first."""
    waiting = [build for build in builds if build.state == Build.State.QUEUED]
    line = (_builds().held() | _builds().due(now)).filter(distribution__in={build.distribution_id for build in waiting})
    first: dict[int, Build] = {}
    for build in sorted(line, key=lambda build: (build.state == Build.State.QUEUED, build.pk)):
        first.setdefault(build.distribution_id, build)
    found = {build.pk: first.get(build.distribution_id) for build in waiting}
    return {pk: before for pk, before in found.items() if before and before.pk != pk}


def log_lines(build: Build, *, raw: bool) -> QuerySet[BuildLine]:
    """Give the log of a build; with ``raw`` also what other programs said, which is for staff only."""
    lines = build.lines.all()
    return lines if raw else lines.exclude(level=BuildLine.Level.RAW)


def log_text(lines: QuerySet[BuildLine]) -> Iterator[str]:
    """Give a log as text, line by line, to be streamed."""
    fields = lines.values_list("at", "level", "step", "text")
    for at, level, step, text in fields.iterator(chunk_size=LINES_AT_ONCE):
        yield f"{at:%Y-%m-%dT%H:%M:%SZ} {level:<7} {step or '-':<7} {text}\n"


def _builds() -> BuildQuerySet:
    """Give builds without their reports, which may be long."""
    return Build.objects.defer("report")


def _workers() -> tuple[Mapping[str, int], str]:
    try:
        return workers_alive(), ""
    except QueueUnreachableError as error:
        return {}, str(error)


def _last_looks() -> dict[int, datetime]:
    ended = Distribution.objects.order_by().annotate(at=Max(F("builds__ended_at"), filter=SUCCEEDED_LOOK))
    return {pk: at for pk, at in ended.values_list("pk", "at") if at is not None}
