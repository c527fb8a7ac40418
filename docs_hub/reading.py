"""Documents in git: the text files below a directory, as the index has them."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, count
from pathlib import PurePosixPath
from urllib.parse import quote

from django.db.models import Value
from django.db.models.functions import Concat
from django.urls import reverse

from docs_hub import page_texts
from docs_hub.cleaning import printable, slugified
from docs_hub.findings import error
from docs_hub.found import ANEW, Content, ContentError, Found
from docs_hub.illustrating import Pictures
from docs_hub.listing import list_documents
from docs_hub.models import Collection, Document
from docs_hub.page_texts import LARGEST, SUFFIXES, Page
from docs_hub.rendering import render
from docs_hub.reports import Report
from docs_hub.repository import Blob, RepositoryError, Snapshot
from mageos_portal.audience import Visibility

RENDERED_AS = "1"  # another number when pages are rendered in another way, so that all are rendered anew
LONGEST_PATH, LONGEST_SLUG = 300, 180  # characters
LOG_TIMEOUT = 60  # seconds
KINDS = frozenset(Document.Kind.values)


def read_pages(collection: Collection, snapshot: Snapshot, report: Report, *, again: bool = False) -> None:
    """Bring the documents of a collection to what its directory holds; ``again`` renders what did not change, too."""
    blobs = {blob.path: blob for blob in snapshot.files(collection.path, SUFFIXES) if _is_usable(blob, report)}
    if again:
        known = collection.documents.exclude(digest="").exclude(digest__startswith=ANEW)
        known.update(digest=Concat(Value(ANEW), "digest"))
    list_documents(collection, _Reading(collection, snapshot, blobs).found(), report, is_whole=True)


def _is_usable(blob: Blob, report: Report) -> bool:
    if len(blob.path) <= LONGEST_PATH and blob.path.isprintable():
        return True
    name = printable(blob.path)[:LONGEST_PATH]
    message = f"{name[:100]}: its name is too long or holds what nobody can read; rename it"
    report.add(name, [error("name-unusable", message)])
    return False


@dataclass(frozen=True, slots=True)
class _Known:
    """What the index has of a document."""

    slug: str
    title: str
    digest: str
    created_at: datetime | None
    changed_at: datetime | None


class _Reading:
    """The documents of one collection at one commit."""

    def __init__(self, collection: Collection, snapshot: Snapshot, blobs: dict[str, Blob]) -> None:
        self._collection, self._snapshot, self._blobs = collection, snapshot, blobs
        rows = collection.documents.values_list("external_id", "slug", "title", "digest", "created_at", "changed_at")
        self._known = {row[0]: _Known(*row[1:]) for row in rows}
        self._slugs = self._all_slugs()
        self._links = hashlib.sha256("\0".join(sorted(blobs)).encode()).hexdigest()[:12]  # of what links may lead to

    def found(self) -> Iterator[Found]:
        days = self._days()
        folder = self._collection.path.strip("/")
        for path, blob in self._blobs.items():
            page, known, digest = None, self._known.get(path), self._digest(blob)
            if known is None or known.digest.partition(" ")[0] != blob.id:
                page = self._page(blob)
            created, changed = days.get(path) or ((known.created_at, known.changed_at) if known else (None, None))
            yield Found(
                external_id=path,
                title=page.title if page else known.title if known else "",
                folder=path.removeprefix(f"{folder}/").rpartition("/")[0],
                url=self._source(path),
                visibility=Visibility.PUBLIC,
                read=partial(self._content, blob),
                media_type=page_texts.MEDIA_TYPES.get(PurePosixPath(path).suffix.lower(), "text/markdown"),
                created_at=created,
                changed_at=changed,
                digest=digest,
                kind=_kind(page) if page else "",
                slug=self._slugs[path],
            )

    def _digest(self, blob: Blob) -> str:
        return f"{blob.id} {self._links}{RENDERED_AS}"

    def _page(self, blob: Blob) -> Page:
        try:
            return page_texts.read(blob.path, self._snapshot.read(blob, LARGEST + 1))
        except RepositoryError:  # reading its content says so
            return Page(page_texts.name_of(blob.path), "", is_markdown=False)

    def _content(self, blob: Blob) -> Content:
        """Render a document. Raises: ContentError."""
        try:
            content = self._snapshot.read(blob, LARGEST + 1)
        except RepositoryError as failure:
            raise ContentError(str(failure)) from failure
        page = page_texts.read(blob.path, content)
        if not page.is_markdown:
            return Content(page.body, findings=page.findings)
        pictures = Pictures(self._snapshot, blob.path, self._collection.public_path)
        made = render(page.body, partial(self._resolved, blob.path), pictures.resolve)
        headings = tuple((heading.level, heading.id, heading.text) for heading in made.headings)
        return Content(made.text, made.html, headings, (*page.findings, *made.findings, *pictures.findings))

    def _resolved(self, path: str, link: str) -> str | None:
        """Give where a link leads: to a document of the collection, or to what lies beside it in the repository."""
        if link.startswith(("#", "mailto:", "http://", "https://")):
            return link
        if link.startswith("//"):
            return f"https:{link}"
        target, fragment = page_texts.path_of(link, path)
        suffix = f"#{fragment}" if fragment else ""
        names = (target, f"{target}.md", f"{target}/README.md", f"{target}/index.md")
        page = next((name for name in names if name in self._blobs), "")
        if page:
            return reverse("docs_hub:document", args=[self._collection.slug, self._slugs[page]]) + suffix
        return self._source(target) + suffix if target and self._snapshot.holds(target) else None

    def _source(self, path: str) -> str:
        """Give where people see a file, on a host that shows repositories as GitHub does."""
        repository = self._collection.repository.removesuffix(".git").rstrip("/")
        return f"{repository}/blob/{quote(self._collection.branch or 'HEAD')}/{quote(path)}"

    def _all_slugs(self) -> dict[str, str]:
        """Name each file by its name, by its folder too if that is taken, and else by a number."""
        found = {path: known.slug for path, known in self._known.items()}
        taken = set(found.values())
        for path in sorted(self._blobs.keys() - found.keys()):
            found[path] = _free(path, taken)
            taken.add(found[path])
        return found

    def _days(self) -> Mapping[str, tuple[datetime, datetime]]:
        """Ask git when files were added and changed, unless the index has it."""
        if self._collection.commit == self._snapshot.commit:
            return {}
        return self._snapshot.days(self._collection.path.strip("/"), LOG_TIMEOUT)


def _kind(page: Page) -> str:
    kind = page.values.get("kind")
    return kind if isinstance(kind, str) and kind in KINDS else ""


def _free(path: str, taken: set[str]) -> str:
    stem = slugified(PurePosixPath(path).stem)[:LONGEST_SLUG].strip("-") or "document"
    folder = slugified(PurePosixPath(path).parent.name)
    longer = f"{folder}-{stem}"[:LONGEST_SLUG].strip("-")
    numbered = (f"{longer}-{number}" for number in count(2))
    return next(slug for slug in chain((stem, longer), numbered) if slug not in taken)
