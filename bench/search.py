"""How long the site's search takes when there is much to find, and what it costs to put it there."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.portal import Portal

DOCUMENTS, CHARACTERS = 10_000, 20_000
MOST_SECONDS, MOST_QUERIES = 0.2, 12  # of a page
INDEX = "from bench import findables; findables.index({documents}, {characters})"
ASK = "from bench import findables; findables.ask({repetitions})"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page of results took."""

    question: str
    results: int
    seconds: float  # median
    queries: int


@dataclass(frozen=True, slots=True)
class Searched:
    """All about the search."""

    indexing: float  # seconds
    nothing_new: float
    peak_memory: int  # bytes
    pages: tuple[Asked, ...]


def measure(directory: Path, repetitions: int) -> Searched:
    """Measure indexing and asking, in a portal of its own; ``directory`` is new.

    Raises:
        CommandFailedError: something did not work.
    """
    portal = Portal(directory)
    try:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        portal.manage("migrate", "--verbosity", "0")
        statements = INDEX.format(documents=DOCUMENTS, characters=CHARACTERS)
        indexed = portal.manage("shell", "--verbosity", "0", "--command", statements)
        asked = portal.manage("shell", "--verbosity", "0", "--command", ASK.format(repetitions=repetitions)).answer()
    finally:
        portal.remove()
    pages = tuple(Asked(**page) for page in asked["pages"])
    return Searched(**indexed.answer(), peak_memory=indexed.peak_memory, pages=pages)


def lines_of(searched: Searched) -> Iterator[str]:
    yield f"search, {DOCUMENTS:,} documents of {CHARACTERS / 1000:.0f} kB"
    seconds = f"indexing: {searched.indexing:.1f} s, nothing new: {searched.nothing_new:.1f} s"
    yield f"{seconds}, memory: {searched.peak_memory / 1e6:.0f} MB"
    yield f"{'question':<40}{'ms':>10}{'queries':>10}{'results':>10}"
    for page in searched.pages:
        met = "met" if page.seconds <= MOST_SECONDS and page.queries <= MOST_QUERIES else "missed"
        numbers = f"{page.seconds * 1000:>10.0f}{page.queries:>10}{page.results:>10,}"
        yield f"{page.question:<40}{numbers}   ≤ {MOST_SECONDS * 1000:.0f} ms, ≤ {MOST_QUERIES} queries: {met}"
