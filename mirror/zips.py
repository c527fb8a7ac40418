"""Checking zips that nobody has vouched for, without unpacking them to disk.

Every entry is read to its end: what counts is what comes out, not what a header claims.
"""

import re
import stat
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from mirror.zip_directory import (
    DEFLATED,
    ENCRYPTED,
    STORED,
    BrokenZipError,
    Directory,
    Entry,
    content_start,
    find_directory,
    read_at,
    read_entries,
    shown,
)

COMPOSER_JSON = "composer.json"
MOST_FAULTS = 20  # of one archive that are told one by one

_CHUNK = 1 << 18
_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST_PATH, _LONGEST_PART = 1024, 255  # bytes
_DELETE = 0x7F
_IGNORED_TOP = ".DS_Store"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an archive may be at most."""

    archive: int = 1 << 30  # bytes
    unpacked: int = 4 << 30  # bytes
    entries: int = 200_000
    directory: int = 32 << 20  # bytes of the list at the end of the archive
    ratio: int = 200  # unpacked to packed …
    ratio_from: int = 50 << 20  # … of what has more bytes than this unpacked
    composer: int = 1 << 20  # bytes of composer.json


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in an archive; without faults there is a composer.json, with faults there may be."""

    composer: bytes | None
    faults: tuple[str, ...]


class _EntryFaultError(Exception):
    """One entry is bad; the others can still be read."""


def examine(path: Path, bounds: Bounds | None = None) -> Examined:
    """Check an archive and give its composer.json: that of the root or of the single top folder."""
    with path.open("rb") as file:
        return _Examination(file, bounds or Bounds()).run()


