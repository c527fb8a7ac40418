"""What the current publication offers by name, read from the very files that are served."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from mirror.composer.minify import expand
from mirror.storage import LISTING, DistributionFiles, Listing

PREFIX, SUFFIX, DEV_SUFFIX = "p2/", ".json", "~dev.json"
REMEMBERED = 4  # publications


@dataclass(frozen=True, slots=True)
class Version:
    """One published version."""

    version: str
    normalized: str


@dataclass(frozen=True)
class Entry:
    """One published package; what describes it is its newest version's."""

    name: str
    type: str
    description: str
    versions: tuple[Version, ...]  # newest first, dev versions last
    provides: frozenset[str]  # names that a version of it provides or replaces

    @cached_property
    def normalized_versions(self) -> frozenset[str]:
        return frozenset(version.normalized for version in self.versions)


@dataclass(frozen=True)
class Catalogue:
    """The packages of one publication by name, in the order of their names."""

    entries: Mapping[str, Entry] = field(default_factory=dict)

    def has(self, name: str, normalized: str) -> bool:
        entry = self.entries.get(name)
        return entry is not None and normalized in entry.normalized_versions

    def search(self, words: list[str], kind: str = "") -> list[Entry]:
        """Give the packages with all words in name or description; matches of names come first."""
        found = [entry for entry in self.entries.values() if not kind or entry.type == kind]
        by_name = [entry for entry in found if all(word in entry.name for word in words)]
        names = {entry.name for entry in by_name}
        return by_name + [entry for entry in found if entry.name not in names and _tells_of(entry, words)]

    def providers_of(self, name: str) -> list[Entry]:
        """Give the other packages that provide or replace a name."""
        return [e for e in self.entries.values() if name in e.provides and e.name != name]

    def project_of(self, release: str) -> Entry | None:
        """Give the project package of a release (normalized version)."""
        projects = (entry for entry in self.entries.values() if entry.type == "project")
        return next((e for e in projects if release in e.normalized_versions), None)


_reading = threading.Lock()


def current_catalogue(files: DistributionFiles) -> Catalogue:
    """Give what is published now; it is read once a publication."""
    number = files.current_number()
    if number is None:
        return Catalogue()
    with _reading:
        return _catalogue(files.publication(number))


@lru_cache(maxsize=REMEMBERED)
def _catalogue(directory: Path) -> Catalogue:
    listing = Listing.from_json((directory / LISTING).read_bytes())
    names = [path.removeprefix(PREFIX) for path in listing.files if path.startswith(PREFIX)]
    stable = sorted(name.removesuffix(SUFFIX) for name in names if not name.endswith(DEV_SUFFIX))
    return Catalogue({name: _entry(directory, name, set(names)) for name in stable})


def _entry(directory: Path, name: str, names: set[str]) -> Entry:
    versions = [*_versions(directory, name, SUFFIX)]
    if name + DEV_SUFFIX in names:
        versions += _versions(directory, name, DEV_SUFFIX)
    newest = versions[0] if versions else {}
    return Entry(
        name,
        str(newest.get("type", "library")),
        str(newest.get("description", "")),
        tuple(Version(found["version"], found["version_normalized"]) for found in versions),
        frozenset(_provided(versions)),
    )


def _versions(directory: Path, name: str, suffix: str) -> list[dict[str, Any]]:
    file = json.loads((directory / f"{PREFIX}{name}{suffix}").read_bytes())
    return expand(file["packages"][name])


def _provided(versions: list[dict[str, Any]]) -> Iterator[str]:
    for version in versions:
        for section in ("provide", "replace"):
            yield from version.get(section) or ()


def _tells_of(entry: Entry, words: list[str]) -> bool:
    text = f"{entry.name} {entry.description}".lower()
    return all(word in text for word in words)


def install_command(repository_url: str, project: str, version: str) -> str:
    """Give the command that makes a shop of a release; composer wants plain http to be confirmed."""
    plain = "--no-secure-http " if repository_url.startswith("http://") else ""
    return f"composer create-project --repository-url={repository_url} {plain}{project}={version} shop"
