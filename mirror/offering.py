"""What another mirror offers: its manifest and its metadata, read with care.

Whatever is returned is safe to store and to serve; what could not be served here to the byte is a fault.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from mirror import composer_json, metadata
from mirror.composer.minify import expand
from mirror.composer.names import is_package_name
from mirror.composer.versions import normalize, sort_key, stability
from mirror.findings import printable
from mirror.metadata import VersionEntry, compact

ROOT = "packages.json"
MOST_FILES = 500_000  # of a manifest
MOST_VERSIONS = 20_000  # of a package
LARGEST_PACKAGE = 64 << 20  # bytes of metadata, all versions written out
LONGEST_NAME, LONGEST_PATH, LONGEST_PART, LONGEST_BASE = 200, 400, 250, 500
MOST_FAULTS = 10  # that are said
KEYS = frozenset({*metadata.KEPT, "version", "version_normalized", "dist", "time"})
DIST_KEYS = frozenset({"type", "url", "reference", "shasum"})
METADATA_PATH = "p2/%package%.json"
PREFIX, SUFFIX, DEV_SUFFIX, ARCHIVE_SUFFIX = "p2/", ".json", "~dev.json", ".zip"
CLIENTS_FOLDERS = frozenset({"p2", "providers"})
_LINE = re.compile(r"([0-9a-f]{64}) [ *]([!-~]+)")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~-]*", re.ASCII)
_SHA1 = re.compile(r"[0-9a-f]{40}")
_REFERENCE = re.compile(r"[0-9a-f]{40,64}")


class OfferError(Exception):
    """What the origin says cannot be taken over; nothing was changed."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(map(printable, faults))
        more = len(self.faults) - MOST_FAULTS
        listed = [*self.faults[:MOST_FAULTS], *([f"and {more} more"] if more > 0 else [])]
        super().__init__("; ".join(listed))


@dataclass(frozen=True, slots=True)
class Manifest:
    """The sha256 of what an origin serves, by path."""

    texts: Mapping[str, str]  # metadata of packages
    archives: Mapping[str, str]
    root: str
    others: tuple[str, ...]  # paths of files that mean nothing here

    @property
    def names(self) -> frozenset[str]:
        return frozenset(map(name_of, self.texts))


@dataclass(frozen=True, slots=True)
class Offered:
    """A version as an origin lists it."""

    name: str
    version: str
    normalized: str
    path: str  # public path of the dist, below the base
    sha1: str
    reference: str
    time: int | None  # unix seconds
    body: str  # JSON, keys in order: what `PackageVersion.metadata` holds

    @property
    def identity(self) -> tuple[str, str]:
        return self.name, self.normalized

    @property
    def subject(self) -> str:
        return f"{self.name} {self.version}"


def read_manifest(data: bytes, reserved: frozenset[str]) -> Manifest:
    """Read a manifest; archives must not lie below ``reserved`` first parts of paths.

    Raises:
        OfferError: a line is none, or has a path that cannot be served here.
    """
    if data.count(b"\n") > MOST_FILES:
        raise OfferError([f"the manifest has more than {MOST_FILES:,} lines"])
    lines = data.decode("ascii", "backslashreplace").splitlines()
    matches = [_LINE.fullmatch(line) for line in lines]
    faults = [f"line {n} of the manifest is not 'sha256  path'" for n, match in enumerate(matches, 1) if match is None]
    sums = {match[2]: match[1] for match in matches if match}
    if len(sums) < len(lines) and not faults:
        faults.append("the manifest names a file twice")
    if ROOT not in sums and not faults:
        faults.append(f"the manifest has no {ROOT}: this is not the address of a mirror")
    faults += [fault for path in sums if (fault := _path_fault(path, reserved))]
    if faults:
        raise OfferError(faults)
    texts = {path: digest for path, digest in sums.items() if path.startswith(PREFIX)}
    archives = {path: digest for path, digest in sums.items() if path.endswith(ARCHIVE_SUFFIX)}
    others = tuple(sorted(sums.keys() - texts.keys() - archives.keys() - {ROOT}))
    return Manifest(texts, archives, sums[ROOT], others)


