"""Markdown to HTML that is safe and can be read by everybody: cleaned, headings in steps, nothing that scrolls alone.

Classes that pages must style: ``table`` (a wide table's frame), ``logo-grid``, ``missing-image``,
``align-left``, ``align-center``, ``align-right`` (cells).
"""

from collections.abc import Callable
from dataclasses import dataclass

import nh3

from docs_hub import markdown
from docs_hub.findings import Finding, warning
from docs_hub.headings import Heading, are_stepwise, arrange
from docs_hub.html_tree import Element, parse, written
from docs_hub.links import arrange_links, arrange_videos
from docs_hub.markdown import Parsed
from docs_hub.pictures import ImageRef
from docs_hub.shaping import arrange_pictures, drop_empty, even_spaces, frame_tables, make_code_focusable, shape_grids

Resolve = Callable[[str], str | None]

TAGS = (
    {"h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "blockquote", "pre", "hr", "br", "details", "summary"}
    | {"ul", "ol", "li", "dl", "dt", "dd", "figure", "figcaption", "img"}
    | {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
    | {"a", "abbr", "b", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strong"}
    | {"sub", "sup", "u", "var"}
)
DROPPED_WHOLE = {
    "script",
    "style",
    "template",
    "noscript",
    "iframe",
    "object",
    "embed",
    "applet",
    "svg",
    "math",
    "canvas",
} | {"audio", "video", "form", "button", "select", "textarea", "title", "xmp", "noembed", "noframes"}
SCHEMES = {"http", "https", "mailto"}
WRITTEN = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}, "abbr": {"title"}}
CELL = {"colspan", "rowspan"}
FIRST = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=DROPPED_WHOLE,
    attributes=WRITTEN | {"th": CELL | {"style"}, "td": CELL | {"style"}},
    allowed_classes={"div": {"not-prose"}},
    filter_style_properties={"text-align"},
    url_schemes=SCHEMES,
    link_rel=None,
)
FRAME = {"tabindex", "role", "aria-label"}
LAST = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=DROPPED_WHOLE,
    attributes=WRITTEN
    | {"img": {"src", "alt", "title", "loading"}, "div": FRAME, "pre": {"tabindex"}, "th": CELL, "td": CELL}
    | {f"h{level}": {"id"} for level in range(2, 7)},
    allowed_classes={
        "div": {"table", "logo-grid"},
        "span": {"missing-image"},
        "th": {"align-left", "align-center", "align-right"},
        "td": {"align-left", "align-center", "align-right"},
    },
    url_schemes=SCHEMES,
    link_rel=None,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as pages, feeds and the search take it."""

    html: str  # safe
    text: str  # plain, a block a line
    headings: tuple[Heading, ...]
    images: tuple[ImageRef, ...]  # as the text names them
    links: tuple[str, ...]  # as they are in the HTML
    words: int
    findings: tuple[Finding, ...]


def render(text: str, resolve_link: Resolve, resolve_image: Resolve) -> Rendered:
    """Render Markdown. The two functions give the new address of what is written, or None where there is none."""
    parsed = markdown.parse(text)
    root = parse(FIRST.clean(markdown.html_of(parsed)))
    even_spaces(root)
    images, findings = arrange_pictures(root, resolve_image)
    findings += arrange_videos(root)
    links, about_links = arrange_links(root, resolve_link)
    levels, headings = arrange(root)
    drop_empty(root)
    shape_grids(root)
    frame_tables(root)
    make_code_focusable(root)
    findings = _about_text(text, parsed) + _about_headings(levels) + findings + about_links
    return _rendered(root, headings, images, links, findings)


def _rendered(
    root: Element,
    headings: tuple[Heading, ...],
    images: list[ImageRef],
    links: list[str],
    findings: list[Finding],
) -> Rendered:
    lines = (" ".join(line.split()) for line in root.text().splitlines())
    text = "\n".join(line for line in lines if line)
    html = LAST.clean(written(root))
    return Rendered(html, text, headings, tuple(images), tuple(links), len(text.split()), tuple(findings))


def _about_text(text: str, parsed: Parsed) -> list[Finding]:
    found = []
    if parsed.is_plain:
        found.append(warning("too-much-markup", "the text is too long or has too much HTML: it is shown as plain text"))
    if parsed.odd_spaces:
        found.append(warning("nbsp", "no-break and zero-width spaces became spaces", parsed.odd_spaces))
    if parsed.scripts:
        found.append(warning("script-removed", "a script was left out", parsed.scripts))
    if parsed.open_emphasis:
        message = "** shows in the text: put a space outside, none inside the asterisks"
        found.append(warning("emphasis-open", message, parsed.open_emphasis))
    if "\ufffd" in text:
        message = "the text holds replacement characters: letters were lost before it came here"
        found.append(warning("letters-lost", message, text.count("\ufffd")))
    return found


def _about_headings(levels: list[int]) -> list[Finding]:
    if are_stepwise(levels):
        return []
    written_levels = " ".join(f"h{level}" for level in levels[:20])
    return [
        warning("heading-levels", f"headings were moved to levels without gaps from h2 on; written: {written_levels}")
    ]
