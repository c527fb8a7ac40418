"""Answers what composer asks for most, in front of Django: metadata, archives and their 404s.

The publication that the link ``current`` names is what is served. The link is read for every
request, so a switch is seen at once; everything else is remembered.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from mirror import mounts, traffic
from mirror.answers import (
    FRESH,
    JSON,
    NO_SNIFFING,
    SAFE_METHODS,
    Answer,
    Headers,
    is_not_modified,
    not_allowed,
    problem,
    unknown_file,
)
from mirror.archives import UNAVAILABLE, archive
from mirror.mounts import Mount, MountTable
from mirror.storage import GZIP_SUFFIX, LISTING, Listing, Served
from mirror.traffic import Tally

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

CACHE_BYTES = 32 << 20
LARGEST_CACHED = 2 << 20  # bytes
NOTHING_PUBLISHED = "Nothing is published in this repository yet. Please try again later."


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

    def __init__(
        self, application: "WSGIApplication", table: MountTable = mounts.table, tally: Tally = traffic.tally
    ) -> None:
        self.application = application
        self._table, self._tally = table, tally
        self._cache = ContentCache()
        self._snapshots: dict[Path, Snapshot] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        try:
            answer = self._answer(environ)
        except FileNotFoundError:  # of a publication that was cleared away meanwhile
            self._snapshots.clear()
            answer = self._answer(environ)
        if answer is None:
            return self.application(environ, traffic.noting(self._tally, environ["PATH_INFO"], start_response))
        self._tally.count(traffic.kind_of(environ["PATH_INFO"]), answer.status)
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
            return archive(environ, mount.dists, below, snapshot.gone if snapshot else frozenset())
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
