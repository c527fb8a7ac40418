"""The text of what lies in Drive: which files have one, in which form it comes, and what becomes of it here."""

import re
from urllib.parse import parse_qs, urlsplit

from docs_hub import markdown
from docs_hub.cleaning import storable
from docs_hub.drive_answers import File
from docs_hub.findings import Finding, warning
from docs_hub.found import Content
from docs_hub.rendering import Rendered, render

MARKDOWN = "text/markdown"
EXPORTS = {
    "application/vnd.google-apps.document": MARKDOWN,
    "application/vnd.google-apps.spreadsheet": "text/csv",  # its first sheet
    "application/vnd.google-apps.presentation": "text/plain",
}
MARKDOWN_TYPES = frozenset({MARKDOWN, "text/x-markdown"})
MARKDOWN_NAMES = (".md", ".markdown")
PLAIN_TYPES = frozenset({"text/plain", "text/csv", "text/tab-separated-values"})
LONGEST = 1_000_000  # characters of a text that are searched
TOLD = frozenset({"too-much-markup", "script-removed"})  # what of the renderer's findings concerns staff here

# Docs writes pictures as [image1]: <data:image/png;base64,…> at the end, and ![words][image1] where they stand.
PICTURE_DEFINITION = re.compile(r"^ {0,3}\[([^\]\n]{1,100})\]:[ \t]*<?data:[^\n]*$\n?", re.MULTILINE | re.IGNORECASE)
PICTURE_USE = re.compile(r"!\[([^\]\n]{0,1000})\]\[([^\]\n]{1,100})\]")
PICTURE_INLINE = re.compile(r"!\[([^\]\n]{0,1000})\]\(<?data:[^)\s]*[^)\n]{0,1000}\)", re.IGNORECASE)
ANCHOR = re.compile(r"^(#{1,6} [^\n]*?)[ \t]*\{#[\w.:-]{1,200}\}[ \t]*$", re.MULTILINE)


def export_type(file: File) -> str:
    """Say as what a document of Google's editors is exported; "" if it has no text, or is none."""
    return EXPORTS.get(file.mime_type, "")


def is_text(file: File) -> bool:
    """Tell whether a file's bytes are its text."""
    return is_markdown(file) or file.mime_type in PLAIN_TYPES


def is_markdown(file: File) -> bool:
    is_loose = file.mime_type in {"text/plain", "application/octet-stream"}
    return file.mime_type in MARKDOWN_TYPES or (is_loose and file.name.lower().endswith(MARKDOWN_NAMES))


def content_of(file: File, raw: bytes) -> Content:
    """Give a file's text for search and, where it is Markdown, for the page."""
    text, findings = _decoded(raw)
    if export_type(file) != MARKDOWN and not is_markdown(file):
        return Content(*_bounded(text, findings))
    text, pictures = _without_pictures(text)
    if pictures:
        findings.append(warning("pictures-left-out", "its pictures are shown in Drive only", pictures))
    if len(text) > markdown.LONGEST:
        findings.append(warning("too-long", "it is too long for a page of ours: only the search has its text"))
        return Content(*_bounded(text, findings))
    return _rendered(render(ANCHOR.sub(r"\1", text), _link, lambda address: None), findings)


def _rendered(rendered: Rendered, findings: list[Finding]) -> Content:
    told = [finding for finding in rendered.findings if finding.code in TOLD]
    headings = tuple((heading.level, heading.id, heading.text) for heading in rendered.headings)
    return Content(rendered.text, rendered.html, headings, (*findings, *told))


def _decoded(raw: bytes) -> tuple[str, list[Finding]]:
    """Read what Google writes (UTF-8, with a mark at the beginning), and what people upload."""
    encoding = "utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    text = raw.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    lost = text.count("\ufffd")
    message = "letters could not be read: save the file as UTF-8"
    return storable(text.replace("\x0b", "\n")), [warning("letters-lost", message, lost)] if lost else []


def _bounded(text: str, findings: list[Finding]) -> tuple[str, str, tuple[()], tuple[Finding, ...]]:
    if len(text) > LONGEST:
        findings = [*findings, warning("text-cut", f"only its first {LONGEST:,} characters are searched")]
    return text[:LONGEST], "", (), tuple(findings)


def _without_pictures(text: str) -> tuple[str, int]:
    """Leave out pictures that are in the text itself; what describes them stays."""
    names = {found.group(1).lower() for found in PICTURE_DEFINITION.finditer(text)}
    text = PICTURE_DEFINITION.sub("", text)
    text, inline = PICTURE_INLINE.subn(r"\1", text)
    text = PICTURE_USE.sub(lambda use: use.group(1) if use.group(2).lower() in names else use.group(0), text)
    return text, len(names) + inline


def _link(address: str) -> str | None:
    """Give where a link leads really; one to another place of Drive's own page leads nowhere."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.hostname == "www.google.com" and parts.path == "/url":
        wrapped = parse_qs(parts.query).get("q", [""])[0]
        return wrapped if wrapped.startswith(("https://", "http://")) else None
    if parts.scheme in {"http", "https", "mailto"} or (address.startswith("#") and len(address) > 1):
        return address
    return None
