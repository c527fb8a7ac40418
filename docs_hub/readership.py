"""Who may read a document: those whom it and its collection allow."""

from docs_hub.models import Document
from mageos_portal.audience import Visibility, narrowest

GONE = frozenset({Document.Trouble.LOST, Document.Trouble.TRASHED})


def readers_of(document: Document) -> tuple[Visibility, str]:
    """Give who may find a document that is listed, and of which team; no team is a part of another."""
    sides = (document, document.collection)
    teams = {side.team for side in sides if side.visibility == Visibility.TEAM}
    visibility = narrowest(side.visibility for side in sides)
    if visibility != Visibility.TEAM:
        return visibility, ""
    return (visibility, teams.pop()) if len(teams) == 1 else (Visibility.STAFF, "")


def is_listed(document: Document) -> bool:
    """Say of one document what ``DocumentQuerySet.listed`` says of many."""
    return not document.is_hidden and document.collection.is_active and document.trouble not in GONE
