"""Contents of files: text that reads and compresses like code, cheap and the same every time.

Files are slices of one long text per language; where a slice starts and how long it is follows
from a hash of the path and the revision.
"""

import bisect
import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

# Bytes of a file: sixteenths of what a real release has, median 2.3 kB.
SIZES = (250, 420, 600, 800, 1050, 1300, 1650, 2050, 2600, 3200, 4100, 5200, 6900, 9500, 12000, 24000)

_UNITS = 1200
_LONGEST = 200  # units that the longest slice may have
_WORDS = (
    *("price", "quote", "order", "stock", "source", "store", "website", "customer", "product", "category"),
    *("attribute", "option", "rule", "filter", "index", "cache", "session", "request", "response", "layout"),
    *("block", "template", "widget", "media", "image", "gallery", "import", "export", "queue", "message"),
    *("consumer", "token", "scope", "config", "value", "label", "review", "rating", "invoice", "shipment"),
    *("address", "region", "currency", "tax", "weight", "batch", "cursor", "schema", "table", "column"),
)


def digest(*parts: object) -> int:
    """Give 64 bits that follow from the parts."""
    text = "\0".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def chosen(share: int, *parts: object) -> bool:
    """Tell for a share in thousandths whether these parts belong to it."""
    return digest(*parts) % 1000 < share


def content(path: str, revision: str) -> bytes:
    """Give the content that a file has in a revision."""
    name = path.rpartition("/")[2]
    stem, _, extension = name.rpartition(".")
    language = _language(extension if extension in _LANGUAGES else "")
    random = digest(path, revision)
    note = f"{path}, revision {revision}"
    return language.slice(stem, note, random >> 4, SIZES[random % len(SIZES)])


@dataclass(frozen=True, slots=True)
class _Grammar:
    head: str  # with {note} and {stem}
    unit: Callable[[int, str, str, str], str]
    tail: str = ""


@dataclass(frozen=True, slots=True)
class _Language:
    grammar: _Grammar
    text: bytes
    starts: tuple[int, ...]

    def slice(self, stem: str, note: str, random: int, size: int) -> bytes:
        first = random % (_UNITS - _LONGEST)
        start = self.starts[first]
        last = min(bisect.bisect_left(self.starts, start + size), first + _LONGEST)
        head = self.grammar.head.replace("{note}", note).replace("{stem}", stem)
        return head.encode() + self.text[start : self.starts[last]] + self.grammar.tail.encode()


def _php(number: int, a: str, b: str, c: str) -> str:
    return f"""
    /**
     * Give the {a} of a {b}, or nothing if its {c} is not set.
     *
     * @param string ${b}
     * @return array
     */
    public function {a}Of{b.title()}{number}(string ${b}): array
    {{
        ${a} = $this->{c}->get(${b}, {number});
        if (!isset(${a}['{c}'])) {{
            return [];
        }}
        return ['{b}' => ${a}['{c}']];
    }}
"""


def _xml(number: int, a: str, b: str, c: str) -> str:
    return f"""    <{a} id="{b}_{c}_{number}" sortOrder="{number % 100}">
        <label translate="true">{b.title()} {c}</label>
        <source>{c}/{a}/{b}</source>
    </{a}>
"""


def _js(number: int, a: str, b: str, c: str) -> str:
    return f"""
    /** Reads the {a} of a {b}. */
    module.{a}{b.title()}{number} = function ({c}) {{
        var {a} = {c}.{b} || null;

        return {a} === null ? [] : {a}.slice(0, {number});
    }};
"""


def _line(number: int, a: str, b: str, c: str) -> str:
    return f"The {a} of every {b} follows from its {c}; see {b} {number}.\n"


_LANGUAGES = {
    "php": _Grammar("<?php\ndeclare(strict_types=1);\n\n/** {note} */\nclass {stem}\n{\n", _php, "}\n"),
    "xml": _Grammar('<?xml version="1.0"?>\n<!-- {note} -->\n<config>\n', _xml, "</config>\n"),
    "js": _Grammar(
        "/* {note} */\ndefine([], function () {\n    var module = {};\n", _js, "\n    return module;\n});\n"
    ),
    "": _Grammar("# {note}\n", _line),
}


@functools.cache
def _language(extension: str) -> _Language:
    grammar = _LANGUAGES[extension]
    units = [grammar.unit(number, *_three_words(number)).encode() for number in range(_UNITS)]
    starts = [0]
    for unit in units:
        starts.append(starts[-1] + len(unit))
    return _Language(grammar, b"".join(units), tuple(starts))


def _three_words(number: int) -> tuple[str, str, str]:
    random, count = digest("words", number), len(_WORDS)
    return _WORDS[random % count], _WORDS[random // count % count], _WORDS[random // count**2 % count]
