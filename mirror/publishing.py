"""Publications: made whole, switched in one step, never changed; withdrawing and purging.

PublishingError
└── NothingToPublishError
"""

import contextlib
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from mirror import faults, metadata
from mirror.composer.versions import sort_key
from mirror.dists import StoreError
from mirror.exclusion import alone, confirm
from mirror.metadata import VersionEntry
from mirror.models import (
    Build,
    Change,
    Distribution,
    PackageVersion,
    Publication,
    VersionSet,
)
from mirror.storage import Listing, LockedError, Served

MANIFEST = "manifest.sha256"
ROOT = "packages.json"
TREES_KEPT = 5  # directories of publications; older ones can be made again from their set
STORED_AT_ONCE = 8  # files that wait for the disk side by side
ROWS_AT_ONCE = 500
_ENTRY_FIELDS = (
    "version",
    "version_normalized",
    "path",
    "sha1",
    "reference",
    "time",
    "metadata",
)


class PublishingError(Exception):
    """Nothing was published; what was served still is."""


class BusyError(PublishingError):
    """Another process changes this distribution; nothing was changed."""


class NothingToPublishError(PublishingError):
    """There is no set of versions to publish."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to publish and why."""

    members: frozenset[int]  # primary keys of PackageVersion
    cause: str
    actor: str
    renewed: frozenset[str] = frozenset()  # packages whose metadata changed
    restores: Publication | None = None


def publish(distribution: Distribution, order: Order) -> Publication | None:
    """Serve exactly these versions from now on; ``None`` if that is served already.

    Whoever calls holds the distribution's lock. A process that dies on the way leaves the old
    publication served; only the last step changes what clients see.
    """
    if not order.members:
        raise NothingToPublishError(f"{distribution.slug} has no package version to publish")
    before = distribution.publication
    old = before.version_set.members if before else frozenset()
    moved = before is None or before.base_url != distribution.url
    if order.members == old and not moved and not order.renewed and not _newly_gone(distribution):
        return None
    draft = _draft(distribution, order, old, everything=moved)
    faults.reach("metadata-stored")
    with distribution.files.laid_out(draft.listing) as directory:
        faults.reach("publication-laid-out")
        publication = _record(distribution, order, draft, directory)
    faults.reach("publication-recorded")
    serve_recorded(distribution)
    faults.reach("pointer-switched")
    distribution.files.prune(TREES_KEPT)
    return publication


def publish_newest_build(distribution: Distribution, *, actor: str) -> Publication | None:
    """Publish the result of the newest build that succeeded.

    Raises:
        NothingToPublishError: no build has succeeded yet.
        BusyError: a build is running.
    """
    with _alone(distribution):
        return _publish_newest_build(distribution, actor)


def _publish_newest_build(distribution: Distribution, actor: str) -> Publication | None:
    build = distribution.builds.filter(state=Build.State.SUCCEEDED).exclude(version_set=None).first()
    if build is None or build.version_set is None:
        raise NothingToPublishError(f"{distribution.slug} has no build that succeeded; run build_distribution first")
    members = _publishable(distribution, build.version_set.members)
    return publish(distribution, Order(members, Publication.Cause.CHOICE, actor))


def roll_back(publication: Publication, *, actor: str) -> Publication | None:
    """Publish an older publication's set anew, less what was withdrawn since."""
    distribution = publication.distribution
    with _alone(distribution):
        members = _publishable(distribution, publication.version_set.members)
        order = Order(members, Publication.Cause.ROLLBACK, actor, restores=publication)
        made = publish(distribution, order)
        if made:
            reason = f"publication {publication.number} was set again as {made.number}"
            note(distribution, Change.Action.ROLLED_BACK, str(made), reason, actor)
    return made


def withdraw(versions: Iterable[PackageVersion], *, reason: str, actor: str) -> Publication | None:
    """Take versions out of the metadata; their bytes stay at their address."""
    return _take_out(list(versions), Change.Action.WITHDRAWN, reason, actor)


def purge(versions: Iterable[PackageVersion], *, reason: str, actor: str) -> Publication | None:
    """Take versions out and delete their bytes; their address answers 410 from now on."""
    rows = list(versions)
    publication = _take_out(rows, Change.Action.PURGED, reason, actor)
    try:
        for row in rows:
            row.package.distribution.dists.remove(row.path)
    except StoreError as error:
        sentence = f"the address answers 410, but the bytes are there still; the next build removes them: {error}"
        raise PublishingError(sentence) from error
    return publication