def _path_fault(path: str, reserved: frozenset[str]) -> str:
    parts = path.split("/")
    if (
        not all(_PART.fullmatch(part) for part in parts)
        or len(path) > LONGEST_PATH
        or max(map(len, parts)) > LONGEST_PART
    ):
        return f"{path[:LONGEST_PART]!r} is not a path that is served here"
    if path.startswith(PREFIX):
        is_good = path.endswith(SUFFIX) and is_package_name(name_of(path)) and len(name_of(path)) <= LONGEST_NAME
        return "" if is_good else f"{path!r} is not the metadata of a package"
    if not path.endswith(ARCHIVE_SUFFIX):
        return ""
    if any(part.endswith(ARCHIVE_SUFFIX) for part in parts[:-1]) or parts[0] in reserved | CLIENTS_FOLDERS:
        return f"{path!r} is not a path of an archive: {parts[0]} means something else here"
    return ""


def name_of(path: str) -> str:
    """Give the package that a metadata file is about."""
    return path.removeprefix(PREFIX).removesuffix(SUFFIX).removesuffix("~dev")


def read_root(data: bytes, manifest: Manifest) -> str:
    """Give the base URL of what packages.json describes, with a slash at its end.

    Raises:
        OfferError: it is no repository of this kind, or not the one of the manifest.
    """
    body = _json(data, ROOT)
    url, names = body.get("metadata-url"), body.get("available-packages")
    base = url.removesuffix(METADATA_PATH) if isinstance(url, str) and url.endswith(METADATA_PATH) else ""
    if not _is_base(base):
        raise OfferError([f"{ROOT} has no absolute metadata-url that ends with {METADATA_PATH}"])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise OfferError([f"{ROOT} has no list of available-packages"])
    if frozenset(names) != manifest.names:
        differing = sorted(manifest.names ^ frozenset(names))
        raise OfferError([f"{ROOT} and the manifest disagree about {', '.join(differing[:5])}"])
    return base


def _is_base(base: str) -> bool:
    try:
        parts = urlsplit(base)
    except ValueError:
        return False
    is_absolute = bool(parts.hostname) if parts.scheme in {"http", "https"} else parts.scheme == "file"
    return is_absolute and base.endswith("/") and base.isprintable() and "@" not in base and len(base) <= LONGEST_BASE


def read_package(path: str, data: bytes, base: str) -> list[Offered]:
    """Read a metadata file, whose bytes are what the manifest says.

    Raises:
        OfferError: with every fault; also where this portal would not write the same bytes.
    """
    try:
        return _read_package(path, data, base)
    except RecursionError as error:
        raise OfferError([f"{path} is nested too deep"]) from error


def _read_package(path: str, data: bytes, base: str) -> list[Offered]:
    name = name_of(path)
    body = _json(data, path)
    packages = body.get("packages")
    listed = packages.get(name) if isinstance(packages, dict) else None
    if not isinstance(listed, list) or body.get("minified") != "composer/2.0":
        raise OfferError([f"{path} has no minified list of versions of {name}"])
    _check_size(path, listed)
    offered: list[Offered] = []
    faults: list[str] = []
    for version in expand(listed):
        found, wrong = _version(name, version, base)
        faults += [f"{path}: {fault}" for fault in wrong]
        offered += [found] if found else []
    if not faults:
        faults += _misplaced(path, offered) or _rewritten(path, offered, base, data)
    if faults:
        raise OfferError(faults)
    return offered


def _check_size(path: str, listed: list[Any]) -> None:
    """Refuse what would become too much when written out; keys are few, so each entry is small."""
    if len(listed) > MOST_VERSIONS or not all(isinstance(entry, dict) for entry in listed):
        raise OfferError([f"{path} is not a list of at most {MOST_VERSIONS:,} versions"])
    if unknown := sorted({key for entry in listed for key in entry} - KEYS):
        raise OfferError([f"{path} has {', '.join(unknown[:5])}, which this portal does not know; update it"])
    sizes: dict[str, int] = {}
    total = 0
    for entry in listed:
        sizes |= {key: len(json.dumps(value)) for key, value in entry.items()}
        total += sum(sizes.values())
        if total > LARGEST_PACKAGE:
            raise OfferError([f"{path} would have more than {LARGEST_PACKAGE:,} bytes when written out"])


