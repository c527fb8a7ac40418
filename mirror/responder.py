"""Answers what composer asks for most, in front of Django: metadata, archives and their 404s.

The publication that the link ``current`` names is what is served. The link is read for every
request, so a switch is seen at once; everything else is remembered.
"""

import errno
import json
import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mirror import mounts
from mirror.mounts import Mount, MountTable
from mirror.storage import GZIP_SUFFIX, LISTING, Listing, Served

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]

CACHE_BYTES = 32 << 20
LARGEST_CACHED = 2 << 20  # bytes
CHUNK = 256 << 10  # bytes
SAFE_METHODS = ("GET", "HEAD")
FRESH = "public, max-age=0, must-revalidate"
FOR_EVER = "public, max-age=31536000, immutable"
NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
JSON = "application/json"  # exactly so: composer shows warnings of no other type
NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})
NOTHING_PUBLISHED = "Nothing is published in this repository yet. Please try again later."
NO_SUCH_ARCHIVE = "This repository has no such archive."
GONE = "This archive was removed for good; the repository's public log says why."
UNAVAILABLE = "The repository cannot be reached for a moment. Please try again."


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    headers: Headers
    body: Iterable[bytes] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """A served file in one encoding."""

    path: Path
    key: str  # names the content
    last_modified: int  # unix seconds
    date: str  # the same as clients echo it
    etag: str
    headers: Headers  # all that a 304 has, too


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is remembered of the publication that a link named."""

    target: str
    directory: Path
    files: Mapping[str, Served]
    gone: frozenset[str]
    variants: dict[tuple[str, bool], Variant] = field(default_factory=dict)

    def variant(self, path: str, served: Served, *, zipped: bool) -> Variant:
        found = self.variants.get((path, zipped))
        if found is None:
            found = self.variants[path, zipped] = _variant(self.directory, path, served, zipped=zipped)
        return found


class ContentCache:
    """Contents of small files, the least recently used ones forgotten first."""

    def __init__(self, most: int = CACHE_BYTES) -> None:
        self._most, self._size = most, 0
        self._contents: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, variant: Variant) -> bytes:
        with self._lock:
            content = self._contents.get(variant.key)
            if content is not None:
                self._contents.move_to_end(variant.key)
                return content
        content = variant.path.read_bytes()
        if len(content) <= min(LARGEST_CACHED, self._most):
            self._keep(variant.key, content)
        return content

    def _keep(self, key: str, content: bytes) -> None:
        with self._lock:
            if key not in self._contents:
                self._contents[key] = content
                self._size += len(content)
            while self._size > self._most:
                self._size -= len(self._contents.popitem(last=False)[1])


class Responder:
    """A WSGI application that answers for the distributions and hands on everything else."""

    def __init__(self, application: "WSGIApplication", table: MountTable = mounts.table) -> None:
        self.application = application
        self._table = table
        self._cache = ContentCache()
        self._snapshots: dict[Path, Snapshot] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        try:
            answer = self._answer(environ)
        except FileNotFoundError:  # of a publication that was cleared away meanwhile
            self._snapshots.clear()
            answer = self._answer(environ)
        if answer is None:
            return self.application(environ, start_response)
        start_response(f"{answer.status.value} {answer.status.phrase}", answer.headers)
        return answer.body

    def _answer(self, environ: "WSGIEnvironment") -> Answer | None:
        path = decoded(environ["PATH_INFO"])
        table = self._table.current()
        if table is None:
            is_ours = mounts.is_file(path[1:])
            return problem(environ, HTTPStatus.SERVICE_UNAVAILABLE, UNAVAILABLE) if is_ours else None
        found = table.find(environ.get("HTTP_HOST", ""), path)
        if found is None:
            return None
        mount, below = found
        snapshot = self._snapshot(mount)
        served = snapshot.files.get(below) if snapshot else None
        if snapshot is None or served is None:
            return self._unlisted(environ, mount, snapshot, below)
        if environ["REQUEST_METHOD"] not in SAFE_METHODS:
            return not_allowed()
        return self._metadata(environ, snapshot.variant(below, served, zipped=takes_gzip(environ)))

    def _snapshot(self, mount: Mount) -> Snapshot | None:
        link = mount.files.current
        try:
            target = os.readlink(link)  # noqa: PTH115 - a path object here costs more than the call
        except FileNotFoundError:
            return None
        known = self._snapshots.get(link)
        if known is None or known.target != target:
            known = self._snapshots[link] = read_snapshot(mount.files.root, target)
        return known

    def _metadata(self, environ: "WSGIEnvironment", variant: Variant) -> Answer:
        if is_not_modified(environ, variant.etag, variant.date, variant.last_modified):
            return Answer(HTTPStatus.NOT_MODIFIED, [*variant.headers])
        content = self._cache.read(variant)
        headers = [*variant.headers, ("Content-Length", str(len(content)))]
        return Answer(HTTPStatus.OK, headers, [content] if environ["REQUEST_METHOD"] == "GET" else [])

    def _unlisted(
        self, environ: "WSGIEnvironment", mount: Mount, snapshot: Snapshot | None, below: str
    ) -> Answer | None:
        if not mounts.is_file(below):
            if mount.host and mounts.is_dynamic(below):
                environ["PATH_INFO"] = f"/d/{mount.slug}/{environ['PATH_INFO'][len(mount.prefix) :]}"
            return None
        if environ["REQUEST_METHOD"] not in SAFE_METHODS:
            return not_allowed()
        if below.endswith(".zip"):
            return archive(environ, mount, below, snapshot.gone if snapshot else frozenset())
        if snapshot is None:
            return problem(environ, HTTPStatus.NOT_FOUND, NOTHING_PUBLISHED)
        return unknown_file(environ)


def decoded(path: str) -> str:
    """Undo what WSGI does to bytes. What is no UTF-8 becomes a name that nothing has."""
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def read_snapshot(root: Path, target: str) -> Snapshot:
    directory = root / target
    listing = Listing.from_json((directory / LISTING).read_bytes())
    return Snapshot(target, directory, listing.files, frozenset(listing.gone))


def _variant(directory: Path, path: str, served: Served, *, zipped: bool) -> Variant:
    suffix = GZIP_SUFFIX if zipped else ""
    etag = f'"{served.sha256[:40]}{suffix.replace(".", "-")}"'
    date = formatdate(served.last_modified, usegmt=True)
    content_type = "text/plain; charset=utf-8" if path == "manifest.sha256" else JSON
    headers = [
        ("Content-Type", content_type),
        ("Cache-Control", FRESH),
        ("Last-Modified", date),
        ("ETag", etag),
        ("Vary", "Accept-Encoding"),
        NO_SNIFFING,
    ]
    if zipped:
        headers.append(("Content-Encoding", "gzip"))
    file = directory / (path + suffix)
    return Variant(file, served.sha256 + suffix, served.last_modified, date, etag, headers)


def takes_gzip(environ: "WSGIEnvironment") -> bool:
    header = environ.get("HTTP_ACCEPT_ENCODING")
    return bool(header) and allows_gzip(header)


@lru_cache(maxsize=256)
def allows_gzip(header: str) -> bool:
    """Read Accept-Encoding; a quality of 0 is a no."""
    qualities = {}
    for item in header.lower().split(","):
        coding, _, parameter = item.partition(";")
        qualities[coding.strip()] = parameter.replace(" ", "").removeprefix("q=") or "1"
    quality = qualities.get("gzip") or qualities.get("x-gzip") or qualities.get("*", "0")
    try:
        return float(quality) > 0
    except ValueError:
        return False


def is_not_modified(environ: "WSGIEnvironment", etag: str, date: str, modified: int) -> bool:
    """Say whether the client has this content, or a newer one from another server of ours."""
    tags = environ.get("HTTP_IF_NONE_MATCH")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return etag in known or "*" in known
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    return since is not None and (since == date or modified <= seconds_of(since))


@lru_cache(maxsize=1024)
def seconds_of(date: str) -> float:
    """Read a date of HTTP as unix seconds; a bad one is before everything."""
    try:
        found = parsedate_to_datetime(date)
        return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return datetime.min.replace(tzinfo=UTC).timestamp()


def archive(environ: "WSGIEnvironment", mount: Mount, path: str, gone: frozenset[str]) -> Answer:
    """Answer for a dist; those of older publications stay where they are."""
    if path in gone:
        return problem(environ, HTTPStatus.GONE, GONE)
    file = archive_file(mount, path)
    if file is None:
        return problem(environ, HTTPStatus.NOT_FOUND, NO_SUCH_ARCHIVE)
    place, size, modified = file
    date, etag = formatdate(modified, usegmt=True), f'"{modified:x}-{size:x}"'
    headers = [
        ("Content-Type", "application/zip"),
        ("Cache-Control", FOR_EVER),
        ("Last-Modified", date),
        ("ETag", etag),
        ("Accept-Ranges", "bytes"),
        NO_SNIFFING,
    ]
    if is_not_modified(environ, etag, date, modified):
        return Answer(HTTPStatus.NOT_MODIFIED, headers)
    wanted = wanted_range(environ, size, etag, date)
    if wanted == UNSATISFIABLE:
        headers += [("Content-Range", f"bytes */{size}"), ("Content-Length", "0")]
        return Answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers)
    return part_of(environ, place, size, wanted, headers)


def archive_file(mount: Mount, path: str) -> tuple[Path, int, int] | None:
    """Find a dist: its place, size and time of change in unix seconds."""
    if "\\" in path:
        return None
    try:
        place = mount.files.dist(path)
        found = place.stat()
    except ValueError:
        return None
    except OSError as error:
        if error.errno in NOT_THERE:
            return None
        raise
    return (place, found.st_size, int(found.st_mtime)) if stat.S_ISREG(found.st_mode) else None


UNSATISFIABLE = (-1, -1)
LONGEST_NUMBER = 18  # digits


def wanted_range(environ: "WSGIEnvironment", size: int, etag: str, date: str) -> tuple[int, int] | None:
    """Give first and last byte of the one range that is asked for; ``None`` is the whole file."""
    header = environ.get("HTTP_RANGE", "")
    if environ["REQUEST_METHOD"] != "GET" or environ.get("HTTP_IF_RANGE", etag) not in {etag, date}:
        return None
    return read_range(header, size)


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """Read a Range header. What is no single range of bytes counts as none (RFC 9110, 14.2)."""
    unit, _, text = header.partition("=")
    first, dash, last = (part.strip() for part in text.partition("-"))
    if unit.strip().lower() != "bytes" or not dash or not all(map(is_number, (first or "0", last or "0"))):
        return None
    if first:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    elif last:
        start, end = max(size - int(last), 0), size - 1
    else:
        return None
    return (start, end) if start <= end else UNSATISFIABLE


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def part_of(
    environ: "WSGIEnvironment",
    place: Path,
    size: int,
    wanted: tuple[int, int] | None,
    headers: Headers,
) -> Answer:
    start, end = wanted or (0, size - 1)
    length = end - start + 1
    headers.append(("Content-Length", str(length)))
    if environ["REQUEST_METHOD"] == "HEAD":
        return Answer(HTTPStatus.OK, headers)
    file = place.open("rb")
    if wanted is None:
        wrap: Callable[[BinaryIO, int], Iterable[bytes]] = environ.get("wsgi.file_wrapper", FileChunks)
        return Answer(HTTPStatus.OK, headers, wrap(file, CHUNK))
    headers.append(("Content-Range", f"bytes {start}-{end}/{size}"))
    file.seek(start)
    return Answer(HTTPStatus.PARTIAL_CONTENT, headers, FileChunks(file, CHUNK, length))


class FileChunks:
    """The bytes of an open file from where it stands; the server closes it."""

    def __init__(self, file: BinaryIO, chunk: int, length: int | None = None) -> None:
        self._file, self._chunk, self._left = file, chunk, length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        wanted = self._chunk if self._left is None else min(self._chunk, self._left)
        content = self._file.read(wanted)
        if not content:
            self.close()
            raise StopIteration
        if self._left is not None:
            self._left -= len(content)
        return content

    def close(self) -> None:
        self._file.close()


def problem(environ: "WSGIEnvironment", status: HTTPStatus, warning: str) -> Answer:
    """Refuse with a sentence that composer shows to its user."""
    return short(environ, status, JSON, json.dumps({"warning": warning}).encode())


def unknown_file(environ: "WSGIEnvironment") -> Answer:
    """Refuse without a word to the user: composer asks for many names that are elsewhere."""
    return short(environ, HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")


def not_allowed() -> Answer:
    headers = [("Allow", ", ".join(SAFE_METHODS)), ("Content-Length", "0"), NO_SNIFFING]
    return Answer(HTTPStatus.METHOD_NOT_ALLOWED, headers)


def short(environ: "WSGIEnvironment", status: HTTPStatus, content_type: str, body: bytes) -> Answer:
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("Cache-Control", FRESH),
        NO_SNIFFING,
    ]
    return Answer(status, headers, [] if environ["REQUEST_METHOD"] == "HEAD" else [body])
