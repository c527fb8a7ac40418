"""What changed between two texts, word by word. Pure.

First whole paragraphs are compared, then the words of those that took each other's place. Both are bounded, so that
no text takes long: beyond the bounds a paragraph counts as taken out and another as put in.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MOST_PARAGRAPHS = 5_000  # of both texts together
MOST_WORDS = 4_000  # of two paragraphs together
SHOWN_AROUND = 1  # paragraphs without a change beside one with some
LEAST_LIKENESS = 0.3  # of two paragraphs, from 0 to 1, that their words are worth comparing

Change = Literal["same", "added", "removed"]
WORD = re.compile(r"\s+|\w+|[^\w\s]")
GAP = re.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed, came or went together."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph with its changes; or how many without any were left out."""

    pieces: tuple[Piece, ...] = ()
    skipped: int = 0

    @property
    def is_changed(self) -> bool:
        return any(piece.change != "same" for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts side by side, paragraph after paragraph; together the pieces are both texts, whole."""

    paragraphs: tuple[Paragraph, ...]

    @property
    def is_same(self) -> bool:
        return not any(paragraph.is_changed for paragraph in self.paragraphs)

    @property
    def shown(self) -> list[Paragraph]:
        """Give what to show: changes with their neighbours, and numbers for what was left out between."""
        return list(_folded(self.paragraphs))


def word_diff(before: str, after: str) -> Comparison:
    """Compare two texts; spaces at the end of lines and empty lines beyond one do not count."""
    old, new = _paragraphs(before), _paragraphs(after)
    return Comparison(tuple(_compared(old, new)))


def _paragraphs(text: str) -> list[str]:
    return [part for part in GAP.split(text.replace("\r\n", "\n").strip()) if part]


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[Paragraph]:
    if len(old) + len(new) > MOST_PARAGRAPHS:
        yield from _all_of(old, "removed")
        yield from _all_of(new, "added")
        return
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from _all_of(old[old_from:old_to], "same")
        else:
            yield from _replaced(old[old_from:old_to], new[new_from:new_to])


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Paragraph]:
    """Compare paragraphs in their order; what has no partner went or came."""
    for before, after in zip(old, new, strict=False):
        yield from _words(before, after)
    yield from _all_of(old[len(new) :], "removed")
    yield from _all_of(new[len(old) :], "added")


def _words(before: str, after: str) -> Iterator[Paragraph]:
    old, new = WORD.findall(before), WORD.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if len(old) + len(new) > MOST_WORDS or matcher.quick_ratio() < LEAST_LIKENESS or matcher.ratio() < LEAST_LIKENESS:
        yield from _all_of([before], "removed")
        yield from _all_of([after], "added")
        return
    yield Paragraph(tuple(_pieces(matcher, old, new)))


def _pieces(matcher: "SequenceMatcher[str]", old: list[str], new: list[str]) -> Iterator[Piece]:
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(old[old_from:old_to]))
            continue
        for change, words in (("removed", old[old_from:old_to]), ("added", new[new_from:new_to])):
            if words:
                yield Piece("removed" if change == "removed" else "added", "".join(words))


def _all_of(paragraphs: Sequence[str], change: Change) -> Iterator[Paragraph]:
    return (Paragraph((Piece(change, text),)) for text in paragraphs)


def _folded(paragraphs: Sequence[Paragraph]) -> Iterator[Paragraph]:
    changed = [number for number, paragraph in enumerate(paragraphs) if paragraph.is_changed]
    near = {number + step for number in changed for step in range(-SHOWN_AROUND, SHOWN_AROUND + 1)}
    skipped = 0
    for number, paragraph in enumerate(paragraphs):
        if number not in near:
            skipped += 1
            continue
        if skipped:
            yield Paragraph(skipped=skipped)
        skipped = 0
        yield paragraph
    if skipped:
        yield Paragraph(skipped=skipped)
