"""What makes a build begin without a person: its interval, and a push to one of its sources."""

import functools
import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from mirror import lifecycle
from mirror.models import Build, Distribution
from mirror.pushes import address_of
from mirror.recipe import RecipeError, parse

logger = logging.getLogger(__name__)


def regular() -> "QuerySet[Distribution]":
    """Give the distributions that look for something new by themselves."""
    return Distribution.objects.filter(interval__gt=0)


def kind_of(distribution: Distribution) -> str:
    """Say how a distribution gets what is new: it builds, or copies what it follows."""
    return Build.Kind.SYNC if distribution.follows else Build.Kind.BUILD


def queue_regular(distribution: Distribution) -> Build | None:
    """Queue the look of an interval, unless one waits or runs already."""
    kind = kind_of(distribution)
    if distribution.builds.held().filter(kind=kind).exists():
        return None
    return lifecycle.queue_once(distribution, kind=kind, trigger=Build.Trigger.SCHEDULE)


def queue_pushed(addresses: Iterable[str]) -> list[Build]:
    """Queue builds of all that is made from a repository that was pushed to, a little later, in case more is pushed.

    While one waits, further pushes change nothing; one that comes while it runs is for the next build. Waiting ones
    are asked for first and always, so that a repository that we know takes no longer than one that we do not.
    """
    kind, trigger = Build.Kind.BUILD, Build.Trigger.WEBHOOK
    delay = timedelta(seconds=settings.PORTAL_WEBHOOK_DELAY)
    waiting = set(Build.objects.waiting().filter(kind=kind, options={}).values_list("distribution", flat=True))
    queued = []
    for distribution in fed_by(addresses):
        if distribution.pk in waiting:
            continue
        if build := lifecycle.queue_once(distribution, kind=kind, trigger=trigger, delay=delay):
            logger.info("%s waits for more pushes until %s.", build, build.not_before)
            queued.append(build)
    return queued


def fed_by(addresses: Iterable[str]) -> Iterator[Distribution]:
    """Give the distributions whose recipes want a source from one of the addresses."""
    wanted = frozenset(addresses)
    for distribution in Distribution.objects.filter(follows=""):
        if not wanted.isdisjoint(source_addresses(distribution.recipe_path)):
            yield distribution


def source_addresses(path: Path) -> frozenset[str]:
    """Give the addresses of the sources that a recipe wants; none if it cannot be read, which others tell."""
    try:
        return _source_addresses(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError, RecipeError):
        return frozenset()


@functools.lru_cache(maxsize=32)
def _source_addresses(path: Path, _changed_at: int) -> frozenset[str]:
    recipe = parse(path.read_text(encoding="utf-8"), path.name)
    return frozenset(address_of(source.url) for source in recipe.wanted_sources())
