"""The text of a policy: its canonical form, the hash that stands for it, and the page made of it. Pure.

Raw HTML, pictures and code are no markup here: they show as they are written, and the rest is cleaned besides.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, count

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

LONGEST = 60_000  # characters; some markup takes time by the square of its length
TOP, DEEPEST = 2, 6  # levels of headings below the page's own
GAP = re.compile(r"[^a-z0-9]+")
FRAME = '<div class="table" role="region" aria-label="Table {number}" tabindex="0"><table>'
UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

CLEANER = nh3.Cleaner(
    tags={"h2", "h3", "h4", "h5", "h6", "p", "blockquote", "hr", "br", "ul", "ol", "li", "a", "em", "strong", "code"}
    | {"div", "table", "thead", "tbody", "tr", "th", "td", "s"},
    attributes={"a": {"href", "title"}, "ol": {"start"}, "div": {"role", "aria-label", "tabindex"}}
    | {f"h{level}": {"id"} for level in range(TOP, DEEPEST + 1)},
    allowed_classes={"div": {"table"}},
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)


def canonical(text: str) -> str:
    """Give the form that is hashed and kept: NFC, lines that end with LF and no space, one LF at the end.

    Characters that no reader sees, but that could turn or hide a part of the text, are left out.
    """
    even = UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    storable = even.encode("utf-8", "replace").decode()
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", storable).split("\n")]
    return "\n".join(lines).strip("\n") + "\n"


def sha256_of(text: str) -> str:
    """Give the SHA-256 of a text's canonical form, 64 hex digits."""
    return hashlib.sha256(canonical(text).encode()).hexdigest()


def html_of(text: str, title: str = "") -> str:
    """Give safe HTML, its headings from h2 on without gaps; a first heading that only says the title is left out."""
    tokens = PARSER.parse(canonical(text))
    if _is_heading_of(tokens, title):
        tokens = tokens[3:]
    _arrange(tokens)
    return CLEANER.clean(PARSER.renderer.render(tokens, PARSER.options, {}))


def _is_heading_of(tokens: Sequence[Token], title: str) -> bool:
    if not tokens or tokens[0].type != "heading_open" or tokens[0].tag != "h1":
        return False
    return " ".join(tokens[1].content.split()).casefold() == " ".join(title.split()).casefold()


def _arrange(tokens: Sequence[Token]) -> None:
    """Give headings levels in steps, and ids to link to."""
    opening = [number for number, token in enumerate(tokens) if token.type == "heading_open"]
    written = [int(tokens[number].tag[1]) for number in opening]
    names: set[str] = set()
    for number, level in zip(opening, _stepwise(written), strict=True):
        tokens[number].tag = tokens[number + 2].tag = f"h{level}"
        name = _new_name(tokens[number + 1].content, names)
        names.add(name)
        tokens[number].attrs["id"] = f"text-{name}"


def _new_name(heading: str, taken: Collection[str]) -> str:
    slug = GAP.sub("-", heading.lower()).strip("-")[:60].strip("-") or "part"
    numbered = (f"{slug}-{number}" for number in count(2))
    return next(name for name in chain([slug], numbered) if name not in taken)


def _stepwise(levels: Sequence[int]) -> Iterator[int]:
    before, shallowest = TOP - 1, min(levels, default=1)
    for level in levels:
        before = min(level - shallowest + TOP, before + 1, DEEPEST)
        yield before


def _table(renderer: RendererHTML, tokens: Sequence[Token], number: int, options: OptionsDict, env: EnvType) -> str:
    if tokens[number].nesting != 1:
        return "</table></div>"
    env["tables"] = env.get("tables", 0) + 1
    return FRAME.format(number=env["tables"])


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.disable(["code", "fence", "image", "html_block", "html_inline"])
    parser.add_render_rule("table_open", _table)
    parser.add_render_rule("table_close", _table)
    return parser


PARSER = _parser()
