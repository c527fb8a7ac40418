"""All measurements of one directory of sources, each in turn with what it is held against."""

import os
import shutil
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.layout import layout_of
from bench.portal import ROOT, Portal
from bench.running import Run, run
from bench.serving import Rates, ServingError, missing_programs, rates
from bench.sources import NarrowedSources, Sources

Say = Callable[[str], None]


class WrongArchivesError(Exception):
    """The floor and the build wrote different archives, so they cannot be compared."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a build or the floor took: medians of time, the highest peak."""

    seconds: float
    own_seconds: float  # as it reports itself
    processor_seconds: float
    peak_memory: int  # bytes
    runs: tuple[float, ...]  # seconds of each repetition


@dataclass(slots=True)
class Measured:
    """Everything about one directory of sources."""

    title: str
    jobs: int
    archives: int = 0
    bytes: int = 0
    blobs: int = 0
    blob_bytes: int = 0
    floor_steps: dict[str, float] = field(default_factory=dict)  # seconds
    floor: Taken | None = None
    full: Taken | None = None
    nothing: Taken | None = None
    release: Taken | None = None
    new_archives: int = 0  # of the build with one new release
    rates: list[Rates] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # sentences


def measure(sources: Sources, directory: Path, jobs: int, repetitions: int, say: Say) -> Measured:
    """Measure everything; ``directory`` is new and on the disk that is measured."""
    bench = _Bench(sources, directory, jobs, repetitions, say)
    try:
        bench.full_and_floor()
        bench.nothing_new()
        bench.requests()
        bench.one_release()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return bench.measured


class _Bench:
    def __init__(self, sources: Sources, directory: Path, jobs: int, repetitions: int, say: Say) -> None:
        self._sources = sources
        self._directory = directory
        self._jobs = jobs
        self._repetitions = repetitions
        self._say = say
        self._portal = Portal(directory / "portal")
        self._layout = directory / "layout"
        self.measured = Measured(sources.title, jobs)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)

    def full_and_floor(self) -> None:
        builds, floors = [], []
        for number in self._numbers("full build and floor"):
            builds.append(self._full_build())
            if number == 1:
                self._write_layout()
            floors.append(self._run_floor())
        self.measured.full = _taken_by_builds(builds)
        self.measured.floor = _taken_by_floors(floors)
        self._note_floor(floors[-1].answer())

    def _full_build(self) -> Run:
        self._portal.prepare(self._sources.directory)
        self._given = self._portal.archives()
        return self._portal.build(self._sources.directory, self._jobs)

    def _write_layout(self) -> None:
        self._say("reading what the archives are made of")
        made = self._portal.archives() - self._given
        layout = layout_of(self._portal.dists, made, self._sources.git_directories())
        layout.save(self._layout)

    def _run_floor(self) -> Run:
        target = self._directory / "floor"
        command = [sys.executable, "-m", "bench.floor", str(self._layout), str(target)]
        try:
            os.sync()
            found = run(command, self._portal.environment() | {"PYTHONPATH": str(ROOT)}, self._directory)
        finally:
            shutil.rmtree(target, ignore_errors=True)
        self._compare(found.answer()["sha256"])
        return found

    def _compare(self, made: dict[str, str]) -> None:
        built = {path: sha256 for path, sha256 in self._portal.checksums() if path.endswith(".zip")}
        if different := [path for path, sha256 in made.items() if built.get(path, sha256) != sha256]:
            raise WrongArchivesError(f"{len(different)} archives differ from the floor's, the first is {different[0]}")

    def _note_floor(self, said: dict[str, Any]) -> None:
        measured = self.measured
        measured.archives, measured.bytes = said["archives"], said["bytes"]
        measured.blobs, measured.blob_bytes = said["blobs"], said["blob_bytes"]
        measured.floor_steps = said["steps"]

    def nothing_new(self) -> None:
        again = [self._portal.build(self._sources.directory, self._jobs) for _ in self._numbers("nothing new")]
        self.measured.nothing = _taken_by_builds(again)

    def requests(self) -> None:
        if missing := missing_programs():
            names = " and ".join(missing)
            self.measured.left_out.append(f"Requests were not measured: {names} is missing (apt-get install {names}).")
            return
        self._say("requests")
        export = self._directory / "export"
        self._portal.export(export)
        try:
            self.measured.rates = rates(self._portal, export, self._repetitions)
        except ServingError as error:
            self.measured.left_out.append(f"Requests were not measured: {error}")

    def one_release(self) -> None:
        self._say("the build before the newest release")
        self._portal.remove()
        narrowed = NarrowedSources(self._sources, self._directory / "sources")
        narrowed.hide_newest()
        self._portal.prepare(self._sources.directory)
        self._portal.build(narrowed.directory, self._jobs)
        narrowed.show_all()
        builds = []
        for _ in self._numbers("one new release"):
            portal = self._portal.copy_to(self._directory / "again")
            builds.append(portal.build(narrowed.directory, self._jobs))
            portal.remove()
        self.measured.release = _taken_by_builds(builds)
        self.measured.new_archives = builds[-1].answer()["built"]

    def _numbers(self, what: str) -> Iterable[int]:
        for number in range(1, self._repetitions + 1):
            self._say(f"{what}, {number} of {self._repetitions}")
            yield number


def _taken_by_builds(runs: list[Run]) -> Taken:
    return _taken(runs, [run.seconds for run in runs], [run.processor_seconds for run in runs])


def _taken_by_floors(runs: list[Run]) -> Taken:
    """Count what is between the first read and the last rename only."""
    answers = [run.answer() for run in runs]
    return _taken(runs, [said["seconds"] for said in answers], [said["processor_seconds"] for said in answers])


def _taken(runs: list[Run], seconds: list[float], processor_seconds: list[float]) -> Taken:
    return Taken(
        seconds=statistics.median(seconds),
        own_seconds=statistics.median(run.answer()["seconds"] for run in runs),
        processor_seconds=statistics.median(processor_seconds),
        peak_memory=max(run.peak_memory for run in runs),
        runs=tuple(seconds),
    )