class _Examination:
    def __init__(self, file: BinaryIO, bounds: Bounds) -> None:
        self._file = file
        self._bounds = bounds
        self._size = file.seek(0, 2)
        self._unpacked = 0
        self._faults: list[str] = []
        self._composer: bytes | None = None

    def run(self) -> Examined:
        try:
            directory, entries = self._read_directory()
            self._faults += _path_faults(entries)
            self._faults += _kind_faults(entries)
            self._read_contents(directory, entries)
        except BrokenZipError as fault:
            self._faults.append(str(fault))
        return Examined(self._composer, _shortened(self._faults))

    def _read_directory(self) -> tuple[Directory, list[Entry]]:
        if self._size > self._bounds.archive:
            raise BrokenZipError(f"has {self._size:,} bytes, more than the {self._bounds.archive:,} allowed")
        directory = find_directory(self._file, self._size)
        if directory.length > self._bounds.entries:
            raise BrokenZipError(f"has {directory.length:,} entries, more than the {self._bounds.entries:,} allowed")
        if directory.size > self._bounds.directory:
            raise BrokenZipError(f"has a directory of {directory.size:,} bytes, more than {self._bounds.directory:,}")
        data = read_at(self._file, directory.offset, directory.size)
        return directory, list(read_entries(data, directory.length))

    def _read_contents(self, directory: Directory, entries: list[Entry]) -> None:
        wanted = _composer_path(entries)
        if wanted is None:
            self._faults.append(f"has no {COMPOSER_JSON} at its root or in its single top folder")
        end = 0
        for entry in sorted(entries, key=lambda entry: entry.offset):
            start = content_start(self._file, entry)
            if entry.offset < end or start + entry.packed > directory.offset:
                raise BrokenZipError(f"entry {shown(entry.name)} overlaps what lies beside it; pack the archive anew")
            end = start + entry.packed
            content = self._read_entry(entry, start, keep=entry.path == wanted)
            if entry.path == wanted:
                self._composer = content

    def _read_entry(self, entry: Entry, start: int, *, keep: bool) -> bytes | None:
        """Inflate an entry to its end; a fault of its content does not keep the others from being read."""
        if entry.flags & ENCRYPTED:
            self._faults.append(f"entry {shown(entry.name)} is encrypted; pack the archive without a password")
            return None
        kept = bytearray()
        size = crc = 0
        try:
            for chunk in _inflate(self._file, entry, start):
                size += len(chunk)
                crc = zlib.crc32(chunk, crc)
                _check_ratio(f"entry {shown(entry.name)}", size, entry.packed, self._bounds)
                self._count(len(chunk))
                if keep and len(kept) <= self._bounds.composer:
                    kept += chunk
            _check_content(entry, size, crc)
        except _EntryFaultError as fault:
            self._faults.append(str(fault))
        if len(kept) > self._bounds.composer:
            self._faults.append(f"{entry.path} has more than the {self._bounds.composer:,} bytes that are read")
            return None
        return bytes(kept)

    def _count(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > self._bounds.unpacked:
            raise BrokenZipError(f"unpacks to more than the {self._bounds.unpacked:,} bytes allowed")
        try:
            _check_ratio("the archive", self._unpacked, self._size, self._bounds)
        except _EntryFaultError as fault:
            raise BrokenZipError(str(fault)) from None


def _check_ratio(what: str, size: int, packed: int, bounds: Bounds) -> None:
    if size > bounds.ratio_from and size > bounds.ratio * packed:
        raise _EntryFaultError(f"{what} unpacks to more than {bounds.ratio} times its size: a bomb")


def _check_content(entry: Entry, size: int, crc: int) -> None:
    if size != entry.size:
        raise _EntryFaultError(f"entry {shown(entry.name)} has {size:,} bytes and claims {entry.size:,}")
    if crc != entry.crc:
        raise _EntryFaultError(f"entry {shown(entry.name)} is damaged: its checksum is wrong")


def _inflate(file: BinaryIO, entry: Entry, start: int) -> Iterator[bytes]:
    packed = _packed_chunks(file, start, entry.packed)
    if entry.method == STORED:
        return packed
    if entry.method == DEFLATED:
        return _inflated(entry, packed)
    how = f"entry {shown(entry.name)} is packed by method {entry.method}"
    raise _EntryFaultError(f"{how}; pack the archive with deflate or without compression")


def _packed_chunks(file: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    end = start + size
    while start < end:
        chunk = read_at(file, start, min(_CHUNK, end - start))
        yield chunk
        start += len(chunk)


def _inflated(entry: Entry, packed: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for chunk in packed:
            rest = chunk
            while rest and not stream.eof:
                yield stream.decompress(rest, _CHUNK)
                rest = stream.unconsumed_tail
        while not stream.eof and (chunk := stream.decompress(b"", _CHUNK)):
            yield chunk
    except zlib.error as error:
        raise _EntryFaultError(f"entry {shown(entry.name)} is damaged: {error}") from error
    if not stream.eof or stream.unused_data:
        raise _EntryFaultError(f"entry {shown(entry.name)} is damaged: its content ends too early or too late")


def _composer_path(entries: list[Entry]) -> str | None:
    paths = {entry.path for entry in entries}
    if COMPOSER_JSON in paths:
        return COMPOSER_JSON
    tops = {path.partition("/")[0] for path in paths} - {_IGNORED_TOP}
    inner = f"{min(tops, default='')}/{COMPOSER_JSON}"
    return inner if len(tops) == 1 and inner in paths else None


def _path_faults(entries: list[Entry]) -> Iterator[str]:
    for entry in entries:
        for name in dict.fromkeys((entry.name, entry.unicode_name)):
            for fault in _name_faults(name):
                yield f"entry {shown(name)} {fault}"
    ordered = sorted(entries, key=lambda entry: entry.path.replace("/", "\0"))  # children follow their folder
    for entry, following in pairwise(ordered):
        if entry.path == following.path:
            yield f"entry {shown(entry.name)} occurs twice"
        elif not entry.is_folder and following.path.startswith(entry.path + "/"):
            yield f"entry {shown(entry.name)} is a file and a folder"


def _name_faults(name: str) -> Iterator[str]:
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or _DRIVE.match(name):
        yield "is absolute; entries must lie below the package"
    elif ".." in parts:
        yield "leads out of the package"
    elif "" in parts or "." in parts:
        yield "has an empty part"
    if "\\" in name:
        yield "has a backslash; folders are divided by /"
    if any(ord(letter) < ord(" ") or ord(letter) == _DELETE for letter in name):
        yield "has a control character"
    sizes = [len(part.encode()) for part in parts]
    if sum(sizes) + len(parts) > _LONGEST_PATH or max(sizes) > _LONGEST_PART:
        yield f"is too long: {_LONGEST_PATH} bytes, and {_LONGEST_PART} between slashes, are allowed"


def _kind_faults(entries: list[Entry]) -> Iterator[str]:
    for entry in entries:
        kind = stat.S_IFMT(entry.mode)
        if stat.S_ISLNK(entry.mode):
            yield f"entry {shown(entry.name)} is a symbolic link; pack the file itself"
        elif kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            yield f"entry {shown(entry.name)} is a device or another special file"


def _shortened(faults: list[str]) -> tuple[str, ...]:
    rest = len(faults) - MOST_FAULTS
    more = [f"and {rest:,} more faults"] if rest > 0 else []
    return tuple(faults[:MOST_FAULTS] + more)