def _version(name: str, version: Mapping[str, Any], base: str) -> tuple[Offered | None, list[str]]:
    inspected = composer_json.inspect(_plain(version))
    shown = f"version {str(version.get('version'))[:100]!r}"
    faults = [f"{shown}: {sentence}" for _, sentence in inspected.faults]
    if not faults:
        faults = [f"{shown} {fault}" for fault in _faults(name, version, base)]
    if faults:
        return None, faults
    dist, pretty = version["dist"], version["version"]
    body = {key: version[key] for key in sorted(metadata.KEPT & version.keys())}
    path, when = dist["url"].removeprefix(base), _seconds(version.get("time"))
    found = Offered(
        name, pretty, normalize(pretty), path, dist["shasum"], dist["reference"], when, compact(body).decode()
    )
    return found, []


def _plain(version: Mapping[str, Any]) -> bytes:
    """Write a version for the inspection, which says what could not be written."""
    return json.dumps({key: value for key, value in version.items() if key != "dist"}).encode()


def _faults(name: str, version: Mapping[str, Any], base: str) -> Iterator[str]:
    if version["name"] != name:
        yield f"calls itself {version['name']}"
    if not version.get("version") or version.get("version_normalized") != normalize(version["version"]):
        said = str(version.get("version_normalized"))[:100]
        yield f"has the version_normalized {said!r}, which is not that version's"
    dist = version.get("dist")
    if not isinstance(dist, dict) or dist.keys() != DIST_KEYS or not all(isinstance(v, str) for v in dist.values()):
        yield f"has a dist without, or with more than, {', '.join(sorted(DIST_KEYS))}"
        return
    if dist["type"] != "zip" or not _SHA1.fullmatch(dist["shasum"]) or not _REFERENCE.fullmatch(dist["reference"]):
        yield "has a dist that is no zip, or whose shasum or reference is not hex"
    if not dist["url"].startswith(base):
        yield f"has its archive at {dist['url'][:LONGEST_PATH]}, which is not below {base}"
    if "time" in version and _seconds(version["time"]) is None:
        yield "has a time that is none"


def _seconds(time: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(time)
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    except (TypeError, ValueError, OverflowError):
        return None


def _misplaced(path: str, offered: Iterable[Offered]) -> list[str]:
    is_dev = path.endswith(DEV_SUFFIX)
    seen: set[str] = set()
    faults = []
    for found in offered:
        if (stability(found.normalized) == "dev") != is_dev:
            faults.append(f"{path}: version {found.version} belongs into the other file of {found.name}")
        if found.normalized in seen:
            faults.append(f"{path}: version {found.version} is there twice")
        seen.add(found.normalized)
    return faults


def _rewritten(path: str, offered: Sequence[Offered], base: str, data: bytes) -> list[str]:
    """Compare with what this portal would write for the same versions."""
    name = name_of(path)
    ours = files_of(name, [entry_of(found) for found in offered], base).get(path, empty_file(name))
    theirs = hashlib.sha256(data).hexdigest()
    return [] if ours == theirs else [differing(path, ours, theirs)]


def differing(path: str, ours: str, theirs: str) -> str:
    return f"{path} has the sha256 {theirs} there and would have {ours} here, but for the address; update both portals"


def files_of(name: str, entries: Iterable[VersionEntry], base: str) -> dict[str, str]:
    """Give the sha256 of the metadata files that this portal would write for a package at another base."""
    ordered = sorted(entries, key=lambda entry: sort_key(entry.version_normalized), reverse=True)
    files = metadata.package_files(name, ordered, base)
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}


def empty_file(name: str) -> str:
    """Give the sha256 of the file that an export may have for development versions that there are none of."""
    return hashlib.sha256(compact({"packages": {name: []}, "minified": "composer/2.0"})).hexdigest()


def changed_names(texts: Mapping[str, str], ours: Mapping[str, Sequence[VersionEntry]], base: str) -> frozenset[str]:
    """Give the packages in ``texts`` (sha256 by path) that are not what our versions would be written as."""
    written: dict[str, str] = {}
    for name in {name_of(path) for path in texts} & ours.keys():
        files = files_of(name, ours[name], base)
        dev = f"{PREFIX}{name}{DEV_SUFFIX}"
        written |= {dev: empty_file(name), **files} if dev in texts else files
    paths = texts.keys() | written.keys()
    return frozenset(name_of(path) for path in paths if texts.get(path) != written.get(path))


def entry_of(found: Offered) -> VersionEntry:
    body = json.loads(found.body)
    return VersionEntry(found.version, found.normalized, found.path, found.sha1, found.reference, found.time, body)


def _json(data: bytes, what: str) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise OfferError([f"{what} is not JSON"]) from error
    if not isinstance(body, dict):
        raise OfferError([f"{what} is no object"])
    return body
