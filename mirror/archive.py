"""The zip layout of a dist, to the byte.

Entries are stored, not compressed, all with one date and Unix permissions, so that no compressor,
clock or umask can change a checksum that stands in somebody's lock file. Files come in the order
of `collation.locale_key`; the entry of a folder stands before the first file below it.
Source: the layout of the archives already in use, as JSZip writes them; PKWARE APPNOTE 6.3; Info-ZIP 0x7075.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mirror.collation import locale_key

FILE, EXECUTABLE, FOLDER, EMPTIED_FOLDER = 0o644, 0o755, 0o775, 0o755
MOST_ENTRIES = 0xFFFF
MOST_BYTES = 0xFFFFFFFF

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_OFFSET = struct.Struct("<I")
_OFFSET_AT = _CENTRAL.size - _OFFSET.size
_END = struct.Struct("<4s4H2IH")
_UNICODE_PATH = struct.Struct("<2sHBI")
_MADE_BY = 0x031E  # Unix, 3.0
_NEEDED = 10
_UTF8 = 0x0800
_TIME = 22 << 11 | 2 << 5 | 22 // 2
_DATE = (2022 - 1980) << 9 | 2 << 5 | 22
_FOLDER_ATTRIBUTE = 0x10


class ArchiveTooLargeError(ValueError):
    """The archive would need the zip64 format, which this layout does not have."""


class Slot(NamedTuple):
    """A place in the archive: ``name`` ends with a slash if it is a folder."""

    name: str
    permissions: int


def slots_of(files: Mapping[str, bool], emptied: Iterable[str] = ()) -> list[Slot]:
    """Give the entries in archive order for paths and whether each is executable."""
    folders = set(emptied)
    slots: dict[str, int] = {}
    last_folder = ""
    for path in sorted({*files, *folders}, key=locale_key):
        folder = path.rpartition("/")[0]
        if folder and folder != last_folder:
            _add_folders(slots, folder)
        last_folder = folder
        if path in folders and path not in files:
            slots[path + "/"] = EMPTIED_FOLDER
            last_folder = ""
        else:
            slots[path] = EXECUTABLE if files[path] else FILE
    ordered = [Slot(name, permissions) for name, permissions in slots.items()]
    indices = [slot for slot in ordered if _is_index(slot.name)]
    if not indices:
        return ordered
    return sorted(indices, key=lambda slot: int(slot.name)) + [slot for slot in ordered if slot not in indices]


def _is_index(name: str) -> bool:
    """Tell whether JavaScript takes a name for an index; objects list these first, in number order."""
    short = name.isascii() and name.isdigit() and len(name) <= len(str(MOST_BYTES))
    return short and str(int(name)) == name and int(name) < MOST_BYTES


def _add_folders(slots: dict[str, int], folder: str) -> None:
    end = folder.find("/")
    while end != -1:
        slots[folder[: end + 1]] = FOLDER
        end = folder.find("/", end + 1)
    slots[folder + "/"] = FOLDER


def local_record(name: str, crc: int, size: int) -> bytes:
    """Give what stands before an entry's bytes."""
    encoded, flags, extra = _name_of(name)
    sizes = (crc, size, size, len(encoded), len(extra))
    return _packed(_LOCAL, b"PK\3\4", _NEEDED, flags, 0, _TIME, _DATE, *sizes) + encoded + extra


def central_record(slot: Slot, crc: int, size: int, offset: int) -> bytes:
    """Give an entry's line of the directory at the end of the archive."""
    encoded, flags, extra = _name_of(slot.name)
    attributes = slot.permissions << 16
    if slot.name.endswith("/"):
        attributes |= _FOLDER_ATTRIBUTE
    sizes = (crc, size, size, len(encoded), len(extra))
    rest = (0, 0, 0, attributes, offset)
    return _packed(_CENTRAL, b"PK\1\2", _MADE_BY, _NEEDED, flags, 0, _TIME, _DATE, *sizes, *rest) + encoded + extra


def moved_record(record: bytes, offset: int) -> bytes:
    """Give an entry's line of the directory for an archive in which it lies elsewhere."""
    return record[:_OFFSET_AT] + _packed(_OFFSET, offset) + record[_OFFSET_AT + _OFFSET.size :]


def end_record(entries: int, central_size: int, central_offset: int) -> bytes:
    """Give the end of the archive.

    Raises:
        ArchiveTooLargeError: more than 65,535 entries or 4 GiB.
    """
    if entries > MOST_ENTRIES or central_offset + central_size > MOST_BYTES:
        raise ArchiveTooLargeError(f"{entries} entries, {central_offset + central_size} bytes")
    return _END.pack(b"PK\5\6", 0, 0, entries, entries, central_size, central_offset, 0)


def _packed(record: struct.Struct, *fields: int | bytes) -> bytes:
    try:
        return record.pack(*fields)
    except struct.error as error:
        raise ArchiveTooLargeError("a name, a size or an offset") from error


def _name_of(name: str) -> tuple[bytes, int, bytes]:
    encoded = name.encode()
    if len(encoded) == len(name):
        return encoded, 0, b""
    extra = _packed(_UNICODE_PATH, b"up", 5 + len(encoded), 1, zlib.crc32(encoded)) + encoded
    return encoded, _UTF8, extra
