"""Documents of a listing, brought into the index: what is new is read, what is the same costs nothing.

What staff decided of a document stays: its kind, its status, that it is hidden or narrower than its source.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain, count, islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from docs_hub.cleaning import one_line, slugified, storable
from docs_hub.curating import effective
from docs_hub.findings import Finding, error
from docs_hub.found import Content, ContentError, Found
from docs_hub.indexing import index_documents
from docs_hub.kinds import kind_of
from docs_hub.models import Collection, Document
from docs_hub.reports import Report
from docs_hub.versioning import Former, keep_former
from mageos_portal.audience import Visibility, narrowest

AT_ONCE = 100  # documents in memory
MOST_TEXT = 2_000_000  # characters of their texts
LONGEST_TEXT = 1_000_000  # of one
LONGEST_ID, LONGEST_TITLE, LONGEST_FOLDER, LONGEST_ADDRESS, LONGEST_SLUG = 300, 300, 500, 1000, 100
Trouble = Document.Trouble
Values = Mapping[str, Any]


def list_documents(collection: Collection, found: Iterable[Found], report: Report, *, is_whole: bool) -> None:
    """Bring the documents of a collection to what its source lists; they are lost if a whole listing lacks them.

    Whatever ``found`` raises goes through: what came before is in the index then, and nothing is lost.
    """
    listing = _Listing(collection, report)
    try:
        for each in found:
            listing.take(each)
    finally:
        listing.bring()
    if is_whole:
        listing.lose_others()


@dataclass(frozen=True, slots=True)
class _Read:
    """A document, and its content if that is new."""

    found: Found
    content: Content | None = None
    failure: str = ""  # why its content could not be read

    @property
    def size(self) -> int:
        return len(self.content.text) + len(self.content.html) if self.content else 0


class _Listing:
    """A collection's documents while they are brought up to date."""

    def __init__(self, collection: Collection, report: Report) -> None:
        self._collection, self._report = collection, report
        self._waiting: list[Found] = []
        self._seen: set[str] = set()
        self._slugs: set[str] = set()
        self._formers: list[Former] = []  # of the documents that are being written

    def take(self, found: Found) -> None:
        """Bring a document up to date, together with some others."""
        if found.external_id in self._seen:
            return
        self._seen.add(found.external_id)
        if fault := _fault(found):
            self._report.add(self._name(found.external_id, found.title), [fault])
            return
        self._waiting.append(found)
        if len(self._waiting) == AT_ONCE:
            self.bring()

    def bring(self) -> None:
        """Read what is new of those that wait, and write it."""
        waiting, self._waiting = self._waiting, []
        batch: list[_Read] = []
        for one in self._read(waiting):
            batch.append(one)
            if sum(each.size for each in batch) > MOST_TEXT:
                self._write(batch)
                batch = []
        if batch:
            self._write(batch)

    def lose_others(self) -> None:
        """Mark what the listing lacks."""
        there = self._collection.documents.exclude(trouble=Trouble.LOST).values_list("pk", "external_id", "title")
        for batch in _slices(row for row in list(there) if row[1] not in self._seen):
            pks = [pk for pk, _, _ in batch]
            Document.objects.filter(pk__in=pks).update(
                trouble=Trouble.LOST, trouble_seen_by="", synced_at=timezone.now()
            )
            index_documents(pks)
            self._report.gone += [self._name(external_id, title) for _, external_id, title in batch]

    def _read(self, batch: list[Found]) -> Iterator[_Read]:
        """Read those whose content is new; no transaction is open meanwhile."""
        known = dict(self._rows(batch).values_list("external_id", "digest"))
        for found in batch:
            if found.is_trashed or (found.digest and known.get(found.external_id) == found.digest):
                yield _Read(found)
                continue
            try:
                yield _Read(found, found.read())
            except ContentError as failure:
                yield _Read(found, failure=str(failure))

    def _write(self, batch: list[_Read]) -> None:
        """Write what is new or changed with what it was before, and have it found."""
        self._formers = []
        with transaction.atomic():
            rows = self._rows([one.found for one in batch]).defer("text", "html").select_for_update()
            known = {document.external_id: document for document in rows}
            new = [self._new(one) for one in batch if one.found.external_id not in known]
            changed = [
                self._bring(known[one.found.external_id], one) for one in batch if one.found.external_id in known
            ]
            Document.objects.bulk_create(new)
            keep_former(self._formers, timezone.now())
        index_documents([document.pk for document in (*new, *changed) if document])

    def _rows(self, batch: Iterable[Found]) -> QuerySet[Document]:
        ids = [found.external_id for found in batch]
        return Document.objects.filter(collection=self._collection, external_id__in=ids)

    def _new(self, one: _Read) -> Document:
        found = one.found
        document = Document(collection=self._collection, external_id=found.external_id)
        document.slug = found.slug or self._free_slug(found)
        document.kind = found.kind or kind_of(found.folder, found.title)
        self._set(document, one)
        self._report.created.append(self._name(found.external_id, document.title))
        return document

    def _bring(self, document: Document, one: _Read) -> Document | None:
        """Write what changed of a document; None if nothing did."""
        document.collection = self._collection
        former = _former(document) if one.content else None
        changed = self._set(document, one)
        if changed:
            document.synced_at = timezone.now()
            document.save(update_fields=[*changed, "synced_at"])
        if former and "text" in changed:
            self._formers.append(former)
        if changed in ([], ["digest"]):
            self._report.same += 1
            return None
        self._report.updated.append(self._name(document.external_id, document.title))
        return document

    def _set(self, document: Document, one: _Read) -> list[str]:
        """Give a document its new values, without writing them; gives the names of those that changed."""
        trouble = _trouble(document, one.found, self._collection)
        changed = _assign(document, self._values(document, one) | {"trouble": trouble})
        visibility, team = effective(document)
        changed += _assign(document, {"visibility": visibility.value, "team": team})
        if "trouble" in changed:
            changed += _assign(document, {"trouble_seen_by": ""})
        name = self._name(document.external_id, document.title)
        self._report.add(name, (Finding(**_without_part(said)) for said in document.findings))
        if one.failure:
            self._report.add(name, [error("unread", f"{name}: {one.failure}")])
        return changed

    def _values(self, document: Document, one: _Read) -> dict[str, Any]:
        found = one.found
        about_content = [said for said in document.findings if said.get("part") == "content"]
        values = {
            "title": one_line(found.title)[:LONGEST_TITLE] or found.external_id,
            "folder": storable(found.folder)[:LONGEST_FOLDER],
            "url": found.url,
            "media_type": found.media_type,
            "created_at": found.created_at,
            "changed_at": found.changed_at,
            "audience": list(found.audience),
            "allowed": narrowest([self._collection.visibility, found.visibility]).value,
        }
        if one.content:
            about_content = [asdict(said) | {"part": "content"} for said in one.content.findings]
            values |= _content(one.content) | {"digest": found.digest}
        return values | {"findings": [*map(asdict, found.findings), *about_content]}

    def _free_slug(self, found: Found) -> str:
        """Give a name that no other document of the collection has: by its title, its folder, then a number."""
        if not self._slugs:
            self._slugs.update(self._collection.documents.values_list("slug", flat=True))
        title = slugified(found.title)[:LONGEST_SLUG].strip("-") or "document"
        folder = slugified(found.folder.rpartition("/")[2])[:LONGEST_SLUG].strip("-")
        longer = f"{folder}-{title}" if folder else title
        numbered = (f"{longer}-{number}" for number in count(2))
        free = next(slug for slug in chain((title, longer), numbered) if slug not in self._slugs)
        self._slugs.add(free)
        return free

    def _name(self, external_id: str, title: str) -> str:
        """Give what people call a document: Drive's ids say nothing."""
        return title if self._collection.kind == Collection.Kind.DRIVE else external_id


