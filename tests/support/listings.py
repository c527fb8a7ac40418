"""Documents as a source lists them, brought into the index."""

from collections.abc import Callable
from typing import Any

from docs_hub.found import Content, Found
from docs_hub.listing import list_documents
from docs_hub.models import Collection
from docs_hub.reports import Report


def found(external_id: str = "a.md", read: Callable[[], Content] | None = None, **fields: Any) -> Found:
    usual: dict[str, Any] = {
        "title": "A title", "folder": "", "url": "https://example.org/a", "visibility": "public", "digest": "1",
    }  # fmt: skip
    return Found(external_id=external_id, read=read or (lambda: Content("Words.")), **{**usual, **fields})


def listed(collection: Collection, *some: Found, is_whole: bool = True) -> Report:
    report = Report()
    list_documents(collection, some, report, is_whole=is_whole)
    return report
