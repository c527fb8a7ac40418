"""What staff decide about documents: what they are, who may see them, and which links are kept by hand."""

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from docs_hub.cleaning import slugified
from docs_hub.indexing import index_documents
from docs_hub.models import Collection, Document, Update
from mageos_portal.audience import Visibility, narrowest

FIRST_NUMBER = 2  # of a second document with one name
DECIDED = ("kind", "status", "superseded_by", "narrowed_to", "narrowed_team", "is_hidden", "visibility", "team")


def curate(document: Document) -> None:
    """Save what staff decided; a document is never shown more widely than its collection and its source allow."""
    document.visibility, document.team = effective(document)
    document.save(update_fields=DECIDED)  # the rest is its source's, which may be syncing at this moment
    index_documents([document.pk])


def keep_link(document: Document) -> None:
    """Save a link that staff keep by hand; its collection says how widely it may be shown."""
    if not document.external_id:
        document.external_id = uuid.uuid4().hex
        document.slug = _free_slug(document)
    document.allowed = document.collection.visibility
    document.changed_at = document.synced_at = timezone.now()
    document.visibility, document.team = effective(document)
    document.save()
    index_documents([document.pk])


def remove_link(document: Document) -> None:
    """Delete a link that was kept by hand, and what the search knows of it."""
    Document.objects.filter(pk=document.pk).update(is_hidden=True)
    index_documents([document.pk])
    document.delete()


def effective(document: Document) -> tuple[Visibility, str]:
    """Give who may see a document, and of which team."""
    allowed = Visibility(document.allowed)
    visibility = narrowest([allowed, document.narrowed_to or allowed])
    if visibility != Visibility.TEAM:
        return visibility, ""
    is_narrower = allowed != Visibility.TEAM and document.narrowed_to == Visibility.TEAM
    return visibility, document.narrowed_team if is_narrower else document.collection.team


def show(documents: Iterable[Document], *, shown: bool) -> list[Document]:
    """Take documents out of the index, or put them back; gives those that changed."""
    changed = [
        document
        for document in documents
        if Document.objects.filter(pk=document.pk, is_hidden=shown).update(is_hidden=not shown)
    ]
    index_documents([document.pk for document in changed])
    return changed


def note_seen(documents: Iterable[Document], *, actor: str) -> list[Document]:
    """Note that somebody looked at the trouble of documents; gives those that nobody had looked at."""
    return [
        document
        for document in documents
        if Document.objects.filter(pk=document.pk, trouble_seen_by="").exclude(trouble="").update(trouble_seen_by=actor)
    ]


def remove_collection(collection: Collection) -> None:
    """Delete a collection with its documents; updates that only it gave are the portal's own from then on."""
    documents = Document.objects.filter(collection=collection)
    documents.update(is_hidden=True)
    index_documents(documents)
    with transaction.atomic():
        theirs = Update.objects.filter(files__collection=collection)
        others = Update.objects.filter(
            pk__in=theirs, files__collection__in=Collection.objects.exclude(pk=collection.pk)
        )
        orphans = list(theirs.exclude(pk__in=others).values_list("pk", flat=True))
        collection.delete()
        Update.objects.filter(pk__in=orphans).update(is_written_here=True, changed_at=timezone.now())


def _free_slug(document: Document) -> str:
    wanted = slugified(document.title) or "document"
    taken = set(document.collection.documents.filter(slug__startswith=wanted).values_list("slug", flat=True))
    slug, number = wanted, FIRST_NUMBER
    while slug in taken:
        slug, number = f"{wanted}-{number}", number + 1
    return slug
