"""A publication as plain files, for a web server, an object store or a USB stick.

The directory can be used by composer as it is. What is in it changes in an order that keeps it so:
archives first, metadata next, packages.json after them; what is gone is removed last.
"""

import contextlib
import gzip
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from mirror import metadata
from mirror.composer.minify import expand, minify
from mirror.dists import DistStore
from mirror.models import Distribution, PackageVersion, Publication
from mirror.receiving import naming_full_disk
from mirror.repositories import MANIFEST, ROOT
from mirror.storage import GZIP_SUFFIX, DistributionFiles, Listing, hash_file, sync_directory, write_whole

MARKER = ".export.json"  # says whose export a directory is; written first
METADATA_FOLDER = "p2/"
ARCHIVE_FOLDER = "packages"
LOOKED_AT_ONCE = 16  # archives that may be in a bucket
COARSEST_CLOCK = 2  # seconds: that of the file system that most USB sticks have
EMPTY_SUFFIX = "~dev.json"

logger = logging.getLogger(__name__)


class ExportError(Exception):
    """The directory is what it was before."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What the directory holds now, and how many of its files this run wrote and removed."""

    base_url: str
    packages: int
    archives: int
    written: int
    removed: int


class _Archive(NamedTuple):
    path: str
    sha256: str
    size: int  # bytes


class _Text(NamedTuple):
    """A metadata file to be written."""

    path: str
    content: bytes
    last_modified: int  # unix seconds


@dataclass(frozen=True, slots=True)
class _Edition:
    """What is exported: a publication at an address."""

    files: DistributionFiles
    listing: Listing
    old_url: str
    url: str

    @property
    def needs_empty_files(self) -> bool:
        """Composer takes a missing ~dev file for absent over http only."""
        return self.url.startswith("file:")


def export(distribution: Distribution, directory: Path, base_url: str | None) -> ExportReport:
    """Write the current publication below a directory that is empty or an earlier export of it.

    Raises:
        ExportError: nothing is published, the address or the directory cannot be used, a file is damaged.
        DiskFullError, StoreError: files that are there are whole; run it again.
    """
    publication = distribution.publication
    if publication is None:
        raise ExportError(f"{distribution.slug} has no publication; run build_distribution {distribution.slug} first")
    edition = _edition(distribution, publication, base_url)
    archives = _archives(distribution, publication)
    _check_archives(distribution.dists, archives)
    _claim(directory, distribution, edition.url)
    written = sum([_place_archive(distribution.dists, archive, directory) for archive in archives])
    lines = {archive.path: archive.sha256 for archive in archives}
    for text in _texts(edition):
        lines[text.path] = hashlib.sha256(text.content).hexdigest()
        written += _write(directory, text)
    removed = _remove_others(directory, {*lines, MANIFEST})
    manifest = _Text(MANIFEST, metadata.manifest_file(lines), edition.listing.files[ROOT].last_modified)
    written += _write(directory, manifest)
    packages = len(_names(edition))
    report = ExportReport(edition.url, packages, len(archives), written, removed)
    logger.info("%s: exported %d files, %d written, %d removed", publication, len(lines) + 1, written, removed)
    return report


def checked_base_url(url: str) -> str:
    """Give an address with a slash at its end.

    Raises:
        ExportError: it is not absolute, or holds what an address of a repository cannot have.
    """
    parts = urlsplit(url)
    is_web = parts.scheme in {"http", "https"} and parts.hostname
    is_file = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    if not (is_web or is_file) or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise ExportError(f"{url!r} is not an absolute address; write https://HOST/ or file:///DIRECTORY/")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in url or "#" in url:
        raise ExportError(
            "the base URL holds a login, a query or a fragment, which every client would see; leave it out"
        )
    return url.rstrip("/") + "/"


def _edition(distribution: Distribution, publication: Publication, base_url: str | None) -> _Edition:
    files = distribution.files
    old_url = publication.base_url or distribution.url
    url = checked_base_url(base_url) if base_url else old_url
    return _Edition(files, files.listing(publication.number), old_url, url)