@contextlib.contextmanager
def _alone(distribution: Distribution) -> Iterator[None]:
    try:
        with alone(distribution, "a publication"):
            finish_interrupted(distribution)
            yield
    except LockedError as error:
        raise BusyError(f"{error.holder} is running; try again when it has ended") from error


def finish_interrupted(distribution: Distribution) -> None:
    """Do what a publication or a purge whose process died had left to do."""
    serve_recorded(distribution)
    with contextlib.suppress(StoreError):  # the next one will do it
        for path in _gone(distribution):
            distribution.dists.remove(path)


def serve_recorded(distribution: Distribution) -> None:
    """Serve what the database says is served, which may be newer than what this process published.

    The row is locked, so that nobody who was held up on the way sets an older publication after a newer one.
    """
    with transaction.atomic():
        publication = Distribution.objects.select_for_update().get(pk=distribution.pk).publication
        if publication and distribution.files.current_number() != publication.number:
            distribution.files.switch(publication.number)


def entries_by_package(
    distribution: Distribution, members: frozenset[int], names: Iterable[str] | None = None
) -> dict[str, list[VersionEntry]]:
    """Give the versions of each package, newest first, as the metadata needs them."""
    found: dict[str, list[VersionEntry]] = defaultdict(list)
    rows = PackageVersion.objects.of(distribution)
    wanted = None if names is None else frozenset(names)
    fields = rows.values_list("pk", "package__name", *_ENTRY_FIELDS)
    for pk, name, version, normalized, path, sha1, reference, when, body in fields.iterator():
        if pk in members and (wanted is None or name in wanted):
            loaded = json.loads(body)
            entry = VersionEntry(version, normalized, path, sha1, reference, when, loaded)
            found[name].append(entry)
    for entries in found.values():
        entries.sort(key=lambda entry: sort_key(entry.version_normalized), reverse=True)
    return found


def version_set(members: Iterable[int]) -> VersionSet:
    """Give the stored set with exactly these members."""
    ids = json.dumps(sorted(members), separators=(",", ":"))
    digest = hashlib.sha256(ids.encode()).hexdigest()
    found, _ = VersionSet.objects.get_or_create(digest=digest, defaults={"ids": ids})
    return found


def _newly_gone(distribution: Distribution) -> bool:
    number = distribution.files.current_number()
    listed = () if number is None else distribution.files.listing(number).gone
    return set(_gone(distribution)) != set(listed)


