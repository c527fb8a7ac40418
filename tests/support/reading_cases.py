"""One of everything that the public pages of the documents show; see everything.py."""

from datetime import UTC, datetime

from docs_hub.models import TextVersion
from tests.support.made_documents import a_collection, a_document, an_update

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FOR_MEMBERS = "for members"


def values() -> dict[tuple[str, str], str]:
    """Make the rows and give the parts of their addresses, by name and case."""
    an_update("mirror", category="talks")
    an_update("for-members", visibility="members")
    document = a_document("mirror", collection=a_collection("handbook"))
    TextVersion.objects.create(document=document, number=1, size=1, text="x", visibility="public", replaced_at=NOW)
    board = a_collection("board", visibility="members")
    a_document("for-members", collection=board, visibility="members")
    return {
        ("year", ""): "2024",
        ("number", ""): "1",
        ("category", ""): "talks",
        ("collection", ""): "handbook",
        ("collection", FOR_MEMBERS): "board",
        ("slug", FOR_MEMBERS): "for-members",
    }
