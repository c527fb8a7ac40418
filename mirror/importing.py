"""Archives that others packed: checked, and stored unchanged."""

import logging
import os
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.db import transaction

from mirror import admission, zips
from mirror import recipe as recipes
from mirror.admission import Candidate, Rules
from mirror.dists import DistStore, StoreError, Whole
from mirror.exclusion import alone, hold
from mirror.intake import ImportReport, Refused, Taken, Watcher
from mirror.models import Distribution, Package, PackageVersion
from mirror.provenance import is_sample, refuse_mixing, remember
from mirror.receiving import (
    ADVICE,
    Digests,
    NotReceivedError,
    copy,
    copy_whole,
    find,
    naming_full_disk,
    opened,
)

BATCH = 200  # rows that are written together
BOUNDS = zips.Bounds()
AT_ONCE = 16 << 30  # bytes unpacked that are checked while a person waits: about half a minute's work

logger = logging.getLogger(__name__)


class ImportingError(Exception):
    """Nothing was imported."""


class _Known(NamedTuple):
    """A version that the distribution has."""

    name: str
    version: str
    version_normalized: str
    path: str
    sha256: str
    is_purged: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.version_normalized


@dataclass(frozen=True, slots=True)
class _Inventory:
    """The versions that the distribution has, by what must not occur twice."""

    by_key: Mapping[tuple[str, str], _Known]
    by_path: Mapping[str, _Known]
    by_sha256: Mapping[str, _Known]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where archives are received; without a place to work at they are only looked at."""

    dists: DistStore
    rules: Rules
    inventory: _Inventory
    workplace: Path | None = None
    bounds: zips.Bounds = BOUNDS


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A good archive, copied and waiting to be put in its place."""

    archive: str
    temporary: Path  # a copy; the archive itself where it is only looked at
    digests: Digests
    candidate: Candidate

    def taken(self) -> Taken:
        found = self.candidate
        return Taken(self.archive, found.name, found.version, found.path, self.digests.sha256)


def import_archives(
    distribution: Distribution,
    directory: Path,
    *,
    keep_paths: bool,
    reserved: frozenset[str] = frozenset(),
    watcher: Watcher | None = None,
) -> ImportReport:
    """Take in every good zip below a directory; ``reserved`` are folders that kept paths must not begin with.

    Nothing is published. A process that dies on the way leaves no row without its file.

    Raises:
        ImportingError: there is no such directory or recipe file.
        RecipeError: the recipe has faults.
        LockedError: a build or another import is at work.
        MixedError: sample and real packages would mix.
        DiskFullError, StoreError: the archives that were stored before are whole; run it again.
    """
    rules = _rules(distribution, directory, keep_paths=keep_paths, reserved=reserved)
    with alone(distribution, "an import"):
        return _take_in(distribution, rules, directory, watcher or Watcher())


def import_alone(distribution: Distribution, directory: Path, watcher: Watcher) -> ImportReport:
    """Do the same for whoever holds the distribution already; each archive gets the usual path.

    Raises:
        ImportingError, RecipeError, MixedError, DiskFullError: as above.
    """
    rules = _rules(distribution, directory, keep_paths=False, reserved=frozenset())
    return _take_in(distribution, rules, directory, watcher)


def check_archives(distribution: Distribution, directory: Path) -> ImportReport:
    """Say what would become of each zip below a directory while somebody waits; nothing is changed.

    Raises:
        ImportingError, RecipeError, MixedError: as above.
    """
    rules = _rules(distribution, directory, keep_paths=False, reserved=frozenset())
    refuse_mixing(distribution, sample=is_sample(directory))
    share = AT_ONCE // max(len(find(directory, admission.SUFFIX)), 1)
    bounds = replace(BOUNDS, unpacked=min(BOUNDS.unpacked, share))
    desk = _Desk(distribution.dists, rules, _inventory(distribution), bounds=bounds)
    return _sorted_out(*_look_through(desk, directory, Watcher()))


def own_names(distribution: Distribution, report: ImportReport) -> list[str]:
    """Give the names of the distribution's own vendors among what would be imported. Raises: as above."""
    return sorted(own_among(distribution, (one.package for one in report.imported)))


def own_among(distribution: Distribution, names: Iterable[str]) -> set[str]:
    """Give those of the names that belong to the distribution's own vendors. Raises: as above."""
    recipe = _recipe(distribution)
    return {name for name in names if recipe.is_own(name)}


def _rules(distribution: Distribution, directory: Path, *, keep_paths: bool, reserved: frozenset[str]) -> Rules:
    if not directory.is_dir():
        raise ImportingError(f"{directory} is not a directory; name one that holds zips")
    return Rules(_recipe(distribution), keep_paths, reserved)


