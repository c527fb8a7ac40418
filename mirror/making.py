"""Making dists from git objects, in this process or in children of their own.

A child that runs `main` reads pickled groups on stdin and writes pickled results on
stdout; it ends when its stdin does, so it never outlives the build.
"""

import contextlib
import errno
import os
import pickle
import re
import struct
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from mirror import javascript
from mirror.archive import ArchiveTooLargeError, Slot, slots_of
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
from mirror.zip_writing import Placed, Writer

PLACED_AT_ONCE = 2
MOST_WAITING = 4  # archives that are written but not placed
DISK_FULL = "disk-full"
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


@dataclass(slots=True)
class _Before:
    """The archive that was made last for a package."""

    file: IO[bytes] | None = None
    entries: dict[str, Placed] = field(default_factory=dict)
    executable: dict[str, bool] = field(default_factory=dict)
    emptied: tuple[str, ...] = ()
    slots: list[Slot] = field(default_factory=list)

    def close(self) -> None:
        if self.file:
            self.file.close()


class _Whole(NamedTuple):
    """An archive that is written and on its way to its place."""

    made: Made
    placing: "Future[None]"

    def result(self) -> Made | Failed:
        try:
            self.placing.result()
        except OSError as error:
            return _failed(self.made.key, error)
        return self.made


