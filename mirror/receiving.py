"""Files of a directory that nobody has vouched for: found, read and copied with care."""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mirror.storage import DiskFullError

CHUNK = 1 << 20  # bytes
ADVICE = "import again: nothing is stored in part"


class NotReceivedError(Exception):
    """A file cannot be received; the message is the predicate of a sentence about it."""


_LINKED_FOLDER = NotReceivedError("is a symbolic link to a folder; import that folder itself")


class Digests(NamedTuple):
    sha1: str
    sha256: str
    size: int  # bytes


def find(directory: Path, suffix: str) -> list[tuple[str, Path | NotReceivedError]]:
    """Give files below a directory by their name there, and what cannot be looked into; sorted, no link followed."""
    found: list[tuple[str, Path | NotReceivedError]] = []

    def note(error: OSError) -> None:
        found.append((_name(error.filename, directory), _unreadable(error)))

    for folder, folders, names in os.walk(directory, onerror=note):
        paths = [Path(folder, name) for name in names if name.lower().endswith(suffix)]
        found += [(_name(path, directory), path) for path in paths]
        links = [path for name in folders if (path := Path(folder, name)).is_symlink()]
        found += [(_name(path, directory), _LINKED_FOLDER) for path in links]
    return sorted(found, key=lambda pair: pair[0])


def _name(path: str | Path, directory: Path) -> str:
    """Give a path as a message may show it, bytes that are not UTF-8 and control characters escaped."""
    text = os.fsencode(os.path.relpath(path, directory)).decode("utf-8", "backslashreplace")
    return text if text.isprintable() else ascii(text)


def _unreadable(error: OSError) -> NotReceivedError:
    return NotReceivedError(f"cannot be read: {error.strerror}")


def opened(path: Path) -> BinaryIO:
    """Open a regular file that is no link. Raises: NotReceivedError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotReceivedError("is a symbolic link; import the file itself") from error
        raise _unreadable(error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotReceivedError("is not a regular file")
    return os.fdopen(descriptor, "rb")


def copy(source: BinaryIO, target: BinaryIO | None, most: int) -> Digests:
    """Hash a file, and write what is hashed; reading ends when there are more than ``most`` bytes."""
    sha1, sha256, size = hashlib.sha1(usedforsecurity=False), hashlib.sha256(), 0
    while size <= most and (chunk := _read(source)):
        size += len(chunk)
        sha1.update(chunk)
        sha256.update(chunk)
        if target is not None:
            target.write(chunk)
    return Digests(sha1.hexdigest(), sha256.hexdigest(), size)


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(CHUNK)
    except OSError as error:
        raise _unreadable(error) from error


def copy_whole(source: BinaryIO, target: Path, digests: Digests) -> None:
    """Copy to a temporary file that is on the disk when this returns, and is what was hashed before.

    Raises:
        NotReceivedError: it changed meanwhile.
        DiskFullError: the temporary file may be there in part.
    """
    source.seek(0)
    with naming_full_disk(ADVICE), target.open("wb") as file:
        copied = copy(source, file, digests.size)
        file.flush()
        target.chmod(0o644)
        os.fsync(file.fileno())
    if copied != digests:
        target.unlink()
        raise NotReceivedError("changed while it was read; import it again when nobody writes to it")


@contextlib.contextmanager
def naming_full_disk(advice: str) -> Iterator[None]:
    """Raise DiskFullError where the disk is full; ``advice`` says what to do when there is space again."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise DiskFullError(error.errno, f"no space left on the disk; free some and {advice}") from error
