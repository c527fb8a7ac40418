"""The steps of one sync: see what the origin has, compare, fetch, check, publish under our own address.

Nothing is built. Every byte is held against the origin's manifest; the metadata are written from rows of our own
and must come to what the origin has, but for the address.
"""

import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.db.models import Max
from django.utils import timezone

from mageos_portal.configuration import is_loopback
from mirror import adopting, downloading, faults, offering, publishing
from mirror.adopting import Adoption, Fate
from mirror.checking import Judge, offers_of
from mirror.downloading import Received, Wanted, WrongFileError
from mirror.findings import Finding, warning
from mirror.lacking import Difference, Held, compare, refusals
from mirror.metadata import VersionEntry
from mirror.models import Build, Distribution, PackageVersion, Publication
from mirror.offering import Manifest, Offered, OfferError
from mirror.origin import Origin, Text
from mirror.progress import Progress
from mirror.provenance import refuse_following, remember
from mirror.recipe import Recipe
from mirror.reporting import BuildFailedError, releases_of
from mirror.repositories import MANIFEST, ROOT, MissingFileError

BATCH = 100  # archives that are stored and noted together …
SECONDS_A_BATCH = 5.0  # … or those that arrive in this time
MOST_STARTS = 5  # with a new manifest, where the origin publishes meanwhile
MOST_TOLD = 20  # findings of a kind
LONGEST_APPROVER = 150


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How a sync was asked for."""

    url: str = ""  # empty: the one that is remembered
    reserved: frozenset[str] = frozenset()  # first parts of paths that belong to the site
    wait: bool = False
    actor: str = ""
    kept: bool = False  # a process of its own, which may be ended to cancel it


@dataclass(slots=True)
class SyncReport:
    """What a sync has to say."""

    origin: str = ""
    fetched: int = 0  # archives
    reused: int = 0
    bytes: int = 0  # fetched
    seconds: float = 0
    findings: list[Finding] = field(default_factory=list)
    releases: dict[str, dict[str, Any]] = field(default_factory=dict)
    publication: int | None = None  # None: what is served was equal already

    def as_dict(self) -> dict[str, Any]:
        return {
            "origin": self.origin,
            "fetched": self.fetched,
            "reused": self.reused,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "warnings": [found.as_dict() for found in self.findings],
            "releases": self.releases,
            "publication": self.publication,
        }


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be the same as what."""

    distribution: Distribution
    recipe: Recipe
    options: SyncOptions
    address: str  # of the origin


class _MovedError(Exception):
    """The origin published something else while it was copied."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The origin at one moment."""

    text: Text  # of the manifest
    manifest: Manifest
    base: str

    @property
    def digest(self) -> str:
        return sha256(self.text.content).hexdigest()


