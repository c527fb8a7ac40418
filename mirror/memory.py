"""How much memory a build takes, its children included."""

import contextlib
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

INTERVAL = 0.5  # seconds
KIB = 1024


class PeakMemory:
    """Watches this process and its descendants; ``peak`` is in bytes, shared pages split."""

    def __init__(self) -> None:
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, sum(map(_proportional, _family(os.getpid()))))
            if self._ended.wait(INTERVAL):
                return


def _family(pid: int) -> list[int]:
    family, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        family.append(parent)
        with contextlib.suppress(OSError):
            for listed in Path(f"/proc/{parent}/task").glob("*/children"):
                waiting += [int(child) for child in listed.read_text().split()]
    return family


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * KIB
    return 0
