"""Offering staff the documents that updates link to and the index lacks, and what they decide about them."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from docs_hub import curating
from docs_hub.document_links import HOSTS, drive_id, key_of
from docs_hub.kinds import kind_of
from docs_hub.models import Collection, Document, DriveListing, OfferedLink, Update
from docs_hub.page_links import links_of

logger = logging.getLogger(__name__)

MOST = 1000  # documents; more are no accident
State = OfferedLink.State


class DecidedError(Exception):
    """Somebody else decided about a link meanwhile; nothing was done."""


@dataclass(slots=True)
class _Found:
    """A document that updates link to."""

    url: str
    words: str
    updates: set[int] = field(default_factory=set)


def offer_links() -> tuple[int, int]:
    """Offer what updates link to now, and no more what is in the index or linked no more; counts both.

    A link that somebody decided about is not offered again.
    """
    found = _links()
    for key in _known(found):
        del found[key]
    with transaction.atomic():
        gone = OfferedLink.objects.filter(state=State.OFFERED).exclude(key__in=found).delete()[1]
        known = set(OfferedLink.objects.filter(key__in=found).values_list("key", flat=True))
        new = [OfferedLink(key=key, url=each.url, words=each.words) for key, each in found.items() if key not in known]
        OfferedLink.objects.bulk_create(new, ignore_conflicts=True)  # another sync may be as far
        _note_updates(found)
    if new:
        logger.info("Links of updates: %d documents offered for the index.", len(new))
    return len(new), gone.get(OfferedLink._meta.label, 0)  # noqa: SLF001 - Django documents it


def accept(link: OfferedLink, collection: Collection, title: str, *, actor: str) -> Document:
    """Take a document into a collection of links, as widely shown as that is. Raises: DecidedError."""
    with transaction.atomic():
        _decide(link, State.ACCEPTED, actor)
        document = Document(collection=collection, title=title, url=link.url, kind=kind_of("", title))
        curating.keep_link(document)
        OfferedLink.objects.filter(pk=link.pk).update(document=document)
    return document


def dismiss(links: Iterable[OfferedLink], *, actor: str) -> list[OfferedLink]:
    """Never offer links again; gives those that were offered."""
    return [link for link in links if _change(link, State.OFFERED, State.DISMISSED, actor)]


def offer_again(links: Iterable[OfferedLink]) -> list[OfferedLink]:
    """Take back that links were dismissed; the next sync says whether they are still linked. Gives those that were."""
    return [link for link in links if _change(link, State.DISMISSED, State.OFFERED, "")]


def _links() -> dict[str, _Found]:
    """Give the documents that updates link to, by key; drafts and hidden updates offer nothing."""
    found: dict[str, _Found] = {}
    named = Q()
    for host in HOSTS:
        named |= Q(html__contains=f"//{host}/")
    published = Update.objects.filter(named, state=Update.State.PUBLISHED).order_by("published_at", "pk")
    for pk, html in published.values_list("pk", "html").iterator(chunk_size=50):
        for link in links_of(html):
            key = key_of(link.address)
            if key and (key in found or len(found) < MOST):
                each = found.setdefault(key, _Found(link.address, link.words))
                each.words = each.words or link.words
                each.updates.add(pk)
    return found


def _known(found: Mapping[str, _Found]) -> set[str]:
    """Give the keys of documents and folders that are in the index, whoever may see them."""
    ids = {drive_id(key): key for key in found if drive_id(key)}
    known = {ids[each] for each in _drive_ids(ids)}
    urls = Document.objects.exclude(collection__kind=Collection.Kind.DRIVE).values_list("url", flat=True)
    return known | {key for url in urls.iterator() if (key := key_of(url)) in found}


def _drive_ids(ids: Iterable[str]) -> Iterator[str]:
    drive = Collection.Kind.DRIVE
    wanted = list(ids)
    documents = Document.objects.filter(collection__kind=drive, external_id__in=wanted)
    yield from documents.values_list("external_id", flat=True)
    yield from DriveListing.objects.filter(folder__in=wanted).values_list("folder", flat=True)
    folders = Collection.objects.filter(kind=drive).values_list("folder", flat=True)
    yield from (each for each in wanted if any(each in folder for folder in folders))


def _note_updates(found: Mapping[str, _Found]) -> None:
    """Note which updates have each link, also of those that were decided about."""
    through = OfferedLink.updates.through
    rows = dict(OfferedLink.objects.filter(key__in=found).values_list("key", "pk"))
    wanted = {(rows[key], update) for key, each in found.items() if key in rows for update in each.updates}
    there = {(row[1], row[2]): row[0] for row in through.objects.values_list("pk", "offeredlink_id", "update_id")}
    through.objects.filter(pk__in=[there[pair] for pair in there.keys() - wanted]).delete()
    new = [through(offeredlink_id=link, update_id=update) for link, update in sorted(wanted - there.keys())]
    through.objects.bulk_create(new, ignore_conflicts=True)


def _decide(link: OfferedLink, state: str, actor: str) -> None:
    if not _change(link, State.OFFERED, state, actor):
        raise DecidedError(f"{link.url} is not offered any more; somebody else decided about it")


def _change(link: OfferedLink, before: str, after: str, actor: str) -> bool:
    decided = {"decided_by": actor, "decided_at": timezone.now() if actor else None}
    return bool(OfferedLink.objects.filter(pk=link.pk, state=before).update(state=after, **decided))
