"""Bringing a collection to what its folder in Google Drive holds.

A folder that Drive does not show any more takes all its documents along; one that cannot be reached leaves them.
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from docs_hub import sharing
from docs_hub.drive import Access, Drive, opened
from docs_hub.drive_answers import File
from docs_hub.drive_changes import News, beginning, log_of, seal
from docs_hub.drive_documents import Reader
from docs_hub.drive_errors import DriveError, RefusedError
from docs_hub.drive_viewers import Sight, Viewers
from docs_hub.drive_walk import Folders, Walk, folder_of
from docs_hub.folder_addresses import folder_named
from docs_hub.found import Content, ContentError, Found
from docs_hub.listing import list_documents
from docs_hub.models import Collection, Document, DriveTree, Run
from docs_hub.remembering import Memory, asked_as
from docs_hub.reports import Report
from docs_hub.sharing import Stand
from mageos_portal.audience import Visibility
from mageos_portal.configuration import is_loopback
from mageos_portal.reach import Reach

logger = logging.getLogger(__name__)

AT_ONCE = 500  # documents that are looked at
LISTING_SECONDS = 1800  # for what is listed when no time is left for texts


def crawl(collection: Collection, report: Report, *, anew: bool = False) -> None:
    """Bring the documents of a collection to what its folder in Drive holds.

    What did not change since the last time is not asked for, unless this is to list all ``anew``.

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
        how = _Crawl(collection, report, viewers, root, sight).run(anew=anew)
    logger.info("Drive folder of %s, %s: %s.", collection.slug, how, report)


@dataclass(frozen=True, slots=True)
class _Crawl:
    """One sync of one folder that Drive shows."""

    collection: Collection
    report: Report
    viewers: Viewers
    root: File
    sight: Sight

    def run(self, *, anew: bool) -> str:
        """Bring the documents up to date; gives in words what was asked for. Raises: DriveError."""
        memory = Memory(self.collection, self.viewers.drive, self.root, seal(self.root, self.sight.permissions))
        log, account = self._log(), self.viewers.drive.credentials.name
        asked = asked_as(self.collection, self.root, account)
        if log is None:
            memory.forget_all()
            self._list(self.viewers.drive)
            return "listed anew, as Drive has no log for this"
        tree = None if anew else memory.tree(asked, self.viewers.at)
        news = memory.news(tree.token, log) if tree else None
        if tree is None or news is None:
            return self._list_anew(memory, log, asked)
        if self._is_same(tree, news) and self._repeat():
            memory.go_on(tree, news.token)
            return "nothing changed"
        memory.forget(news.stale)
        tree.token = news.token
        self._list_and_keep(memory, tree)
        return f"{len(news.stale)} folders listed again"

    def _list_anew(self, memory: Memory, log: str, asked: str) -> str:
        memory.forget_all()
        token = beginning(self.viewers.drive, log)  # before all else: what changes meanwhile is in the log then
        tree = DriveTree(collection=self.collection, token=token, asked_as=asked, listed_at=self.viewers.at)
        self._list_and_keep(memory, tree)
        return "listed anew"

    def _list_and_keep(self, memory: Memory, tree: DriveTree) -> None:
        """List it, and remember that unless something in it is to be asked for again."""
        walk = self._list(memory)
        tree.ends_at, tree.leads_elsewhere = self.viewers.ends_at, walk.leads_elsewhere
        if tree.token and self.viewers.is_sure and not walk.is_refused and "unread" not in self.report.error_codes:
            memory.keep(tree)

    def _list(self, folders: Folders) -> Walk:
        drive = self.viewers.drive
        known = frozenset(self.collection.documents.values_list("external_id", flat=True))
        reader = Reader(drive, time.monotonic() + settings.PORTAL_FETCH_TIMEOUT)
        walk = Walk(drive, folders, self.viewers, reader, known, self.report)
        list_documents(self.collection, walk.found(self.root, self.sight), self.report, is_whole=True)
        return walk

    def _log(self) -> str | None:
        credentials = self.viewers.drive.credentials
        in_force = sharing.in_force(self.sight.permissions or (), self.viewers.at)
        return None if credentials.is_anonymous else log_of(self.root, in_force, credentials.name)

    def _is_same(self, tree: DriveTree, news: News) -> bool:
        """Tell whether all is as it was, and nothing had to be asked for besides."""
        has_ended = tree.ends_at is not None and tree.ends_at <= self.viewers.at
        return not news.stale and not tree.leads_elsewhere and not has_ended

    def _repeat(self) -> bool:
        """Report again what the last sync did, if it is known still."""
        last = self.collection.runs.filter(state=Run.State.SUCCEEDED).first()
        if last:
            self.report.repeat(last.report)
        return last is not None


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
    DriveTree.objects.filter(collection=collection).delete()
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
