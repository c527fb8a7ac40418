"""How long the server takes for each public page of updates and documents when there is much to show."""

from collections.abc import Iterator
from pathlib import Path

from bench.admin import Page, pages_inside

DOCUMENTS, UPDATES = 10_000, 500
MOST_SECONDS, MOST_QUERIES = 0.2, 12
MEASURE = "from bench import readers; readers.measure({documents}, {updates}, {repetitions})"


def measure(directory: Path, repetitions: int) -> list[Page]:
    """Measure all pages, in a portal of its own; ``directory`` is new.

    Raises:
        CommandFailedError: a page did not open.
    """
    return pages_inside(directory, MEASURE.format(documents=DOCUMENTS, updates=UPDATES, repetitions=repetitions))


def lines_of(pages: list[Page]) -> Iterator[str]:
    yield f"pages for a member, {DOCUMENTS:,} documents of 20 kB and {UPDATES:,} updates"
    yield f"{'page':<40}{'ms':>10}{'queries':>10}{'kB':>10}"
    for page in pages:
        numbers = f"{page.seconds * 1000:>10.0f}{page.queries:>10}{page.bytes / 1000:>10.0f}"
        met = "met" if page.seconds <= MOST_SECONDS and page.queries <= MOST_QUERIES else "missed"
        yield f"{page.title:<40}{numbers}   ≤ {MOST_SECONDS * 1000:.0f} ms, ≤ {MOST_QUERIES} queries: {met}"
