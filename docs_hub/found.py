"""A document as its source has it, before it is in the index."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from docs_hub.findings import Finding

CLOSED, ANEW = "closed ", "anew "  # what a digest may begin with: nobody may copy it; it is to be rendered again


class ContentError(Exception):
    """The content cannot be read now; what was read before stays."""


def content_id(digest: str) -> str:
    """Give what its source calls a content, without what else decides how it is shown."""
    return digest.removeprefix(ANEW).removeprefix(CLOSED).partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Content:
    """What can be read of a document."""

    text: str  # plain, for search
    html: str = ""  # safe; empty where only the source shows it
    headings: tuple[tuple[int, str, str], ...] = ()  # level, id, text
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One document of a listing."""

    external_id: str  # path in the repository, or Drive's id
    title: str
    folder: str  # names of the folders above it, with slashes
    url: str  # where people open it
    visibility: str  # what its source itself allows; see mageos_portal.audience.Visibility
    read: Callable[[], Content]  # called only if the digest is new. Raises: ContentError
    media_type: str = ""
    created_at: datetime | None = None
    changed_at: datetime | None = None
    digest: str = ""  # equal as long as its content is
    audience: tuple[str, ...] = ()  # with whom it is shared, for staff
    is_trashed: bool = False
    kind: str = ""  # see models.Document.Kind; empty: not known
    slug: str = ""  # its name in addresses if it is new and its source knows one that nothing else has
    findings: tuple[Finding, ...] = ()
