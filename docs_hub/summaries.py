"""The first words of a text, for lists and feeds."""

import re

from docs_hub import markdown
from docs_hub.cleaning import one_line

LONGEST = 240  # characters
SHORTEST = 80  # before more of the text is taken, and before a sentence's end ends it
READ = 3_000  # characters of the text that are looked at
SENTENCE_END = re.compile(r"[.!?](?=\s)")


def opening(text: str) -> str:
    """Give the words that Markdown begins with: its paragraphs, with its lists if the paragraphs say little."""
    found = list(markdown.paragraphs(text[:READ]))
    words = _first([words for is_outside, words in found if is_outside])
    if len(words) < SHORTEST:
        words = _first([words for _, words in found])
    return shortened(words)


def shortened(text: str) -> str:
    """Cut one line after a sentence, or after a word."""
    if len(text) <= LONGEST:
        return text
    ends = [end.end() for end in SENTENCE_END.finditer(text, SHORTEST, LONGEST + 1)]
    return text[: ends[-1]] if ends else text[:LONGEST].rpartition(" ")[0].rstrip(",;:–-") + " …"


def _first(parts: list[str]) -> str:
    """Join paragraphs until they say enough."""
    words = ""
    for part in parts:
        if len(words) >= SHORTEST:
            break
        words = f"{words} {one_line(part)}".strip()
    return words