def _take_in(distribution: Distribution, rules: Rules, directory: Path, watcher: Watcher) -> ImportReport:
    sample = is_sample(directory)
    refuse_mixing(distribution, sample=sample)
    remember(distribution, sample=sample)
    distribution.files.prepare()
    dists = distribution.dists
    with dists.workplace() as workplace:
        desk = _Desk(dists, rules, _inventory(distribution), workplace)
        report = _import(distribution, desk, directory, watcher)
    counts = (len(report.imported), len(report.already_there), len(report.refused))
    logger.info("%s: %d archives imported, %d already there, %d refused", distribution.slug, *counts)
    return report


def _recipe(distribution: Distribution) -> recipes.Recipe:
    try:
        text = distribution.recipe_path.read_text(encoding="utf-8")
    except OSError as error:
        raise ImportingError(f"the recipe {distribution.recipe} cannot be read: {error.strerror}") from error
    return recipes.parse(text, distribution.recipe)


def _inventory(distribution: Distribution) -> _Inventory:
    rows = PackageVersion.objects.of(distribution).values_list(
        "package__name", "version", "version_normalized", "path", "sha256", "purged_at"
    )
    known = [_Known(*row[:5], is_purged=row[5] is not None) for row in rows.iterator()]
    return _Inventory(
        {row.key: row for row in known}, {row.path: row for row in known}, {row.sha256: row for row in known}
    )


def _import(distribution: Distribution, desk: _Desk, directory: Path, watcher: Watcher) -> ImportReport:
    chosen, there, refused = _look_through(desk, directory, watcher)
    watcher.storing(len(chosen))
    for batch in _batches(chosen):
        _store(distribution, desk.dists, batch)
        watcher.stored(len(batch))
    return _sorted_out(chosen, there, refused)


def _look_through(desk: _Desk, directory: Path, watcher: Watcher) -> tuple[list[_Admitted], list[Taken], list[Refused]]:
    admitted: list[_Admitted] = []
    there: list[Taken] = []
    refused: list[Refused] = []
    archives = find(directory, admission.SUFFIX)
    watcher.checking(len(archives))
    for archive, found in archives:
        watcher.checked(archive)
        result = _receive(desk, archive, found)
        match result:
            case _Admitted():
                admitted.append(result)
            case Taken():
                there.append(result)
            case Refused():
                refused.append(result)
    chosen, doubled, clashing = _settle(admitted)
    return chosen, there + doubled, refused + clashing


def _sorted_out(chosen: Iterable[_Admitted], there: Iterable[Taken], refused: Iterable[Refused]) -> ImportReport:
    outside = sorted(refused, key=lambda one: one.archive)
    return ImportReport(tuple(one.taken() for one in chosen), tuple(there), tuple(outside))


def _receive(desk: _Desk, archive: str, found: Path | NotReceivedError) -> _Admitted | Taken | Refused:
    if isinstance(found, NotReceivedError):
        return Refused(archive, (str(found),))
    try:
        with opened(found) as file:
            digests = _digests(file)
            known = desk.inventory.by_sha256.get(digests.sha256)
            if known:
                return _recognized(desk, archive, file, known, digests)
            temporary = _copied(desk.workplace, file, digests) if desk.workplace else found
    except NotReceivedError as refusal:
        return Refused(archive, (str(refusal),))
    candidate, faults = _checked(desk, archive, temporary, digests)
    if candidate is None or faults:
        if desk.workplace:
            temporary.unlink()
        return Refused(archive, faults)
    return _Admitted(archive, temporary, digests, candidate)


def _copied(workplace: Path, file: BinaryIO, digests: Digests) -> Path:
    temporary = workplace / uuid.uuid4().hex
    copy_whole(file, temporary, digests)
    return temporary


def _digests(file: BinaryIO) -> Digests:
    if file.seek(0, os.SEEK_END) > BOUNDS.archive:
        raise NotReceivedError(f"has more than the {BOUNDS.archive:,} bytes allowed")
    file.seek(0)
    return copy(file, None, BOUNDS.archive)


def _checked(desk: _Desk, archive: str, temporary: Path, digests: Digests) -> tuple[Candidate | None, tuple[str, ...]]:
    examined = zips.examine(temporary, desk.bounds)
    if examined.composer is None:
        return None, examined.faults
    judgement = admission.judge(examined.composer, digests.sha256, archive, desk.rules)
    faults = examined.faults + judgement.faults
    if judgement.candidate:
        faults += tuple(_clashes(desk, judgement.candidate, digests))
    return judgement.candidate, faults


