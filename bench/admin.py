"""How long the server takes for each page of the admin when there is much to show."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.portal import Portal

VERSIONS, BUILDS = 30_000, 1_000
MOST_SECONDS = 0.3  # of the dashboard
DASHBOARD = "dashboard"
MEASURE = "from bench import staff; staff.measure({versions}, {builds}, {repetitions})"


@dataclass(frozen=True, slots=True)
class Page:
    """What a page took."""

    title: str
    seconds: float  # median
    queries: int
    bytes: int


def measure(directory: Path, repetitions: int) -> list[Page]:
    """Measure all pages, in a portal of its own; ``directory`` is new.

    Raises:
        CommandFailedError: a page did not open.
    """
    return pages_inside(directory, MEASURE.format(versions=VERSIONS, builds=BUILDS, repetitions=repetitions))


def pages_inside(directory: Path, statements: str) -> list[Page]:
    """Run statements that print what pages took, in a portal of their own. Raises: CommandFailedError."""
    portal = Portal(directory)
    try:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        portal.manage("migrate", "--verbosity", "0")
        found = portal.manage("shell", "--verbosity", "0", "--command", statements).answer()
    finally:
        portal.remove()
    return [Page(**page) for page in found["pages"]]


def lines_of(pages: list[Page]) -> Iterator[str]:
    yield f"admin, {VERSIONS:,} package versions and {BUILDS:,} builds"
    yield f"{'page':<40}{'ms':>10}{'queries':>10}{'kB':>10}"
    for page in pages:
        numbers = f"{page.seconds * 1000:>10.0f}{page.queries:>10}{page.bytes / 1000:>10.0f}"
        met = "met" if page.seconds <= MOST_SECONDS else "missed"
        verdict = f"   ≤ {MOST_SECONDS * 1000:.0f} ms: {met}" if page.title == DASHBOARD else ""
        yield f"{page.title:<40}{numbers}{verdict}"