def _trouble(document: Document, found: Found, collection: Collection) -> str:
    """Say what staff should look at: it is in the trash, or its source shows it to fewer people than before."""
    if found.is_trashed:
        return Trouble.TRASHED
    allowed = narrowest([collection.visibility, found.visibility])
    if _is_narrower(allowed, document.allowed) and _is_narrower(allowed, collection.visibility):
        return Trouble.PERMISSION
    stays = document.trouble == Trouble.PERMISSION and not _is_narrower(document.allowed, allowed)
    return Trouble.PERMISSION if stays else ""


def _is_narrower(one: str, other: str) -> bool:
    return one != other and narrowest([one, other]) == one


def _fault(found: Found) -> Finding | None:
    """Say why a document cannot be kept."""
    if len(found.external_id) > LONGEST_ID:
        return error("name-too-long", f"{found.external_id[:80]}…: its path has more than {LONGEST_ID} characters")
    if len(found.url) > LONGEST_ADDRESS:
        return error("address-too-long", f"{found.title}: its address has more than {LONGEST_ADDRESS} characters")
    if found.visibility not in Visibility.values:
        return error("visibility-unknown", f"{found.title}: its source says it is {found.visibility!r}")
    return None


def _content(content: Content) -> dict[str, Any]:
    headings = [list(heading) for heading in content.headings]
    return {"text": storable(content.text)[:LONGEST_TEXT], "html": content.html, "headings": headings}


def _former(document: Document) -> Former:
    """Remember a document whose text is about to be written."""
    document.refresh_from_db(fields=["text", "html"])  # both at once: they are compared with what was read
    return Former.of(document)


def _assign(document: Document, values: Values) -> list[str]:
    changed = [name for name, value in values.items() if getattr(document, name) != value]
    for name in changed:
        setattr(document, name, values[name])
    return changed


def _without_part(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key != "part"}


def _slices(rows: Iterable[tuple[int, str, str]]) -> Iterator[list[tuple[int, str, str]]]:
    left = iter(rows)
    while batch := list(islice(left, AT_ONCE)):
        yield batch
