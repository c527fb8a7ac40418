"""What is left on the site of a collection whose sync failed, for those who are told of it."""

from docs_hub.models import Collection, Document
from mageos_portal.audience import Visibility

KEPT = "What it gave before is still there."


def remains(collection: Collection) -> str:
    """Say in a sentence what of a collection's documents is shown still: those of a folder that was revoked are not."""
    if collection.kind != Collection.Kind.DRIVE:
        return KEPT
    gone = [Document.Trouble.LOST, Document.Trouble.TRASHED]
    documents = collection.documents.exclude(trouble__in=gone)
    count = documents.count()
    if not count or documents.exclude(visibility=Visibility.STAFF).exists():
        return KEPT
    if count == 1:
        return "Its document is hidden from everybody but staff until a sync finds that it is shared again."
    return f"Its {count:,} documents are hidden from everybody but staff until a sync finds that they are shared again."
