"""Making dists from git objects, in this process or in children of their own.

A child that runs `main` reads pickled groups on stdin and writes pickled results on
stdout; it ends when its stdin does, so it never outlives the build.
"""

import contextlib
import errno
import functools
import hashlib
import os
import pickle
import re
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from mirror import javascript
from mirror.archive import (
    ArchiveTooLargeError,
    Slot,
    central_record,
    end_record,
    local_record,
    slots_of,
)
from mirror.git import (
    DIRECTORY,
    EXECUTABLE,
    SUBMODULE,
    SYMLINK,
    Objects,
    ObjectUnreadableError,
    TreeEntry,
)
from mirror.metadata import body_of, compact
from mirror.rewriting import Edits, rewrite

CHUNK = 1 << 20  # bytes
TREES_KEPT = 4_000
LENGTH = struct.Struct("<Q")
COMPOSER_JSON = "composer.json"


_UNSAFE = re.compile(rb"[\x00-\x1f\x7f/\\]")


class UnsafePathError(ValueError):
    """A tree holds a path that leaves the package, or that terminals and file systems misread."""


@dataclass(frozen=True, slots=True)
class Task:
    """One dist to make. Its composer.json is given whole, or as a blob and the edits to it."""

    key: int
    name: str
    version: str
    target: str  # absolute path
    dir: str
    tree: str  # empty: composer.json and `extra` only
    exclude: tuple[str, ...]
    composer: str
    edits: Edits | None
    derived: str = ""
    emptied: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()  # (path in the archive, blob)


@dataclass(frozen=True, slots=True)
class Group:
    """Versions of one package in order; neighbours share most of their files."""

    repository: str  # git directory
    temporary: str  # directory for files that are not whole yet
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A dist that is whole and at its place."""

    key: int
    sha1: str
    sha256: str
    size: int
    metadata: str  # JSON of `metadata.body_of`
    warnings: tuple[tuple[str, str], ...] = ()  # (code, sentence)


@dataclass(frozen=True, slots=True)
class Failed:
    """A dist that could not be made; nothing of it is left."""

    key: int
    code: str
    sentence: str


class _Placed(NamedTuple):
    """Where an entry of an archive lies, so that the next version can copy it."""

    content: str | bytes  # git id, or the bytes themselves
    permissions: int
    start: int
    length: int
    crc: int
    size: int


@dataclass(slots=True)
class _Before:
    """The archive that was made last for a package."""

    path: str = ""
    entries: dict[str, _Placed] = field(default_factory=dict)


class Maker:
    """Makes the dists of one repository."""

    def __init__(self, objects: Objects, temporary: Path) -> None:
        self._objects = objects
        self._temporary = temporary
        self._tree = functools.lru_cache(TREES_KEPT)(objects.tree)

    def make_group(self, tasks: tuple[Task, ...]) -> Iterator[Made | Failed]:
        """Make versions of one package; what neighbours share is copied, not read again."""
        before = _Before()
        for task in tasks:
            try:
                made, before = self._make(task, before)
            except ObjectUnreadableError as error:
                yield Failed(task.key, "object-unreadable", str(error))
            except UnsafePathError as error:
                yield Failed(task.key, "path-unsafe", str(error))
            except ArchiveTooLargeError as error:
                yield Failed(task.key, "too-large", f"{error}: too much for a zip without zip64")
            except OSError as error:
                if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                    yield Failed(task.key, "disk-full", "no space left on the disk")
                else:
                    yield Failed(task.key, "not-written", error.strerror or str(error))
            else:
                yield made

    def composer_of(self, task: Task) -> dict[str, Any]:
        """Give the composer.json that goes into the dist."""
        text = task.derived.encode() if task.derived else self._objects.read(task.composer)
        composer: dict[str, Any] = javascript.parse(text)
        return rewrite(composer, task.edits) if task.edits else composer

    def _make(self, task: Task, before: _Before) -> tuple[Made, _Before]:
        composer = self.composer_of(task)
        files, warnings = self._files(task)
        contents: dict[str, str | bytes] = {path: blob for path, (blob, _) in files.items()}
        executable = {path: bit for path, (_, bit) in files.items()}
        for path, blob in task.extra:
            contents[path] = blob
            executable.setdefault(path, False)
        contents[COMPOSER_JSON] = javascript.stringify(composer).encode()
        executable[COMPOSER_JSON] = False
        writer = _Writer(self._temporary / f"{os.getpid()}-{task.key}")
        try:
            entries = self._write(writer, slots_of(executable, task.emptied), contents, before)
            writer.finish(Path(task.target))
        except BaseException:
            writer.discard()
            raise
        body = compact(body_of(composer)).decode()
        made = Made(task.key, *writer.digests(), writer.size, body, tuple(warnings))
        return made, _Before(task.target, entries)

    def _files(self, task: Task) -> tuple[dict[str, tuple[str, bool]], list[tuple[str, str]]]:
        """Give blob and executable bit by path in the archive, and what was left out."""
        files: dict[str, tuple[str, bool]] = {}
        warnings: list[tuple[str, str]] = []
        if not task.tree:
            return files, warnings
        start = f"{task.dir}/" if task.dir else ""
        for path, entry in self._walk(task.tree, start.encode()):
            try:
                name = path.decode()
            except UnicodeDecodeError:
                warnings.append(("path-not-utf8", f"{path!r} is not UTF-8 and was left out"))
                continue
            if name.startswith(task.exclude):
                continue
            if not _is_safe(entry.name):
                raise UnsafePathError(f"{name!r} is no path that can be unpacked safely; have the tag fixed")
            if entry.mode in {SYMLINK, SUBMODULE}:
                what = "symlink" if entry.mode == SYMLINK else "submodule"
                warnings.append((f"{what}-left-out", f"{name} is a {what} and was left out"))
                continue
            files[name[len(start) :]] = (entry.object_id, entry.mode == EXECUTABLE)
        warnings += _doubled_paths(files)
        return files, warnings

    def _walk(self, tree: str, prefix: bytes) -> Iterator[tuple[bytes, TreeEntry]]:
        waiting = [(prefix, iter(self._tree(tree)))]
        while waiting:
            start, entries = waiting[-1]
            entry = next(entries, None)
            if entry is None:
                waiting.pop()
            elif entry.mode == DIRECTORY and _is_safe(entry.name):
                waiting.append((start + entry.name + b"/", iter(self._tree(entry.object_id))))
            else:
                yield start + entry.name, entry

    def _write(
        self,
        writer: "_Writer",
        slots: list[Slot],
        contents: Mapping[str, str | bytes],
        before: _Before,
    ) -> dict[str, _Placed]:
        kept = [_kept(slot, contents, before) for slot in slots]
        wanted = [
            content
            for slot, old in zip(slots, kept, strict=True)
            if old is None and isinstance(content := contents.get(slot.name, b""), str)
        ]
        blobs = self._objects.read_each(wanted)
        entries: dict[str, _Placed] = {}
        with _opened(before.path) as archive:
            for slot, old in zip(slots, kept, strict=True):
                if old is not None and archive is not None:
                    placed = writer.copy(slot, archive, old)
                else:
                    content = contents.get(slot.name, b"")
                    data = next(blobs) if isinstance(content, str) else content
                    placed = writer.add(slot, content, data)
                entries[slot.name] = placed
            writer.flush()
        return entries


def _is_safe(name: bytes) -> bool:
    """Tell whether an entry of a tree is one name, as git itself makes them."""
    return name not in {b"", b".", b".."} and not _UNSAFE.search(name)


def _kept(slot: Slot, contents: Mapping[str, str | bytes], before: _Before) -> _Placed | None:
    old = before.entries.get(slot.name)
    if old is None or old.permissions != slot.permissions:
        return None
    return old if old.content == contents.get(slot.name, b"") else None


class _Writer:
    """Writes one archive to a temporary file, hashing on the way; copies run together."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb", buffering=0)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._run: tuple[IO[bytes], int, int] | None = None  # (archive, start, end)
        self._central: list[bytes] = []
        self.size = 0

    def add(self, slot: Slot, content: str | bytes, data: bytes) -> _Placed:
        self._end_run()
        crc, start = zlib.crc32(data), self.size
        record = local_record(slot.name, crc, len(data))
        self._append(record)
        self._append(data)
        return self._placed(slot, content, start, len(record) + len(data), crc, len(data))

    def copy(self, slot: Slot, archive: IO[bytes], old: _Placed) -> _Placed:
        start = self.size
        if self._run and self._run[2] == old.start:
            self._run = (archive, self._run[1], old.start + old.length)
        else:
            self._end_run()
            self._run = (archive, old.start, old.start + old.length)
        self.size += old.length
        return self._placed(slot, old.content, start, old.length, old.crc, old.size)

    def flush(self) -> None:
        self._end_run()
        self._drain()

    def finish(self, target: Path) -> None:
        offset = self.size
        central = b"".join(self._central)
        self._append(central)
        self._append(end_record(len(self._central), len(central), offset))
        self.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        target.parent.mkdir(parents=True, exist_ok=True)
        self._path.replace(target)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)

    def digests(self) -> tuple[str, str]:
        return self._sha1.hexdigest(), self._sha256.hexdigest()

    def _placed(self, slot: Slot, content: str | bytes, start: int, length: int, crc: int, size: int) -> _Placed:
        self._central.append(central_record(slot, crc, size, start))
        return _Placed(content, slot.permissions, start, length, crc, size)

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


