"""Running a command and seeing what it takes: time, processor time, and memory of all its processes."""

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BETWEEN_SAMPLES = 0.1  # seconds
KIB = 1024


class CommandFailedError(Exception):
    """A command that is measured ended with an error; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command that ended well."""

    seconds: float  # as whoever typed it waits
    processor_seconds: float  # of all its processes, in user and kernel mode
    peak_memory: int  # bytes, of all its processes together, shared pages split
    output: str

    def answer(self) -> dict[str, Any]:
        """Give the one JSON object that it printed."""
        found: dict[str, Any] = json.loads(self.output)
        return found


def run(command: Sequence[str], environment: Mapping[str, str], directory: Path) -> Run:
    """Run a command to its end; ``directory`` keeps what it prints.

    Raises:
        CommandFailedError: it did not end with 0.
    """
    output, errors = directory / "output", directory / "errors"
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        started = time.monotonic()
        process = subprocess.Popen(command, env=dict(environment), stdout=stdout, stderr=stderr)  # noqa: S603 - ours
        watch = _MemoryWatch(process.pid)
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            watch.stop()
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        said = errors.read_text(errors="replace")[-2000:]
        raise CommandFailedError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, watch.peak, output.read_text())


class _MemoryWatch(threading.Thread):
    """Looks at a process and its descendants from outside, ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._ended.wait(BETWEEN_SAMPLES):
            self.peak = max(self.peak, sum(proportional_size(pid) for pid in family_of(self._pid)))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def family_of(pid: int) -> list[int]:
    """Give a process and all its descendants."""
    family, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        family.append(parent)
        with contextlib.suppress(OSError):  # one that has just ended
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                waiting += map(int, children.read_text().split())
    return family


def proportional_size(pid: int) -> int:
    """Give the bytes that a process holds, shared pages split among those who share; 0 if it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * KIB
    return 0


def processor_seconds_of(pid: int) -> float:
    """Give the processor time that a process and its living descendants have taken so far."""
    ticks = 0
    for member in family_of(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
