"""Writing one archive: hashed on the way, parts of the one before copied, put in its place when whole."""

import contextlib
import errno
import hashlib
import os
import zlib
from pathlib import Path
from typing import IO, NamedTuple

from mirror.archive import Slot, central_record, end_record, local_record, moved_record
from mirror.storage import place

CHUNK = 1 << 20  # bytes


class Placed(NamedTuple):
    """Where an entry of an archive lies, so that the next version can copy it."""

    content: str | bytes  # git id, or the bytes themselves
    permissions: int
    start: int
    length: int
    record: bytes  # its line of the directory


class Writer:
    """Writes one archive to a temporary file; entries that are copied side by side are one read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w+b", buffering=0)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._run: tuple[IO[bytes], int, int] | None = None  # (archive, start, end)
        self._central: list[bytes] = []
        self.size = 0

    def add(self, slot: Slot, content: str | bytes, data: bytes) -> Placed:
        """Write an entry; ``content`` is what tells it from another one of the same name."""
        self._end_run()
        crc, start = zlib.crc32(data), self.size
        record = local_record(slot.name, crc, len(data))
        self._append(record)
        self._append(data)
        length, line = len(record) + len(data), central_record(slot, crc, len(data), start)
        self._central.append(line)
        return Placed(content, slot.permissions, start, length, line)

    def copy(self, archive: IO[bytes], old: Placed) -> Placed:
        """Take an entry over from an archive of this layout."""
        start = self.size
        if self._run and self._run[2] == old.start:
            self._run = (archive, self._run[1], old.start + old.length)
        else:
            self._end_run()
            self._run = (archive, old.start, old.start + old.length)
        self.size += old.length
        line = moved_record(old.record, start)
        self._central.append(line)
        return Placed(old.content, old.permissions, start, old.length, line)

    def finish(self) -> None:
        """Write the rest; the archive is whole then, but not at its place."""
        self._end_run()
        offset, central = self.size, b"".join(self._central)
        self._append(central)
        self._append(end_record(len(self._central), len(central), offset))
        self._drain()

    def reader(self) -> IO[bytes]:
        """Open the archive for copying from it; it stays readable whatever becomes of its name."""
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def place(self, target: Path) -> None:
        """Make sure that the bytes are on the disk, and give the archive its name.

        Raises:
            OSError: nothing of it is left.
        """
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            target.parent.mkdir(parents=True, exist_ok=True)
            place(self._path, target, self._sha256.hexdigest())
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)

    def digests(self) -> tuple[str, str]:
        """Give sha1 and sha256 (hex) of what was written."""
        return self._sha1.hexdigest(), self._sha256.hexdigest()

    def _append(self, data: bytes) -> None:
        self.size += len(data)
        self._pend(data)

    def _end_run(self) -> None:
        if self._run is None:
            return
        archive, start, end = self._run
        self._run = None
        while start < end:
            data = os.pread(archive.fileno(), min(CHUNK, end - start), start)
            if not data:
                raise OSError(errno.EIO, "an archive that was just made is shorter than it was")
            start += len(data)
            self._pend(data)

    def _pend(self, data: bytes) -> None:
        self._pending.append(data)
        self._pending_size += len(data)
        if self._pending_size >= CHUNK:
            self._drain()

    def _drain(self) -> None:
        data = b"".join(self._pending)
        self._pending, self._pending_size = [], 0
        self._sha1.update(data)
        self._sha256.update(data)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
