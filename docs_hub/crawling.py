"""Bringing a collection to what its folder in Google Drive holds.

A folder that Drive does not show any more takes all its documents along; one that cannot be reached leaves them.
"""

import contextlib
import logging
import time
from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from docs_hub.drive import Access, Drive, opened
from docs_hub.drive_documents import Reader
from docs_hub.drive_errors import DriveError, RefusedError
from docs_hub.drive_viewers import Sight, Viewers
from docs_hub.drive_walk import Walk, folder_of
from docs_hub.folder_addresses import folder_named
from docs_hub.found import Content, ContentError, Found
from docs_hub.listing import list_documents
from docs_hub.models import Collection, Document
from docs_hub.reports import Report
from docs_hub.sharing import Stand
from mageos_portal.audience import Visibility
from mageos_portal.configuration import is_loopback
from mageos_portal.reach import Reach

logger = logging.getLogger(__name__)

AT_ONCE = 500  # documents that are looked at
LISTING_SECONDS = 1800  # for what is listed when no time is left for texts


def crawl(collection: Collection, report: Report) -> None:
    """Bring the documents of a collection to what its folder in Drive holds.

    Raises:
        RefusedError: Drive does not show the folder; only staff see its documents now.
        DriveError: not all of it could be read; what could not is as it was.
    """
    with opened(_access()) as (drive, everybody), _withdrawing(collection, drive, report):
        ref = folder_named(collection.folder, collection.resource_key)
        if ref is None:
            raise DriveError(
                f"{collection.folder!r} is no folder of Drive: take its link, or the id at the end of that"
            )
        root = folder_of(drive, ref)
        stand = Stand.read(collection.members_are, collection.team_is)
        viewers = Viewers(drive, everybody, stand, timezone.now())
        sight = viewers.of(root)
        _remember(collection, sight)
        known = frozenset(collection.documents.values_list("external_id", flat=True))
        reader = Reader(drive, time.monotonic() + settings.PORTAL_FETCH_TIMEOUT)
        found = Walk(drive, viewers, reader, known, report).found(root, sight)
        list_documents(collection, found, report, is_whole=True)
    logger.info("Drive folder of %s: %s.", collection.slug, report)


def _access() -> Access:
    inside = settings.PORTAL_DRIVE_PRIVATE
    return Access(
        settings.PORTAL_DRIVE_URL,
        settings.PORTAL_DRIVE_API_KEY,
        settings.PORTAL_DRIVE_CREDENTIALS,
        Reach(private=inside, loopback=inside or is_loopback(settings.PORTAL_BASE_URL)),
        settings.PORTAL_FETCH_TIMEOUT + LISTING_SECONDS,
    )


def _remember(collection: Collection, sight: Sight) -> None:
    """Keep with whom the folder is shared, for staff."""
    if collection.audience != list(sight.lines):
        collection.audience = list(sight.lines)
        Collection.objects.filter(pk=collection.pk).update(audience=collection.audience)


@contextlib.contextmanager
def _withdrawing(collection: Collection, drive: Drive, report: Report) -> Iterator[None]:
    """Let a folder that Drive refuses take its documents along."""
    try:
        yield
    except RefusedError as error:
        _withdraw(collection, report)
        advice = (
            f"Nothing in it is shown any more. If the folder still exists, share it with {drive.credentials.name}; "
            "one that was shared by an old link needs its resource key, too"
        )
        raise RefusedError(f"{error}. {advice}", error.reasons) from error


def _withdraw(collection: Collection, report: Report) -> None:
    """Show what lay in the folder to nobody but staff, until it comes back."""
    Collection.objects.filter(pk=collection.pk).update(audience=[])
    gone = [Document.Trouble.LOST, Document.Trouble.TRASHED]
    known = collection.documents.exclude(trouble__in=gone).light().iterator(chunk_size=AT_ONCE)
    list_documents(collection, map(_for_staff, known), report, is_whole=False)


def _for_staff(document: Document) -> Found:
    return Found(
        external_id=document.external_id,
        title=document.title,
        folder=document.folder,
        url=document.url,
        visibility=Visibility.STAFF,
        read=_unreadable,
        media_type=document.media_type,
        created_at=document.created_at,
        changed_at=document.changed_at,
        digest=document.digest,
    )


def _unreadable() -> Content:
    raise ContentError("Drive does not show it any more")
