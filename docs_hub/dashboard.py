"""The documents on the admin's first page: how the syncs are, and what waits for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone

from docs_hub.cleaning import printable
from docs_hub.models import CheckedLink, Collection, Document, OfferedLink, Run, Update

MOST_SHOWN = 5
LONGEST, LONGEST_TITLE = 300, 90  # characters of a failure, of a title
TONES = {"succeeded": "good", "running": "busy", "failed": "bad"}


@dataclass(frozen=True, slots=True)
class Line:
    """How one collection is."""

    collection: Collection
    word: str
    tone: str
    failure: str


@dataclass(frozen=True, slots=True)
class Named:
    """An update by what others called it."""

    pk: int
    title: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Some:
    """The first of some updates, and how many more there are."""

    first: Sequence[Named]
    more: int


def documents(request: HttpRequest) -> dict[str, Any]:
    """Give what the panel shows."""
    waiting = Update.objects.filter(state=Update.State.REVIEW).newest_first()
    flagged = Document.objects.filter(trouble_seen_by="").exclude(trouble="")
    coming = Update.objects.filter(state=Update.State.PUBLISHED, published_at__gt=timezone.now())
    return {
        "lines": [_line(collection) for collection in _collections()],
        "waiting": _some(waiting),
        "flagged": flagged.count(),
        "dead": CheckedLink.objects.dead().filter(seen_by="").count(),
        "offered": OfferedLink.objects.filter(state=OfferedLink.State.OFFERED).count(),
        "coming": _some(coming.order_by("published_at")),
        "may_write": request.user.has_perm("docs_hub.add_update"),
        "may_sync": request.user.has_perm("docs_hub.sync_collection"),
    }


def _collections() -> Any:
    newest = Run.objects.filter(collection=OuterRef("pk")).order_by("-pk").values("state")[:1]
    found = Collection.objects.read_from_elsewhere().defer("report", "audience")
    return found.annotate(newest=Subquery(newest))


def _line(collection: Any) -> Line:
    word = collection.newest or (Run.State.SUCCEEDED if collection.synced_at else "never synced")
    failure = printable(collection.last_error)[:LONGEST] if word == Run.State.FAILED else ""
    return Line(collection, word, TONES.get(word, "warn"), failure)


def _some(updates: Any) -> Some:
    found = updates.values_list("pk", "title", "published_at")[: MOST_SHOWN + 1]
    first = [Named(pk, printable(title)[:LONGEST_TITLE], at) for pk, title, at in found]
    more = updates.count() - MOST_SHOWN if len(first) > MOST_SHOWN else 0
    return Some(first[:MOST_SHOWN], more)
