"""Following another mirror: a sync from start to end. Its steps are in syncing.py, its errors in reporting.py."""

import contextlib
import time
from collections.abc import Iterator

from django.conf import settings
from django.db import OperationalError

from mageos_portal.configuration import is_loopback
from mageos_portal.reach import Reach
from mirror import publishing
from mirror.dists import StoreError
from mirror.downloading import WrongFileError
from mirror.exclusion import LeaseLostError, alone
from mirror.models import Build, Distribution
from mirror.offering import OfferError
from mirror.origin import address_of, reached
from mirror.progress import Progress
from mirror.provenance import MixedError, refuse_following
from mirror.recipe import Recipe, RecipeError, parse
from mirror.reporting import BuildFailedError, BuildRefusedError, BuildRunningError
from mirror.repositories import RepositoryError
from mirror.running import Wish, recorded
from mirror.storage import DiskFullError, LockedError
from mirror.syncing import Job, Sync, SyncOptions, SyncReport

ADVICE = "nothing was published, what is served is served still; try again when that is mended"


def sync(
    distribution: Distribution, options: SyncOptions, progress: Progress | None = None, queued: Build | None = None
) -> SyncReport:
    """Make a distribution the same as what it follows, alone on this machine; the address is remembered.

    Raises:
        reporting.BuildError: see its subclasses for what is true then.
    """
    started, progress = time.monotonic(), progress or Progress()
    recipe = _recipe(distribution)
    wish = Wish(Build.Kind.SYNC, options.actor, {"url": options.url} if options.url else {}, queued)
    try:
        with alone(distribution, "a sync", wait=options.wait) as holder:
            job = Job(distribution, recipe, options, _address(distribution, options))
            with recorded(distribution, wish, holder, progress, kept=options.kept) as row, _naming_failures():
                publishing.finish_interrupted(distribution)
                distribution.files.prepare()
                with reached(job.address, _reach()) as origin:
                    report = Sync(job, origin, progress, row).run()
    except LockedError as failure:
        raise BuildRunningError(
            f"{failure.holder} is running; wait for it with --wait, or try again later"
        ) from failure
    report.seconds = time.monotonic() - started
    return report


def _recipe(distribution: Distribution) -> Recipe:
    path = distribution.recipe_path
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except (RecipeError, OSError, UnicodeDecodeError) as failure:
        raise BuildRefusedError(f"the recipe {path.name} cannot be used: {failure}") from failure


def _address(distribution: Distribution, options: SyncOptions) -> str:
    """Give the address to follow, refusing a distribution that cannot follow."""
    text = options.url or distribution.follows
    if not text:
        slug = distribution.slug
        raise BuildRefusedError(f"{slug} follows nothing yet; say what: sync_distribution {slug} https://HOST/")
    try:
        address = address_of(text)
        refuse_following(distribution, sample=distribution.is_sample)
    except (RepositoryError, MixedError) as failure:
        raise BuildRefusedError(str(failure)) from failure
    if address == distribution.url:
        raise BuildRefusedError(f"{address} is the address of {distribution.slug} itself; name another mirror's")
    return address


def _reach() -> Reach:
    inside = settings.PORTAL_FOLLOW_PRIVATE
    return Reach(private=inside, loopback=inside or is_loopback(settings.PORTAL_BASE_URL))


@contextlib.contextmanager
def _naming_failures() -> Iterator[None]:
    try:
        yield
    except (RepositoryError, WrongFileError, OfferError, StoreError, MixedError, LeaseLostError) as failure:
        raise BuildFailedError(f"{failure}; {ADVICE}") from failure
    except DiskFullError as failure:
        raise BuildFailedError(f"no space left on the disk: {failure}; free some and sync again") from failure
    except OperationalError as failure:
        if "full" not in str(failure):
            raise
        raise BuildFailedError("no space left on the disk of the database; free some and sync again") from failure
