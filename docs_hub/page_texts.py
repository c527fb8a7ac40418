"""Texts of documents in git: their title, their words, and where a link from one to another leads."""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from docs_hub import front_matter
from docs_hub.cleaning import one_line, storable
from docs_hub.findings import Finding, warning
from docs_hub.front_matter import FrontMatterError, Values

MARKDOWN = (".md", ".markdown")
SUFFIXES = (*MARKDOWN, ".txt", ".adoc")
MEDIA_TYPES = {".txt": "text/plain", ".adoc": "text/asciidoc"}
LARGEST = 1024 * 1024  # bytes of a file
LONGEST_TITLE = 300
MARK = "\ufeff"
FIRST_LINES = 200  # where a title is looked for
HEADING = re.compile(r" {0,3}#{1,2}[ \t]+(?P<title>.+?)[ \t]*#*$|=[ \t]+(?P<adoc>.+)$")
UNDERLINE = re.compile(r" {0,3}=+[ \t]*$")
FENCE = re.compile(r" {0,3}(```|~~~)")
MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*`]|<[^>]*>")


@dataclass(frozen=True, slots=True)
class Page:
    """A document's text."""

    title: str
    body: str  # without the line that is its title
    is_markdown: bool
    values: Values = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def read(path: str, content: bytes) -> Page:
    """Read a document, whatever it holds."""
    findings = []
    text = content[:LARGEST].decode("utf-8", "replace").removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n")
    if len(content) > LARGEST:
        findings.append(warning("too-large", f"{path}: only its first {LARGEST // 1024} KiB were read"))
    if "\0" in text:
        return Page(name_of(path), "", is_markdown=False, findings=(warning("not-text", f"{path}: is no text"),))
    if "\ufffd" in text:
        findings.append(warning("not-utf-8", f"{path}: letters were lost, as it is not UTF-8; save it as UTF-8"))
    values, body, fault = _parts(text)
    if fault:
        findings.append(warning("front-matter", f"{path}: {fault}"))
    is_markdown = path.lower().endswith(MARKDOWN)
    written = values.get("title")
    found, rest = _first_heading(body)
    title = one_line(written) if isinstance(written, str) else ""
    body = rest if found and title in ("", found) else body
    return Page((title or found or name_of(path))[:LONGEST_TITLE], storable(body), is_markdown, values, tuple(findings))


def name_of(path: str) -> str:
    """Give words for a file's name: ``"docs/getting-started.md"`` is ``"Getting started"``."""
    stem = PurePosixPath(path).stem
    words = one_line(re.sub(r"[-_]+", " ", stem)) or stem
    return words[:1].upper() + words[1:]


def path_of(link: str, path: str) -> tuple[str, str]:
    """Give the path in the repository that a link in a document means, and its fragment; ``""`` for none there."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return "", ""
    if parts.scheme or parts.netloc or not parts.path:
        return "", ""
    place = [] if parts.path.startswith("/") else list(PurePosixPath(path).parent.parts)
    for name in unquote(parts.path).split("/"):
        if name == ".." and not place:
            return "", ""
        if name == "..":
            place.pop()
        elif name not in {"", "."}:
            place.append(name)
    return "/".join(place), parts.fragment


def _parts(text: str) -> tuple[Values, str, str]:
    """Give front matter, body, and what is wrong with the front matter; none is no fault."""
    if not front_matter.FENCE.match(text):
        return {}, text, ""
    try:
        block, body = front_matter.split(text)
    except FrontMatterError:  # a rule at its start
        return {}, text, ""
    try:
        return front_matter.parse(block), body, ""
    except FrontMatterError as failure:
        return {}, body, str(failure)


def _first_heading(body: str) -> tuple[str, str]:
    """Give the heading that a text begins with, and the text without it; it is its title, not a part of it."""
    lines = body.split("\n", FIRST_LINES)
    for number, line in enumerate(lines[:FIRST_LINES]):
        if FENCE.match(line):
            break
        heading = HEADING.match(line)
        is_underlined = bool(line.strip()) and number + 1 < len(lines) and UNDERLINE.match(lines[number + 1])
        if heading or is_underlined:
            title = (heading["title"] or heading["adoc"]) if heading else line
            end = number + (1 if heading else 2)
            return _plain(title), "\n".join(lines[:number] + lines[end:])
    return "", body


def _plain(title: str) -> str:
    return one_line(MARKUP.sub(r"\1", title))
