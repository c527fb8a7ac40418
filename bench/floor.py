"""The least that building costs: read each blob once, write, hash, sync and rename each archive.

One process, everything in memory, no decisions. `python -m bench.floor LAYOUT DIR` prints what it took.
"""

import gc
import hashlib
import json
import os
import resource
import subprocess
import sys
import threading
import time
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from bench.layout import Layout
from mirror.archive import Slot, central_record, end_record, local_record

CHUNK = 1 << 20  # bytes hashed and written at once


class _Piece(NamedTuple):
    """An entry that is ready to be written."""

    slot: Slot
    record: bytes  # what stands before the content
    content: bytes
    crc: int


class _Floor:
    def __init__(self, layout: Layout, target: Path) -> None:
        self._layout = layout
        self._target = target
        self._contents: list[bytes] = [content or b"" for content in layout.contents]
        self._steps: dict[str, float] = defaultdict(float)
        self._digests: dict[str, str] = {}
        self.bytes = 0

    def measure(self) -> dict[str, Any]:
        gc.freeze()
        processor, started = _processor_seconds(), time.monotonic()
        self._read()
        self._pieces = [self._piece(*entry) for entry in self._layout.entries]
        for path, entries in self._layout.archives:
            self._make(self._target / path, entries)
        seconds = time.monotonic() - started
        return {
            "seconds": seconds,
            "processor_seconds": _processor_seconds() - processor,
            "steps": {**self._steps, "assemble": seconds - sum(self._steps.values())},
            "archives": len(self._layout.archives),
            "bytes": self.bytes,
            "blobs": sum(len(ids) for _, ids, _ in self._layout.blobs),
            "blob_bytes": sum(len(self._contents[n]) for _, _, numbers in self._layout.blobs for n in numbers),
            "sha256": self._digests,
        }

    def _read(self) -> None:
        started = time.monotonic()
        for directory, git_ids, numbers in self._layout.blobs:
            for number, content in zip(numbers, _blobs(directory, git_ids), strict=True):
                self._contents[number] = content
        self._steps["read"] = time.monotonic() - started

    def _piece(self, name: str, permissions: int, number: int) -> _Piece:
        content = self._contents[number]
        crc = zlib.crc32(content)
        return _Piece(Slot(name, permissions), local_record(name, crc, len(content)), content, crc)

    def _make(self, target: Path, entries: "array[int]") -> None:
        sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_suffix(".part")
        with temporary.open("wb", buffering=0) as file:
            for chunk in self._chunks(entries):
                begun = time.monotonic()
                sha1.update(chunk)
                sha256.update(chunk)
                hashed = time.monotonic()
                file.write(chunk)
                self._steps["hash"] += hashed - begun
                self._steps["write"] += time.monotonic() - hashed
                self.bytes += len(chunk)
            begun = time.monotonic()
            os.fsync(file.fileno())
            self._steps["fsync"] += time.monotonic() - begun
        temporary.replace(target)
        self._digests[str(target.relative_to(self._target))] = sha256.hexdigest()

    def _chunks(self, entries: "array[int]") -> Iterator[bytes]:
        """Give the bytes of an archive, about `CHUNK` at a time."""
        parts: list[bytes] = []
        central: list[bytes] = []
        size = offset = 0
        for number in entries:
            piece = self._pieces[number]
            central.append(central_record(piece.slot, piece.crc, len(piece.content), offset))
            parts += (piece.record, piece.content)
            length = len(piece.record) + len(piece.content)
            size, offset = size + length, offset + length
            if size >= CHUNK:
                yield b"".join(parts)
                parts, size = [], 0
        directory = b"".join(central)
        yield b"".join([*parts, directory, end_record(len(central), len(directory), offset)])


def _blobs(directory: str, git_ids: list[str]) -> Iterator[bytes]:
    """Give blobs in order; they are asked for from another thread, so git never waits."""
    command = ["git", f"--git-dir={directory}", "cat-file", "--batch", "--buffer"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1 << 17) as git:  # noqa: S603
        assert git.stdin  # noqa: S101
        assert git.stdout  # noqa: S101
        asking = threading.Thread(target=_ask, args=(git.stdin, git_ids), daemon=True)
        asking.start()
        for _ in git_ids:
            size = int(git.stdout.readline().split()[2])
            yield git.stdout.read(size + 1)[:-1]
        asking.join()


def _ask(stdin: IO[bytes], git_ids: list[str]) -> None:
    stdin.write("".join(f"{git_id}\n" for git_id in git_ids).encode())
    stdin.close()


def _processor_seconds() -> float:
    taken = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in taken)


def main() -> None:
    layout, target = map(Path, sys.argv[1:])
    print(json.dumps(_Floor(Layout.load(layout), target).measure()))


if __name__ == "__main__":
    main()
