"""Collections brought to what a file says; those that it does not name stay as they are."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from docs_hub import deriving
from docs_hub.collection_files import CollectionEntry
from docs_hub.indexing import index_documents
from docs_hub.models import Collection, Document


@dataclass(slots=True)
class Configured:
    """What became of the collections, by slug."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{len(self.created)} created, {len(self.updated)} updated, {len(self.same)} the same"


def configure(entries: Iterable[CollectionEntry]) -> Configured:
    """Bring collections to what a file says, and who may see what they hold."""
    done = Configured()
    with transaction.atomic():
        for entry in entries:
            collection = Collection.objects.select_for_update().filter(slug=entry.slug).first()
            if collection is None:
                Collection.objects.create(slug=entry.slug, **entry.values())
                done.created.append(entry.slug)
            elif changed := _changed(collection, entry):
                collection.save(update_fields=changed)
                done.updated.append(entry.slug)
            else:
                done.same.append(entry.slug)
    changed_ones = Collection.objects.filter(slug__in=done.updated)
    index_documents(Document.objects.filter(collection__in=changed_ones))
    deriving.reach(changed_ones)
    return done


def _changed(collection: Collection, entry: CollectionEntry) -> list[str]:
    """Give a collection its new values, without writing them; gives the names of those that changed."""
    changed = [name for name, value in entry.values().items() if getattr(collection, name) != value]
    for name in changed:
        setattr(collection, name, entry.values()[name])
    return changed
