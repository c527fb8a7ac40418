"""Answering for dists: from the disk, from a bucket, or by naming the place where a bucket has them."""

import logging
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from http import HTTPStatus
from io import BufferedReader
from typing import TYPE_CHECKING, BinaryIO

from mirror.answers import NO_SNIFFING, Answer, Headers, is_not_modified, problem
from mirror.dists import DistStore, Kept, StoreError

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

logger = logging.getLogger(__name__)

CHUNK = 256 << 10  # bytes
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_WHILE = "public, max-age=600"  # seconds; shorter than a signed address holds
NO_SUCH_ARCHIVE = "This repository has no such archive."
GONE = "This archive was removed for good; the repository's public log says why."
UNAVAILABLE = "The repository cannot be reached for a moment. Please try again."


def archive(environ: "WSGIEnvironment", dists: DistStore, path: str, gone: frozenset[str]) -> Answer:
    """Answer for a dist; those of older publications stay where they are."""
    if path in gone:
        return problem(environ, HTTPStatus.GONE, GONE)
    try:
        kept = None if "\\" in path else dists.find(path)
        if kept is None:
            return problem(environ, HTTPStatus.NOT_FOUND, NO_SUCH_ARCHIVE)
        return _answer(environ, dists, path, kept)
    except StoreError as error:
        logger.warning("%s", error)
        return problem(environ, HTTPStatus.SERVICE_UNAVAILABLE, UNAVAILABLE)


def _answer(environ: "WSGIEnvironment", dists: DistStore, path: str, kept: Kept) -> Answer:
    date = formatdate(kept.modified, usegmt=True)
    headers = [
        ("Content-Type", "application/zip"),
        ("Cache-Control", FOR_EVER),
        ("Last-Modified", date),
        ("ETag", kept.etag),
        ("Accept-Ranges", "bytes"),
        NO_SNIFFING,
    ]
    if is_not_modified(environ, kept.etag, date, kept.modified):
        return Answer(HTTPStatus.NOT_MODIFIED, headers)
    if environ["REQUEST_METHOD"] == "HEAD":
        return Answer(HTTPStatus.OK, [*headers, ("Content-Length", str(kept.size))])
    if address := dists.address(path):
        return elsewhere(address)
    wanted = wanted_range(environ, kept.size, kept.etag, date)
    if wanted == UNSATISFIABLE:
        headers += [("Content-Range", f"bytes */{kept.size}"), ("Content-Length", "0")]
        return Answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers)
    return part_of(environ, dists, path, kept.size, wanted, headers)


def elsewhere(address: str) -> Answer:
    """Send a client to where a dist is. It asks us again in a while, as a signed address holds for an hour."""
    headers = [("Location", address), ("Cache-Control", FOR_A_WHILE), ("Content-Length", "0"), NO_SNIFFING]
    return Answer(HTTPStatus.FOUND, headers)


UNSATISFIABLE = (-1, -1)
LONGEST_NUMBER = 18  # digits


def wanted_range(environ: "WSGIEnvironment", size: int, etag: str, date: str) -> tuple[int, int] | None:
    """Give first and last byte of the one range that is asked for; ``None`` is the whole file."""
    header = environ.get("HTTP_RANGE", "")
    if environ.get("HTTP_IF_RANGE", etag) not in {etag, date}:
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
    dists: DistStore,
    path: str,
    size: int,
    wanted: tuple[int, int] | None,
    headers: Headers,
) -> Answer:
    start, end = wanted or (0, size - 1)
    length = end - start + 1
    headers.append(("Content-Length", str(length)))
    if wanted is not None:
        headers.append(("Content-Range", f"bytes {start}-{end}/{size}"))
        return Answer(HTTPStatus.PARTIAL_CONTENT, headers, FileChunks(dists.open(path, start, end), CHUNK, length))
    file = dists.open(path)
    wrap: Callable[[BinaryIO, int], Iterable[bytes]] = FileChunks
    if isinstance(file, BufferedReader):
        wrap = environ.get("wsgi.file_wrapper", FileChunks)
    return Answer(HTTPStatus.OK, headers, wrap(file, CHUNK))


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
