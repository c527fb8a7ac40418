"""Headings of a text: no first level, as the page's title has it, and no gap between levels."""

import re
from collections import Counter
from collections.abc import Iterable, Sized
from dataclasses import dataclass

from docs_hub.html_tree import Element

HIGHEST, LOWEST = 2, 6
NAMES = ("h1", "h2", "h3", "h4", "h5", "h6")
TAKEN = frozenset({"content", "title"})  # ids that pages have of their own
SHORT = 3  # headings of a text that needs no table of contents
LONGEST_ID = 100  # characters, before a number
NOT_IN_IDS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading as it is shown."""

    level: int  # 2 to 6
    id: str
    text: str


def stepwise(levels: Iterable[int]) -> list[int]:
    """Give levels from 2 on that say the same outline without leaving one out."""
    above: list[int] = []
    found = []
    for level in levels:
        while above and above[-1] >= level:
            above.pop()
        above.append(level)
        found.append(min(HIGHEST - 1 + len(above), LOWEST))
    return found


def are_stepwise(levels: Iterable[int]) -> bool:
    """Tell whether a text begins below the page's title and leaves no level out."""
    last = HIGHEST - 1
    for level in levels:
        if level < HIGHEST or level > last + 1:
            return False
        last = level
    return True


def needs_contents(headings: Sized) -> bool:
    """Tell whether a text has so many headings that readers want a table of contents."""
    return len(headings) > SHORT


def arrange(root: Element) -> tuple[list[int], tuple[Heading, ...]]:
    """Give each heading of a tree its level and id; empty ones go. Returns the levels as written, too."""
    elements = _not_empty(root)
    levels = [int(element.name[1]) for element in elements]
    ids = _ids([_text(element) for element in elements])
    found = []
    for element, level, name in zip(elements, stepwise(levels), ids, strict=True):
        element.name, element.attributes = f"h{level}", {"id": name}
        found.append(Heading(level, name, _text(element)))
    return levels, tuple(found)


def _not_empty(root: Element) -> list[Element]:
    """Turn headings without words into what they hold; a picture's words count."""
    found = []
    for element in root.named(*NAMES):
        if _text(element):
            found.append(element)
        else:
            element.name, element.attributes = "", {}
    return found


def _text(element: Element) -> str:
    words = element.text() or " ".join(image.attributes.get("alt", "") for image in element.named("img"))
    return " ".join(words.split())


def _ids(texts: list[str]) -> list[str]:
    """Give the ids that the website's own generator would, so that links into a page go on working."""
    taken = set(TAKEN)
    used: Counter[str] = Counter()
    found = []
    for text in texts:
        base = name = NOT_IN_IDS.sub("", text.lower()).strip().replace(" ", "-")[:LONGEST_ID] or "section"
        while name in taken:
            used[base] += 1
            name = f"{base}-{used[base]}"
        taken.add(name)
        found.append(name)
    return found
