"""Where two sequences are alike, found in a bounded number of steps. Pure.

difflib's own loop has no bound: where words repeat, its work grows with the cube of their number.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate, takewhile


@dataclass(slots=True)
class Budget:
    """Steps that may still be taken; one is about a tenth of a microsecond."""

    left: int
    was_short: bool = False

    def spend(self, steps: int) -> bool:
        """Take some steps; tells whether there were as many."""
        if steps > self.left:
            self.was_short = True
            return False
        self.left -= steps
        return True


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of both sequences: alike, or one in the other's place (either may be empty then)."""

    old: slice
    new: slice
    is_same: bool


def stretches(old: Sequence[str], new: Sequence[str], budget: Budget) -> list[Stretch]:
    """Part two sequences into what is alike and what is not; what the budget does not cover counts as not alike."""
    found: list[Stretch] = []
    old_at = new_at = 0
    for match in [*_matches(old, new, budget), Match(len(old), len(new), 0)]:
        if match.a > old_at or match.b > new_at:
            found.append(Stretch(slice(old_at, match.a), slice(new_at, match.b), is_same=False))
        old_at, new_at = match.a + match.size, match.b + match.size
        if match.size:
            found.append(Stretch(slice(match.a, old_at), slice(match.b, new_at), is_same=True))
    return found


def _matches(old: Sequence[str], new: Sequence[str], budget: Budget) -> Iterator[Match]:
    """Give where they are alike, in their order; the beginning and the end cost nothing."""
    first = _alike(old, new)
    shorter = min(len(old), len(new)) - first
    last = _alike(old[len(old) - shorter :][::-1], new[len(new) - shorter :][::-1])
    if first:
        yield Match(0, 0, first)
    for match in sorted(_blocks(old[first : len(old) - last], new[first : len(new) - last], budget)):
        yield Match(match.a + first, match.b + first, match.size)
    if last:
        yield Match(len(old) - last, len(new) - last, last)


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """Count the words that both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _blocks(old: Sequence[str], new: Sequence[str], budget: Budget) -> Iterator[Match]:
    """Give the longest block of all, then those before and after it, and so on, in no order."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    count = Counter(new)
    costs = [0, *accumulate(1 + count[word] for word in old)]  # of looking for the longest block
    waiting = [(0, len(old), 0, len(new))]
    while waiting:
        old_from, old_to, new_from, new_to = waiting.pop()
        if old_from == old_to or new_from == new_to or not budget.spend(costs[old_to] - costs[old_from]):
            continue
        match = matcher.find_longest_match(old_from, old_to, new_from, new_to)
        if match.size:
            yield match
            waiting.append((match.a + match.size, old_to, match.b + match.size, new_to))
            waiting.append((old_from, match.a, new_from, match.b))
