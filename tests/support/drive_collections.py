"""Collections that come from a Drive folder, and what is seen of them."""

from typing import Any

import pytest

from docs_hub.crawling import crawl
from docs_hub.drive_errors import DriveError, UnreachableError
from docs_hub.models import Collection, Document
from docs_hub.reports import Report
from mageos_portal.audience import EVERYBODY, Audience
from tests.support.drive import user
from tests.support.drive_api import ACCOUNT, Item

MEMBER = Audience(is_member=True)
DOCS = Audience(is_member=True, teams=frozenset({"docs"}))
READER = user(ACCOUNT)
EDITOR = user(ACCOUNT, "writer")


def collection(root: Item, **fields: Any) -> Collection:
    defaults = {"title": "Vision", "kind": Collection.Kind.DRIVE, "folder": root.id, "team": "docs"}
    stands = {"members_are": "example.org", "team_is": "docs@groups.example"}
    return Collection.objects.create(slug=f"c{Collection.objects.count()}", **(defaults | stands | fields))


def crawled(of: Collection) -> Report:
    report = Report()
    crawl(Collection.objects.get(pk=of.pk), report)
    return report


def refused(of: Collection, kind: type[DriveError]) -> str:
    with pytest.raises(kind) as raised:
        crawled(of)
    assert type(raised.value) is kind or kind is UnreachableError
    return str(raised.value)


def seen(audience: Audience = EVERYBODY) -> set[str]:
    """Give the titles that somebody may see."""
    return set(Document.objects.visible_to(audience).values_list("title", flat=True))


def document(title: str) -> Document:
    return Document.objects.get(title=title)


def codes(title: str) -> set[str]:
    return {finding["code"] for finding in document(title).findings}
