"""Characters that posts should not hold: odd spaces, controls, entities, text that was decoded wrongly."""

import html
import re
import unicodedata

import ftfy

ODD_SPACES = re.compile("[\u00a0\u2007\u202f]")
ZERO_WIDTH = re.compile("[\u200b\u2060\ufeff]")
ODD = re.compile("[\u00a0\u2007\u202f\u200b\u2060\ufeff]")
# Neither a terminal, nor a page, nor a database takes these: controls, and halves of surrogate pairs.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
LONGEST_DAMAGED_LINE = 20_000  # characters that the detector looks at
SLUG_GAP = re.compile(r"[^a-z0-9]+")
LONGEST_SLUG = 150


def printable(text: str) -> str:
    """Give text of a stranger on one line, so that a terminal can show it."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def storable(text: str) -> str:
    """Drop the characters that no page and no database takes."""
    return UNSTORABLE.sub("", text)


def evenly_spaced(text: str) -> str:
    """Give spaces for no-break spaces, nothing for zero-width ones; not meant for code."""
    return ZERO_WIDTH.sub("", ODD_SPACES.sub(" ", text))


def odd_spaces(text: str) -> int:
    """Count the spaces that ``evenly_spaced`` would change."""
    return len(ODD.findall(text))


def one_line(text: str) -> str:
    """Give text for a title or a summary: one line, single spaces, entities resolved once."""
    return " ".join(evenly_spaced(storable(html.unescape(text))).split())


def has_entities(text: str) -> bool:
    return html.unescape(text) != text


def is_truncated(excerpt: str) -> bool:
    """Tell whether a machine cut this text off."""
    return excerpt.rstrip().endswith(("...", "…"))


def damaged_lines(text: str) -> tuple[str, ...]:
    """Give the lines whose characters were decoded wrongly once, such as ``itâ€™s``."""
    lines = (line[:LONGEST_DAMAGED_LINE] for line in text.splitlines() if not line.isascii())
    return tuple(line for line in lines if repaired(line) != line)


def repaired(text: str) -> str:
    """Undo wrong decoding; only for somebody who asked for it and looks at the result."""
    return ftfy.fix_encoding(text)


def slugified(text: str) -> str:
    """Give what of a name can stand in an address: ``"Case Studies"`` is ``"case-studies"``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return SLUG_GAP.sub("-", plain.lower()).strip("-")[:LONGEST_SLUG].rstrip("-")
