"""One of everything that the documents have, and what is posted there; see everything.py."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import Model

from docs_hub.models import Alias, Category, CheckedLink, Collection, OfferedLink, Run, TextVersion, Update
from tests.support.staff_documents import a_collection, a_document, an_imported_update, an_update

NOW = datetime(2026, 1, 2, tzinfo=UTC)
REASON = {"reason": "broken"}
DELETED = {"post": "yes"}
WRITTEN = {
    "title": "Week 10", "slug": "week-10", "published_at_0": "2026-01-02", "published_at_1": "10:00:00",
    "body": "Words.", "visibility": "public",
}  # fmt: skip
SETTINGS = {"title": "Another title", "visibility": "public", "preference": "0", "is_active": "on"}
LINK = {"title": "A link", "url": "https://example.org/", "kind": "vision"}
UPDATE, DOCUMENT = "/admin/docs_hub/update", "/admin/docs_hub/document"
ALIAS, CATEGORY, COLLECTION = "/admin/docs_hub/alias", "/admin/docs_hub/category", "/admin/docs_hub/collection"


def rows() -> Iterator[tuple[Model, str]]:
    """Make one row of each model and of each case of the table."""
    folder = a_collection("folder", Collection.Kind.DRIVE, folder="1AbCdEfGhIjKlMnOp")
    links, posts = a_collection("links", Collection.Kind.LINKS), a_collection("posts")
    yield folder, ""
    yield Run.objects.create(collection=folder, state=Run.State.SUCCEEDED, ended_at=NOW), ""
    document = a_document(folder, trouble="lost")
    yield document, ""
    yield TextVersion.objects.create(document=document, number=1, size=1, text="x", replaced_at=NOW), ""
    yield a_document(folder, "hidden", is_hidden=True), "taken out"
    yield a_document(links, "link"), "a link"
    gone = {"address": "https://example.org/gone", "host": "example.org"}
    yield CheckedLink.objects.create(digest="a", is_dead=True, next_at=NOW.replace(year=2100), **gone), ""
    yield OfferedLink.objects.create(key="a", url="https://docs.google.com/document/d/a"), ""
    dismissed = OfferedLink.State.DISMISSED
    yield OfferedLink.objects.create(key="b", url="https://docs.google.com/document/d/b", state=dismissed), "dismissed"
    update = an_update(changed_at=NOW)
    yield update, ""
    yield an_imported_update("imported", posts), "imported"
    yield an_imported_update("waiting", posts, state=Update.State.REVIEW), "one that waits"
    yield an_update("hidden", state=Update.State.HIDDEN, hidden_by="somebody"), "hidden"
    yield Category.objects.create(slug="news", title="News"), ""
    yield Alias.objects.create(path="/blog/week-9", target="/updates/", is_handmade=True), ""
    yield Alias.objects.create(path="/blog/week-8", update=update), "imported"


def forms() -> dict[tuple[str, str], Any]:
    """Give what is posted in each case; for links this asks for their collection."""
    links = str(Collection.objects.get(slug="links").pk)
    return FORMS | {
        (f"{DOCUMENT}/add/", ""): {**LINK, "collection": links},
        ("/admin/docs_hub/offeredlink/<object_id>/accept/", ""): {"title": "A plan", "collection": links},
        (f"{DOCUMENT}/<object_id>/change/", "a link"): {**LINK, "collection": links},
    }


FORMS: dict[tuple[str, str], Any] = {
    (f"{UPDATE}/add/", ""): {**WRITTEN, "_draft": ""},
    (f"{UPDATE}/preview/", ""): WRITTEN,
    (f"{UPDATE}/<object_id>/change/", ""): {**WRITTEN, "_save": "", "read_at": NOW.isoformat()},
    (f"{UPDATE}/<object_id>/change/", "imported"): {"visibility": "members"},
    (f"{UPDATE}/<object_id>/delete/", ""): DELETED,
    (f"{UPDATE}/<object_id>/delete/", "imported"): DELETED,
    (f"{UPDATE}/<object_id>/approve/", "one that waits"): REASON,
    (f"{UPDATE}/<object_id>/hide/", ""): REASON,
    ("/admin/docs_hub/textversion/<object_id>/delete/", ""): DELETED,
    (f"{DOCUMENT}/<object_id>/change/", ""): {"kind": "vision", "status": "accepted"},
    (f"{DOCUMENT}/<object_id>/delete/", ""): DELETED,
    (f"{DOCUMENT}/<object_id>/delete/", "a link"): DELETED,
    (f"{COLLECTION}/add/", ""): {**SETTINGS, "slug": "more", "kind": "links"},
    (f"{COLLECTION}/<object_id>/change/", ""): {**SETTINGS, "folder": "1AbCdEfGhIjKlMnOp"},
    (f"{COLLECTION}/<object_id>/delete/", ""): DELETED,
    (f"{CATEGORY}/add/", ""): {"title": "Meetings", "slug": "meetings"},
    (f"{CATEGORY}/<object_id>/change/", ""): {"title": "Meetings"},
    (f"{CATEGORY}/<object_id>/delete/", ""): DELETED,
    (f"{ALIAS}/add/", ""): {"path": "/old", "target": "/updates/"},
    (f"{ALIAS}/<object_id>/change/", ""): {"path": "/old", "target": "/updates/"},
    (f"{ALIAS}/<object_id>/delete/", ""): DELETED,
    (f"{ALIAS}/<object_id>/delete/", "imported"): DELETED,
}
ACTIONS = {
    (f"{UPDATE}/", "approve"): "one that waits",
    (f"{DOCUMENT}/", "put_back"): "taken out",
    ("/admin/docs_hub/offeredlink/", "offer_again"): "dismissed",
}
