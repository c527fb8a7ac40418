"""Files that come with a report: what they are, as their first bytes say, and how many are taken. Pure."""

import re
from dataclasses import dataclass

MOST_FILES = 5
LARGEST_FILE = 5 << 20  # bytes
LONGEST_NAME = 100
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_HARMLESS = re.compile(r"[^A-Za-z0-9._-]+")


class EvidenceError(Exception):
    """A file is not taken; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that is taken."""

    name: str
    media_type: str
    content: bytes


def taken(name: str, content: bytes) -> Evidence:
    """Take a file. Raises: EvidenceError."""
    shown = harmless(name)
    if len(content) > LARGEST_FILE:
        raise EvidenceError(f"{shown} has more than {LARGEST_FILE >> 20} MB; send a smaller one, or write to us")
    media_type = sniffed(content)
    if not media_type:
        raise EvidenceError(f"{shown} is neither a picture (PNG, JPEG, GIF, WebP) nor a PDF nor plain text; send one")
    return Evidence(shown, media_type, content)


def sniffed(content: bytes) -> str:
    """Give the media type of what is taken; empty for everything else."""
    for beginning, media_type in _BEGINNINGS:
        if content.startswith(beginning):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "text/plain" if content and _is_text(content) else ""


def harmless(name: str) -> str:
    """Give a name that no system takes for anything else."""
    return _HARMLESS.sub("-", name).strip("-.")[-LONGEST_NAME:] or "file"


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not re.search(r"[\x00-\x08\x0e-\x1f]", text)
