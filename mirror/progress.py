"""How far a build is: on a terminal, and in its row at most once a second."""

import time
from typing import TextIO

from mirror.models import Build

INTERVAL = 1.0  # seconds between two writes


class Progress:
    """Counts the items of one step after the other; quiet unless given a terminal."""

    def __init__(self, terminal: TextIO | None = None) -> None:
        self._terminal = terminal if terminal and terminal.isatty() else None
        self._row: Build | None = None
        self._step, self._done, self._total = "", 0, 0
        self._written = 0.0

    def record_in(self, row: Build) -> None:
        self._row = row

    def step(self, name: str, total: int) -> None:
        self._clear()
        self._step, self._done, self._total = name, 0, total
        self._write("")

    def advance(self, count: int, item: str) -> None:
        self._done += count
        if time.monotonic() - self._written >= INTERVAL:
            self._write(item)
        if self._terminal:
            line = f"\r{self._step} {self._done}/{self._total} {item}"[:100]
            print(f"{line}\x1b[K", end="", file=self._terminal, flush=True)

    def end(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._terminal and self._step:
            print("\r\x1b[K", end="", file=self._terminal, flush=True)

    def _write(self, item: str) -> None:
        self._written = time.monotonic()
        if self._row:
            Build.objects.filter(pk=self._row.pk).update(
                step=self._step, done=self._done, total=self._total, item=item[:300]
            )
