"""Markdown as posts are written in it: GitHub's dialect, with raw HTML, within bounds."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from docs_hub.cleaning import odd_spaces, storable

LONGEST = 256 * 1024  # characters that are parsed; some markup takes time by the square of its length
LONGEST_RUN = 1_000  # characters without a space where links are still looked for
MOST_TAGS = 2_000  # of raw HTML

RUN = re.compile(rf"\S{{{LONGEST_RUN + 1}}}")
TAG = re.compile(r"<[a-zA-Z!?]")
SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
CODE = frozenset({"code_inline", "code_block", "fence"})
RAW = frozenset({"html_block", "html_inline"})


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text's tokens, and what was seen on the way."""

    tokens: list[Token]
    open_emphasis: int  # ** that no rule closes and that therefore show
    odd_spaces: int  # outside code
    scripts: int
    is_plain: bool  # too long, or with too many tags: nothing in it was taken as markup


def parse(text: str) -> Parsed:
    """Read Markdown; what is too much for it is taken as plain text."""
    text = storable(text)
    if len(text) > LONGEST or len(TAG.findall(text)) > MOST_TAGS:
        return Parsed(_as_text(text), 0, odd_spaces(text), len(SCRIPT.findall(text)), is_plain=True)
    env: dict[str, int] = {}
    parser = PARSER_WITHOUT_LINKS if RUN.search(text) else PARSER
    tokens = parser.parse(text, env)
    parts = list(every_token(tokens))
    code = sum(odd_spaces(part.content) for part in parts if part.type in CODE)
    scripts = sum(len(SCRIPT.findall(part.content)) for part in parts if part.type in RAW)
    return Parsed(tokens, env.get("open_emphasis", 0), odd_spaces(text) - code, scripts, is_plain=False)


def html_of(parsed: Parsed) -> str:
    """Give HTML that nobody has checked yet."""
    return str(PARSER.renderer.render(parsed.tokens, PARSER.options, {}))


def paragraphs(text: str) -> Iterator[tuple[bool, str]]:
    """Give each paragraph's text, and whether it stands outside lists and quotations; bold lines are headings."""
    previous = Token("", "", 0)
    for token in parse(text).tokens:
        if token.type == "inline" and previous.type == "paragraph_open" and not _is_bold(token.children or []):
            yield previous.level == 0, plain(token.children or [])
        previous = token


def plain(tokens: Iterable[Token]) -> str:
    """Give the words of a line, without pictures and HTML."""
    return "".join(_word(token) for token in tokens)


def every_token(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from every_token(token.children or ())


def _is_bold(line: list[Token]) -> bool:
    strong = [number for number, token in enumerate(line) if token.tag == "strong"]
    shown = [number for number, token in enumerate(line) if token.content or token.tag]
    return len(strong) == 2 and strong == [shown[0], shown[-1]]  # noqa: PLR2004 - its beginning and its end


def _word(token: Token) -> str:
    if token.type in {"softbreak", "hardbreak"}:
        return " "
    return token.content if token.type in {"text", "code_inline"} else ""


def _as_text(text: str) -> list[Token]:
    tokens = []
    for part in re.split(r"\n{2,}", text):
        inline = Token("inline", "", 0, children=[Token("text", "", 0, content=part)])
        tokens += [Token("paragraph_open", "p", 1, block=True), inline, Token("paragraph_close", "p", -1, block=True)]
    return tokens


def _count_open_emphasis(state: StateCore) -> None:
    """Count what looks like emphasis and is text; escaped asterisks have tokens of their own still."""
    texts = (part.content for part in every_token(state.tokens) if part.type == "text")
    state.env["open_emphasis"] = sum(text.count("**") for text in texts)


def _unescape_links(state: StateCore) -> None:
    """Take the backslashes out of bare links: exports escape underscores there, too."""
    tokens = list(every_token(state.tokens))
    for token, words in pairwise(tokens):
        if token.type == "link_open" and token.markup == "linkify":
            token.attrs["href"] = str(token.attrs["href"]).replace("%5C", "")
            words.content = words.content.replace("\\", "")


def _parser(*, finds_links: bool) -> MarkdownIt:
    parser = MarkdownIt("gfm-like", {"linkify": finds_links})
    if parser.linkify is not None:
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
        for scheme in ("//", "ftp:"):
            parser.linkify.add(scheme, None)
    parser.core.ruler.before("text_join", "open_emphasis", _count_open_emphasis)
    parser.core.ruler.after("text_join", "unescape_links", _unescape_links)
    return parser


PARSER = _parser(finds_links=True)
PARSER_WITHOUT_LINKS = _parser(finds_links=False)