def _archives(distribution: Distribution, publication: Publication) -> list[_Archive]:
    """Give the archives of the publication, and the withdrawn ones: those stay at their address."""
    members = publication.version_set.members
    rows = PackageVersion.objects.of(distribution).filter(purged_at=None)
    withdrawn = set(rows.exclude(withdrawn_at=None).exclude(published_at=None).values_list("pk", flat=True))
    found = rows.order_by("path").values_list("pk", "path", "sha256", "size")
    return [_Archive(*row[1:]) for row in found.iterator() if row[0] in members or row[0] in withdrawn]


def _check_archives(dists: DistStore, archives: Iterable[_Archive]) -> None:
    with ThreadPoolExecutor(LOOKED_AT_ONCE) as hands:
        found = hands.map(lambda archive: _fault_of(dists, archive), archives)
        faults = [fault for fault in found if fault]
    if faults:
        raise ExportError("; ".join([*faults[:10], *(["…"] if len(faults) > 10 else [])]))  # noqa: PLR2004


def _fault_of(dists: DistStore, archive: _Archive) -> str:
    kept = dists.find(archive.path)
    if kept is None:
        return f"the archive {archive.path} is missing from the data directory; restore it from a backup"
    if kept.size != archive.size:
        wrong = f"has {kept.size:,} bytes and should have {archive.size:,}"
        return f"the archive {archive.path} {wrong}; restore it from a backup"
    return ""


def _claim(directory: Path, distribution: Distribution, url: str) -> None:
    """Take an empty directory or an earlier export of this distribution, and no other."""
    if directory.resolve().is_relative_to(Path(settings.PORTAL_DATA_DIR).resolve() / "distributions"):
        raise ExportError(f"{directory} belongs to the portal's own data; export to another directory")
    if directory.exists() and not directory.is_dir():
        raise ExportError(f"{directory} is not a directory")
    owner = _owner(directory)
    if owner is None and directory.is_dir() and any(directory.iterdir()):
        raise ExportError(f"{directory} is not empty and not an earlier export; export to a new directory")
    if owner not in {None, distribution.slug}:
        raise ExportError(f"{directory} is an export of {owner}; export {distribution.slug} to another directory")
    directory.mkdir(parents=True, exist_ok=True)
    marker = json.dumps({"distribution": distribution.slug, "base_url": url}).encode()
    write_whole(directory / MARKER, marker)


def _owner(directory: Path) -> str | None:
    try:
        marker = json.loads((directory / MARKER).read_bytes())
    except (OSError, ValueError):
        return None
    return str(marker["distribution"]) if isinstance(marker, dict) and "distribution" in marker else None


