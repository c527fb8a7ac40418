"""What staff are told about the mirror: that it fails, that it works again, and that a release waits for them.

Told is what the rows say, not what just happened, so this may run at any time and twice at once: whoever changes the
row from untold to told sends the notice. The row is changed first. A notice that no channel takes is in the log,
and the admin shows the state that it was about.
"""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from mageos_portal.notices import Notice, send
from mirror.models import Build, Distribution, Release
from mirror.observing import awaiting_approval

MOST_LISTED = 20  # releases named in a notice
RUNS = (Build.Kind.BUILD, Build.Kind.SYNC)
RESULTS = (Build.State.SUCCEEDED, Build.State.FAILED)
DOING = {Build.Kind.BUILD: "Building", Build.Kind.SYNC: "Following"}


def tell_news(now: datetime) -> int:
    """Send what staff have not been told yet; gives how many notices that were."""
    told = 0
    for notice in _news(now):
        send(notice)
        told += 1
    return told


def _news(now: datetime) -> Iterator[Notice]:
    """Give one notice after the other, each when its row says that it is told."""
    untold = [release for release in awaiting_approval() if release.told_at is None]
    for distribution in Distribution.objects.annotate(newest=_newest_result()):
        build = Build.objects.filter(pk=distribution.newest).first()
        if build and _note_failure(build):
            yield _failure(distribution, build)
        elif build and _note_recovery(build):
            yield _recovery(distribution, build)
        ours = [release for release in untold if release.distribution_id == distribution.pk]
        if waiting := [release for release in ours if _note_waiting(release, now)]:
            yield _approval(distribution, waiting)


def _newest_result() -> Subquery:
    """Give the newest run that says how a distribution is; plans, imports and canceled runs say nothing."""
    results = Build.objects.filter(distribution=OuterRef("pk"), kind__in=RUNS, state__in=RESULTS)
    return Subquery(results.order_by("-ended_at", "-pk").values("pk")[:1])


def _note_failure(build: Build) -> bool:
    """Note that a distribution fails; tell whether that is news and this run still its newest."""
    if build.state != Build.State.FAILED:
        return False
    return bool(_still(build).filter(failing_since=None).update(failing_since=build.ended_at))


def _note_recovery(build: Build) -> bool:
    if build.state != Build.State.SUCCEEDED:
        return False
    return bool(_still(build).exclude(failing_since=None).update(failing_since=None))


def _note_waiting(release: Release, now: datetime) -> bool:
    untold = Release.objects.filter(pk=release.pk, told_at=None, approved_at=None, published_at=None)
    return bool(untold.update(told_at=now))


def _still(build: Build) -> "QuerySet[Distribution]":
    return Distribution.objects.annotate(newest=_newest_result()).filter(pk=build.distribution_id, newest=build.pk)


def _failure(distribution: Distribution, build: Build) -> Notice:
    what = f"{distribution.slug}: {DOING[Build.Kind(build.kind)].lower()} fails"
    served = "What is served stays as it is." if distribution.publication_id else "Nothing is served yet."
    text = f"{build.failure or 'It did not say why; see its log.'}\n\n{served} You will be told when it works again."
    return Notice(what, text, _build_url(build))


def _recovery(distribution: Distribution, build: Build) -> Notice:
    what = f"{distribution.slug}: {DOING[Build.Kind(build.kind)].lower()} works again"
    since = f"{distribution.failing_since:%Y-%m-%d %H:%M} UTC" if distribution.failing_since else "a while ago"
    return Notice(what, f"It had failed since {since}.", _build_url(build))


def _approval(distribution: Distribution, waiting: list[Release]) -> Notice:
    names = ", ".join(release.version for release in waiting[:MOST_LISTED])
    more = f" and {len(waiting) - MOST_LISTED} more" if len(waiting) > MOST_LISTED else ""
    count = "a release waits" if len(waiting) == 1 else f"{len(waiting)} releases wait"
    text = f"{names}{more}.\n\nApproved releases are published by the next build."
    url = f"{reverse('admin:mirror_release_changelist')}?distribution__id__exact={distribution.pk}"
    return Notice(f"{distribution.slug}: {count} for approval", text, settings.PORTAL_BASE_URL + url)


def _build_url(build: Build) -> str:
    return str(settings.PORTAL_BASE_URL) + reverse("admin:mirror_build_change", args=[build.pk])
