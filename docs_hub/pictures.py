"""Pictures that posts name, and where in the repository the files of them may lie."""

import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

SOURCES = "src"  # what ~ stands for
PUBLIC = "public"  # what the site serves as it is


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture as a post names it."""

    address: str  # as written: "~/assets/images/…", "/blog/2022/…", "https://…"
    alt: str = ""  # "" is decoration


def repository_paths(address: str, post_path: str = "", public: str = PUBLIC) -> tuple[str, ...]:
    """Give the paths that an address may mean, the likeliest first; none if it lies elsewhere or outside.

    Spellings differ: with and without percent signs, with letters composed and decomposed.
    """
    if "://" in address or address.startswith("//"):
        return ()
    plain = urlsplit(address).path if "%" in address or "?" in address or "#" in address else address
    decoded = unquote(plain)
    spellings = (unicodedata.normalize("NFC", decoded), decoded, address, unicodedata.normalize("NFD", decoded))
    placed = (_placed(spelling, post_path, public) for spelling in spellings)
    return tuple(dict.fromkeys(path for path in placed if path))


def _placed(address: str, post_path: str, public: str) -> str:
    if address.startswith("~/"):
        return _within(f"{SOURCES}/{address[2:]}")
    if address.startswith("/"):
        return _within(f"{public}/{address}")
    return _within(f"{PurePosixPath(post_path).parent}/{address}")


def _within(path: str) -> str:
    """Resolve . and ..; ``""`` if the path leaves the repository."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            return ""
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "" if "\0" in path else "/".join(parts)
