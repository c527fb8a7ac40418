"""Words as the search compares them, and what somebody asks for.

Both databases are given folded words only, so they agree on what a word is, and nothing that somebody types can be an
operator of theirs.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

LONGEST_QUESTION = 200  # characters
MOST_TERMS = 12
LONGEST_WORD = 64
SHORTEST = 2  # characters that a question in Latin letters needs
SHORTEST_BEGINNING = 3  # and a last word that may go on
LEAST_LIKENESS = 0.25  # of two words, from 0 to 1; two letters of a short word in the wrong order leave that much

# Scripts without spaces between words: there, each sign is one.
SIGNS = "\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(rf"[{SIGNS}]|[^\W_{SIGNS}]+")
ACCENTS = re.compile("[\u0300-\u036f]+")
TERM = re.compile(r'(?P<minus>-?)"(?P<quoted>[^"]*)(?:"|$)|(?P<plain>\S+)')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must follow one another: one, a quotation, or what a "2.4.3-p1" consists of."""

    words: tuple[str, ...]  # folded
    is_excluded: bool = False
    is_begun: bool = False  # the last word may go on

    def fits(self, number: int, word: str) -> bool:
        """Say whether a folded word may stand for one of ours."""
        if self.is_begun and number == len(self.words) - 1:
            return word.startswith(self.words[number])
        return word == self.words[number]


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks for: one of the alternatives, and of that all terms."""

    typed: str = ""
    alternatives: tuple[tuple[Term, ...], ...] = ()  # each has a term that is not excluded

    @property
    def sought(self) -> list[Term]:
        """Give the terms that a text should have."""
        return [term for terms in self.alternatives for term in terms if not term.is_excluded]

    @property
    def is_too_short(self) -> bool:
        """Say whether so little was typed that it would be nearly everywhere."""
        letters = "".join(word for term in self.sought for word in term.words)
        return len(letters) < SHORTEST and letters.isascii()


def fold(text: str) -> str:
    """Give a text without what people leave out: capitals, accents, ligatures."""
    if text.isascii():
        return text.lower()
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold()


def words_of(text: str) -> Iterator[str]:
    """Give the folded words of a text, in their order."""
    return (word[:LONGEST_WORD] for word in WORD.findall(fold(text)))


def read_question(typed: str) -> Question:
    """Read words, "quotations", -exclusions and OR; whatever else stands there only separates words."""
    typed = " ".join(typed[: LONGEST_QUESTION * 2].replace("\0", " ").split())[:LONGEST_QUESTION].rstrip()
    groups: list[list[Term]] = [[]]
    for term in _terms(typed):
        if term is None:
            groups.append([])
        elif sum(map(len, groups)) < MOST_TERMS:
            groups[-1].append(term)
    wanted = (tuple(terms) for terms in groups)
    return Question(typed, tuple(terms for terms in wanted if any(not term.is_excluded for term in terms)))


def _terms(typed: str) -> Iterator[Term | None]:
    """Give the terms, and nothing where an alternative begins."""
    for found in TERM.finditer(typed):
        plain = found["plain"] or ""
        if plain.casefold() == "or":
            yield None
            continue
        is_excluded = bool(found["minus"]) or plain.startswith("-")
        words = tuple(words_of(found["quoted"] or plain))
        if words:
            is_last = bool(plain) and found.end() == len(typed)
            yield Term(words, is_excluded, is_last and not is_excluded and len("".join(words)) >= SHORTEST_BEGINNING)


def nearest_question(question: Question, titles: Iterable[str]) -> Question:
    """Put in the place of each word the one of the titles that looks most like it; the titles are folded words."""
    known = {word for title in titles for word in title.split()}
    near = {word: _nearest(word, known) for term in question.sought for word in term.words}
    alternatives = tuple(tuple(_exchanged(term, near) for term in terms) for terms in question.alternatives)
    typed = " or ".join(" ".join(map(_typed, terms)) for terms in alternatives)
    return Question(typed, alternatives)


def _nearest(word: str, known: Collection[str]) -> str:
    if word in known:
        return word
    parts = _trigrams(word)
    alike = (other for other in known if any(part in f"  {other} " for part in parts))  # nearly all have none in common
    likeness, found = max(((_likeness(parts, _trigrams(other)), other) for other in alike), default=(0.0, word))
    return found if likeness >= LEAST_LIKENESS else word


def _likeness(parts: frozenset[str], others: frozenset[str]) -> float:
    """Say which share of their trigrams two words have in common, as PostgreSQL's pg_trgm counts them."""
    shared = len(parts & others)
    return shared / (len(parts) + len(others) - shared)


def _trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


def _exchanged(term: Term, near: dict[str, str]) -> Term:
    if term.is_excluded:
        return term
    return replace(term, words=tuple(near[word] for word in term.words), is_begun=False)


def _typed(term: Term) -> str:
    words = " ".join(term.words)
    return "-" * term.is_excluded + (f'"{words}"' if len(term.words) > 1 else words)