def _place_archive(dists: DistStore, archive: _Archive, directory: Path) -> bool:
    """Link an archive, or copy it where that cannot be; tell whether it had to be done."""
    target = directory / archive.path
    if _is_same(dists, archive, target):
        return False
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with naming_full_disk("export again: what is there is whole"):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            _link_or_copy(dists, temporary, archive)
            temporary.replace(target)
            sync_directory(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _is_same(dists: DistStore, archive: _Archive, target: Path) -> bool:
    if not target.is_file() or target.is_symlink():
        return False
    source, ours, theirs = dists.file(archive.path), dists.find(archive.path), target.stat()
    if source and target.samefile(source):
        return True
    if ours is None or ours.size != theirs.st_size:
        return False
    return abs(ours.modified - theirs.st_mtime) <= COARSEST_CLOCK


def _link_or_copy(dists: DistStore, target: Path, archive: _Archive) -> None:
    source = dists.file(archive.path)
    with contextlib.suppress(OSError):
        if source:
            os.link(source, target)
            return
    with dists.open(archive.path) as file, target.open("wb") as copied:
        shutil.copyfileobj(file, copied)
        copied.flush()
        os.fsync(copied.fileno())
    if kept := dists.find(archive.path):
        os.utime(target, (kept.modified, kept.modified))
    if hash_file(target)[1] != archive.sha256:
        raise ExportError(f"the archive {archive.path} is damaged; verify_distribution says what else is")


def _names(edition: _Edition) -> list[str]:
    root = json.loads((edition.files.publication(edition.listing.number) / ROOT).read_bytes())
    names: list[str] = root["available-packages"]
    return names


def _texts(edition: _Edition) -> Iterator[_Text]:
    """Give the metadata one file at a time, packages.json last."""
    tree = edition.files.publication(edition.listing.number)
    served = edition.listing.files
    for path in sorted(path for path in served if path.startswith(METADATA_FOLDER)):
        content = (tree / path).read_bytes()
        if edition.url != edition.old_url:
            content = rebased(content, edition.old_url, edition.url)
        yield _Text(path, content, served[path].last_modified)
    names = _names(edition)
    if edition.needs_empty_files:
        missing = [name for name in names if f"{METADATA_FOLDER}{name}{EMPTY_SUFFIX}" not in served]
        for name in missing:
            content = metadata.compact({"packages": {name: []}, "minified": "composer/2.0"})
            yield _Text(f"{METADATA_FOLDER}{name}{EMPTY_SUFFIX}", content, served[ROOT].last_modified)
    yield _Text(ROOT, metadata.root_file(names, edition.url, dynamic=False), served[ROOT].last_modified)


def rebased(content: bytes, old_url: str, url: str) -> bytes:
    """Give a p2 file with its archives at another address."""
    body: dict[str, Any] = json.loads(content)
    packages = {
        name: minify([_moved(version, old_url, url) for version in expand(versions)])
        for name, versions in body["packages"].items()
    }
    return metadata.compact({**body, "packages": packages})


def _moved(version: Mapping[str, Any], old_url: str, url: str) -> dict[str, Any]:
    dist = version["dist"]
    path = dist["url"].removeprefix(old_url)
    return metadata.in_order({**version, "dist": {**dist, "url": url + path}})


def _write(directory: Path, text: _Text) -> bool:
    """Write a file and its gzip if they differ; tell whether they did."""
    target = directory / text.path
    zipped = target.with_name(target.name + GZIP_SUFFIX)
    before = target.read_bytes() if target.is_file() else None
    if before == text.content and zipped.is_file() and _unzipped(zipped) == text.content:
        return False
    when = text.last_modified
    if before is not None and before != text.content:
        when = max(when, int(target.stat().st_mtime) + 1)  # clients ask for what is newer than they have
    target.parent.mkdir(parents=True, exist_ok=True)
    for path, content in ((zipped, gzip.compress(text.content, 6, mtime=0)), (target, text.content)):
        write_whole(path, content)
        os.utime(path, (when, when))
    return True


def _unzipped(path: Path) -> bytes | None:
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, ValueError):
        return None


def _remove_others(directory: Path, kept: set[str]) -> int:
    """Remove what an earlier export had and this one has not, and what a killed one left."""
    wanted = kept | {path + GZIP_SUFFIX for path in kept if not path.endswith(".zip")}
    removed = 0
    for path in sorted(_earlier(directory) - wanted):
        target = directory / path
        if target.is_file() and not target.is_symlink():
            target.unlink()
            removed += 1
    return removed


def _earlier(directory: Path) -> set[str]:
    """Give the paths that are ours: listed by the earlier manifest, or in folders that only we write."""
    listed = _listed(directory / MANIFEST)
    found = {path + suffix for path in listed for suffix in ("", GZIP_SUFFIX)}
    for folder in (METADATA_FOLDER, ARCHIVE_FOLDER):
        found |= {path.relative_to(directory).as_posix() for path in (directory / folder).rglob("*")}
    return found


def _listed(manifest: Path) -> set[str]:
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return set()
    paths = {line.partition("  ")[2] for line in lines}
    return {path for path in paths if path and PurePosixPath(path).parts[0] != "/" and ".." not in path.split("/")}
