"""The place of a text that answers a question, with its words marked. All but our own marks is escaped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from mageos_portal.words import WORD, Question, Term, words_of

LENGTH = 240  # characters of a snippet
BEFORE = 60  # of them before the first mark
LOOKED_AT = 100_000  # characters of a text
MOST_HITS = 200
ENOUGH = 300  # characters after the first hit, where one word is all that is sought; a title has no more


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of a text, and the number of the term that it answers."""

    start: int
    end: int
    term: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A word of a text that is one of the question's."""

    start: int
    end: int
    words: tuple[str, ...]  # folded; more than one where a ligature hides them


class Marker:
    """Marks what a question asks for, in as many texts as there are on a page."""

    def __init__(self, question: Question) -> None:
        self._terms = question.sought
        self._whole = {word for term in self._terms for word in term.words}
        self._begun = tuple(term.words[-1] for term in self._terms if term.is_begun)
        self._is_one_word = len(self._terms) == 1 and len(self._whole) == 1
        self._judged: dict[str, tuple[str, ...]] = {}

    def marked(self, text: str) -> SafeString:
        """Mark the words in a short text."""
        return _marked(text, 0, len(text), self._spans(text))

    def snippet(self, text: str) -> SafeString:
        """Give the piece of a text that has the most of the question's terms, and the beginning if it has none."""
        spans = self._spans(text[:LOOKED_AT])
        best = max(spans, key=lambda span: (_terms_after(span, spans), -span.start), default=None)
        start = _word_start(text, best.start - BEFORE) if best and best.start > BEFORE else 0
        end = len(text) if len(text) <= start + LENGTH else _word_end(text, start, start + LENGTH)
        before, after = "… " if start else "", " …" if end < len(text) else ""
        return mark_safe(before + _marked(text, start, end, spans) + after)  # noqa: S308 - escaped by _marked

    def _spans(self, text: str) -> list[Span]:
        """Find where the terms are, each as long as it is there."""
        hits = dict(self._hits(text))
        return [
            Span(hit.start, hits[place + len(term.words) - 1].end, number)
            for place, hit in hits.items()
            for number, term in enumerate(self._terms)
            if all(_fits(term, offset, hits.get(place + offset)) for offset in range(len(term.words)))
        ]

    def _hits(self, text: str) -> Iterator[tuple[int, Hit]]:
        """Give the words of a text that any term has, by their place among all words."""
        judged, left, end = self._judged, MOST_HITS, len(text)
        for place, found in enumerate(WORD.finditer(text)):
            word = found[0]
            if word not in judged:
                judged[word] = self._sought(word)
            if judged[word]:
                yield place, Hit(found.start(), found.end(), judged[word])
                left -= 1
                end = min(end, found.start() + ENOUGH) if self._is_one_word else end
            if not left or found.end() > end:
                return

    def _sought(self, word: str) -> tuple[str, ...]:
        """Give what a word is folded to, or nothing if no term has it."""
        folded = tuple(words_of(word))
        return folded if any(each in self._whole or each.startswith(self._begun) for each in folded) else ()


def _fits(term: Term, number: int, hit: Hit | None) -> bool:
    return hit is not None and any(term.fits(number, word) for word in hit.words)


def _terms_after(first: Span, spans: Iterable[Span]) -> int:
    return len({span.term for span in spans if first.start <= span.start < first.start + LENGTH - BEFORE})


def _word_start(text: str, at: int) -> int:
    return text.find(" ", at, at + BEFORE) + 1 or at


def _word_end(text: str, start: int, at: int) -> int:
    found = text.rfind(" ", start, at)
    return found if found > start else at


def _marked(text: str, start: int, end: int, spans: Iterable[Span]) -> SafeString:
    pieces, done = [], start
    for span in sorted(spans):
        if done <= span.start and span.end <= end:
            pieces += [escape(text[done : span.start]), f"<mark>{escape(text[span.start : span.end])}</mark>"]
            done = span.end
    return mark_safe("".join([*pieces, escape(text[done:end])]))  # noqa: S308 - each piece is escaped