def _recognized(desk: _Desk, archive: str, file: BinaryIO, known: _Known, digests: Digests) -> Taken:
    """Answer for bytes that the distribution has; a file that got lost is put back."""
    if known.is_purged:
        raise NotReceivedError(f"is {known.name} {known.version}, which was purged from this distribution for good")
    if desk.workplace and desk.dists.find(known.path) is None:
        _put(desk.dists, {known.path: Whole(_copied(desk.workplace, file, digests), digests.sha256)})
    return Taken(archive, known.name, known.version, known.path, known.sha256)


def _clashes(desk: _Desk, candidate: Candidate, digests: Digests) -> Iterator[str]:
    known = desk.inventory.by_key.get(candidate.key)
    if known:
        yield (
            f"{known.name} {known.version} is there already with other bytes: sha256 {known.sha256} there, "
            f"{digests.sha256} here; what is published never changes, so raise the version"
        )
        return
    other = desk.inventory.by_path.get(candidate.path)
    if other:
        yield f"{candidate.path} is the address of {other.name} {other.version}; move the archive to another path"
    elif desk.dists.holds_other(candidate.path, digests.sha256):
        yield f"{candidate.path} is taken by a file of other content that no version names; look at it and remove it"


def _settle(admitted: Iterable[_Admitted]) -> tuple[list[_Admitted], list[Taken], list[Refused]]:
    """Choose one archive a version: equal ones count once, different ones are all refused."""
    chosen: list[_Admitted] = []
    doubled: list[Taken] = []
    clashing: list[Refused] = []
    by_key: dict[tuple[str, str], list[_Admitted]] = defaultdict(list)
    for one in admitted:
        by_key[one.candidate.key].append(one)
    for rivals in by_key.values():
        if len({one.digests.sha256 for one in rivals}) > 1:
            clashing += [Refused(one.archive, (_rivalry(one, rivals),)) for one in rivals]
        else:
            chosen.append(rivals[0])
            doubled += [Taken(one.archive, *_place_of(rivals[0])) for one in rivals[1:]]
    return _without_shared_paths(chosen, clashing), doubled, clashing


def _place_of(one: _Admitted) -> tuple[str, str, str, str]:
    found = one.candidate
    return found.name, found.version, found.path, one.digests.sha256


def _rivalry(one: _Admitted, rivals: Sequence[_Admitted]) -> str:
    others = ", ".join(f"{rival.archive} (sha256 {rival.digests.sha256})" for rival in rivals if rival is not one)
    found = one.candidate
    return f"{found.name} {found.version} is here (sha256 {one.digests.sha256}) and, different, in {others}; keep one"


def _without_shared_paths(chosen: list[_Admitted], clashing: list[Refused]) -> list[_Admitted]:
    by_path: dict[str, list[_Admitted]] = defaultdict(list)
    for one in chosen:
        by_path[one.candidate.path].append(one)
    for path, rivals in by_path.items():
        if len(rivals) > 1:
            names = " and ".join(f"{one.archive} ({one.candidate.name} {one.candidate.version})" for one in rivals)
            clashing += [Refused(one.archive, (f"{path} would be the address of {names}",)) for one in rivals]
    return [rivals[0] for rivals in by_path.values() if len(rivals) == 1]


def _batches(chosen: Sequence[_Admitted]) -> Iterator[Sequence[_Admitted]]:
    for start in range(0, len(chosen), BATCH):
        yield chosen[start : start + BATCH]


def _store(distribution: Distribution, dists: DistStore, batch: Sequence[_Admitted]) -> None:
    """Put files in their places, then write their rows."""
    _put(dists, {one.candidate.path: Whole(one.temporary, one.digests.sha256) for one in batch})
    with transaction.atomic():
        hold(distribution)
        packages = _packages(distribution, {one.candidate.name for one in batch})
        PackageVersion.objects.bulk_create(_row(one, packages[one.candidate.name]) for one in batch)


def _put(dists: DistStore, files: Mapping[str, Whole]) -> None:
    with naming_full_disk(ADVICE):
        faults = dists.put(files)
    if faults:  # of an address that was free a moment ago
        raise StoreError("; ".join(faults.values()))


def _packages(distribution: Distribution, names: Iterable[str]) -> dict[str, Package]:
    return {name: Package.objects.get_or_create(distribution=distribution, name=name)[0] for name in sorted(names)}


def _row(one: _Admitted, package: Package) -> PackageVersion:
    found, digests = one.candidate, one.digests
    return PackageVersion(
        package=package,
        version=found.version,
        version_normalized=found.version_normalized,
        kind="imported",
        origin=PackageVersion.Origin.IMPORTED,
        path=found.path,
        sha1=digests.sha1,
        sha256=digests.sha256,
        size=digests.size,
        reference=digests.sha1,
        metadata=found.body,
    )
