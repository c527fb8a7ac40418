"""Files below the data directory: where each lies, and how it gets there whole or not at all.

sources/<slug>/<key>.git            bare mirrors
locks/<slug>.lock
distributions/<slug>/dists/         archives by public path, kept for ever
distributions/<slug>/metadata/      metadata files by sha256, with .gz beside
distributions/<slug>/publications/<number>/   one directory a publication, as a web server serves it
distributions/<slug>/current        link to the publication that is served
"""

import contextlib
import errno
import fcntl
import gzip
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

LISTING = ".listing.json"
GZIP_SUFFIX = ".gz"


class DiskFullError(OSError):
    """The disk of the data directory is full; the file that was being written is gone again."""


class LockedError(Exception):
    """Another process holds the lock; ``holder`` is what it wrote about itself."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(holder)


@dataclass(frozen=True, slots=True)
class Served:
    """One served file of a publication."""

    sha256: str  # 64 hex digits
    size: int  # bytes
    last_modified: int  # unix seconds, strictly increasing per path


@dataclass(frozen=True, slots=True)
class Listing:
    """An immutable publication: what is served under which path below the distribution's base."""

    number: int
    files: Mapping[str, Served]
    gone: tuple[str, ...] = ()  # paths of purged dists, answered with 410

    def to_json(self) -> bytes:
        files = {p: [f.sha256, f.size, f.last_modified] for p, f in sorted(self.files.items())}
        body = {"number": self.number, "files": files, "gone": sorted(self.gone)}
        return json.dumps(body, indent=0).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        body = json.loads(data)
        files = {path: Served(*entry) for path, entry in body["files"].items()}
        return cls(body["number"], files, tuple(body["gone"]))


class DistributionFiles:
    """The directory of one distribution."""

    def __init__(self, data_dir: Path, slug: str) -> None:
        self.root = data_dir / "distributions" / slug
        self.dists = self.root / "dists"
        self.metadata = self.root / "metadata"
        self.publications = self.root / "publications"
        self.current = self.root / "current"
        self.temporary = self.dists / ".tmp"

    def prepare(self) -> None:
        """Make the directories and clear away what a killed process left; the caller holds the lock."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        for left in self.publications.glob(".new-*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in (*self.root.glob(".current-*"), *self.metadata.glob("*/.*")):
            left.unlink(missing_ok=True)
        for path in (self.dists, self.metadata, self.publications, self.temporary):
            path.mkdir(parents=True, exist_ok=True)

    def dist(self, path: str) -> Path:
        """Give the place of a dist by its public path.

        Raises:
            ValueError: the path leaves the directory.
        """
        return self.dists.joinpath(*parts_of(path))

    def store(self, content: bytes) -> str:
        """Keep a metadata file and its gzip by its sha256 (64 hex digits), which is returned."""
        digest = hashlib.sha256(content).hexdigest()
        target = self.stored(digest)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            zipped = gzip.compress(content, compresslevel=6, mtime=0)
            write_whole(target.with_name(digest + GZIP_SUFFIX), zipped)
            write_whole(target, content)
        return digest

    def stored(self, digest: str) -> Path:
        return self.metadata / digest[:2] / digest

    def publication(self, number: int) -> Path:
        return self.publications / str(number)

    @contextlib.contextmanager
    def laid_out(self, listing: Listing) -> Iterator[Path]:
        """Make a publication's directory from stored files; it goes again unless `install` gives it its name."""
        building = Path(tempfile.mkdtemp(prefix=".new-", dir=self.publications))
        building.chmod(0o755)
        try:
            for path, served in listing.files.items():
                self._place(building / path, served)
            write_whole(building / LISTING, listing.to_json())
            yield building
        finally:
            shutil.rmtree(building, ignore_errors=True)

    def install(self, directory: Path, number: int) -> None:
        """Give a publication its name, instead of one that was never recorded; nobody else may do so meanwhile."""
        target = self.publication(number)
        shutil.rmtree(target, ignore_errors=True)
        directory.rename(target)
        sync_directory(self.publications)

    def _place(self, target: Path, served: Served) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        stored = self.stored(served.sha256)
        for suffix in ("", GZIP_SUFFIX):
            source = stored.with_name(stored.name + suffix)
            copy = target.with_name(target.name + suffix)
            if int(source.stat().st_mtime) == served.last_modified:
                os.link(source, copy)
                continue
            with _naming_full_disk(copy):
                shutil.copyfile(source, copy)
            os.utime(copy, (served.last_modified, served.last_modified))

    def stamp(self, digest: str, last_modified: int) -> None:
        """Give a stored file the time at which it is first served, so that it can be linked."""
        stored = self.stored(digest)
        if stored.stat().st_nlink > 1:
            return
        for suffix in ("", GZIP_SUFFIX):
            os.utime(stored.with_name(stored.name + suffix), (last_modified, last_modified))

    def switch(self, number: int) -> None:
        """Serve another publication: the one atomic step."""
        temporary = self.root / f".current-{secrets.token_hex(4)}"  # of two machines, too, each has its own
        temporary.symlink_to(Path("publications") / str(number))
        temporary.replace(self.current)
        sync_directory(self.root)

    def prune(self, keep: int) -> None:
        """Remove the directories of all but the newest publications and the served one."""
        numbers = sorted(int(p.name) for p in self.publications.iterdir() if p.name.isdigit())
        for number in numbers[:-keep]:
            if number != self.current_number():
                shutil.rmtree(self.publication(number), ignore_errors=True)

    def current_number(self) -> int | None:
        try:
            return int(self.current.readlink().name)
        except FileNotFoundError:
            return None

    def listing(self, number: int) -> Listing:
        return Listing.from_json((self.publication(number) / LISTING).read_bytes())


@contextlib.contextmanager
def _naming_full_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise DiskFullError(
            error.errno,
            f"no space left on the disk while writing {path.name}; free some and build again",
        ) from error


def parts_of(path: str) -> list[str]:
    """Divide the public path of a dist. Raises: ValueError if it leaves the distribution."""
    parts = path.split("/")
    if any(part in {"", ".", ".."} or part.startswith(".") for part in parts) or "\0" in path:
        raise ValueError(f"{path!r} is not a path below the distribution")
    return parts


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it has its old content or the new one, never a part.

    Raises:
        DiskFullError: the target is what it was before.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with _naming_full_disk(target), temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def place(whole: Path, target: Path, sha256: str) -> None:
    """Give a file that is on the disk its name; what has that name already is never replaced.

    Raises:
        FileExistsError: that is something else; the file is where it was.
    """
    try:
        os.link(whole, target)
    except FileExistsError:
        if sha256_of(target) != sha256:
            sentence = f"the name {target.name} was given to other bytes meanwhile; try again"
            raise FileExistsError(errno.EEXIST, sentence) from None
    whole.unlink()


def sync_directory(path: Path) -> None:
    """Make renames in a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, holder: str, *, wait: bool) -> Iterator[None]:
    """Hold a file lock; the operating system frees it when the process dies.

    Raises:
        LockedError: somebody else holds it and ``wait`` is false.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.seek(0)
            raise LockedError(file.read().strip() or "another process") from None
        file.seek(0)
        file.truncate()
        file.write(holder)
        file.flush()
        yield


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_file(path: Path) -> tuple[str, str, int]:
    """Give sha1, sha256 (hex) and size of a file."""
    sha1, sha256, size = hashlib.sha1(usedforsecurity=False), hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            sha1.update(chunk)
            sha256.update(chunk)
            size += len(chunk)
    return sha1.hexdigest(), sha256.hexdigest(), size
