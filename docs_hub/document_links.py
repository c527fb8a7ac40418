"""Which links lead to documents: files and folders of Google Drive, and texts in repositories on GitHub. Pure.

A document has one key, however its link is written: ``drive:ID``, or ``github:owner/name/path`` whatever the branch.
"""

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

DRIVE_HOSTS = frozenset({"docs.google.com", "drive.google.com"})
GITHUB_HOSTS = frozenset({"github.com", "www.github.com"})
HOSTS = DRIVE_HOSTS | GITHUB_HOSTS
TEXTS = frozenset({".md", ".markdown", ".adoc", ".asciidoc", ".rst", ".txt"})
LONGEST_KEY = 400  # characters
FORMS = "/forms/"  # ask for something and are no documents
DRIVE_ID = re.compile(r"[A-Za-z0-9_-]{10,200}")
DRIVE_PATH = re.compile(r"/(?:folders|d)/(?!e/)([A-Za-z0-9_-]{10,200})(?:/|$)")
NAME = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,100}")
BLOB_PARTS, WIKI_PARTS = 5, 3  # of a path: owner, name, blob, branch and path; owner, name and wiki


def key_of(address: str) -> str:
    """Name the document that a link leads to; "" if it leads to none that is known as such."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"}:
        return ""
    if host in DRIVE_HOSTS:
        return _in_drive(parts.path, parts.query)
    return _on_github(parts.path)[:LONGEST_KEY] if host in GITHUB_HOSTS else ""


def title_of(address: str) -> str:
    """Give a name for a document that nobody named: that of its file."""
    path = unquote(urlsplit(address).path)
    stem = PurePosixPath(path).stem.replace("-", " ").replace("_", " ").strip()
    return "" if not key_of(address).startswith("github:") else stem[:1].upper() + stem[1:]


def drive_id(key: str) -> str:
    """Give Drive's id in a key; "" if it is another one."""
    return key.removeprefix("drive:") if key.startswith("drive:") else ""


def _in_drive(path: str, query: str) -> str:
    if path.startswith(FORMS):
        return ""
    in_path = DRIVE_PATH.search(path)
    found = in_path.group(1) if in_path else parse_qs(query).get("id", [""])[0]
    return f"drive:{found}" if DRIVE_ID.fullmatch(found) else ""


def _on_github(path: str) -> str:
    parts = [unquote(part) for part in path.split("/") if part]
    if len(parts) < WIKI_PARTS or not (NAME.fullmatch(parts[0]) and NAME.fullmatch(parts[1])):
        return ""
    owner, name, what, *rest = parts
    repository = f"{owner}/{name}".lower()
    if what == "wiki":
        return f"github:{repository}/wiki/{rest[0] if rest else 'Home'}"
    is_text = what in {"blob", "raw"} and len(parts) >= BLOB_PARTS
    is_text = is_text and PurePosixPath(rest[-1]).suffix.lower() in TEXTS
    return f"github:{repository}/{'/'.join(rest[1:])}" if is_text else ""
