"""Made-up updates and documents as rows, and the people who ask for them."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from docs_hub.models import Category, Collection, Document, TextVersion, Update
from tests.support.staff import a_person, logged_in

DAY = datetime(2024, 5, 7, tzinfo=UTC)
OURS, THEIRS = "infrastructure", "marketing"  # teams
PEOPLE = ("anonymous", "outsider", "member", "of another team", "of the team", "staff")
AROUND = 7  # queries about who asks: session, account, groups, agreement, sanctions and teams

_numbers = count(1)


def an_update(slug: str = "", *, category: str = "", **fields: Any) -> Update:
    """Make a public update as an import leaves it."""
    slug = slug or f"update-{next(_numbers)}"
    given: dict[str, Any] = {"title": f"About {slug}", "published_at": DAY, "html": "<p>Words.</p>", "text": "Words."}
    given |= {"state": Update.State.PUBLISHED, "description": f"What {slug} says.", "changed_at": DAY, **fields}
    given.setdefault("year", given["published_at"].year)
    if category:
        given["category"], _ = Category.objects.get_or_create(slug=category, defaults={"title": category.title()})
    return Update.objects.create(slug=slug, **given)


def a_collection(slug: str = "handbook", **fields: Any) -> Collection:
    given = {"title": slug.title(), "kind": Collection.Kind.DRIVE, **fields}
    return Collection.objects.get_or_create(slug=slug, defaults=given)[0]


def a_document(slug: str = "", *, collection: Collection | None = None, **fields: Any) -> Document:
    """Make a public document as a sync leaves it."""
    slug = slug or f"document-{next(_numbers)}"
    given: dict[str, Any] = {"title": f"Paper {slug}", "visibility": "public", "text": "Words.", "changed_at": DAY}
    given |= {"url": f"https://drive.example/{slug}", "external_id": slug, **fields}
    return Document.objects.create(collection=collection or a_collection(), slug=slug, **given)


def a_version(document: Document, number: int = 1, text: str = "Old words.", **fields: Any) -> TextVersion:
    """Make a former text as a sync leaves it."""
    usual = {"sha256": "0" * 64, "size": len(text), "replaced_at": DAY, "visibility": "public"}
    return TextVersion.objects.create(document=document, number=number, text=text, **{**usual, **fields})


def somebody(kind: str) -> Client:
    """Give a browser of one of PEOPLE; all but anonymous are logged in."""
    if kind == "anonymous":
        return Client()
    groups = {"member": "member", "of another team": f"team {THEIRS}", "of the team": f"team {OURS}"}
    person = a_person(kind.replace(" ", "-"), staff=kind == "staff")
    if kind in groups:
        person.groups.add(Group.objects.get_or_create(name=groups[kind])[0])
    return logged_in(person)
