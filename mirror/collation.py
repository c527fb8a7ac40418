"""The order of JavaScript's `a.localeCompare(b)` (ICU's root collation, as node 20 has it).

Archives that are in use already list their files in this order. It is exact for printable
ASCII and for Latin letters that are an ASCII letter with accents. Any other character sorts
behind "z" by its code point.
"""

import unicodedata
from functools import lru_cache
from typing import Final, TypeAlias

LocaleKey: TypeAlias = tuple[bytes, bytes, bytes, str]

_ORDER: Final = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz"
_IGNORED: Final = bytes({*range(32), 127} - set(b"\t\n\v\f\r"))
_PRIMARY: Final = bytes(_ORDER.find(chr(code).lower()) + 1 for code in range(128)).ljust(256, b"\0")
_CASE: Final = bytes(2 if chr(code).isupper() else 1 for code in range(128)).ljust(256, b"\1")
_BEHIND_ASCII: Final = b"\xff"

# Every accent of a letter that is ASCII but for its accents; acute is the lightest, a line below
# the heaviest.
_ACCENTS: Final = (
    "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0327\u0328\u0304"
    "\u0309\u030f\u0311\u031b\u0323\u0324\u0325\u0326\u032d\u032e\u0330\u0331"
)
_UNACCENTED: Final = b"\1"


def locale_key(text: str) -> LocaleKey:
    """Return a sort key: letters first, then accents, then case, each over the whole text.

    Texts that JavaScript calls equal (they differ in control characters, or in how an accent is
    encoded) go by code points.
    """
    if text.isascii():
        raw = text.encode()
        return raw.translate(_PRIMARY, _IGNORED), b"", raw.translate(_CASE, _IGNORED), text
    weights = map(_weigh, unicodedata.normalize("NFD", text))
    primary, secondary, tertiary = map(b"".join, zip(*weights, strict=True))
    return primary, secondary.rstrip(_UNACCENTED), tertiary, text


@lru_cache(maxsize=1024)
def _weigh(character: str) -> tuple[bytes, bytes, bytes]:
    if character.isascii():
        primary, _, case, _ = locale_key(character)
        return primary, _UNACCENTED[: len(primary)], case
    if character in _ACCENTS:
        return b"", bytes([2 + _ACCENTS.index(character)]), b"\1"
    return _BEHIND_ASCII + ord(character).to_bytes(3), _UNACCENTED, b"\1"
