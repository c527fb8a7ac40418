"""Fill a portal with documents and updates and ask for their pages. Runs inside the portal: `manage.py shell`."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from django.contrib.auth.models import Group, User
from django.test import Client

from bench.asking import asked
from docs_hub.models import Alias, Category, Collection, Document, Update

COLLECTIONS, FOLDERS, CATEGORIES = 8, 600, 6
AT_ONCE = 500
WORDS = "the mirror is built from git and every archive is made again byte for byte by whoever wants to check it "
TEXT = WORDS * 200  # 20 kB
HTML = f"<h2>Part</h2><p>{WORDS * 50}</p>"
DAY = datetime(2021, 1, 1, tzinfo=UTC)
STATUSES = ("", "draft", "accepted")
PATHS = {
    "documents": "/docs/",
    "documents, page 150": "/docs/?page=150",
    "documents, two filters": "/docs/?kind=minutes&status=draft",
    "a collection": "/docs/collection-1/",
    "a folder": "/docs/collection-1/?folder=area+1",
    "a document": "/docs/collection-1/document-1/",
    "updates": "/updates/",
    "updates of a year": "/updates/2021/",
    "an update": "/updates/2021/update-7/",
    "feed": "/updates/feed.atom",
    "home": "/",
}
OLD = "/events/2021-01-08-update-7"


def measure(documents: int, updates: int, repetitions: int) -> None:
    """Print what each page took as a JSON object."""
    _fill_documents(documents)
    _fill_updates(updates)
    client = Client(SERVER_NAME="127.0.0.1")
    member = User.objects.create_user("bench")
    member.groups.add(Group.objects.create(name="team docs"))
    client.force_login(member)
    pages = [asked(client, title, path, repetitions) for title, path in PATHS.items()]
    pages.append(asked(client, "an old address", OLD, repetitions, HTTPStatus.MOVED_PERMANENTLY))
    print(json.dumps({"pages": [asdict(page) for page in pages]}))


def _fill_documents(size: int) -> None:
    kept = [
        Collection.objects.create(slug=f"collection-{number}", title=f"Collection {number}", kind="drive")
        for number in range(COLLECTIONS)
    ]
    Document.objects.bulk_create(_documents(kept, size), batch_size=AT_ONCE)


def _documents(kept: list[Collection], size: int) -> Iterator[Document]:
    for number in range(size):
        folder = number % FOLDERS
        yield Document(
            collection=kept[number % COLLECTIONS],
            external_id=str(number),
            title=f"Document {number}",
            slug=f"document-{number}",
            folder=f"area {folder % 20}/topic {folder % 7}/{folder}",
            kind=Document.Kind.values[number % len(Document.Kind.values)],
            status=STATUSES[number % len(STATUSES)],
            visibility=("public", "members", "team")[number % 3],
            team=("docs", "web")[number % 2],
            url=f"https://drive.example/{number}",
            text=TEXT,
            html=HTML if number % 2 else "",
            changed_at=DAY + timedelta(hours=number),
        )


def _fill_updates(size: int) -> None:
    categories = Category.objects.bulk_create(
        Category(slug=f"category-{number}", title=f"Category {number}") for number in range(CATEGORIES)
    )
    rows = Update.objects.bulk_create(_update(number, categories) for number in range(size))
    Alias.objects.bulk_create(Alias(path=f"/updates/{update.slug}", update=update) for update in rows)


def _update(number: int, categories: list[Category]) -> Update:
    at = DAY + timedelta(days=number)
    return Update(
        title=f"Update {number}",
        slug=f"update-{number}",
        year=at.year,
        published_at=at,
        state=Update.State.PUBLISHED,
        category=categories[number % CATEGORIES],
        description=WORDS,
        body=TEXT,
        html=HTML,
        text=TEXT,
    )
