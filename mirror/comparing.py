"""Two repositories held against each other, package by package and version by version."""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from mirror import repositories, zips
from mirror.composer.versions import InvalidVersionError, normalize
from mirror.repositories import MissingFileError, Repository, RepositoryError, Root, metadata_paths

PROJECT = "project"
COMPOSER_JSON = "composer.json"
CHUNK = 1 << 18

State = Literal[
    "equal", "missing here", "missing there", "different archive", "different metadata", "different address"
]
STATES: tuple[State, ...] = (
    "equal",
    "different address",
    "different metadata",
    "different archive",
    "missing here",
    "missing there",
)
HARMLESS: frozenset[State] = frozenset({"equal", "different address"})
EXPLAINED = {"different address": "differs only by the repository's address"}


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """A version that is not the same on both sides."""

    package: str
    version: str
    state: State
    detail: str = ""

    def __str__(self) -> str:
        said = EXPLAINED.get(self.state, self.state)
        return f"{self.package} {self.version}: {said}{f' ({self.detail})' if self.detail else ''}"


@dataclass(slots=True)
class Comparison:
    """What two repositories have in common and what not."""

    here: str
    there: str
    counts: dict[State, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        return all(found.state in HARMLESS for found in self.differences)

    def as_dict(self) -> dict[str, Any]:
        differences = [asdict(found) for found in self.differences]
        return {
            "here": self.here,
            "there": self.there,
            "equal": self.is_equal,
            "counts": self.counts,
            "differences": differences,
        }


@dataclass(frozen=True, slots=True)
class _Side:
    repository: Repository
    root: Root

    def versions(self, name: str) -> dict[str, dict[str, Any]]:
        """Give the versions of a package by their normalized form."""
        found: dict[str, dict[str, Any]] = {}
        for path in metadata_paths(name):
            try:
                versions = repositories.versions(self.repository, name, path)
            except MissingFileError:
                continue
            found |= {_normalized(version): version for version in versions}
        return found

    def archive_of(self, version: Mapping[str, Any]) -> str:
        """Give the path of an archive below the base; outside of it, its URL."""
        url = str(_dist(version).get("url", ""))
        return url.removeprefix(self.root.base_url)


def compare(here: Repository, there: Repository, progress: Callable[[str], None] = lambda name: None) -> Comparison:
    """Compare by package, version and shasum; addresses of the two repositories are not a difference.

    Raises:
        RepositoryError: one of them cannot be read.
    """
    ours, theirs = _Side(here, repositories.root(here)), _Side(there, repositories.root(there))
    comparison = Comparison(here.shown, there.shown)
    for name in sorted({*ours.root.names, *theirs.root.names}):
        progress(name)
        for difference in _compare_package(ours, theirs, name):
            comparison.counts[difference.state] += 1
            if difference.state != "equal":
                comparison.differences.append(difference)
    comparison.differences.sort()
    return comparison


def _compare_package(ours: _Side, theirs: _Side, name: str) -> Iterator[Difference]:
    mine = ours.versions(name) if name in ours.root.names else {}
    other = theirs.versions(name) if name in theirs.root.names else {}
    for normalized in {**mine, **other}:
        version = str((mine.get(normalized) or other[normalized]).get("version", normalized))
        if normalized not in mine:
            yield Difference(name, version, "missing here")
        elif normalized not in other:
            yield Difference(name, version, "missing there")
        else:
            state, detail = _compare_version(ours, theirs, mine[normalized], other[normalized])
            yield Difference(name, version, state, detail)


def _compare_version(
    ours: _Side, theirs: _Side, mine: Mapping[str, Any], other: Mapping[str, Any]
) -> tuple[State, str]:
    sums = str(_dist(mine).get("shasum") or ""), str(_dist(other).get("shasum") or "")
    same_bytes = sums[0] == sums[1] and sums[0] != ""
    address_only = False
    if not same_bytes:
        if mine.get("type") == PROJECT:
            difference = _difference_of_archives(ours, theirs, mine, other)
            address_only = difference == ""
        else:
            difference = f"sha1 {sums[0] or 'unknown'} here, {sums[1] or 'unknown'} there"
        if not address_only:
            return "different archive", difference
    keys = _differing_keys(ours, theirs, mine, other)
    if keys:
        return "different metadata", ", ".join(keys)
    return ("different address", "") if address_only else ("equal", "")


def _differing_keys(ours: _Side, theirs: _Side, mine: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    one, two = _without_address(ours, mine), _without_address(theirs, other)
    keys = [key for key in {**one, **two} if one.get(key) != two.get(key)]
    if "dist" not in keys:
        return sorted(keys)
    inner = {**one["dist"], **two["dist"]}
    dists = [f"dist.{key}" for key in inner if one["dist"].get(key) != two["dist"].get(key)]
    return sorted([key for key in keys if key != "dist"] + dists)


def _without_address(side: _Side, version: Mapping[str, Any]) -> dict[str, Any]:
    """Give metadata as they would be at any address; the archives were compared already."""
    found = _dist(version)
    shasum = found.get("shasum")  # is the reference, too, of an archive that was imported
    dist = {key: value for key, value in found.items() if value != shasum}
    return {**version, "dist": {**dist, "url": side.archive_of(version)}}


def _difference_of_archives(ours: _Side, theirs: _Side, mine: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Say what differs between two project archives; nothing if it is the repository's address alone."""
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder, "here.zip"), Path(folder, "there.zip")
        try:
            fault = _fetch(ours, mine, one) or _fetch(theirs, other, two)
        except RepositoryError as failure:
            return str(failure)
        if fault:
            return fault
        with zipfile.ZipFile(one) as left, zipfile.ZipFile(two) as right:
            return ", ".join(_differing_entries(left, right))


def _fetch(side: _Side, version: Mapping[str, Any], target: Path) -> str:
    """Download an archive and check it; give its first fault."""
    path = side.archive_of(version)
    with target.open("wb") as file:
        repositories.download(side.repository, path, file)
    faults = zips.examine(target).faults
    return f"{path} of {side.repository.shown} {faults[0]}" if faults else ""


def _differing_entries(left: zipfile.ZipFile, right: zipfile.ZipFile) -> Iterator[str]:
    names = {name: None for archive in (left, right) for name in archive.namelist()}
    for name in sorted(names):
        if name not in left.NameToInfo:
            yield f"{name} missing here"
        elif name not in right.NameToInfo:
            yield f"{name} missing there"
        elif name == COMPOSER_JSON:
            if _addressless(left.read(name)) != _addressless(right.read(name)):
                yield f"{name} differs"
        elif not _is_same_entry(left, right, name):
            yield f"{name} differs"


def _is_same_entry(left: zipfile.ZipFile, right: zipfile.ZipFile, name: str) -> bool:
    one, two = left.getinfo(name), right.getinfo(name)
    if (one.file_size, one.external_attr >> 16) != (two.file_size, two.external_attr >> 16):
        return False
    with left.open(one) as first, right.open(two) as second:
        while chunk := first.read(CHUNK):
            if chunk != second.read(CHUNK):
                return False
    return True


def _addressless(composer: bytes) -> str:
    """Give a composer.json with the addresses of its repositories taken out, order kept."""
    try:
        body = json.loads(composer)
        listed = body.get("repositories")
    except (ValueError, RecursionError, AttributeError):
        return composer.hex()
    entries = listed.values() if isinstance(listed, dict) else listed
    for entry in entries if isinstance(entries, Iterable) else ():
        if isinstance(entry, dict):
            entry.pop("url", None)
    return json.dumps(body)


def _dist(version: Mapping[str, Any]) -> Mapping[str, Any]:
    dist = version.get("dist")
    return dist if isinstance(dist, dict) else {}


def _normalized(version: Mapping[str, Any]) -> str:
    try:
        return normalize(str(version.get("version")))
    except InvalidVersionError:
        return str(version.get("version_normalized"))
