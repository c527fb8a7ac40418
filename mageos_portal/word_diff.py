"""What changed between two texts, word by word. Pure.

Whole paragraphs are compared first, then the words of those that took each other's place. Both are bounded, so that
no text takes long: what is beyond the bounds is shown as taken out and put in whole, and the comparison says so.
Spaces do not count, nor in which of its ways Unicode writes a letter.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mageos_portal.matching import Budget, Stretch, stretches

PARAGRAPH_STEPS, WORD_STEPS = 3_000_000, 3_000_000  # of a comparison
PAIR_STEPS = 1_000_000  # of the words of two paragraphs
MOST_STRETCHES = 2_000  # of paragraphs that changed in one place
MOST_PIECES = 5_000  # of changed words
MOST_APART = 1_000  # paragraphs that came or went and are shown as such; the others stand together
MOST_PAIRED = 400  # of paragraphs before times paragraphs after, that partners are looked for among
LONGEST_PARAGRAPH = 5_000  # characters; of texts that have longer ones, lines are compared
LONGEST_WORD = 200  # characters that are compared as Unicode means them
LEAST_LIKENESS = 0.3  # of two paragraphs, from 0 to 1, that their words are worth comparing
SHOWN_AROUND = 1  # paragraphs without a change beside one with some

Change = Literal["same", "added", "removed"]
# Where no spaces are between words, each letter is one: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
ALONE = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
MARKS = "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u200d\u3099\u309a\ufe00-\ufe0f"
BREAKS = "!-/:-@\\[-`{-~\u00a1-\u00bf\u2010-\u2027\u2030-\u205e\u3001-\u3020\uff01-\uff0f\uff1a-\uff20"
WORD = re.compile(rf"\s*(?:[{ALONE}][{MARKS}]*|[^\s{BREAKS}{ALONE}]+|\S)")
BLANK_LINES, LINES = re.compile(r"\n(?:[^\S\n]*\n)+"), re.compile(r"\n+")


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
    """Two texts in one, paragraph after paragraph.

    Without what was removed it is the text after; without what was added, the words of the text before.
    """

    paragraphs: tuple[Paragraph, ...]
    is_coarse: bool = False  # it was too much to find each word

    @property
    def is_same(self) -> bool:
        return not any(paragraph.is_changed for paragraph in self.paragraphs)

    @property
    def shown(self) -> list[Paragraph]:
        """Give what to show: changes with their neighbours, and numbers for what was left out between."""
        return list(_folded(self.paragraphs))


def word_diff(before: str, after: str) -> Comparison:
    """Compare two texts of any size and content; spaces and empty lines do not count."""
    gap = LINES if max(_longest(before), _longest(after)) > LONGEST_PARAGRAPH else BLANK_LINES
    old, new = ([_Words.of(part) for part in paragraphs_of(text, gap)] for text in (before, after))
    work = _Work("\n" if gap is LINES else "\n\n")
    return Comparison(tuple(_compared(old, new, work)), work.is_coarse)


def paragraphs_of(text: str, gap: "re.Pattern[str]" = BLANK_LINES) -> list[str]:
    """Cut a text where lines are empty, or where ``gap`` says."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return [part.rstrip() for part in gap.split(unified) if part.strip()]


def _longest(text: str) -> int:
    return max(map(len, paragraphs_of(text)), default=0)


@dataclass(frozen=True, slots=True)
class _Words:
    """A paragraph as words."""

    text: str
    words: tuple[str, ...]  # each with the spaces before it
    keys: tuple[str, ...]  # what of each counts
    key: str  # the same of all

    @classmethod
    def of(cls, text: str) -> "_Words":
        words = tuple(WORD.findall(text))
        keys = tuple(_key(word.strip()) for word in words)
        return cls(text, words, keys, " ".join(keys))


def _key(word: str) -> str:
    """Give one form of a word; of endless ones that would take too long."""
    return word if word.isascii() or len(word) > LONGEST_WORD else unicodedata.normalize("NFC", word)


@dataclass(slots=True)
class _Work:
    """What may still be done for a comparison."""

    joint: str  # between paragraphs
    paragraphs: Budget = field(default_factory=lambda: Budget(PARAGRAPH_STEPS))
    words: Budget = field(default_factory=lambda: Budget(WORD_STEPS))
    pieces: int = MOST_PIECES
    apart: int = MOST_APART
    gave_up: bool = False

    @property
    def is_coarse(self) -> bool:
        return self.gave_up or self.paragraphs.was_short or self.words.was_short


def _compared(old: Sequence[_Words], new: Sequence[_Words], work: _Work) -> Iterator[Paragraph]:
    found = stretches([each.key for each in old], [each.key for each in new], work.paragraphs)
    if len(found) > MOST_STRETCHES:
        work.gave_up = True
        found = [Stretch(slice(len(old)), slice(len(new)), is_same=False)]
    for stretch in found:
        if stretch.is_same:
            yield from (Paragraph((Piece("same", each.text),)) for each in new[stretch.new])
        else:
            yield from _replaced(old[stretch.old], new[stretch.new], work)


