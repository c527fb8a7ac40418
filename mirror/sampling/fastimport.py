"""Writing a whole git repository through one `git fast-import`, without a work tree."""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import git as gitpython

from mageos_portal.git_fetching import environment
from mirror.git import EXECUTABLE, FILE, SYMLINK

PERSON = "Sample Maker <sample@example.com>"

REMOVED = 0  # the mode of a file that its parent has and this tree has not

# Speed before size: the sample is read a few times and thrown away.
_SETTINGS = ("core.compression=1", "fastimport.unpackLimit=1", "core.fsync=none", "pack.writeReverseIndex=false")


class FastImportError(Exception):
    """Git refused the stream; the repository is not usable."""


class File(NamedTuple):
    """A file of a tree; the content of a symbolic link is its target."""

    path: str
    content: bytes
    mode: int = FILE


def executable(path: str, content: bytes) -> File:
    return File(path, content, EXECUTABLE)


def symlink(path: str, target: str) -> File:
    return File(path, target.encode(), SYMLINK)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A commit with its tags. ``files`` is the whole tree, or what differs from ``parent``."""

    tags: tuple[str, ...]
    branch: str
    time: int  # unix seconds
    files: Iterable[File]
    parent: str | None = None  # a tag of an earlier snapshot
    whole: bool = True
    annotated: bool = False


def removed(path: str) -> File:
    return File(path, b"", REMOVED)


def write_repository(directory: Path, snapshots: Iterable[Snapshot]) -> None:
    """Make a bare repository of snapshots, in their order.

    Raises:
        FastImportError: git refused them.
    """
    git = gitpython.Git.GIT_PYTHON_GIT_EXECUTABLE or "git"
    init = [git, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(directory)]
    subprocess.run(init, check=True, env=environment())  # noqa: S603
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    command = [git, *settings, f"--git-dir={directory}", "fast-import", "--quiet", "--done", "--date-format=raw"]
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), bufsize=1 << 20
    ) as process:
        assert process.stdin is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        try:
            _Stream(process.stdin).write(snapshots)
            process.stdin.close()
        except BrokenPipeError:
            process.kill()
        complaint = process.stderr.read().decode(errors="replace").strip()
    if process.returncode:
        raise FastImportError(f"{directory.name}: git fast-import failed: {complaint}")


class _Stream:
    """The stream of commands; a snapshot's mark is its place."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._marks: dict[str, int] = {}

    def write(self, snapshots: Iterable[Snapshot]) -> None:
        for mark, snapshot in enumerate(snapshots, start=1):
            self._commit(mark, snapshot)
            for tag in snapshot.tags:
                self._marks[tag] = mark
                self._tag(tag, mark, snapshot)
        self._out.write(b"done\n")

    def _commit(self, mark: int, snapshot: Snapshot) -> None:
        name = snapshot.tags[0]
        self._line(f"commit refs/heads/{snapshot.branch}", f"mark :{mark}")
        self._line(f"author {PERSON} {snapshot.time} +0000", f"committer {PERSON} {snapshot.time} +0000")
        self._data(f"Release {name}\n".encode())
        if snapshot.parent:
            self._line(f"from :{self._marks[snapshot.parent]}")
        if snapshot.whole:
            self._line("deleteall")
        for file in snapshot.files:
            if file.mode == REMOVED:
                self._line(f"D {file.path}")
                continue
            self._line(f"M {file.mode:o} inline {file.path}")
            self._data(file.content)

    def _tag(self, tag: str, mark: int, snapshot: Snapshot) -> None:
        if not snapshot.annotated:
            self._line(f"reset refs/tags/{tag}", f"from :{mark}", "")
            return
        self._line(f"tag {tag}", f"from :{mark}", f"tagger {PERSON} {snapshot.time} +0000")
        self._data(f"{tag}\n".encode())

    def _line(self, *lines: str) -> None:
        self._out.write(("\n".join(lines) + "\n").encode())

    def _data(self, content: bytes) -> None:
        self._out.write(b"data %d\n%b\n" % (len(content), content))
