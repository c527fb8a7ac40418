"""What archives are made of, taken from those that a build wrote: which blob or bytes stand where.

The floor makes the same archives from it. Reading it is not part of what is measured.
"""

import hashlib
import pickle
import subprocess
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mirror.zip_directory import Entry, content_start, find_directory, read_at, read_entries


@dataclass(slots=True)
class Layout:
    """Archives as rows of numbered entries; entries as names and numbered contents."""

    entries: list[tuple[str, int, int]] = field(default_factory=list)  # name, permissions, content
    contents: list[bytes | None] = field(default_factory=list)  # ``None``: a blob to be read
    blobs: list[tuple[str, list[str], list[int]]] = field(default_factory=list)  # git directory, ids, contents
    archives: list[tuple[str, "array[int]"]] = field(default_factory=list)  # path, entries

    def save(self, file: Path) -> None:
        file.write_bytes(pickle.dumps(self))

    @classmethod
    def load(cls, file: Path) -> "Layout":
        layout: Layout = pickle.loads(file.read_bytes())  # noqa: S301 - written by `save` a moment ago
        return layout


def layout_of(dists: Path, paths: Iterable[str], git_directories: Sequence[Path]) -> Layout:
    """Take archives apart. A content that no repository has was made by the build and counts as given."""
    reader = _Reader()
    for path in sorted(paths):
        with (dists / path).open("rb") as file:
            reader.read(path, file)
    return reader.finish(git_directories)


class _Reader:
    def __init__(self) -> None:
        self._layout = Layout()
        self._entries: dict[tuple[str, int, int], int] = {}
        self._contents: dict[tuple[str, int, int], int] = {}  # by name, crc and size: read each once
        self._ids: dict[str, int] = {}  # content by git id

    def read(self, path: str, file: BinaryIO) -> None:
        size = file.seek(0, 2)
        directory = find_directory(file, size)
        entries = read_entries(read_at(file, directory.offset, directory.size), directory.length)
        self._layout.archives.append((path, array("L", [self._entry(file, entry) for entry in entries])))

    def _entry(self, file: BinaryIO, entry: Entry) -> int:
        key = (entry.name, entry.mode, self._content(file, entry))
        if key not in self._entries:
            self._entries[key] = len(self._layout.entries)
            self._layout.entries.append(key)
        return self._entries[key]

    def _content(self, file: BinaryIO, entry: Entry) -> int:
        key = (entry.name, entry.crc, entry.size)
        if key not in self._contents:
            content = read_at(file, content_start(file, entry), entry.size)
            self._contents[key] = self._numbered(content)
        return self._contents[key]

    def _numbered(self, content: bytes) -> int:
        git_id = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        if git_id not in self._ids:
            self._ids[git_id] = len(self._layout.contents)
            self._layout.contents.append(content)
        return self._ids[git_id]

    def finish(self, git_directories: Sequence[Path]) -> Layout:
        """Name the repository of each content that one has."""
        layout = self._layout
        missing = [git_id for git_id, number in self._ids.items() if layout.contents[number]]
        for directory in git_directories:
            found = _present(directory, missing)
            numbers = [self._ids[git_id] for git_id in missing if git_id in found]
            layout.blobs.append((str(directory), [git_id for git_id in missing if git_id in found], numbers))
            for number in numbers:
                layout.contents[number] = None
            missing = [git_id for git_id in missing if git_id not in found]
        return layout


def _present(directory: Path, git_ids: list[str]) -> set[str]:
    """Say which objects a repository has."""
    command = ["git", f"--git-dir={directory}", "cat-file", "--batch-check=%(objectname) %(objecttype)", "--buffer"]
    asked = "".join(f"{git_id}\n" for git_id in git_ids).encode()
    answered = subprocess.run(command, input=asked, check=True, stdout=subprocess.PIPE).stdout.decode()  # noqa: S603
    return {line.split()[0] for line in answered.splitlines() if line.endswith(" blob")}
