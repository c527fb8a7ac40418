"""Releases: whether each is complete, and which may be published now."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from django.utils import timezone

from mirror.closure import Closure, Offers, check
from mirror.composer.versions import normalize, sort_key
from mirror.findings import Finding, printable, warning
from mirror.metadata import body_of
from mirror.models import Distribution, PackageVersion, Release
from mirror.plan import Item, PlannedRelease
from mirror.recipe import Recipe
from mirror.releases import within

APPROVAL = ("approved_at", "approved_by")  # a person may write these meanwhile
CHECKED = ("complete", "missing", "packages", "confirmed", "checked_at", "held_because")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a release; ``items`` are its packages that may be made now."""

    row: Release
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides about releases of one distribution."""

    distribution: Distribution
    recipe: Recipe
    offers: Offers
    absent: tuple[str, ...]  # keys of sources that could not be seen
    approver: str  # who approves by having typed the command; "" if nobody
    last_withdrawal: datetime | None

    def judge(self, release: PlannedRelease) -> Verdict:
        """Check a release, remember the result, and say what may be published of it.

        One that is complete and served stays so: nothing but a withdrawal takes a version away.
        """
        row = self._row(release)
        if row.complete and row.published_at and row.checked_at and not self._withdrawn_since(row.checked_at):
            return Verdict(row, ())
        closure = self.closure(release)
        row.complete = not closure.missing
        row.missing = [{k: printable(text) for k, text in asdict(missing).items()} for missing in closure.missing]
        row.packages = closure.packages
        row.confirmed = release.confirmed
        row.checked_at = timezone.now()
        approves = bool(self.approver) and row.approved_at is None
        if approves:
            row.approved_at, row.approved_by = timezone.now(), self.approver
        row.held_because = "" if row.published_at else "; ".join(self._obstacles(row))
        row.save(update_fields=(*CHECKED, *(APPROVAL if approves else ())) if row.pk else None)
        free = not row.held_because and row.published_at is None
        return Verdict(row, (release.product, release.project) if free else ())

    def closure(self, release: PlannedRelease) -> Closure:
        product = release.product
        body = body_of(json.loads(product.candidate.derived))
        return check(product.name, body, release.version, self.offers, self._origin())

    def _withdrawn_since(self, when: datetime) -> bool:
        return self.last_withdrawal is not None and self.last_withdrawal >= when

    def _row(self, release: PlannedRelease) -> Release:
        found = self.distribution.releases.filter(version_normalized=release.normalized).first()
        return found or Release(
            distribution=self.distribution,
            product=release.product.name,
            version=release.version,
            version_normalized=release.normalized,
            commit=release.commit,
            time=release.time,
        )

    def _obstacles(self, row: Release) -> Iterable[str]:
        if not row.complete and not self.distribution.publish_incomplete:
            yield f"incomplete: {len(row.missing)} requirements are missing"
        if lacking := [key for key in self._needed(row.version) if key in self.absent]:
            yield f"sources that it needs were not seen: {', '.join(lacking)}"
        if row.approved_at is not None:
            return
        if not row.confirmed:
            yield "its third-party extensions are carried over and to be confirmed"
        if self.distribution.approve_releases:
            yield "waits for approval"

    def _needed(self, version: str) -> list[str]:
        edition = self.recipe.edition
        if edition is None:
            return []
        bundled = [r.source for r in edition.bundled_line if within(version, r.releases)]
        return sorted({edition.source, *bundled})

    def _origin(self) -> Callable[[str], str]:
        recipe = self.recipe

        def origin(name: str) -> str:
            if name in recipe.withheld_names:
                return ""
            if recipe.is_closed(name):
                return "closed: no public source, import its archive"
            return "one of the sources should give it" if recipe.is_own(name) else ""

        return origin


def offers_of(distribution: Distribution) -> Offers:
    """Give all versions that are served or could be."""
    offers = Offers()
    rows = PackageVersion.objects.of(distribution).publishable()
    for name, normalized, body in rows.values_list("package__name", "version_normalized", "metadata").iterator():
        links = json.loads(body)
        kept = {key: links[key] for key in ("require", "replace", "provide") if key in links}
        offers.add(name, normalized, kept)
    return offers


def findings_of(verdicts: Iterable[Verdict]) -> Iterable[Finding]:
    """Say which releases are held back, and why."""
    for verdict in verdicts:
        row = verdict.row
        if row.held_because:
            missing = ", ".join(sorted({entry["name"] for entry in row.missing})[:8])
            more = f" ({missing})" if missing else ""
            yield warning("release-held", f"release {row.version}", row.held_because + more)


def public_newer(recipe: Recipe, offers: Offers) -> Iterable[Finding]:
    """Say where packagist.org is known to have a newer version, which ours would hide."""
    for entry in recipe.public_too:
        offered = offers.newest_first(entry.name)
        if offered and sort_key(offered[0]) < sort_key(normalize(entry.newest)):
            sentence = (
                f"packagist.org has {entry.newest}, the newest here is {offered[0]}: {entry.reason}; "
                "import the archive, or add the name to withhold in the recipe"
            )
            yield warning("public-newer", entry.name, sentence)
