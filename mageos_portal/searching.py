"""What the search page shows: how many there are of each kind, and one page of what was found."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.utils.safestring import SafeString

from mageos_portal import full_text
from mageos_portal.audience import Audience
from mageos_portal.models import LONGEST_KIND, SearchEntry, SearchEntryQuerySet
from mageos_portal.snippets import Marker
from mageos_portal.words import Question, nearest_question, read_question

A_PAGE = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One result."""

    entry: SearchEntry
    title: SafeString
    snippet: SafeString


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to a question, or to the nearest one that has an answer."""

    asked: Question
    answered: Question
    kind: str  # empty: all kinds
    counts: Mapping[str, int]  # by kind, the most frequent first
    found: tuple[Found, ...] = ()
    page: int = 1

    @property
    def everything(self) -> int:
        return sum(self.counts.values())

    @property
    def total(self) -> int:
        """Say how many there are of the chosen kind."""
        return self.counts.get(self.kind, 0) if self.kind else self.everything

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // A_PAGE))

    @property
    def first(self) -> int:
        """Give the number of the first one on this page."""
        return (self.page - 1) * A_PAGE + 1

    @property
    def previous(self) -> str:
        """Give the query of the page before, nothing on the first one."""
        return self.query(self.kind, self.page - 1) if self.page > 1 else ""

    @property
    def next(self) -> str:
        return self.query(self.kind, self.page + 1) if self.page < self.pages else ""

    @property
    def kinds(self) -> list[tuple[str, int, str]]:
        """Give each kind with its count and the query that shows it alone; the empty one stands for all."""
        counts = {"": self.everything, **({self.kind: 0} if self.kind else {}), **self.counts}
        return [(kind, count, self.query(kind)) for kind, count in counts.items()]

    @property
    def is_another(self) -> bool:
        """Say whether it was not the question asked that has this answer."""
        return self.answered is not self.asked

    def query(self, kind: str = "", page: int = 1) -> str:
        fields = {"q": self.asked.typed, "in": kind, "page": str(page) if page > 1 else ""}
        return "?" + urlencode({name: value for name, value in fields.items() if value})


def results_of(audience: Audience, at: datetime, typed: str, kind: str, page: str) -> Results:
    """Search what somebody may see. ``kind`` and ``page`` are as they stand in an address, whatever that is."""
    asked, kind = read_question(typed), " ".join(kind.replace("\0", " ").split())[:LONGEST_KIND]
    if asked.is_too_short:
        return Results(asked, asked, kind, {})
    with full_text.through_the_index(SearchEntry.objects.db):
        return _results(SearchEntry.objects.visible_to(audience, at), asked, kind, page)


def _results(visible: SearchEntryQuerySet, asked: Question, kind: str, page: str) -> Results:
    answered, counts = _answered(visible, asked)
    results = Results(asked, answered, kind, counts)
    if not results.total:
        return results
    number = _number(page, results.pages)
    found = _page_of(visible, visible.matching(answered).of_kind(kind), number)
    marker = Marker(answered)
    shown = (Found(row, marker.marked(row.title), marker.snippet(row.text)) for row in found)
    return replace(results, page=number, found=tuple(shown))


def _answered(visible: SearchEntryQuerySet, asked: Question) -> tuple[Question, dict[str, int]]:
    """Choose the question to answer, with its counts; the titles that make another one are visible ones only."""
    counts = visible.matching(asked).counts_by_kind()
    if counts:
        return asked, counts
    nearest = nearest_question(asked, visible.values_list("title_words", flat=True))
    counts = visible.matching(nearest).counts_by_kind()
    return (nearest if counts else asked), counts


def _page_of(visible: SearchEntryQuerySet, matching: SearchEntryQuerySet, number: int) -> list[SearchEntry]:
    """Read one page. Its texts are read apart: in one query, the database would sort those of all that match."""
    keys = list(matching.values_list("pk", flat=True)[(number - 1) * A_PAGE : number * A_PAGE])
    rows = visible.light().in_bulk(keys)
    return [rows[key] for key in keys if key in rows]


def _number(typed: str, pages: int) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) <= len(str(pages))):
        return 1
    return min(max(int(typed), 1), pages)
