"""What the queue runs for the documents.

A first sync fetches whole repositories or folders of thousands of files, which takes longer than the minute of the
default cluster. So syncs run in the cluster of builds, whose tasks have hours and are never started twice.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django_q.tasks import async_task

from docs_hub import link_checking, link_gathering, notifying, syncing
from docs_hub.models import CheckedLink, Collection

CLUSTER = "builds"


def enqueue(collections: Iterable[Collection], *, actor: str = "") -> list[Collection]:
    """Have collections synced by a worker; gives those that can be.

    Raises:
        redis.RedisError, OSError: the queue does not answer.
    """
    syncable = Collection.objects.read_from_elsewhere().filter(pk__in=[one.pk for one in collections])
    found = list(syncable)
    if found:
        pks = [collection.pk for collection in found]
        asked_at = timezone.now().isoformat()
        async_task(sync_collections, pks, actor, asked_at, cluster=CLUSTER, group="documents", task_name="documents")
    return found


def sync_collections(collection_pks: list[int], actor: str, asked_at: str) -> str:
    """Sync collections, but for those that were synced since somebody asked for it; tell staff what is new."""
    wanted = Collection.objects.read_from_elsewhere().filter(pk__in=collection_pks)
    due = list(wanted.exclude(runs__started_at__gte=datetime.fromisoformat(asked_at)))
    runs = syncing.sync(due, actor) if due else []
    notifying.tell_news(timezone.now())
    return "; ".join(f"{run.collection.slug} {run.state}" for run in runs) or "all were synced in the meantime"


def start_syncs() -> str:
    """Have all collections synced, and tell staff what commands did; runs by itself."""
    notifying.tell_news(timezone.now())
    names = ", ".join(collection.slug for collection in enqueue(Collection.objects.all()))
    return f"handed to the workers: {names}" if names else "there is no collection to sync"


def gather_links() -> str:
    """Look through the pages for links to look after; runs by itself."""
    return link_gathering.gather_links(timezone.now())


def check_links() -> str:
    """Look whether some links still lead somewhere, and tell staff of dead ones; runs by itself."""
    now = timezone.now()
    if not CheckedLink.objects.exists():
        link_gathering.gather_links(now)
    said = link_checking.check_links(now)
    notifying.tell_news(now)
    return said
