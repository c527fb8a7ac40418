"""Measurements as a table for people and as an object for scripts."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bench.measuring import Measured, Taken

MOST_OF_FLOOR = 1.2
NOTHING_NEW, NOTHING_NEW_SECONDS = 0.01, 1.0
MOST_MEMORY = 300_000_000  # bytes
LEAST_OF_NGINX = 0.15
COLUMNS = "{:<40}{:>10}{:>10}{:>13}{:>10}   {:<58}{}"
RATES = "{:<40}{:>10}{:>10}{:>10}   {:<71}"


def lines_of(measured: Measured) -> Iterator[str]:
    """Give the table of one directory of sources."""
    made = f"{measured.archives:,} archives, {measured.bytes / 1e9:.2f} GB"
    yield f"{measured.title}: {made} from {measured.blobs:,} blobs, {measured.blob_bytes / 1e9:.2f} GB"
    yield ""
    yield COLUMNS.format("builds", "seconds", "own", "processor s", "memory", "", "").rstrip()
    if measured.floor and measured.full:
        yield from _build_lines(measured, measured.floor, measured.full)
    if measured.rates:
        yield ""
        yield from _rate_lines(measured)
    yield from measured.left_out


def _build_lines(measured: Measured, floor: Taken, full: Taken) -> Iterator[str]:
    yield _line("floor, one process", floor, "", verdict="", memory=False)
    ratio = full.seconds / floor.seconds
    processor = f"{full.processor_seconds / floor.processor_seconds:.2f} × its processor time"
    said = f"{ratio:.2f} × floor, {processor}"
    yield _line(
        f"full build, {_jobs(measured)}", full, said, _verdict(f"≤ {MOST_OF_FLOOR} ×", met=ratio <= MOST_OF_FLOOR)
    )
    if nothing := measured.nothing:
        share = nothing.seconds / full.seconds
        met = share <= NOTHING_NEW or nothing.seconds < NOTHING_NEW_SECONDS
        yield _line("nothing new", nothing, f"{share:.1%} of the full build", _verdict("≤ 1 % or < 1 s", met=met))
    if release := measured.release:
        share, new = release.seconds / full.seconds, measured.new_archives / measured.archives
        said = f"{share:.1%} of the full build for {new:.1%} of its archives"
        yield _line("one new release", release, said, "")
    steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in measured.floor_steps.items())
    yield f"In the floor: {steps}."


def _line(what: str, taken: Taken, ratio: str, verdict: str, *, memory: bool = True) -> str:
    peak = f"{taken.peak_memory / 1e6:.0f} MB"
    if memory and taken.peak_memory > MOST_MEMORY:
        verdict = f"{verdict} memory ≤ {MOST_MEMORY / 1e6:.0f} MB: missed".strip()
    return COLUMNS.format(
        what,
        f"{taken.seconds:.2f}",
        f"{taken.own_seconds:.2f}",
        f"{taken.processor_seconds:.2f}",
        peak,
        ratio,
        verdict,
    ).rstrip()


def _rate_lines(measured: Measured) -> Iterator[str]:
    yield RATES.format("requests, one process each", "portal/s", "nginx/s", "ratio", "per processor second")
    for rates in measured.rates:
        portal, nginx = rates.portal, rates.nginx
        ratio = portal.per_second / nginx.per_second
        cost = portal.per_processor_second / nginx.per_processor_second
        said = f"{portal.per_processor_second:,.0f} to {nginx.per_processor_second:,.0f}, {cost:.0%}"
        verdict = (
            _verdict(f"≥ {LEAST_OF_NGINX:.0%}", met=cost >= LEAST_OF_NGINX) if rates.title.startswith("p2") else ""
        )
        numbers = (f"{portal.per_second:,.0f}", f"{nginx.per_second:,.0f}", f"{ratio:.0%}")
        yield f"{RATES.format(rates.title, *numbers, said)}{verdict}".rstrip()


def _verdict(target: str, *, met: bool) -> str:
    return f"{target}: {'met' if met else 'missed'}"


def _jobs(measured: Measured) -> str:
    return "one job" if measured.jobs == 1 else f"{measured.jobs} jobs"


def as_object(measured: Measured) -> dict[str, Any]:
    """Give the same for a script."""
    return asdict(measured)
