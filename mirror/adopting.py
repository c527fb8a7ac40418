"""The rows of a mirror that follows another one: what it holds of it, and what became of it there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from mirror.candidates import Candidate
from mirror.checking import Judge
from mirror.exclusion import hold
from mirror.lacking import Held
from mirror.models import Change, Distribution, Package, PackageVersion, Release
from mirror.offering import Offered
from mirror.plan import Item, PlannedRelease
from mirror.receiving import Digests

KIND = "followed"
GONE = "the mirror that this one follows does not list it any more"
ROWS_AT_ONCE = 500
LONGEST_COMMIT = 40


class Adoption(NamedTuple):
    """A version with the archive that came for it."""

    offered: Offered
    digests: Digests


def held_of(distribution: Distribution) -> list[Held]:
    """Give all versions that are here, purged ones too, in the order in which they came."""
    rows = PackageVersion.objects.of(distribution).order_by("pk")
    fields = (
        "pk", "package__name", "version", "version_normalized", "path", "sha1", "sha256", "size", "reference", "time",
        "metadata", "published_at", "withdrawn_at", "withdrawn_because", "purged_at",
    )  # fmt: skip
    found = []
    for row in rows.values_list(*fields).iterator():
        published, withdrawn, because, purged = row[-4:]
        is_gone = withdrawn is not None and purged is None and because == GONE
        is_kept_back = withdrawn is not None and not is_gone
        found.append(Held._make([*row[:-4], published is not None, is_gone, is_kept_back]))
    return found


def adopt(distribution: Distribution, adoptions: Sequence[Adoption]) -> None:
    """Write the rows of archives that have their address."""
    if not adoptions:
        return
    with transaction.atomic():
        hold(distribution)
        packages = _packages(distribution, {one.offered.name for one in adoptions})
        PackageVersion.objects.bulk_create(_row(one, packages[one.offered.name]) for one in adoptions)


def _packages(distribution: Distribution, names: set[str]) -> Mapping[str, Package]:
    known = set(distribution.packages.filter(name__in=names).values_list("name", flat=True))
    Package.objects.bulk_create(Package(distribution=distribution, name=name) for name in sorted(names - known))
    return {package.name: package for package in distribution.packages.filter(name__in=names)}


def _row(adoption: Adoption, package: Package) -> PackageVersion:
    found, digests = adoption
    return PackageVersion(
        package=package,
        version=found.version,
        version_normalized=found.normalized,
        kind=KIND,
        origin=PackageVersion.Origin.FOLLOWED,
        path=found.path,
        sha1=digests.sha1,
        sha256=digests.sha256,
        size=digests.size,
        reference=found.reference,
        time=found.time,
        metadata=found.body,
    )


class Fate(NamedTuple):
    """What became of versions at the origin."""

    renewed: Sequence[tuple[Held, Offered]]
    gone: Sequence[Held]
    returned: Sequence[Held]
    purged: Sequence[Held]


def share(distribution: Distribution, fate: Fate, origin: str, actor: str) -> None:
    """Do here what was done there, and note it in the public record."""
    now = timezone.now()
    with transaction.atomic():
        hold(distribution)
        for one, found in fate.renewed:
            fields = {"version": found.version, "reference": found.reference, "time": found.time}
            PackageVersion.objects.filter(pk=one.pk).update(metadata=found.body, **fields)
        _update(fate.returned, withdrawn_at=None, withdrawn_because="")
        _update([*fate.gone, *fate.purged], withdrawn_at=now, withdrawn_because=GONE)
        _update(fate.purged, purged_at=now)
        purged = {one.pk for one in fate.purged}
        _note(distribution, Change.Action.AMENDED, [one for one, _ in fate.renewed], origin, actor)
        gone = [one for one in fate.gone if one.is_published and one.pk not in purged]
        _note(distribution, Change.Action.WITHDRAWN, gone, origin, actor)
        _note(distribution, Change.Action.PURGED, fate.purged, origin, actor)


def _update(held: Sequence[Held], **fields: Any) -> None:
    for start in range(0, len(held), ROWS_AT_ONCE):
        PackageVersion.objects.filter(pk__in=[one.pk for one in held[start : start + ROWS_AT_ONCE]]).update(**fields)


def _note(distribution: Distribution, action: str, held: Iterable[Held], origin: str, actor: str) -> None:
    reason = f"as at {origin}, which this repository follows"
    Change.objects.bulk_create(
        Change(distribution=distribution, action=action, subject=one.subject, reason=reason, actor=actor)
        for one in held
    )


def releases(distribution: Distribution, judge: Judge) -> Iterator[Release]:
    """Judge the releases whose product is here, and forget those whose product is not any more."""
    edition = judge.recipe.edition
    product = edition.product.name if edition else ""
    rows = PackageVersion.objects.of(distribution).publishable().filter(package__name=product)
    here = list(rows.select_related("package"))
    distribution.releases.exclude(version_normalized__in=[row.version_normalized for row in here]).delete()
    for row in here:
        yield judge.judge(_planned(row)).row


def _planned(row: PackageVersion) -> PlannedRelease:
    name, time = row.package.name, row.time or 0
    candidate = Candidate(KIND, -1, "", "", "", name, row.version, derived=row.metadata)
    item = Item(
        KIND, "", name, row.version, row.version_normalized, "", row.reference, time, candidate, exclude=(), edits=None
    )
    commit = row.reference[:LONGEST_COMMIT]
    return PlannedRelease(row.version, row.version_normalized, commit, time, confirmed=True, product=item, project=item)
