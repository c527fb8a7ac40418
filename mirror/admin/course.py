"""A build as staff see it: its facts, its steps, its log and its report."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from mirror.dashboard import TONES
from mirror.findings import printable
from mirror.models import Build, BuildLine, BuildStep
from mirror.spans import clock

LINES_SHOWN = 200
NUMBER = re.compile(r"[0-9]{1,9}")
ENTRIES_SHOWN = 200  # of a list of the report
ENTRIES_UNFOLDED = 5
LONGEST = 1000  # characters of one entry
MISSING_SHOWN = 50  # names of one release


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what is known about a build."""

    label: str
    text: str
    url: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step, as far as it is."""

    row: BuildStep
    tone: str
    value: int  # of its bar, which is full when the step has succeeded
    counted: str  # "12 of 30 dists"
    item: str
    lasted: str


@dataclass(frozen=True, slots=True)
class Log:
    """A part of the log."""

    lines: Sequence[BuildLine]
    total: int
    earlier: int  # lines before those that are shown
    later: int  # and after


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of the report, as long as one can read it."""

    title: str
    count: int
    entries: Sequence[str]

    @property
    def more(self) -> int:
        return self.count - len(self.entries)

    @property
    def is_short(self) -> bool:
        return self.count <= ENTRIES_UNFOLDED


@dataclass(frozen=True, slots=True)
class FoundRelease:
    """What a plan or a build says of a release."""

    version: str
    is_complete: bool
    missing: Listed


def facts(build: Build, retries: Iterable[Build]) -> Iterator[Fact]:
    """Give what is known of the build itself; what is not known is left out."""
    yield Fact("Distribution", build.distribution.slug, _address("distribution", build.distribution_id))
    yield Fact("Kind", build.kind)
    yield Fact("Started by", f"{shown(build.actor)} ({build.trigger})" if build.actor else build.trigger)
    if build.canceled_by:
        yield Fact("Canceled by", shown(build.canceled_by))
    if build.parent_id:
        yield Fact("Repeats", f"build {build.parent_id}", _address("build", build.parent_id))
    for again in retries:
        yield Fact("Retried as", f"build {again.pk}, {again.state}", _address("build", again.pk))
    for name, value in build.options.items():
        if value:
            yield Fact(f"Option: {shown(str(name))}", shown(_said(value)))
    yield from _times(build)


def _times(build: Build) -> Iterator[Fact]:
    named = {
        "Queued": build.created_at,
        "Not before": build.not_before,
        "Started": build.started_at,
        "Ended": build.ended_at,
    }
    yield from (Fact(name, "", at=at) for name, at in named.items() if at)
    if build.started_at and build.ended_at:
        yield Fact("Took", clock(build.started_at, build.ended_at))
    if build.attempts > 1:
        yield Fact("Attempts", str(build.attempts))


def results(build: Build) -> Iterator[Fact]:
    """Give what the build made."""
    if build.kind != Build.Kind.PLAN and build.state == Build.State.SUCCEEDED:
        yield Fact("Made", f"{build.built} package versions")
        yield Fact("Reused", f"{build.reused} package versions")
    if build.publication:
        yield Fact("Published", str(build.publication), _address("publication", build.publication.pk))


def steps(build: Build, now: datetime) -> list[Step]:
    return [_step(row, now) for row in build.steps.all()]


def _step(row: BuildStep, now: datetime) -> Step:
    counted = f"{row.done} of {row.total} {row.unit}".strip() if row.total else ""
    lasted = clock(row.started_at, row.ended_at or now) if row.started_at else ""
    value = (row.total or 1) if row.state == BuildStep.State.SUCCEEDED else row.done
    return Step(row, TONES[row.state], value, counted, shown(row.item), lasted)


def announcement(build: Build, found: Sequence[Step]) -> str:
    """Say in one sentence what changes seldom: the state, and the step of a running build."""
    running = next((step.row.name for step in found if step.row.state == BuildStep.State.RUNNING), "")
    step = f", at the step {running}" if running and not build.has_ended else ""
    return f"Build {build.pk} is {build.state}{step}."


def log(lines: QuerySet[BuildLine], around: int | None) -> Log:
    """Give the end of the log, or the part around a line."""
    total = lines.count()
    end = total
    if around is not None:
        end = max(min(lines.filter(number__lte=around).count() + LINES_SHOWN // 2, total), min(LINES_SHOWN, total))
    start = max(end - LINES_SHOWN, 0)
    return Log(list(lines[start:end]), total, start, total - end)


def first_error(build: Build) -> BuildLine | None:
    return build.lines.filter(level=BuildLine.Level.ERROR).first()


def findings(report: Mapping[str, Any]) -> list[Listed]:
    """Give the errors and warnings of a report, and what was skipped; empty lists are left out."""
    named = (("Errors", "errors"), ("Warnings", "warnings"), ("Skipped", "skipped"))
    found = [listed(title, [_finding(row) for row in report.get(key) or ()]) for title, key in named]
    return [one for one in found if one.count]


def planned(report: Mapping[str, Any]) -> list[Listed]:
    """Give what a plan would do; the releases are told apart from this."""
    plan = report.get("plan") or {}
    return [
        listed("New", plan.get("build") or ()),
        listed("Corrected", plan.get("corrected") or ()),
        listed("Withheld", [f"{name}: {reason}" for name, reason in (plan.get("withheld") or {}).items()]),
        listed("There already", plan.get("reuse") or ()),
    ]


def releases(report: Mapping[str, Any]) -> list[FoundRelease]:
    """Give the releases that a report tells of, newest last, each with what it lacks."""
    return [
        FoundRelease(shown(version), bool(said.get("complete")), _missing(said.get("missing") or ()))
        for version, said in (report.get("releases") or {}).items()
    ]


def _missing(names: Sequence[str]) -> Listed:
    return Listed("Missing", len(names), [shown(str(name)) for name in names[:MISSING_SHOWN]])


def listed(title: str, entries: Sequence[str]) -> Listed:
    return Listed(title, len(entries), [shown(str(entry)) for entry in entries[:ENTRIES_SHOWN]])


def number_in(text: str) -> int | None:
    """Read a number that anybody may have typed into an address."""
    return int(text) if NUMBER.fullmatch(text) else None


def shown(text: str) -> str:
    """Give text that others chose so that it can do no harm: no control or direction marks, not too long."""
    printed = printable(text)
    return printed if len(printed) <= LONGEST else f"{printed[:LONGEST]}…"


def _finding(row: Mapping[str, Any]) -> str:
    return f"{row.get('subject', '')}: {row.get('message', '')} [{row.get('code', '')}]"


def _said(value: Any) -> str:
    if value is True:
        return "yes"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {said}" for key, said in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _address(model: str, pk: int) -> str:
    return reverse(f"admin:mirror_{model}_change", args=[pk])
