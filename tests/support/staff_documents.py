"""Updates, collections and documents for tests of the staff's pages, each with defaults that fit."""

import io
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from docs_hub.models import Collection, Document, SourceFile, Update

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\u202egpj.exe\x07"


def a_collection(slug: str = "posts", kind: str = Collection.Kind.UPDATES, **fields: Any) -> Collection:
    return Collection.objects.create(slug=slug, **{"title": slug.title(), "kind": kind, **fields})


def an_update(slug: str = "week-9", **fields: Any) -> Update:
    """Make an update that is written here and was published; its text is only said, not rendered."""
    usual = {
        "title": "Week 9", "year": 2026, "published_at": NOW, "state": Update.State.PUBLISHED, "body": "Words.",
        "html": "<p>Words.</p>", "text": "Words.", "is_written_here": True,
    }  # fmt: skip
    return Update.objects.create(slug=slug, **{**usual, **fields})


def an_imported_update(slug: str = "week-8", collection: Collection | None = None, **fields: Any) -> Update:
    """Make an update with its file; `findings` are the file's."""
    findings = fields.pop("findings", [])
    update = an_update(slug, is_written_here=False, **fields)
    collection = collection or Collection.objects.filter(slug="posts").first() or a_collection()
    SourceFile.objects.create(
        collection=collection, update=update, path=f"{slug}.md", blob="b" * 40, commit="c" * 40, findings=findings
    )
    return update


def a_document(collection: Collection, external_id: str = "one.md", **fields: Any) -> Document:
    usual = {
        "title": "A document", "slug": external_id.replace(".", "-"), "url": "https://example.org/one",
        "visibility": "public", "allowed": "public",
    }  # fmt: skip
    return Document.objects.create(collection=collection, external_id=external_id, **{**usual, **fields})


def address(model: type[models.Model], page: str = "changelist", *arguments: Any) -> str:
    return reverse(f"admin:docs_hub_{model._meta.model_name}_{page}", args=arguments)


def page_of(client: Client, row: models.Model) -> str:
    return text_of(client.get(address(type(row), "change", row.pk)))


def text_of(reply: Any) -> str:
    assert reply.status_code == 200, reply.status_code
    content: bytes = reply.content
    return content.decode()


def act(client: Client, action: str, *rows: models.Model) -> str:
    """Do something with rows of a list, and give the page that follows."""
    chosen = {"action": action, ACTION_CHECKBOX_NAME: [str(row.pk) for row in rows]}
    return text_of(client.post(address(type(rows[0])), chosen, follow=True))


def said(row: models.Model) -> list[str]:
    """Give what the history of a row says: who and what."""
    found = LogEntry.objects.filter(object_id=str(row.pk), content_type__model=row._meta.model_name).order_by("pk")
    return [f"{entry.user.get_username()}: {entry.get_change_message()}" for entry in found]


def queries(client: Client, path: str) -> int:
    client.get(path)  # what is asked for once, such as content types
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def a_picture(colour: str = "red") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(content, "PNG")
    return content.getvalue()
