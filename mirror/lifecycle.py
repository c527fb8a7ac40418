"""The life of a build, from the wish to the end. Each change of state is one conditional UPDATE (models.py).

queued ──► running ──► succeeded | failed
   │          ├──► canceling ──► canceled
   │          └──► queued     its worker died, another one takes it up
   └──► canceled
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from mirror import exclusion
from mirror.models import Build, BuildStep, Distribution
from mirror.recording import close_steps

MOST_ATTEMPTS = 3
DIED = "its worker died {attempts} times; see the log for what it did last, then retry"


class NotPossibleError(Exception):
    """The build is in another state than was thought; nothing was changed."""


def queue(
    distribution: Distribution,
    actor: str,
    options: Mapping[str, Any],
    *,
    kind: str = Build.Kind.BUILD,
    trigger: str = Build.Trigger.PERSON,
    delay: timedelta | None = None,
) -> Build:
    """Note that somebody wants a build; a worker takes it up, after the delay if there is one."""
    not_before = timezone.now() + delay if delay else None
    return Build.objects.create(
        distribution=distribution,
        actor=actor,
        options=dict(options),
        kind=kind,
        trigger=trigger,
        not_before=not_before,
    )


def queue_once(
    distribution: Distribution, *, kind: str, trigger: str, actor: str = "", delay: timedelta | None = None
) -> Build | None:
    """Queue a build of everything, unless one waits already that will do the same."""
    with transaction.atomic():
        Distribution.objects.select_for_update().get(pk=distribution.pk)
        if distribution.builds.waiting().filter(kind=kind, options={}).exists():
            return None
        return queue(distribution, actor, {}, kind=kind, trigger=trigger, delay=delay)


def retry(build: Build, *, actor: str) -> Build:
    """Queue a new build with the inputs of one that has ended.

    Raises:
        NotPossibleError: it has not ended yet.
    """
    if not build.has_ended:
        raise NotPossibleError(f"{build} is {build.state}; wait for its end, or cancel it first")
    again = queue(build.distribution, actor, build.options, kind=build.kind)
    again.parent = build
    again.save(update_fields=["parent"])
    return again


def cancel(build: Build, *, actor: str) -> None:
    """Ask a build to stop: one that waits ends at once, one that runs within two seconds.

    Raises:
        NotPossibleError: it has ended already, or is being canceled.
    """
    if not Build.objects.cancel(build.pk, actor, timezone.now()):
        build.refresh_from_db()
        raise NotPossibleError(f"{build} is {build.state} already")


def finish_canceling(build_pk: int) -> bool:
    """Note that nothing of a build that was to be canceled runs any more."""
    now = timezone.now()
    close_steps(build_pk, BuildStep.State.CANCELED, now)
    return Build.objects.canceled(build_pk, now)


def fail(build: Build, sentence: str) -> bool:
    """End a running build whose process could not do it."""
    now = timezone.now()
    close_steps(build.pk, BuildStep.State.FAILED, now)
    return Build.objects.end(build, Build.State.FAILED, now, failure=sentence)


def give_up_or_release(build: Build) -> bool:
    """Let another worker take up a build whose worker is gone; tell whether it waits again.

    What was made is kept, so whoever takes it up does only what is left.
    """
    if build.state == Build.State.CANCELING:
        finish_canceling(build.pk)
        return False
    if build.attempts >= MOST_ATTEMPTS:
        fail(build, DIED.format(attempts=build.attempts))
        return False
    close_steps(build.pk, BuildStep.State.FAILED, timezone.now())
    exclusion.give_back(build.distribution_id, build.worker)
    return Build.objects.release(build.pk, build.worker)


def release_abandoned() -> list[Build]:
    """Find the builds of dead workers; give those that wait again."""
    abandoned = Build.objects.abandoned().select_related("distribution")
    return [build for build in abandoned if give_up_or_release(build)]


def startable(now: datetime) -> list[Build]:
    """Give the first waiting build of each distribution of which none is running."""
    busy = Build.objects.held().values("distribution")
    waiting = Build.objects.due(now).exclude(distribution__in=busy).select_related("distribution")
    first: dict[int, Build] = {}
    for build in waiting.order_by("pk"):
        first.setdefault(build.distribution_id, build)
    return list(first.values())
