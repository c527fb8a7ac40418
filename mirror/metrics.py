"""What is measured of the mirror: builds, what is published, the disk, and requests. Ages are in seconds."""

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import product

from django.db.models import Count, DurationField, ExpressionWrapper, F, Sum
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily

from mirror import observing, traffic
from mirror.models import ENDED, HELD, Build, Distribution
from mirror.places import data_dir, work_dir

NEVER = float("inf")
DISTRIBUTION = ["distribution"]
RUNS = (Build.Kind.BUILD, Build.Kind.IMPORT, Build.Kind.SYNC)  # plans change nothing, and their rows are pruned
OUTCOMES = [(kind.value, state.value) for kind, state in product(RUNS, ENDED)]


def builds() -> Iterable[Metric]:
    """Measure how builds ended, and those that have not ended yet."""
    slugs = dict(Distribution.objects.values_list("pk", "slug"))
    return [_ended(slugs), *_active(slugs, timezone.now())]


def publications() -> Iterable[Metric]:
    """Measure what is served, and what keeps something from being served."""
    now = timezone.now()
    waiting = Counter(release.distribution_id for release in observing.awaiting_approval())
    age = _gauge("publication_age_seconds", "Time since what is served was published.")
    versions = _gauge("publication_versions", "Package versions that are served.")
    approvals = _gauge("releases_waiting", "Releases that wait for a person's approval.")
    failing = _gauge("failing_seconds", "Time since builds or syncs began to fail; 0: the last one went well.")
    behind = _gauge("follower_lag_seconds", "Time since a follower last equalled what it follows.")
    for one in Distribution.objects.select_related("publication"):
        if one.publication:
            age.add_metric([one.slug], _seconds(one.publication.created_at, now))
            versions.add_metric([one.slug], one.publication.versions)
        if one.follows:
            behind.add_metric([one.slug], _seconds(one.followed_at, now) if one.followed_at else NEVER)
        approvals.add_metric([one.slug], waiting[one.pk])
        failing.add_metric([one.slug], _seconds(one.failing_since, now) if one.failing_since else 0)
    return [age, versions, approvals, failing, behind]


def disk() -> Iterable[Metric]:
    """Measure the room where dists are kept and where builds work."""
    free = GaugeMetricFamily("portal_disk_free_bytes", "Room that is left.", labels=["place"])
    size = GaugeMetricFamily("portal_disk_size_bytes", "Room in all.", labels=["place"])
    for place, directory in {"data": data_dir(), "work": work_dir()}.items():
        usage = shutil.disk_usage(directory)
        free.add_metric([place], usage.free)
        size.add_metric([place], usage.total)
    return [free, size]


def requests() -> Iterable[Metric]:
    """Give the requests that all web processes of this machine answered, probes and scrapes too."""
    answered = CounterMetricFamily("portal_requests", "Requests answered.", labels=["kind", "status"])
    for key, number in traffic.totals(traffic.directory()).items():
        answered.add_metric(key, number)
    return [answered]


SOURCES = (builds, publications, disk, requests)


def _ended(slugs: Mapping[int, str]) -> Metric:
    """Add up the builds that ended; rows of builds are kept for ever, so these only grow."""
    took = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    groups = Build.objects.ended().order_by().values_list("distribution", "kind", "state")
    rows = groups.annotate(number=Count("pk"), lasted=Sum(took))
    found = {(pk, kind, state): (number, lasted or timedelta()) for pk, kind, state, number, lasted in rows}
    labels = [*DISTRIBUTION, "kind", "state"]
    ended = SummaryMetricFamily(
        "portal_build_duration_seconds", "Builds that ended, and how long they took.", labels=labels
    )
    for (pk, slug), (kind, state) in product(slugs.items(), OUTCOMES):
        number, lasted = found.get((pk, kind, state), (0, timedelta()))
        ended.add_metric([slug, kind, state], number, lasted.total_seconds())
    return ended


def _active(slugs: Mapping[int, str], now: datetime) -> Iterable[Metric]:
    rows = list(Build.objects.exclude(state__in=ENDED))
    waiting = [row for row in rows if row.state == Build.State.QUEUED]
    running = {row.distribution_id: row for row in rows if row.state in HELD}
    numbers = Counter(row.distribution_id for row in waiting)
    due = _gauge("builds_waiting", "Builds that nobody has begun yet.")
    oldest = _gauge("build_oldest_waiting_seconds", "Time for which the oldest waiting build could have begun.")
    held = _gauge("builds_running", "Builds that run, or are being canceled.")
    lasting = _gauge("build_running_seconds", "Time since the running build began; 0: none runs.")
    for pk, slug in slugs.items():
        due.add_metric([slug], numbers[pk])
        oldest.add_metric([slug], max((_waited(row, now) for row in waiting if row.distribution_id == pk), default=0))
        held.add_metric([slug], int(pk in running))
        lasting.add_metric([slug], _seconds(running[pk].started_at or now, now) if pk in running else 0)
    return [due, oldest, held, lasting]


def _waited(build: Build, now: datetime) -> float:
    return _seconds(build.not_before or build.created_at, now)


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0)


def _gauge(name: str, documentation: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"portal_{name}", documentation, labels=DISTRIBUTION)
