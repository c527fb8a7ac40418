"""How far a build is: on a terminal, and in its record."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TextIO

from mirror.findings import Finding
from mirror.models import BuildStep
from mirror.recording import Record

QUOTING = {"fetch-failed": "could not be fetched; staff see what git said"}  # findings that quote another program


class Progress:
    """Counts the items of one step after the other; quiet unless given a terminal or a record."""

    def __init__(self, terminal: TextIO | None = None) -> None:
        self._terminal = terminal if terminal and terminal.isatty() else None
        self._record: Record | None = None
        self._step, self._done, self._total = "", 0, 0

    def record_in(self, record: Record, steps: Sequence[tuple[str, str]]) -> None:
        """Keep what is told from now on; ``steps`` are names and what each counts, in order."""
        self._record = record
        record.expect(steps)

    def step(self, name: str, total: int) -> None:
        self._clear()
        self._step, self._done, self._total = name, 0, total
        if self._record:
            self._record.begin(name, total)

    def advance(self, count: int, item: str) -> None:
        self._done += count
        if self._record:
            self._record.advance(count, item)
        if self._terminal:
            line = f"\r{self._step} {self._done}/{self._total} {item}"[:100]
            print(f"{line}\x1b[K", end="", file=self._terminal, flush=True)

    def say(self, text: str) -> None:
        """Add a line to the log."""
        if self._record:
            self._record.say(text)

    def tell(self, findings: Iterable[Finding]) -> None:
        """Add findings to the log, each as a line."""
        if self._record is None:
            return
        for finding in findings:
            if finding.code in QUOTING:
                self._record.quote(str(finding))
            own = replace(finding, message=QUOTING.get(finding.code, finding.message))
            self._record.say(f"{own.subject}: {own.message} [{own.code}]", own.level)

    def quote(self, text: str) -> None:
        """Add what another program said to the log; only staff will read it."""
        if self._record:
            self._record.quote(text)

    def finish(self) -> None:
        """End the last step: all is done."""
        if self._record:
            self._record.close(BuildStep.State.SUCCEEDED)

    def end(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._terminal and self._step:
            print("\r\x1b[K", end="", file=self._terminal, flush=True)
