"""What a build says while it runs, kept as rows: its steps and its log.

The build only counts and speaks. What it said is written at most every second, by itself or by its keeper.
"""

import re
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from mageos_portal.git_fetching import hide_login
from mirror.models import BuildLine, BuildStep
from mirror.places import hidden

INTERVAL = 1.0  # seconds between two writes
MOST_LINES = 5000  # of one build
MOST_RAW_LINES = 2000  # of them, said by other programs
LONGEST_LINE = 1000  # characters
LONGEST_ITEM = 300
CUT = "More was said than a log may hold; the rest is not kept."
TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


@dataclass(slots=True)
class _Step:
    position: int
    name: str
    unit: str = ""
    total: int = 0
    done: int = 0
    item: str = ""
    state: str = BuildStep.State.WAITING
    started_at: datetime | None = None
    ended_at: datetime | None = None
    changed: bool = field(default=True)


class Record:
    """The steps and lines of one build; any thread may speak."""

    def __init__(self, build_pk: int) -> None:
        self._build_pk = build_pk
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._steps: list[_Step] = []
        self._lines: list[BuildLine] = []
        self._written = 0.0
        self._number = BuildLine.objects.filter(build=build_pk).aggregate(last=Max("number"))["last"] or 0
        self._raw = 0
        self.is_kept = False  # a keeper writes, so the build need not

    def expect(self, steps: Sequence[tuple[str, str]]) -> None:
        """Name the steps that will come, each with what it counts; an earlier attempt's steps are forgotten."""
        BuildStep.objects.filter(build=self._build_pk).delete()
        with self._lock:
            self._steps = [_Step(n, name, unit) for n, (name, unit) in enumerate(steps, 1)]
        self.write()

    def begin(self, name: str, total: int) -> None:
        """End the step before and begin this one."""
        now = timezone.now()
        with self._lock:
            self._close(BuildStep.State.SUCCEEDED, now)
            step = next((s for s in self._steps if s.name == name), None)
            if step is None:
                step = _Step(len(self._steps) + 1, name)
                self._steps.append(step)
            step.total, step.state, step.started_at, step.changed = total, BuildStep.State.RUNNING, now, True
        self.write()

    def advance(self, count: int, item: str) -> None:
        with self._lock:
            for step in self._running():
                step.done, step.item, step.changed = step.done + count, clean(item)[:LONGEST_ITEM], True
        self._write_if_due()

    def say(self, text: str, level: str = BuildLine.Level.INFO) -> None:
        """Add a line of our own to the log: it is public, so paths of this machine are taken out."""
        self._add(text, level)
        self._write_if_due()

    def quote(self, text: str) -> None:
        """Add what another program said, line by line, for staff only."""
        for line in text.splitlines():
            self._raw += 1
            if self._raw <= MOST_RAW_LINES:
                self._add(line, BuildLine.Level.RAW)

    def close(self, state: str) -> None:
        """End the running step in this state and write all that is left."""
        with self._lock:
            self._close(state, timezone.now())
        self.write()

    def write(self) -> None:
        """Write what changed since the last time, in one transaction."""
        with self._writing:
            with self._lock:
                lines, self._lines = self._lines, []
                steps = [replace(step) for step in self._steps if step.changed]
                for step in self._steps:
                    step.changed = False
            self._written = time.monotonic()
            try:
                self._store(steps, lines)
            except Exception:
                with self._lock:
                    self._lines = lines + self._lines
                    for step in self._steps:
                        step.changed = True
                raise

    def _store(self, steps: Iterable[_Step], lines: Sequence[BuildLine]) -> None:
        with transaction.atomic():
            for step in steps:
                fields = {
                    "name": step.name, "unit": step.unit, "total": step.total, "done": step.done, "item": step.item,
                    "state": step.state, "started_at": step.started_at, "ended_at": step.ended_at,
                }  # fmt: skip
                BuildStep.objects.update_or_create(build_id=self._build_pk, position=step.position, defaults=fields)
            BuildLine.objects.bulk_create(lines)

    def _add(self, text: str, level: str) -> None:
        with self._lock:
            if self._number > MOST_LINES:
                return
            self._number += 1
            if self._number > MOST_LINES:
                text, level = CUT, BuildLine.Level.WARNING
            name = next((step.name for step in self._running()), "")
            said = clean(text)[:LONGEST_LINE]
            line = BuildLine(
                build_id=self._build_pk, number=self._number, at=timezone.now(), level=level, step=name, text=said
            )
            self._lines.append(line)

    def _write_if_due(self) -> None:
        if not self.is_kept and time.monotonic() - self._written >= INTERVAL:
            self.write()

    def _running(self) -> Iterable[_Step]:
        return (step for step in self._steps if step.state == BuildStep.State.RUNNING)

    def _close(self, state: str, now: datetime) -> None:
        for step in self._running():
            step.ended_at, step.changed, step.item = now, True, ""
            step.state = state


def close_steps(build_pk: int, state: str, now: datetime) -> None:
    """End the steps of a build whose process cannot do it any more."""
    running: QuerySet[BuildStep] = BuildStep.objects.filter(build=build_pk, state=BuildStep.State.RUNNING)
    running.update(state=state, ended_at=now)


def clean(text: str) -> str:
    """Take out of a line what must not be kept: colours, control characters, logins, this machine's paths."""
    text = hide_login(TERMINAL_CODES.sub("", text))
    return hidden("".join(c if c.isprintable() else " " for c in text)).rstrip()
