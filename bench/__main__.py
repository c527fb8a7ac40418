"""`python -m bench`: measure builds and requests, and print one table."""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import admin, drive, pages, search, sources, texts
from bench.measuring import Measured, WrongArchivesError, measure
from bench.portal import ROOT
from bench.running import CommandFailedError
from bench.sources import NoSourcesError
from bench.table import as_object, lines_of

CACHE = ROOT / "var" / "bench"


@dataclass(frozen=True, slots=True)
class Part:
    """What was measured of the portal itself."""

    key: str
    measured: Any  # as JSON has it
    lines: list[str]


def main() -> int:
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sources", type=Path, action="append", default=[], metavar="DIR", help="real clones, too")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="size of the sample; 0: none (1.0)")
    parser.add_argument(
        "--repeat", type=int, choices=range(1, 100), default=3, metavar="N", help="repetitions of each measurement (3)"
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes of a build (2)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    try:
        measured = _measure_all(options)
        parts = _measure_portal(options.repeat)
    except (NoSourcesError, CommandFailedError, WrongArchivesError) as error:
        print(error, file=sys.stderr)
        return 1
    _show(measured, parts, as_json=options.json, repetitions=options.repeat)
    return 0


def _measure_portal(repetitions: int) -> list[Part]:
    """Measure what needs no sources."""
    run = CACHE / f"run-{os.getpid()}"
    _say("pages of the admin")
    of_admin = admin.measure(run, repetitions)
    _say("pages of updates and documents")
    of_documents = pages.measure(run, repetitions)
    _say("the search")
    searched = search.measure(run, repetitions)
    _say("updates and documents in git")
    in_git = texts.measure(run)
    _say("a folder in Google Drive")
    in_drive = drive.measure(run)
    return [
        Part("admin", [asdict(page) for page in of_admin], list(admin.lines_of(of_admin))),
        Part("documents", [asdict(page) for page in of_documents], list(pages.lines_of(of_documents))),
        Part("search", asdict(searched), list(search.lines_of(searched))),
        Part("texts", asdict(in_git), list(texts.lines_of(in_git))),
        Part("drive", asdict(in_drive) | {"ratio": in_drive.ratio}, list(drive.lines_of(in_drive))),
    ]


def _measure_all(options: Namespace) -> list[Measured]:
    CACHE.mkdir(parents=True, exist_ok=True)
    measured = []
    for found in _all_sources(options.scale, options.sources):
        _say(found.title)
        measured.append(measure(found, CACHE / f"run-{os.getpid()}", options.jobs, options.repeat, _say))
    return measured


def _all_sources(scale: float, directories: list[Path]) -> list[sources.Sources]:
    wanted = [sources.given(directory) for directory in directories]
    if scale:
        _say("making the sample, if it is not there yet")
        wanted.insert(0, sources.sample(CACHE, scale))
    return wanted


def _say(step: str) -> None:
    print(f"  {step}", file=sys.stderr, flush=True)


def _show(measured: list[Measured], parts: list[Part], *, as_json: bool, repetitions: int) -> None:
    if as_json:
        answer = {"sources": [as_object(one) for one in measured], **{part.key: part.measured for part in parts}}
        print(json.dumps(answer, indent=2))
        return
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"Medians of {repetitions} on {os.cpu_count()} processors; load average {load}.")
    for lines in (*map(lines_of, measured), *(part.lines for part in parts)):
        print()
        print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