def _replaced(old: Sequence[_Words], new: Sequence[_Words], work: _Work) -> Iterator[Paragraph]:
    """Compare the words of partners; what has none went or came."""
    old_at = new_at = 0
    for old_next, new_next in _partners(old, new, work):
        pieces = _pieces(old[old_next], new[new_next], work)
        if pieces:
            yield from _whole(old[old_at:old_next], "removed", work)
            yield from _whole(new[new_at:new_next], "added", work)
            yield Paragraph(pieces)
            old_at, new_at = old_next + 1, new_next + 1
    yield from _whole(old[old_at:], "removed", work)
    yield from _whole(new[new_at:], "added", work)


def _whole(paragraphs: Sequence[_Words], change: Change, work: _Work) -> Iterator[Paragraph]:
    """Give paragraphs that came or went; of too many, one that holds them all."""
    work.apart -= len(paragraphs)
    if work.apart >= 0:
        yield from (Paragraph((Piece(change, each.text),)) for each in paragraphs)
    elif paragraphs:
        yield Paragraph((Piece(change, work.joint.join(each.text for each in paragraphs)),))


def _partners(old: Sequence[_Words], new: Sequence[_Words], work: _Work) -> list[tuple[int, int]]:
    """Find who took whose place, in their order, so that partners are as alike as can be; of many, one by one."""
    words = sum(len(each.keys) for each in old) * len(new) + sum(len(each.keys) for each in new) * len(old)
    if len(old) == len(new) == 1 or len(old) * len(new) > MOST_PAIRED or not work.words.spend(words):
        return list(zip(range(len(old)), range(len(new)), strict=False))
    counted = [Counter(each.keys) for each in new]
    best: list[list[tuple[float, tuple[tuple[int, int], ...]]]] = [[(0.0, ())] * (len(new) + 1)]
    for old_at, each in enumerate(old):
        mine, above, row = Counter(each.keys), best[-1], [best[-1][0]]
        for new_at, theirs in enumerate(counted):
            likeness, pairs = _likeness(mine, theirs), above[new_at][1]
            together = (above[new_at][0] + likeness, (*pairs, (old_at, new_at)))
            apart = max(row[-1], above[new_at + 1], key=lambda way: way[0])
            row.append(together if likeness >= LEAST_LIKENESS and together[0] > apart[0] else apart)
        best.append(row)
    return list(best[-1][-1][1])


def _likeness(old: "Counter[str]", new: "Counter[str]") -> float:
    """Give the share of words that two paragraphs have in common, whatever their order."""
    return 2 * (old & new).total() / (old.total() + new.total() or 1)


def _pieces(old: _Words, new: _Words, work: _Work) -> tuple[Piece, ...]:
    """Compare the words of two paragraphs; nothing if too few are alike, or changes too many."""
    budget = Budget(min(PAIR_STEPS, work.words.left))
    given = budget.left
    found = stretches(old.keys, new.keys, budget)
    work.words.left -= given - budget.left
    work.words.was_short |= budget.was_short
    same = sum(stretch.old.stop - stretch.old.start for stretch in found if stretch.is_same)
    if 2 * same < LEAST_LIKENESS * (len(old.keys) + len(new.keys)):
        return ()
    if len(found) > work.pieces:
        work.gave_up = True
        return ()
    work.pieces -= len(found)
    return tuple(_told(old, new, found))


def _told(old: _Words, new: _Words, found: Sequence[Stretch]) -> Iterator[Piece]:
    for stretch, following in zip(found, [*found[1:], None], strict=True):
        gone, come = "".join(old.words[stretch.old]), "".join(new.words[stretch.new])
        if stretch.is_same:
            yield Piece("same", come + (_space_of_both(old, new, following) if following else ""))
            continue
        if stretch is not found[0] and _space_of_both(old, new, stretch):
            gone, come = gone.lstrip(), come.lstrip()
        if gone:
            yield Piece("removed", gone + ("" if come or not following else _space_lost(old, new, following)))
        if come:
            yield Piece("added", come)


def _space_of_both(old: _Words, new: _Words, stretch: Stretch) -> str:
    """Give the spaces before words that took the place of others: they stayed."""
    gone, come = ("".join(words[:1]) for words in (old.words[stretch.old], new.words[stretch.new]))
    return _space_before(come) if _space_before(gone) else ""


def _space_before(word: str) -> str:
    return word[: len(word) - len(word.lstrip())]


def _space_lost(old: _Words, new: _Words, following: Stretch) -> str:
    """Give the spaces that stood before a word that a paragraph begins with now."""
    before, after = old.words[following.old.start], new.words[following.new.start]
    return "" if _space_before(after) else _space_before(before)


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