def _doubled_paths(files: Mapping[str, tuple[str, bool]]) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for path in files:
        folded = path.casefold()
        if folded in seen:
            sentence = f"{seen[folded]} and {path} differ only by case"
            yield "paths-differ-by-case", sentence
        seen[folded] = path


@contextlib.contextmanager
def _opened(path: str) -> Iterator[IO[bytes] | None]:
    if not path:
        yield None
        return
    with Path(path).open("rb") as file:
        yield file


def make_groups(groups: Iterator[Group]) -> Iterator[list[Made | Failed]]:
    """Make group after group; repositories stay open while they are used."""
    makers: dict[str, Maker] = {}
    with contextlib.ExitStack() as stack:
        for group in groups:
            if group.repository not in makers:
                stack.close()
                makers.clear()
                objects = stack.enter_context(Objects(Path(group.repository)))
                makers[group.repository] = Maker(objects, Path(group.temporary))
            yield list(makers[group.repository].make_group(group.tasks))


def read_message(stream: IO[bytes]) -> Any:
    """Give the next message of a pipe; ``None`` at its end."""
    header = stream.read(LENGTH.size)
    if len(header) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(header)
    message = stream.read(length)
    return pickle.loads(message) if len(message) == length else None  # noqa: S301


def write_message(stream: IO[bytes], message: Any) -> None:
    data = pickle.dumps(message)
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def main() -> None:
    """Serve groups from stdin until it ends."""
    incoming = iter(lambda: read_message(sys.stdin.buffer), None)
    for results in make_groups(incoming):
        write_message(sys.stdout.buffer, results)
