"""Where dists are kept: below the data directory, or in a bucket (bucket.py). `STORAGES["dists"]` says which.

Dists are made whole before they get their address, and what has an address is never replaced.
"""

import contextlib
import errno
import logging
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, storages

from mirror.storage import DistributionFiles, place, sha256_of, sync_directory

ALIAS = "dists"
NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})
TAKEN = "its address {path} is taken by other bytes: sha256 {there} there, {here} here; {advice}"
_REMOVE = "if no publication ever named it, remove that file and try again"

logger = logging.getLogger(__name__)


class StoreError(Exception):
    """Dists cannot be stored or read for now; what is stored already is whole."""


class Kept(NamedTuple):
    """A dist as a web server names it."""

    size: int  # bytes
    modified: int  # unix seconds
    etag: str  # with its quotes


class Whole(NamedTuple):
    """A file that is to become a dist."""

    file: Path
    sha256: str


class DistStore(Protocol):
    """The dists of one distribution by their public path. Every method raises StoreError."""

    def find(self, path: str) -> Kept | None:
        """Give what is known of a dist without reading it; it may be remembered, as a dist never changes."""

    def open(self, path: str, first: int = 0, last: int | None = None) -> BinaryIO:
        """Open a dist, or at least what is from the first to the last byte. Raises: FileNotFoundError."""

    def address(self, path: str) -> str | None:
        """Give where clients fetch it themselves; None: they get it from us."""

    def paths(self) -> Iterator[str]:
        """List all dists."""

    def workplace(self) -> contextlib.AbstractContextManager[Path]:
        """Give an empty directory for what is not whole yet; whoever asks holds the distribution alone."""

    def target(self, path: str, workplace: Path) -> Path:
        """Say where a dist that no row names yet is to be made, and clear the way."""

    def put(self, files: Mapping[str, Whole]) -> dict[str, str]:
        """Keep files, moved from where they are; give what is wrong with those that could not be, by path."""

    def holds_other(self, path: str, sha256: str) -> bool:
        """Tell whether other bytes have this address."""

    def remove(self, path: str) -> None:
        """Take a purged dist away; one that is not there is fine."""

    def file(self, path: str) -> Path | None:
        """Give the file of a dist; None where dists are no files."""


@runtime_checkable
class DistStorage(Protocol):
    """A storage that is no file system."""

    def store_of(self, slug: str) -> DistStore:
        """Give the dists of one distribution."""

    def see(self) -> None:
        """See within seconds that it can be used. Raises: StoreError."""


def dists_of(files: DistributionFiles) -> DistStore:
    """Give the dists of a distribution, wherever this installation keeps them."""
    storage = storages[ALIAS]
    if isinstance(storage, FileSystemStorage):
        return LocalDists(files)
    if isinstance(storage, DistStorage):
        return storage.store_of(files.root.name)
    raise ImproperlyConfigured(f'STORAGES["{ALIAS}"] is a {type(storage).__name__}, which cannot keep dists')


def can_be_reached() -> bool:
    """Tell whether dists can be read now; those below the data directory can as long as it is there."""
    storage = storages[ALIAS]
    try:
        if isinstance(storage, DistStorage):
            storage.see()
    except StoreError as failure:
        logger.warning("Dists cannot be reached: %s", failure)
        return False
    return True


class LocalDists:
    """Dists below the data directory, where a web server may read them."""

    def __init__(self, files: DistributionFiles) -> None:
        self._files = files

    def find(self, path: str) -> Kept | None:
        try:
            found = self._files.dist(path).stat()
        except ValueError:
            return None
        except OSError as error:
            if error.errno in NOT_THERE:
                return None
            raise
        if not stat.S_ISREG(found.st_mode):
            return None
        modified = int(found.st_mtime)
        return Kept(found.st_size, modified, f'"{modified:x}-{found.st_size:x}"')

    def open(self, path: str, first: int = 0, last: int | None = None) -> BinaryIO:
        file = self._files.dist(path).open("rb")
        file.seek(first)
        return file

    def address(self, path: str) -> None:
        return None

    def paths(self) -> Iterator[str]:
        root = self._files.dists
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (Path(folder, name).relative_to(root).as_posix() for name in names)

    @contextlib.contextmanager
    def workplace(self) -> Iterator[Path]:
        """Beside the dists, so that giving a name is one step; of its own, as another machine may still be at work."""
        self._files.temporary.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._files.temporary, ignore_cleanup_errors=True) as directory:
            yield Path(directory)

    def target(self, path: str, workplace: Path) -> Path:
        target = self._files.dist(path)
        target.unlink(missing_ok=True)  # of a process that died before it could write the row
        return target

    def put(self, files: Mapping[str, Whole]) -> dict[str, str]:
        faults = {path: fault for path, whole in files.items() if (fault := self._put(path, whole))}
        parents = {self._files.dist(path).parent for path in files.keys() - faults.keys()}
        for folder in parents | {parent.parent for parent in parents}:
            sync_directory(folder)
        return faults

    def _put(self, path: str, whole: Whole) -> str | None:
        target = self._files.dist(path)
        if whole.file == target:
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            place(whole.file, target, whole.sha256)
        except FileExistsError:
            return TAKEN.format(path=path, there=sha256_of(target), here=whole.sha256, advice=_REMOVE)
        return None

    def holds_other(self, path: str, sha256: str) -> bool:
        target = self._files.dist(path)
        return target.exists() and sha256_of(target) != sha256

    def remove(self, path: str) -> None:
        self._files.dist(path).unlink(missing_ok=True)

    def file(self, path: str) -> Path:
        return self._files.dist(path)
