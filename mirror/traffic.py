"""How many requests were answered, by kind and status, by all processes of this machine together.

Each process counts in a file of its own: the first one whose lock is free, going on from what that says. So the
sum never falls when a process ends, any process can add it up, and there are no more files than processes at once.
"""

import fcntl
import hashlib
import itertools
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

from mirror.places import work_dir

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

logger = logging.getLogger(__name__)

KINDS = ("packages.json", "p2", "manifest", "dist", "site", "probe")
STATUSES = ("2xx", "304", "3xx", "404", "4xx", "5xx")
KEYS = tuple(product(KINDS, STATUSES))
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
SECONDS_BETWEEN_WRITES = 1.0
BYTES = 8  # of one count, little-endian
SIZE = BYTES * len(KEYS)
UNHEARD_OF = KEYS.index(("site", "5xx"))
FORMAT = hashlib.sha256(repr(KEYS).encode()).hexdigest()[:8]  # files of other kinds are other files


def status_class(status: int) -> str:
    return str(status) if status in {304, 404} else f"{status // 100}xx"


_POSITIONS = {(kind, status): KEYS.index((kind, status_class(status))) for kind in KINDS for status in range(200, 600)}


class Tally:
    """The counts of this process, written every second into a file that others may read."""

    def __init__(self, directory: Callable[[], Path], seconds: float = SECONDS_BETWEEN_WRITES) -> None:
        self._directory, self._seconds = directory, seconds
        self._file: int | None = None  # opened by the first write
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._counts = [0] * len(KEYS)

    def begin_anew(self) -> None:
        """Let go of what is the parent's, if this is a child: its file, its lock, its counts."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._begin()

    def count(self, kind: str, status: int) -> None:
        """Count a request. This is done for every one, so all that takes time is left to the writing."""
        position = _POSITIONS.get((kind, int(status)), UNHEARD_OF)  # the hash of an enum takes longer
        with self._lock:
            self._counts[position] += 1
            if self._timer is None:
                self._timer = threading.Timer(self._seconds, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Add what was counted since the last time to the file; if that cannot be done, it is tried again."""
        with self._lock:
            self._timer = None
            if not any(self._counts):
                return
            try:
                if self._file is None:
                    self._file = self._first_free()
                written = _read(os.pread(self._file, SIZE, 0))
                os.pwrite(self._file, _packed(map(sum, zip(written, self._counts, strict=True))), 0)
            except OSError as error:  # the disk is full, or not ours to write
                logger.warning("Requests could not be counted: %s", error)
            else:
                self._counts = [0] * len(KEYS)

    def _first_free(self) -> int:
        self._directory().mkdir(parents=True, exist_ok=True)
        return next(filter(_is_ours, map(self._opened, itertools.count())))

    def _opened(self, number: int) -> int:
        return os.open(self._directory() / str(number), os.O_RDWR | os.O_CREAT, 0o644)


def totals(directory: Path) -> Mapping[tuple[str, str], int]:
    """Add up what all processes counted, by (kind, status)."""
    counts = [_read(file.read_bytes()) for file in directory.glob("*")]
    return dict(zip(KEYS, map(sum, zip(*counts, strict=True)), strict=True)) if counts else dict.fromkeys(KEYS, 0)


def kind_of(path: str) -> str:
    """Say what a client asks for; the path is one that belongs to a distribution."""
    if path.endswith(".zip"):
        return "dist"
    if path.endswith("/packages.json"):
        return "packages.json"
    return "p2" if "/p2/" in path else "manifest"


def noting(tally: Tally, path: str, start_response: "StartResponse") -> "StartResponse":
    """Count what the site answers, when it does."""
    kind = "probe" if path in PROBES else "site"

    def started(status: str, headers: list[tuple[str, str]], *failure: object) -> Callable[[bytes], object]:
        tally.count(kind, int(status[:3]))
        return start_response(status, headers, *failure)  # type: ignore[arg-type]

    return started


def directory() -> Path:
    return work_dir() / "metrics" / FORMAT


def _is_ours(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    return True


def _packed(counts: Iterable[int]) -> bytes:
    return b"".join(count.to_bytes(BYTES, "little") for count in counts)


def _read(content: bytes) -> list[int]:
    whole = content.ljust(SIZE, b"\0")
    return [int.from_bytes(whole[start : start + BYTES], "little") for start in range(0, SIZE, BYTES)]


tally = Tally(directory)
os.register_at_fork(after_in_child=tally.begin_anew)
# Not atexit: servers run their workers by multiprocessing, whose processes end without it.
Finalize(None, tally.write, exitpriority=0)
