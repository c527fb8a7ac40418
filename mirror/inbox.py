"""Files that a person sends: written to the disk as they arrive, never whole in memory, and within bounds.

uploads/<random>/001-<name>.zip     below the data directory; the name is made of harmless characters
"""

import contextlib
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mirror.findings import printable
from mirror.intake import Refused
from mirror.places import data_dir
from mirror.receiving import naming_full_disk
from mirror.storage import DiskFullError

SUFFIX = ".zip"
LONGEST_NAME = 100  # characters of a name that are kept
OVERHEAD = 1 << 20  # bytes of a request that are none of its files'
FULL = "choose fewer or smaller archives; nothing was kept"
_DIRECTORY = re.compile(r"[0-9a-f]{32}")
_HARMLESS = re.compile(r"[^A-Za-z0-9._+~-]+")


class FileRefusedError(Exception):
    """One file is not taken; the others may be."""


class InboxFullError(Exception):
    """Nothing is taken; what had arrived is removed again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be sent at once."""

    file: int  # bytes
    total: int  # bytes
    files: int = 100


class Inbox:
    """The files of one upload, in a directory of their own."""

    def __init__(self, limits: Limits) -> None:
        self.name = secrets.token_hex(16)
        self.limits = limits
        self.sent_as: dict[str, str] = {}  # what the person called each file, as it may be shown
        self.refused: list[Refused] = []
        self.size = 0  # bytes
        self.fault = ""  # why nothing is taken
        self._file: BinaryIO | None = None
        self._begun = 0
        self._current, self._current_size = "", 0

    @property
    def directory(self) -> Path:
        return place_of(self.name)

    @property
    def files(self) -> int:
        return len(self.sent_as)

    def expect(self, length: int) -> None:
        """Be told how long the whole request is. Raises: InboxFullError: it is too long, or the disk too full."""
        if length > self.limits.total + OVERHEAD:
            self._refuse_all(f"{_megabytes(length)} are more than the {_megabytes(self.limits.total)} allowed at once")
        root = uploads_dir()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(root).free
        if length > free:
            self._refuse_all(f"no space is left on the server's disk for {_megabytes(length)}; free some")

    def begin(self, name: str) -> None:
        """Begin a file. Raises: FileRefusedError, InboxFullError."""
        self.end()
        self._begun += 1
        shown = printable(name)[:LONGEST_NAME]
        self._current, self._current_size = f"{self._begun:03}-{_harmless(name)}", 0
        self.sent_as[self._current] = shown
        if self._begun > self.limits.files:
            self._refuse_all(f"more than {self.limits.files} files were sent at once")
        if not name.lower().endswith(SUFFIX):
            self._refuse(f"is not called something{SUFFIX}; only zips can be imported")
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = (self.directory / self._current).open("xb")

    def write(self, chunk: bytes) -> None:
        """Add bytes to the file that was begun. Raises: FileRefusedError, InboxFullError."""
        assert self._file is not None  # noqa: S101 - begin comes first
        self._current_size += len(chunk)
        self.size += len(chunk)
        if self.size > self.limits.total:
            self._refuse_all(f"the archives are more than the {_megabytes(self.limits.total)} allowed at once")
        if self._current_size > self.limits.file:
            self._refuse(f"is larger than the {_megabytes(self.limits.file)} allowed for one archive")
        try:
            with naming_full_disk("upload again"):
                self._file.write(chunk)
        except DiskFullError:
            self._refuse_all("no space is left on the server's disk; free some")

    def end(self) -> None:
        """End the file that was begun. Raises: InboxFullError."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            with naming_full_disk("upload again"):
                file.close()
        except DiskFullError:
            self._refuse_all("no space is left on the server's disk; free some")

    def discard(self) -> None:
        """Remove all that arrived."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
        remove(self.name)

    def _refuse(self, fault: str) -> None:
        self.refused.append(Refused(self._current, (fault,)))
        if self._file is not None:
            self.size -= self._current_size
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
            (self.directory / self._current).unlink(missing_ok=True)
        raise FileRefusedError(fault)

    def _refuse_all(self, fault: str) -> None:
        self.fault = f"{fault}; {FULL}"
        self.discard()
        raise InboxFullError(self.fault)


def uploads_dir() -> Path:
    return data_dir() / "uploads"


def place_of(name: str) -> Path:
    """Give the directory of an upload. Raises: ValueError: that is no name of one."""
    if not _DIRECTORY.fullmatch(name):
        raise ValueError(f"{name!r} is not the directory of an upload")
    return uploads_dir() / name


def remove(name: str) -> bool:
    """Remove an upload's directory; tell whether there was one."""
    directory = place_of(name)
    existed = directory.is_dir()
    shutil.rmtree(directory, ignore_errors=True)
    return existed


def kept() -> Iterator[Path]:
    """Give the directories of all uploads on the disk."""
    if uploads_dir().is_dir():
        yield from (path for path in uploads_dir().iterdir() if _DIRECTORY.fullmatch(path.name))


def _harmless(name: str) -> str:
    """Make of a name that anybody may have chosen one that is safe as a file's."""
    stem = name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) else name
    return (_HARMLESS.sub("_", stem)[:LONGEST_NAME].strip(".") or "_") + SUFFIX


def _megabytes(size: int) -> str:
    if size < 1 << 20:
        return f"{size:,} bytes"
    return f"{size / (1 << 20):,.1f} MB".replace(".0 MB", " MB")
