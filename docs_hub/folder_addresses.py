"""Folders of Google Drive as people name them: by an id, or by the link that they copied."""

import re
from urllib.parse import parse_qs, urlsplit

from docs_hub.drive_answers import Ref

FILE_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
IN_PATH = re.compile(r"/(?:folders|d)/([A-Za-z0-9_-]{1,200})(?:/|$)")


def folder_named(text: str, key: str = "") -> Ref | None:
    """Understand an id or a link, and its resource key; None if it is neither."""
    text, key = text.strip(), key.strip()
    if FILE_ID.fullmatch(text):
        return Ref(text, key) if _is_key(key) else None
    try:
        parts = urlsplit(text)
        query = parse_qs(parts.query)
    except ValueError:
        return None
    in_path = IN_PATH.search(parts.path)
    found = in_path.group(1) if in_path else query.get("id", [""])[0]
    key = key or query.get("resourcekey", [""])[0]
    is_link = parts.scheme in {"http", "https"} and FILE_ID.fullmatch(found) and _is_key(key)
    return Ref(found, key) if is_link else None


def _is_key(key: str) -> bool:
    return not key or bool(FILE_ID.fullmatch(key))
