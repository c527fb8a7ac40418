"""The structure of a zip, read strictly and without believing that it is one.

The standard library believes sizes, lets entries overlap and reads only one of an entry's two names;
programs that unpack may read the other. Here there is one directory, at the end of the file, and
each entry says the same there and where it lies. Source: PKWARE APPNOTE 6.3, Info-ZIP field 0x7075.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

ENCRYPTED = 0x0001 | 0x0040 | 0x2000  # flags
STORED, DEFLATED = 0, 8  # methods

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_FARTHEST = 1 << 62  # bytes; a file cannot be sought farther
_LONGEST_COMMENT = 0xFFFF
_SHORT, _INT = 0xFFFF, 0xFFFFFFFF  # "look into the zip64 record"
_UTF8 = 0x0800
_ZIP64_FIELD, _UNICODE_PATH_FIELD = 0x0001, 0x7075


class BrokenZipError(Exception):
    """This is no zip, or reading it cannot go on; the message is the predicate of a sentence."""


class Entry(NamedTuple):
    raw_name: bytes
    name: str
    unicode_name: str  # of the extra field that some programs prefer, else as `name`
    flags: int
    method: int
    crc: int
    packed: int  # bytes
    size: int  # bytes, as the header claims
    mode: int  # Unix
    offset: int

    @property
    def path(self) -> str:
        return self.unicode_name.removesuffix("/")

    @property
    def is_folder(self) -> bool:
        return self.unicode_name.endswith("/")


class Directory(NamedTuple):
    offset: int
    size: int  # bytes
    length: int  # entries


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """Raises: BrokenZipError when the file ends before."""
    file.seek(min(offset, _FARTHEST))
    data = file.read(size)
    if len(data) < size:
        raise BrokenZipError("is cut short")
    return data


def find_directory(file: BinaryIO, file_size: int) -> Directory:
    tail_size = min(file_size, _END.size + _LONGEST_COMMENT)
    tail = read_at(file, file_size - tail_size, tail_size)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail):
        raise BrokenZipError(_without_end(file, file_size))
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(tail, at)
    position = file_size - tail_size + at
    if position + _END.size + comment != file_size:
        raise BrokenZipError("has bytes behind its end, or is cut short")
    directory = Directory(offset, size, count)
    if position >= _LOCATOR64.size + _END64.size:
        directory, position = _with_zip64(file, directory, position)
    if (disk, first_disk, here) not in {(0, 0, count), (_SHORT, _SHORT, _SHORT)}:
        raise BrokenZipError("is one of several parts")
    if directory.offset + directory.size != position:
        raise BrokenZipError("has a directory that is not where its end says; it is cut short or has bytes in front")
    return directory


def _without_end(file: BinaryIO, size: int) -> str:
    if size == 0:
        return "is empty"
    if read_at(file, 0, min(size, 4)) == b"PK\3\4":
        return "is cut short: the directory at its end is missing"
    return "is not a zip"


def _with_zip64(file: BinaryIO, plain: Directory, position: int) -> tuple[Directory, int]:
    """Give the directory of the zip64 record if there is one, and where the records begin."""
    locator = _LOCATOR64.unpack(read_at(file, position - _LOCATOR64.size, _LOCATOR64.size))
    if locator[0] != b"PK\6\7":
        return plain, position
    start = position - _LOCATOR64.size - _END64.size
    record = _END64.unpack(read_at(file, start, _END64.size))
    if record[0] != b"PK\6\6" or locator[2] != start:
        raise BrokenZipError("has a zip64 record that is not where its end says")
    count, size, offset = record[7:]
    agree = plain.length in {count, _SHORT} and plain.size in {size, _INT} and plain.offset in {offset, _INT}
    if not agree:
        raise BrokenZipError("has two ends that say different things")
    return Directory(offset, size, count), start


def read_entries(data: bytes, count: int) -> Iterator[Entry]:
    position = 0
    for _ in range(count):
        if data[position : position + 4] != b"PK\1\2" or position + _CENTRAL.size > len(data):
            raise BrokenZipError("has a damaged directory")
        entry, position = _entry(data, position)
        yield entry
    if position != len(data):
        raise BrokenZipError("has a directory with more in it than its end says")


def _entry(data: bytes, position: int) -> tuple[Entry, int]:
    fields = _CENTRAL.unpack_from(data, position)
    flags, method, crc, packed, size = fields[3], fields[4], *fields[7:10]
    name_size, extra_size, comment_size, attributes, offset = *fields[10:13], *fields[15:17]
    start = position + _CENTRAL.size
    raw_name = data[start : start + name_size]
    extra = data[start + name_size : start + name_size + extra_size]
    name = _decoded(raw_name, flags)
    found = dict(_extra_fields(extra))
    size, packed, offset = _with_zip64_field(found.get(_ZIP64_FIELD, b""), size, packed, offset)
    unicode_name = _unicode_name(found.get(_UNICODE_PATH_FIELD), raw_name, name)
    entry = Entry(raw_name, name, unicode_name, flags, method, crc, packed, size, attributes >> 16, offset)
    return entry, start + name_size + extra_size + comment_size


def _decoded(raw_name: bytes, flags: int) -> str:
    try:
        return raw_name.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError as error:
        raise BrokenZipError(f"has an entry whose name is not UTF-8: {raw_name[:80]!r}") from error


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, position)
        yield kind, extra[position + 4 : position + 4 + size]
        position += 4 + size


def _with_zip64_field(field: bytes, *values: int) -> Iterator[int]:
    """Give size, packed size and offset: a value that does not fit stands in the field instead."""
    position = 0
    for value in values:
        if value != _INT or not field:
            yield value
            continue
        if position + 8 > len(field):
            raise BrokenZipError("has a damaged zip64 field")
        yield int.from_bytes(field[position : position + 8], "little")
        position += 8


def _unicode_name(field: bytes | None, raw_name: bytes, name: str) -> str:
    """Give the name of the extra field where it applies: its checksum is that of the plain name."""
    if field is None or field[:5] != b"\1" + struct.pack("<I", zlib.crc32(raw_name)):
        return name
    return _decoded(field[5:], _UTF8)


def content_start(file: BinaryIO, entry: Entry) -> int:
    header = _LOCAL.unpack(read_at(file, entry.offset, _LOCAL.size))
    name = read_at(file, entry.offset + _LOCAL.size, header[9])
    same = name == entry.raw_name and header[3] == entry.method and not (header[2] ^ entry.flags) & ENCRYPTED
    if header[0] != b"PK\3\4" or not same:
        raise BrokenZipError(f"entry {shown(entry.name)} is another one in the directory than where it lies")
    start: int = entry.offset + _LOCAL.size + header[9] + header[10]
    return start


def shown(name: str) -> str:
    """Give a name as a message may show it: escaped, and not too long."""
    text = ascii(name)
    return text if len(text) <= 120 else f"{text[:100]}…"  # noqa: PLR2004
