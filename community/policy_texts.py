"""The text of a policy: in the one form that is hashed, and as HTML. Pure."""

import hashlib
import re
import unicodedata

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

LONGEST = 100_000  # characters of a policy
TAGS = {"h2", "h3", "h4", "p", "ul", "ol", "li", "a", "em", "strong", "code", "blockquote", "br", "hr"}
CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href", "title"}, "ol": {"start"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}},
    url_schemes={"https", "http", "mailto"},
    link_rel="noopener",
)
PARSER = MarkdownIt("commonmark", {"html": False})
FIRST_LEVEL, LAST_LEVEL = 2, 4  # the page's title is its only h1
NO_WORD = re.compile(r"[^a-z0-9]+")
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def canonical(text: str) -> str:
    """Give a text in its one form: composed characters, LF, no space at the end of a line, one LF at its end."""
    text = UNSTORABLE.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    return "\n".join(line.rstrip() for line in text.strip().split("\n")) + "\n"


def sha256_of(text: str) -> str:
    """Give 64 hex digits that stand for the canonical form of a text."""
    return hashlib.sha256(canonical(text).encode()).hexdigest()


def html_of(text: str) -> str:
    """Render a policy: safe, its headings in steps from h2 on, each with a name of its own."""
    tokens = PARSER.parse(canonical(text))
    _arrange(tokens)
    return CLEANER.clean(PARSER.renderer.render(tokens, PARSER.options, {}))


def _arrange(tokens: list[Token]) -> None:
    written = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    level, top, names = FIRST_LEVEL - 1, min(written, default=1), set[str]()
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open":
            wanted = FIRST_LEVEL + int(token.tag[1]) - top
            level = max(FIRST_LEVEL, min(wanted, level + 1, LAST_LEVEL))
            token.attrs["id"] = _name(following.content if following else "", names)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{level}"


def _name(words: str, taken: set[str]) -> str:
    """Give an id that no heading before has, and that no element of the page around has either."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    first = "part-" + (NO_WORD.sub("-", plain).strip("-")[:60] or "text")
    name = next(
        name for number in range(len(taken) + 1) if (name := f"{first}-{number}" if number else first) not in taken
    )
    taken.add(name)
    return name