class Sync:
    """The steps of one sync, in order."""

    def __init__(self, job: Job, origin: Origin, progress: Progress, row: Build) -> None:
        self._distribution, self._recipe = job.distribution, job.recipe
        self._options, self._address = job.options, job.address
        self._origin, self._progress, self._row = origin, progress, row
        self._report = SyncReport(origin.shown)
        self._listed = 0  # archives that were fetched, and that metadata name

    def run(self) -> SyncReport:
        for _ in range(MOST_STARTS):
            try:
                return self._run()
            except _MovedError:
                self._progress.say(
                    f"{self._origin.shown} published something else meanwhile; starting again with that."
                )
        raise BuildFailedError(
            f"{self._origin.shown} changed {MOST_STARTS} times while it was copied; what was fetched is kept, try later"
        )

    def _run(self) -> SyncReport:
        self._progress.step("compare", 0)
        held = adopting.held_of(self._distribution)
        present = frozenset(self._distribution.dists.paths())
        purged = self._purged(held)
        is_whole = not purged and all(one.path in present for one in held if not one.is_kept_back)
        last = self._last() if is_whole else {}
        seen = self._see(last)
        if seen is None:
            return self._nothing_new(last)
        with self._looking_again(seen):
            offered, unchanged = self._offered(seen, held)
            difference = self._compared(seen, offered, unchanged, held)
            self._remember(seen)
            self._fetch(seen, difference, held, present)
        self._finish(seen, difference, purged)
        return self._report

    def _last(self) -> Mapping[str, Any]:
        """Give what the last sync saw, if what it made of that is served unchanged."""
        distribution = self._distribution
        last = distribution.builds.filter(kind=Build.Kind.SYNC, state=Build.State.SUCCEEDED).first()
        found: Mapping[str, Any] = last.report.get("origin", {}) if last else {}
        served = distribution.publication
        if served is None or served.base_url != distribution.url:
            return {}
        is_of_it = (found.get("address"), found.get("publication")) == (self._address, served.number)
        return found if is_of_it else {}

    def _see(self, last: Mapping[str, Any]) -> _Seen | None:
        """Read what says what there is; None if it is what the last sync saw."""
        text = self._origin.text(MANIFEST, last.get("etag", ""))
        if text is None or sha256(text.content).hexdigest() == last.get("manifest"):
            return None
        manifest = offering.read_manifest(text.content, self._options.reserved)
        seen = _Seen(text, manifest, "")
        with self._looking_again(seen):
            root = downloading.text(self._origin, ROOT, manifest.root)
        self._warn("file-unknown", "is in the manifest and means nothing here; it is left out", manifest.others)
        return _Seen(text, manifest, offering.read_root(root, manifest))

    @contextlib.contextmanager
    def _looking_again(self, seen: _Seen) -> Iterator[None]:
        """When a file is not what the manifest says, see whether that is the manifest still."""
        try:
            yield
        except (WrongFileError, MissingFileError):
            self._see_that_it_stayed(seen)
            raise

    def _see_that_it_stayed(self, seen: _Seen) -> None:
        now = self._origin.text(MANIFEST, seen.text.etag)
        if now is not None and now.content != seen.text.content:
            raise _MovedError

    def _offered(self, seen: _Seen, held: Sequence[Held]) -> tuple[list[Offered], frozenset[str]]:
        """Give the versions of the packages that are new or changed, and the names of all others."""
        texts = seen.manifest.texts
        self._progress.step("compare", len(texts))
        changed = offering.changed_names(texts, _entries(held), seen.base)
        unchanged = seen.manifest.names - changed
        wanted = [(path, digest) for path, digest in texts.items() if offering.name_of(path) in changed]
        self._progress.advance(len(texts) - len(wanted), "")
        offered: list[Offered] = []
        wrong: list[str] = []
        for path, content in downloading.texts(self._origin, wanted):
            self._progress.advance(1, path)
            try:
                offered += offering.read_package(path, content, seen.base)
            except OfferError as failure:
                wrong += failure.faults
        if wrong:
            raise OfferError(sorted(wrong))
        return offered, unchanged

    def _compared(
        self, seen: _Seen, offered: Sequence[Offered], unchanged: frozenset[str], held: Sequence[Held]
    ) -> Difference:
        archives = seen.manifest.archives
        if refused := sorted(refusals(archives, offered, held)):
            raise OfferError([*refused, "what is published never changes; ask whoever runs that mirror what happened"])
        difference = compare(archives, offered, unchanged, held)
        new, gone = len(difference.new), len(difference.gone)
        self._progress.say(
            f"{new} package versions are new, {difference.same} are here already, {gone} are gone there."
        )
        subjects = [one.subject for one in difference.kept_back]
        self._warn("kept-back", "was withdrawn here, and stays so, though the mirror that is followed has it", subjects)
        faults.reach("planned")
        return difference

    def _remember(self, seen: _Seen) -> None:
        """Note what is followed, and that it is not what is here: from now on a sync goes on by itself."""
        distribution = self._distribution
        sample = is_loopback(seen.base)  # real packages are never published at such an address
        refuse_following(distribution, sample=sample)
        remember(distribution, sample=sample)
        distribution.follows = self._address
        distribution.repository_url = distribution.repository_url or seen.base
        distribution.origin_changed_at = seen.text.modified or timezone.now()
        distribution.save(update_fields=["follows", "repository_url", "origin_changed_at"])

    def _fetch(self, seen: _Seen, difference: Difference, held: Sequence[Held], present: frozenset[str]) -> None:
        by_path = {found.path: found for found in difference.new}
        archives = seen.manifest.archives
        lost = [one for one in held if one.path in archives and one.path not in present and not one.is_kept_back]
        wanted = [Wanted(found.path, archives[found.path], found.sha1) for found in difference.new]
        wanted += [Wanted(one.path, one.sha256, one.sha1) for one in lost]
        wanted += [Wanted(path, archives[path]) for path in difference.loose]
        self._progress.step("fetch", len(wanted))
        dists = self._distribution.dists
        with dists.workplace() as folder:
            for batch in _batches(downloading.archives(self._origin, dists, folder, wanted)):
                downloading.store(dists, batch)
                adoptions = [Adoption(by_path[one.path], one.digests) for one in batch if one.path in by_path]
                adopting.adopt(self._distribution, adoptions)
                self._count(batch, difference.loose)
                faults.reach("first-dists-made")
        faults.reach("dists-made")

    def _count(self, batch: Sequence[Received], loose: Sequence[str]) -> None:
        fetched = [one for one in batch if one.file is not None]
        self._report.fetched += len(fetched)
        self._report.bytes += sum(one.digests.size for one in fetched)
        self._listed += len({one.path for one in fetched} - set(loose))
        self._progress.advance(len(batch), batch[-1].path)

    def _purged(self, held: Sequence[Held]) -> list[Held]:
        """Give what the origin stopped to list and has removed for good since."""
        gone = {one.path: one for one in held if one.is_gone}
        return [gone[path] for path in downloading.gone(self._origin, gone)]

    def _finish(self, seen: _Seen, difference: Difference, purged: list[Held]) -> None:
        newly = {one.path: one for one in difference.gone}
        purged = purged + [newly[path] for path in downloading.gone(self._origin, newly)]
        self._see_that_it_stayed(seen)
        fate = Fate(difference.renewed, difference.gone, difference.returned, purged)
        adopting.share(self._distribution, fate, self._origin.shown, self._options.actor)
        members = frozenset(PackageVersion.objects.of(self._distribution).publishable().values_list("pk", flat=True))
        self._check(seen, members, frozenset(one.name for one in difference.kept_back))
        faults.reach("checked")
        self._publish(seen, members, frozenset(found.name for _, found in difference.renewed))

    def _check(self, seen: _Seen, members: frozenset[int], kept_back: frozenset[str]) -> None:
        """See that what would be written is what the origin has, and judge the releases."""
        entries = publishing.entries_by_package(self._distribution, members)
        wrong = (seen.manifest.names ^ entries.keys()) | offering.changed_names(seen.manifest.texts, entries, seen.base)
        if wrong := wrong - kept_back:
            raise OfferError([f"{name} would be written otherwise than there" for name in sorted(wrong)])
        judge = self._judge()
        product = self._recipe.edition.product.name if self._recipe.edition else ""
        self._progress.step("check", len(entries.get(product, ())))
        for release in adopting.releases(self._distribution, judge):
            self._progress.advance(1, release.version)

    def _judge(self) -> Judge:
        distribution = self._distribution
        withdrawn = PackageVersion.objects.of(distribution).aggregate(last=Max("withdrawn_at"))["last"]
        approver = self._origin.shown[:LONGEST_APPROVER]  # what it serves, somebody approved there
        return Judge(distribution, self._recipe, offers_of(distribution), (), approver, withdrawn)

    def _publish(self, seen: _Seen, members: frozenset[int], renewed: frozenset[str]) -> None:
        self._progress.step("publish", 1)
        distribution = self._distribution
        order = publishing.Order(members, Publication.Cause.SYNC, self._options.actor, renewed)
        publication = publishing.publish(distribution, order)
        publishing.finish_interrupted(distribution)  # takes away what was purged
        self._report.reused = max(len(members) - self._listed, 0)
        self._report.publication = publication.number if publication else None
        self._progress.advance(1, "")
        served = f"Publication {publication.number} is served." if publication else "What is served was equal already."
        self._progress.say(f"{self._report.fetched} archives were fetched. {served}")
        self._end(seen.text.etag, seen.digest, publication)
        self._note_equality(seen)

    def _nothing_new(self, last: Mapping[str, Any]) -> SyncReport:
        publication = self._distribution.publication
        assert publication is not None  # noqa: S101 - else the last sync would not count
        self._report.reused = publication.versions
        self._progress.say(f"Nothing is new at {self._origin.shown}.")
        self._end(last["etag"], last["manifest"], None)
        self._note_equality(None)
        return self._report

    def _end(self, etag: str, digest: str, publication: Publication | None) -> None:
        self._progress.finish()
        distribution, report = self._distribution, self._report
        report.releases = releases_of(distribution)
        current = distribution.publication
        assert current is not None  # noqa: S101
        origin = {"address": self._address, "etag": etag, "manifest": digest, "publication": current.number}
        said = {
            "warnings": [found.as_dict() for found in report.findings],
            "errors": [],
            "skipped": [],
            "origin": origin,
        }
        Build.objects.end(
            self._row,
            Build.State.SUCCEEDED,
            timezone.now(),
            built=report.fetched,
            reused=report.reused,
            report=said,
            inputs=digest,
            version_set=current.version_set,
            publication=publication,
        )

    def _note_equality(self, seen: _Seen | None) -> None:
        """Note when we were equal; its clock may be ahead of ours."""
        distribution, now = self._distribution, timezone.now()
        if seen and seen.text.modified:
            distribution.origin_changed_at = seen.text.modified
        distribution.followed_at = max(now, distribution.origin_changed_at or now)
        distribution.save(update_fields=["origin_changed_at", "followed_at"])

    def _warn(self, code: str, message: str, subjects: Sequence[str]) -> None:
        found = [warning(code, subject, message) for subject in subjects[:MOST_TOLD]]
        if len(subjects) > MOST_TOLD:
            found.append(warning(code, f"{len(subjects) - MOST_TOLD} more", message))
        self._report.findings += found
        self._progress.tell(found)


def _entries(held: Iterable[Held]) -> dict[str, list[VersionEntry]]:
    found: dict[str, list[VersionEntry]] = defaultdict(list)
    for one in held:
        if not one.is_gone and not one.is_kept_back:
            body = json.loads(one.body)
            entry = VersionEntry(one.version, one.normalized, one.path, one.sha1, one.reference, one.time, body)
            found[one.name].append(entry)
    return found


def _batches(received: Iterable[Received]) -> Iterator[list[Received]]:
    """Give what arrived in batches that are neither too large nor too late."""
    batch: list[Received] = []
    begun = time.monotonic()
    for one in received:
        batch.append(one)
        if len(batch) >= BATCH or time.monotonic() - begun > SECONDS_A_BATCH:
            yield batch
            batch, begun = [], time.monotonic()
    if batch:
        yield batch
