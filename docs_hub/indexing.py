"""What the site's search knows of updates and documents, kept in step with the rows."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.db.models import QuerySet

from docs_hub.models import Document, Update
from docs_hub.readership import readers_of
from mageos_portal import finding
from mageos_portal.audience import Visibility
from mageos_portal.registry import Findable

UPDATES, DOCUMENTS = "docs_hub.updates", "docs_hub.documents"  # sources of the search
AT_ONCE = 50  # rows whose texts are in memory


def index_updates(updates: "Iterable[int] | QuerySet[Update]") -> None:
    """Have updates found that can be, and no others of these; takes their numbers or a QuerySet."""
    pks = updates.values_list("pk", flat=True) if isinstance(updates, QuerySet) else updates
    _index(UPDATES, pks, _findable_updates)


def index_documents(documents: "Iterable[int] | QuerySet[Document]") -> None:
    """Do the same for documents."""
    pks = documents.values_list("pk", flat=True) if isinstance(documents, QuerySet) else documents
    _index(DOCUMENTS, pks, _findable_documents)


def all_updates() -> Iterator[Findable]:
    """Give all updates that can be found, now or at their time."""
    return _all(Update.objects.values_list("pk", flat=True), _findable_updates)


def all_documents() -> Iterator[Findable]:
    return _all(Document.objects.values_list("pk", flat=True), _findable_documents)


def _index(source: str, pks: Iterable[int], findables: Callable[[list[int]], Iterator[Findable]]) -> None:
    for batch in _batches(pks):
        found = list(findables(batch))
        finding.put(source, found)
        finding.remove(source, {str(pk) for pk in batch} - {each.key for each in found})


def _all(pks: Iterable[int], findables: Callable[[list[int]], Iterator[Findable]]) -> Iterator[Findable]:
    for batch in _batches(pks):
        yield from findables(batch)


def _batches(pks: Iterable[int]) -> Iterator[list[int]]:
    """Ask for the numbers of all rows before any of them is written: no reading goes on meanwhile."""
    left = iter(list(pks))
    while batch := list(islice(left, AT_ONCE)):
        yield batch


def _findable_updates(pks: list[int]) -> Iterator[Findable]:
    """Give what can be found of some; those of the future say when they appear."""
    published = Update.objects.filter(pk__in=pks, state=Update.State.PUBLISHED).exclude(visibility=Visibility.STAFF)
    for update in published.defer("body", "html", "headings"):
        yield Findable(
            key=str(update.pk),
            kind="update",
            title=update.title,
            url=update.get_absolute_url(),
            text=f"{update.description}\n{update.text}",
            day=update.published_at.date(),
            visibility=update.visibility,
            team=update.team,
            appears_at=update.published_at,
        )


def _findable_documents(pks: list[int]) -> Iterator[Findable]:
    listed = Document.objects.listed().filter(pk__in=pks).select_related("collection")
    for document in listed.defer("html", "headings", "findings", "audience"):
        visibility, team = readers_of(document)
        if visibility != Visibility.STAFF:
            yield Findable(
                key=str(document.pk),
                kind="document",
                title=document.title,
                url=document.get_absolute_url(),
                text=document.text,
                day=document.changed_at and document.changed_at.date(),
                visibility=visibility,
                team=team,
            )
