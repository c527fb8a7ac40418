"""Files of an origin, several at a time, each held against its sha256 before it is there at all."""

import os
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from mirror.dists import DistStore, Whole
from mirror.origin import AT_ONCE, LARGEST_ARCHIVE, Origin, TooLargeError
from mirror.receiving import Digests, copy, naming_full_disk
from mirror.repositories import MissingFileError, UnreachableError

TRIES = 3  # for a file that does not come
SECONDS_BETWEEN_TRIES = 1.0
TAKEN = "{path} is taken by a file with the sha256 {there}, the origin lists {theirs}; look at it and remove it"
ADVICE = "sync again: what is there is whole"
Result = TypeVar("Result")


class WrongFileError(Exception):
    """A file is not what the manifest says of it; it was not stored."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An archive to be had."""

    path: str
    sha256: str
    sha1: str = ""  # empty: not known


@dataclass(frozen=True, slots=True)
class Received:
    """An archive that is whole."""

    wanted: Wanted
    digests: Digests
    file: Path | None  # where it waits to be stored; None: it is stored already

    @property
    def path(self) -> str:
        return self.wanted.path


def texts(origin: Origin, wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Give text files by their (path, sha256) as they arrive; order is not kept.

    Raises:
        WrongFileError, RepositoryError: the rest is left out.
    """
    return _side_by_side(lambda pair: (pair[0], text(origin, *pair)), wanted)


def text(origin: Origin, path: str, digest: str) -> bytes:
    """Give a text file with this sha256. Raises: WrongFileError, RepositoryError."""
    content = b""
    for _ in range(2):
        found = _persistently(lambda: origin.text(path))
        content = found.content if found else b""
        if sha256(content).hexdigest() == digest:
            return content
    raise WrongFileError(_sentence(path, origin, sha256(content).hexdigest(), digest))


def archives(origin: Origin, dists: DistStore, folder: Path, wanted: Iterable[Wanted]) -> Iterator[Received]:
    """Fetch archives into an empty folder and give each as it is whole; order is not kept.

    One that the store has already is not fetched again.

    Raises:
        WrongFileError, RepositoryError, StoreError, DiskFullError: the rest is left out.
    """
    return _side_by_side(lambda one: _received(origin, dists, folder, one), wanted)


def store(dists: DistStore, received: Iterable[Received]) -> None:
    """Give the archives their addresses. Raises: WrongFileError, StoreError, DiskFullError."""
    files = {one.wanted.path: Whole(one.file, one.wanted.sha256) for one in received if one.file is not None}
    with naming_full_disk(ADVICE):
        taken = dists.put(files)
    if taken:
        raise WrongFileError("; ".join(taken.values()))


def gone(origin: Origin, paths: Iterable[str]) -> list[str]:
    """Give those that the origin removed for good."""
    return sorted(path for path, is_gone in _side_by_side(lambda path: (path, origin.is_gone(path)), paths) if is_gone)


def _received(origin: Origin, dists: DistStore, folder: Path, wanted: Wanted) -> Received:
    if dists.find(wanted.path):
        with dists.open(wanted.path) as file:
            there = copy(file, None, LARGEST_ARCHIVE)
        if there.sha256 != wanted.sha256:
            raise WrongFileError(TAKEN.format(path=wanted.path, there=there.sha256, theirs=wanted.sha256))
        return Received(wanted, there, None)
    file_of_it = folder / uuid.uuid4().hex
    with naming_full_disk(ADVICE):
        return Received(wanted, _downloaded(origin, wanted, file_of_it), file_of_it)


def _downloaded(origin: Origin, wanted: Wanted, temporary: Path) -> Digests:
    for _ in range(2):
        digests = _persistently(lambda: _download(origin, wanted.path, temporary))
        if digests.sha256 == wanted.sha256:
            break
    else:
        raise WrongFileError(_sentence(wanted.path, origin, digests.sha256, wanted.sha256))
    if wanted.sha1 not in {"", digests.sha1}:
        raise WrongFileError(f"{wanted.path} has the sha1 {digests.sha1}, and its metadata say {wanted.sha1}")
    return digests


def _download(origin: Origin, path: str, temporary: Path) -> Digests:
    with temporary.open("wb") as file:
        digests = origin.download(path, file)
        file.flush()
        temporary.chmod(0o644)
        os.fsync(file.fileno())
    return digests


def _sentence(path: str, origin: Origin, found: str, expected: str) -> str:
    return f"{path} of {origin.shown} has the sha256 {found}, and its manifest says {expected}; ask whoever runs it"


def _persistently(ask: Callable[[], Result]) -> Result:
    """Ask again after a moment if there is no answer."""
    for _ in range(TRIES - 1):
        try:
            return ask()
        except (MissingFileError, TooLargeError):
            raise
        except UnreachableError:
            threading.Event().wait(SECONDS_BETWEEN_TRIES)
    return ask()


Item = TypeVar("Item")


def _side_by_side(do: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Do the same for all, several at a time; the first failure ends it."""
    hands = ThreadPoolExecutor(AT_ONCE)
    try:
        for job in as_completed([hands.submit(do, item) for item in items]):
            yield job.result()
    finally:
        hands.shutdown(cancel_futures=True)