def _gone(distribution: Distribution) -> list[str]:
    purged = PackageVersion.objects.of(distribution).exclude(purged_at=None)
    return list(purged.values_list("path", flat=True))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A publication that is stored but not served yet."""

    listing: Listing
    names: frozenset[str]
    manifest_sha256: str


def _draft(distribution: Distribution, order: Order, old: frozenset[int], *, everything: bool) -> _Draft:
    rows = {
        pk: (name, path, sha256)
        for pk, name, path, sha256 in PackageVersion.objects.of(distribution).values_list(
            "pk", "package__name", "path", "sha256"
        )
    }
    names = frozenset(rows[pk][0] for pk in order.members)
    changed = frozenset(rows[pk][0] for pk in order.members ^ old) | order.renewed
    served = _served(distribution)
    contents = _package_files(distribution, order.members, names if everything else changed)
    if not everything:
        contents |= {
            path: file.sha256
            for path, file in served.items()
            if path.startswith("p2/") and _name_in(path) in names - changed
        }
    store = distribution.files.store
    contents[ROOT] = store(metadata.root_file(names, distribution.url, dynamic=True))
    lines = contents | {rows[pk][1]: rows[pk][2] for pk in order.members}
    manifest = metadata.manifest_file(lines)
    contents[MANIFEST] = store(manifest)
    listing = _listing(distribution, contents, served)
    return _Draft(listing, names, hashlib.sha256(manifest).hexdigest())


def _served(distribution: Distribution) -> Mapping[str, Served]:
    number = distribution.files.current_number()
    return {} if number is None else distribution.files.listing(number).files


def _name_in(path: str) -> str:
    return path.removeprefix("p2/").removesuffix(".json").removesuffix("~dev")


def _package_files(distribution: Distribution, members: frozenset[int], names: frozenset[str]) -> dict[str, str]:
    """Store the metadata of packages and give its sha256 by path."""
    packages = sorted(entries_by_package(distribution, members, names).items())
    with ThreadPoolExecutor(STORED_AT_ONCE) as hands:
        stored = {
            path: hands.submit(distribution.files.store, content)
            for name, entries in packages
            for path, content in metadata.package_files(name, entries, distribution.url).items()
        }
        return {path: digest.result() for path, digest in stored.items()}


def _listing(distribution: Distribution, contents: Mapping[str, str], served: Mapping[str, Served]) -> Listing:
    """Give the new listing: what is unchanged keeps its time, what changed gets a later one."""
    files = distribution.files
    latest = max((file.last_modified for file in served.values()), default=0)
    now = max(int(time.time()), latest + 1)
    listed: dict[str, Served] = {}
    for path, digest in contents.items():
        before = served.get(path)
        if before is not None and before.sha256 == digest:
            listed[path] = before
            continue
        files.stamp(digest, now)
        listed[path] = Served(digest, files.stored(digest).stat().st_size, now)
    number = (distribution.publications.aggregate(last=Max("number"))["last"] or 0) + 1
    return Listing(number, listed, tuple(_gone(distribution)))


def _record(distribution: Distribution, order: Order, draft: _Draft, directory: Path) -> Publication:
    now = timezone.now()
    with transaction.atomic():
        confirm(distribution)
        distribution.files.install(directory, draft.listing.number)
        publication = Publication.objects.create(
            distribution=distribution,
            number=draft.listing.number,
            version_set=version_set(order.members),
            cause=order.cause,
            restores=order.restores,
            base_url=distribution.url,
            versions=len(order.members),
            packages=len(draft.names),
            manifest_sha256=draft.manifest_sha256,
            actor=order.actor,
            created_at=now,
        )
        new = PackageVersion.objects.of(distribution).filter(published_at=None)
        fresh = [pk for pk in new.values_list("pk", flat=True) if pk in order.members]
        for start in range(0, len(fresh), ROWS_AT_ONCE):
            chunk = PackageVersion.objects.filter(pk__in=fresh[start : start + ROWS_AT_ONCE])
            chunk.update(published_at=now)
        distribution.publication = publication
        distribution.save(update_fields=["publication"])
        _note_releases(distribution, order.members, now)
    return publication


def _note_releases(distribution: Distribution, members: frozenset[int], now: datetime) -> None:
    """Note for each release whether its product is served now."""
    rows = PackageVersion.objects.of(distribution)
    products = rows.filter(package__name__in=distribution.releases.values("product"))
    listed = products.values_list("pk", "package__name", "version_normalized")
    served = {(name, normalized) for pk, name, normalized in listed if pk in members}
    for release in distribution.releases.all():
        is_served = (release.product, release.version_normalized) in served
        if is_served != (release.published_at is not None):
            release.published_at = now if is_served else None
            release.held_because = "" if is_served else release.held_because
            release.save(update_fields=["published_at", "held_because"])


def _publishable(distribution: Distribution, members: frozenset[int]) -> frozenset[int]:
    rows = PackageVersion.objects.of(distribution).publishable().values_list("pk", flat=True)
    return members.intersection(rows)


def _take_out(rows: list[PackageVersion], action: Change.Action, reason: str, actor: str) -> Publication | None:
    if not rows:
        return None
    distribution = rows[0].package.distribution
    with _alone(distribution):
        return _take_out_of(distribution, rows, action, reason, actor)


def _take_out_of(
    distribution: Distribution, rows: list[PackageVersion], action: Change.Action, reason: str, actor: str
) -> Publication | None:
    now = timezone.now()
    publication = distribution.publication
    members = (publication.version_set.members if publication else frozenset()) - {row.pk for row in rows}
    if publication and not members:
        raise NothingToPublishError("these are the last versions that are served; nothing would be left")
    with transaction.atomic():
        for row in rows:
            row.withdrawn_at = row.withdrawn_at or now
            row.withdrawn_because = reason
            if action == Change.Action.PURGED:
                row.purged_at = now
            row.save(update_fields=["withdrawn_at", "withdrawn_because", "purged_at"])
            note(distribution, action, str(row), reason, actor)
    if publication is None:
        return None
    purged = action == Change.Action.PURGED
    cause = Publication.Cause.PURGE if purged else Publication.Cause.WITHDRAWAL
    return publish(distribution, Order(members, cause, actor))


def note(
    distribution: Distribution,
    action: Change.Action,
    subject: str,
    reason: str,
    actor: str,
) -> None:
    """Add a line to the public record of changes."""
    Change.objects.create(distribution=distribution, action=action, subject=subject, reason=reason, actor=actor)
