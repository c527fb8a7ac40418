"""Whether a repository is whole: its manifest, its files, its metadata, and what the database says of it."""

import gzip
import hashlib
import logging
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mirror import repositories
from mirror.composer.versions import InvalidVersionError, normalize, stability
from mirror.findings import Finding, error, warning
from mirror.models import Distribution, PackageVersion, Publication
from mirror.receiving import Digests
from mirror.repositories import (
    MANIFEST,
    ROOT,
    Folder,
    MissingFileError,
    Repository,
    RepositoryError,
    Root,
    Web,
    metadata_paths,
)
from mirror.storage import GZIP_SUFFIX, LISTING

CONNECTIONS = 4
ARCHIVE_SUFFIX = ".zip"
NOT_SERVED = frozenset({LISTING, ".export.json"})
REQUIRED = ("name", "version", "version_normalized", "dist")
REQUIRED_OF_DIST = ("type", "url", "shasum")

logger = logging.getLogger(__name__)


class TargetError(Exception):
    """The text names nothing that could be verified."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something to verify; a distribution is held against its rows, too."""

    repository: Repository
    distribution: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and everything that is to be said about it."""

    target: str
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        return not any(finding.level == "error" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        levels = {
            f"{level}s": [found.as_dict() for found in self.findings if found.level == level]
            for level in ("error", "warning")
        }
        return {"target": self.target, "whole": self.is_whole, "counts": dict(self.counts), **levels}


class _Row(NamedTuple):
    pk: int
    name: str
    version: str
    path: str
    sha1: str
    sha256: str
    size: int  # bytes


def find_target(text: str) -> Target:
    """Give what a text names: the slug of a distribution, else a directory, else an http(s) URL.

    Raises:
        TargetError: it names none of these, or a distribution that serves nothing yet.
    """
    distribution = Distribution.objects.filter(slug=text).first()
    if distribution is not None:
        return _served(distribution)
    if text and Path(text).is_dir():
        return Target(Folder(text, (Path(text),)))
    if urlsplit(text).scheme in {"http", "https"} and urlsplit(text).hostname:
        return Target(Web.at(text))
    known = ", ".join(Distribution.objects.values_list("slug", flat=True)) or "none"
    raise TargetError(
        f"{text!r} is neither the slug of a distribution (known: {known}), nor a directory, nor an http(s) URL"
    )


def _served(distribution: Distribution) -> Target:
    publication = distribution.publication
    if publication is None:
        slug = distribution.slug
        raise TargetError(f"{slug} has no publication to verify; run build_distribution {slug} first")
    files = distribution.files
    folder = Folder(distribution.slug, (files.publication(publication.number),), distribution.dists)
    return Target(folder, distribution)


@dataclass(frozen=True, slots=True)
class _Inspection:
    """A repository with what was read of it so far."""

    repository: Repository
    root: Root
    listed: Mapping[str, str]  # sha256 by path, as the manifest says
    hashed: dict[str, Digests]  # of the files that were read
    counts: Counter[str]


def verify(
    target: Target, *, metadata_only: bool = False, progress: Callable[[str], None] = lambda path: None
) -> Verification:
    """Hold everything that the target's manifest lists against what is there. Nothing is changed.

    Raises:
        RepositoryError: there is no repository, or no manifest.
    """
    repository = target.repository
    root, listed = repositories.root(repository), repositories.manifest(repository)
    look = _Inspection(repository, root, listed, {}, Counter())
    wanted = {path: digest for path, digest in listed.items() if not (metadata_only and path.endswith(ARCHIVE_SUFFIX))}
    findings = list(_read_files(look, wanted, progress))
    look.counts.update(files=len(wanted), bytes=sum(found.size for found in look.hashed.values()))
    findings += _metadata_findings(look)
    findings += _zipped_findings(look)
    rows = _rows(target.distribution)
    if target.distribution is not None and target.distribution.publication is not None:
        findings += _row_findings(look, target.distribution.publication, rows)
        others = {row.path: row.sha256 for row in rows if row.path not in listed and not metadata_only}
        findings += _read_files(look, others, progress)  # what was published once keeps its address
    findings += _extra_findings(look, {row.path for row in rows})
    logger.info("%s: %d files verified, %d findings", repository.shown, len(wanted), len(findings))
    return Verification(repository.shown, look.counts, tuple(sorted(set(findings))))


def _read_files(look: _Inspection, expected: Mapping[str, str], progress: Callable[[str], None]) -> Iterator[Finding]:
    """Hash files, a few at a time, and hold them against their sha256 by path."""

    def read(path: str) -> tuple[str, Digests | RepositoryError]:
        try:
            return path, repositories.digests(look.repository, path)
        except RepositoryError as failure:
            return path, failure

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for path, found in pool.map(read, sorted(expected)):
            progress(path)
            if isinstance(found, RepositoryError):
                yield error("missing" if isinstance(found, MissingFileError) else "unreadable", path, str(found))
                continue
            look.hashed[path] = found
            if found.sha256 != expected[path]:
                yield error("changed", path, f"has the sha256 {found.sha256} and should have {expected[path]}")


def _metadata_findings(look: _Inspection) -> Iterator[Finding]:
    root = look.root
    if ROOT not in look.listed:
        yield error("not-listed", ROOT, f"is not in {MANIFEST}")
    if not urlsplit(root.base_url).scheme:
        yield error("url-relative", ROOT, f"has the metadata-url {root.metadata_url!r}; clients need an absolute one")
    look.counts.update(packages=len(root.names))
    for name in root.names:
        yield from _package_findings(look, name)
    offered = {path for name in root.names for path in metadata_paths(name)}
    for path in sorted(look.listed):
        if path.startswith("p2/") and path not in offered:
            yield warning("not-offered", path, f"belongs to no package that {ROOT} names; clients never ask for it")


def _package_findings(look: _Inspection, name: str) -> Iterator[Finding]:
    releases, development = metadata_paths(name)
    seen: set[str] = set()
    if releases not in look.listed:
        yield error("not-listed", releases, f"is not in {MANIFEST}, and {ROOT} names {name}")
    for path in (releases, development):
        if path not in look.listed:
            continue
        try:
            versions = repositories.versions(look.repository, name, path)
        except RepositoryError as failure:
            yield error("metadata-invalid", path, str(failure))
            continue
        look.counts.update(versions=len(versions))
        for version in versions:
            yield from _version_findings(name, version, seen)
            yield from _dist_findings(look, name, version)
            if _is_development(version) != (path == development):
                yield error("wrong-file", path, f"has {version.get('version')}, which belongs into the other file")


def _is_development(version: Mapping[str, Any]) -> bool:
    return stability(str(version.get("version_normalized"))) == "dev"


def _version_findings(name: str, version: Mapping[str, Any], seen: set[str]) -> Iterator[Finding]:
    subject = f"{name} {version.get('version')}"
    missing = [key for key in REQUIRED if not version.get(key)]
    if missing:
        yield error("key-missing", subject, f"lacks {', '.join(missing)} in its metadata")
        return
    if version["name"] != name:
        yield error("name-differs", subject, f"calls itself {version['name']!r}")
    normalized = str(version["version_normalized"])
    if normalized != _normalized(str(version["version"])):
        yield error(
            "version-differs", subject, f"has the version_normalized {normalized!r}, which is not that version's"
        )
    if normalized in seen:
        yield error("version-twice", subject, "occurs twice in the metadata")
    seen.add(normalized)


def _normalized(version: str) -> str | None:
    try:
        return normalize(version)
    except InvalidVersionError:
        return None


def _dist_findings(look: _Inspection, name: str, version: Mapping[str, Any]) -> Iterator[Finding]:
    subject, dist = f"{name} {version.get('version')}", version.get("dist")
    if not isinstance(dist, dict) or not all(isinstance(dist.get(key), str) for key in REQUIRED_OF_DIST):
        yield error("dist-invalid", subject, f"has a dist without {', '.join(REQUIRED_OF_DIST)}")
        return
    base = look.root.base_url
    url: str = dist["url"]
    path = url.removeprefix(base)
    if not base or path == url:
        yield error("url-outside", subject, f"has its archive at {url}, which is not below {base or 'any base'}")
    elif path not in look.listed:
        yield error("not-listed", subject, f"has its archive at {path}, which is not in {MANIFEST}")
    elif path in look.hashed and look.hashed[path].sha1 != dist["shasum"]:
        yield error("shasum-differs", subject, f"says sha1 {dist['shasum']}, and {path} has {look.hashed[path].sha1}")


def _zipped_findings(look: _Inspection) -> Iterator[Finding]:
    """Look into the .gz files on disk: a web server sends them instead of what they stand beside."""
    folder = look.repository
    for path, digest in sorted(look.listed.items()) if isinstance(folder, Folder) else ():
        try:
            with folder.opened(path + GZIP_SUFFIX) as file, gzip.GzipFile(fileobj=file) as unzipped:
                found = hashlib.file_digest(unzipped, "sha256").hexdigest()
        except MissingFileError:
            continue
        except (RepositoryError, EOFError, zlib.error) as failure:
            yield error("changed", path + GZIP_SUFFIX, f"cannot be unpacked: {failure}")
            continue
        if found != digest:
            yield error("changed", path + GZIP_SUFFIX, f"unpacks to the sha256 {found} and should to {digest}")


def _extra_findings(look: _Inspection, known: set[str]) -> Iterator[Finding]:
    expected = known | set(look.listed) | {MANIFEST} | NOT_SERVED
    for path in sorted(look.repository.paths() or ()):
        if path not in expected and path.removesuffix(GZIP_SUFFIX) not in expected:
            yield warning("extra", path, f"is in no line of {MANIFEST}")


def _rows(distribution: Distribution | None) -> list[_Row]:
    if distribution is None:
        return []
    fields = ("pk", "package__name", "version", "path", "sha1", "sha256", "size")
    rows = PackageVersion.objects.of(distribution).filter(purged_at=None).values_list(*fields)
    return [_Row(*row) for row in rows.iterator()]


def _row_findings(look: _Inspection, publication: Publication, rows: Iterable[_Row]) -> Iterator[Finding]:
    digest, recorded = repositories.digests(look.repository, MANIFEST).sha256, publication.manifest_sha256
    if digest != recorded:
        yield error("changed", MANIFEST, f"has the sha256 {digest}; {publication} was recorded with {recorded}")
    current = publication.distribution.files.current_number()
    if current != publication.number:
        yield error("pointer-differs", str(publication), f"is the current publication, and number {current} is served")
    members = publication.version_set.members
    archives = {path for path in look.listed if path.endswith(ARCHIVE_SUFFIX)}
    for row in rows:
        if row.pk in members:
            archives.discard(row.path)
            yield from _row_finding(look, row)
    for path in sorted(archives):
        yield error("unknown", path, "is in the manifest and belongs to no version of the publication")


def _row_finding(look: _Inspection, row: _Row) -> Iterator[Finding]:
    subject, said = f"{row.name} {row.version}", look.listed.get(row.path)
    found = look.hashed.get(row.path)
    if said is None:
        yield error("not-listed", subject, f"is published, and its archive {row.path} is not in {MANIFEST}")
    elif said != row.sha256:
        yield error("row-differs", subject, f"has the sha256 {row.sha256} in the database, {said} in {MANIFEST}")
    elif found and (found.sha1, found.size) != (row.sha1, row.size):
        yield error("row-differs", subject, f"has {row.size:,} bytes and sha1 {row.sha1} in the database only")
