"""The people whom posts name as authors: files in the directory ``authors`` beside that of the posts."""

from itertools import islice
from pathlib import PurePosixPath

from docs_hub import front_matter, posts
from docs_hub.cleaning import one_line
from docs_hub.front_matter import FrontMatterError
from docs_hub.repository import Blob, RepositoryError, Snapshot

DIRECTORY = "authors"
MOST = 1_000  # files that are read
LONGEST_NAME = 100  # characters


def authors_of(snapshot: Snapshot, posts_path: str) -> dict[str, str] | None:
    """Give the names of authors by what posts call them; None if the repository has no such directory."""
    directory = str(PurePosixPath(posts_path.strip("/")).parent / DIRECTORY)
    if not snapshot.has(directory):
        return None
    found: dict[str, str] = {}
    for blob in islice(snapshot.files(directory, (".md",)), MOST):
        values = _values(snapshot, blob)
        stem = PurePosixPath(blob.path).stem
        name = one_line(str(values.get("name") or stem))[:LONGEST_NAME]
        found |= dict.fromkeys((stem, str(values.get("slug") or stem)), name)
    return found


def _values(snapshot: Snapshot, blob: Blob) -> front_matter.Values:
    """Give what a file says; nothing if it cannot be read."""
    try:
        text = snapshot.read(blob, posts.LARGEST).decode(errors="replace").replace("\r\n", "\n")
        return front_matter.parse(front_matter.split(text)[0])
    except (FrontMatterError, RepositoryError):
        return {}