class Maker:
    """Makes the dists of one repository."""

    def __init__(self, objects: Objects, temporary: Path) -> None:
        self._objects = objects
        self._temporary = temporary
        self._trees: dict[str, list[TreeEntry]] = {}  # of the version that was made last
        self._composers: dict[str, bytes] = {}  # of the group at hand, by git id

    def make_group(self, tasks: tuple[Task, ...]) -> Iterator[Made | Failed]:
        """Make versions of one package; what neighbours share is copied, not read again.

        While one is written, those before it are brought to the disk. Once the disk is full
        nothing more of the group is made: what it would copy from may not be there.
        """
        self._composers = self._read_composers(tasks)
        waiting: deque[_Whole | Failed] = deque()
        full: Failed | None = None
        before = _Before()
        with ThreadPoolExecutor(PLACED_AT_ONCE) as hands:
            for task in tasks:
                if full is None:
                    outcome, before = self._attempt(task, before, hands)
                    waiting.append(outcome)
                else:
                    waiting.append(Failed(task.key, full.code, full.sentence))
                while len(waiting) > MOST_WAITING:
                    result = _settled(waiting.popleft())
                    full = full or _if_full(result)
                    yield result
            yield from map(_settled, waiting)
        before.close()

    def _attempt(self, task: Task, before: _Before, hands: ThreadPoolExecutor) -> tuple[_Whole | Failed, _Before]:
        try:
            made, after, writer = self._make(task, before)
        except ObjectUnreadableError as error:
            return Failed(task.key, "object-unreadable", str(error)), before
        except UnsafePathError as error:
            return Failed(task.key, "path-unsafe", str(error)), before
        except ArchiveTooLargeError as error:
            return Failed(task.key, "too-large", f"{error}: too much for a zip without zip64"), before
        except OSError as error:
            return _failed(task.key, error), before
        before.close()
        return _Whole(made, hands.submit(writer.place, Path(task.target))), after

    def _read_composers(self, tasks: tuple[Task, ...]) -> dict[str, bytes]:
        """Read the composer.json files of a group at once, or none: then each tells its own fault."""
        wanted = list({task.composer for task in tasks if not task.derived})
        try:
            return dict(zip(wanted, self._objects.read_each(wanted), strict=True))
        except ObjectUnreadableError:
            return {}

    def composer_of(self, task: Task) -> dict[str, Any]:
        """Give the composer.json that goes into the dist."""
        text = task.derived.encode() or self._composers.get(task.composer) or self._objects.read(task.composer)
        composer: dict[str, Any] = javascript.parse(text)
        return rewrite(composer, task.edits) if task.edits else composer

    def _make(self, task: Task, before: _Before) -> tuple[Made, _Before, Writer]:
        composer = self.composer_of(task)
        files, warnings = self._files(task)
        contents: dict[str, str | bytes] = {path: blob for path, (blob, _) in files.items()}
        executable = {path: bit for path, (_, bit) in files.items()}
        for path, blob in task.extra:
            contents[path] = blob
            executable.setdefault(path, False)
        contents[COMPOSER_JSON] = javascript.stringify(composer).encode()
        executable[COMPOSER_JSON] = False
        same = (executable, task.emptied) == (before.executable, before.emptied)
        slots = before.slots if same else slots_of(executable, task.emptied)
        writer = Writer(self._temporary / f"{os.getpid()}-{task.key}")
        try:
            entries = self._write(writer, slots, contents, before)
            writer.finish()
        except BaseException:
            writer.discard()
            raise
        body = compact(body_of(composer)).decode()
        made = Made(task.key, *writer.digests(), writer.size, body, tuple(warnings))
        return made, _Before(writer.reader(), entries, executable, task.emptied, slots), writer

    def _files(self, task: Task) -> tuple[dict[str, tuple[str, bool]], list[tuple[str, str]]]:
        """Give blob and executable bit by path in the archive, and what was left out."""
        files: dict[str, tuple[str, bool]] = {}
        warnings: list[tuple[str, str]] = []
        if not task.tree:
            return files, warnings
        start = f"{task.dir}/" if task.dir else ""
        for path, entry in self._walk(task.tree, start.encode(), tuple(prefix.encode() for prefix in task.exclude)):
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

    def _walk(self, root: str, start: bytes, exclude: tuple[bytes, ...]) -> Iterator[tuple[bytes, TreeEntry]]:
        """Give all files below a tree, level by level; folders that are excluded are not read."""
        before, self._trees = self._trees, {}
        level = [(root, start)]
        while level:
            self._read_trees({tree for tree, _ in level}, before)
            deeper = []
            for tree, prefix in level:
                for entry in self._trees[tree]:
                    path = prefix + entry.name
                    if entry.mode != DIRECTORY or not _is_safe(entry.name):
                        yield path, entry
                    elif not (path + b"/").startswith(exclude):
                        deeper.append((entry.object_id, path + b"/"))
            level = deeper

    def _read_trees(self, wanted: set[str], before: Mapping[str, list[TreeEntry]]) -> None:
        self._trees |= {tree: before[tree] for tree in wanted if tree in before}
        new = [tree for tree in wanted if tree not in self._trees]
        self._trees |= zip(new, self._objects.tree_each(new), strict=True)

    def _write(
        self,
        writer: Writer,
        slots: list[Slot],
        contents: Mapping[str, str | bytes],
        before: _Before,
    ) -> dict[str, Placed]:
        kept = [_kept(slot, contents, before) for slot in slots]
        wanted = [
            content
            for slot, old in zip(slots, kept, strict=True)
            if old is None and isinstance(content := contents.get(slot.name, b""), str)
        ]
        blobs = self._objects.read_each(wanted)
        entries: dict[str, Placed] = {}
        for slot, old in zip(slots, kept, strict=True):
            if old is not None and before.file is not None:
                entries[slot.name] = writer.copy(before.file, old)
                continue
            content = contents.get(slot.name, b"")
            data = next(blobs) if isinstance(content, str) else content
            entries[slot.name] = writer.add(slot, content, data)
        return entries


def _settled(outcome: _Whole | Failed) -> Made | Failed:
    return outcome.result() if isinstance(outcome, _Whole) else outcome


def _failed(key: int, error: OSError) -> Failed:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return Failed(key, DISK_FULL, "no space left on the disk")
    return Failed(key, "not-written", error.strerror or str(error))


def _if_full(result: Made | Failed) -> Failed | None:
    return result if isinstance(result, Failed) and result.code == DISK_FULL else None


def _is_safe(name: bytes) -> bool:
    """Tell whether an entry of a tree is one name, as git itself makes them."""
    return name not in {b"", b".", b".."} and not _UNSAFE.search(name)


def _kept(slot: Slot, contents: Mapping[str, str | bytes], before: _Before) -> Placed | None:
    old = before.entries.get(slot.name)
    if old is None or old.permissions != slot.permissions:
        return None
    return old if old.content == contents.get(slot.name, b"") else None


def _doubled_paths(files: Mapping[str, tuple[str, bool]]) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for path in files:
        folded = path.casefold()
        if folded in seen:
            sentence = f"{seen[folded]} and {path} differ only by case"
            yield "paths-differ-by-case", sentence
        seen[folded] = path


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
