"""What staff are told about documents: that syncs that fail or work again, updates that wait, and dead links.

Told is what the rows say, not what just happened, so this may run at any time and twice at once: whoever changes a
row from untold to told sends the notice.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.urls import reverse

from docs_hub.cleaning import printable
from docs_hub.models import CheckedLink, Collection, Run, Update
from docs_hub.remaining import remains
from mageos_portal.notices import Notice, send

MOST_LISTED = 20  # updates named in a notice
LONGEST_FAILURE = 1000  # characters


def tell_news(now: datetime) -> int:
    """Send what staff have not been told yet; gives how many notices that were."""
    told = 0
    for notice in _news(now):
        send(notice)
        told += 1
    return told


def _news(now: datetime) -> Iterator[Notice]:
    """Give one notice after the other, each when its row says that it is told."""
    ended = Run.objects.filter(collection=OuterRef("pk")).exclude(state=Run.State.RUNNING).order_by("-pk")
    collections: Any = (
        Collection.objects.active().defer("report", "audience").annotate(newest=Subquery(ended.values("pk")[:1]))
    )
    for collection in collections:
        run = Run.objects.filter(pk=collection.newest).defer("report").first()
        if run and _note_failure(collection, run, now):
            yield _failure(collection, run)
        elif run and _note_recovery(collection, run):
            yield _recovery(collection)
    waiting = list(Update.objects.filter(state=Update.State.REVIEW, told_at=None).light().newest_first())
    if mine := [update for update in waiting if _note_waiting(update, now)]:
        yield _approval(mine)
    dead = CheckedLink.objects.dead().filter(told_at=None).order_by("failing_since", "pk")
    if links := [link for link in dead if CheckedLink.objects.filter(pk=link.pk, told_at=None).update(told_at=now)]:
        yield _dead_links(links)


def _note_failure(collection: Collection, run: Run, now: datetime) -> bool:
    if run.state != Run.State.FAILED:
        return False
    untold = Collection.objects.filter(pk=collection.pk, failing_since=None)
    return bool(untold.update(failing_since=run.ended_at or now))


def _note_recovery(collection: Collection, run: Run) -> bool:
    if run.state != Run.State.SUCCEEDED:
        return False
    return bool(Collection.objects.filter(pk=collection.pk, failing_since__lt=run.ended_at).update(failing_since=None))


def _note_waiting(update: Update, now: datetime) -> bool:
    untold = Update.objects.filter(pk=update.pk, state=Update.State.REVIEW, told_at=None)
    return bool(untold.update(told_at=now))


def _failure(collection: Collection, run: Run) -> Notice:
    failure = run.failure[:LONGEST_FAILURE] or "It did not say why; see its report."
    text = f"{failure}\n\n{remains(collection)} You will be told when it works again."
    return Notice(f"Documents: {collection.slug} cannot be synced", text, _url("run", run.pk))


def _recovery(collection: Collection) -> Notice:
    since = f"{collection.failing_since:%Y-%m-%d %H:%M} UTC" if collection.failing_since else "a while ago"
    return Notice(
        f"Documents: {collection.slug} is synced again",
        f"It had failed since {since}.",
        _url("collection", collection.pk),
    )


def _approval(waiting: list[Update]) -> Notice:
    names = "\n".join(f"- {printable(update.title)}" for update in waiting[:MOST_LISTED])
    more = f"\nand {len(waiting) - MOST_LISTED} more" if len(waiting) > MOST_LISTED else ""
    count = "an update waits" if len(waiting) == 1 else f"{len(waiting)} updates wait"
    page = f"{reverse('admin:docs_hub_update_changelist')}?state__exact={Update.State.REVIEW}"
    text = f"{names}{more}\n\nNobody else can read them before a person has looked at them."
    return Notice(f"Documents: {count} for approval", text, settings.PORTAL_BASE_URL + page)


def _dead_links(links: list[CheckedLink]) -> Notice:
    names = "\n".join(f"- {printable(link.address)}: {link.outcome}" for link in links[:MOST_LISTED])
    more = f"\nand {len(links) - MOST_LISTED} more" if len(links) > MOST_LISTED else ""
    count = "a link leads" if len(links) == 1 else f"{len(links)} links lead"
    page = f"{reverse('admin:docs_hub_checkedlink_changelist')}?standing=new"
    text = f"{names}{more}\n\nEach failed on three days. You will not be told again before one has answered."
    return Notice(f"Documents: {count} nowhere", text, settings.PORTAL_BASE_URL + page)


def _url(model: str, pk: int) -> str:
    return str(settings.PORTAL_BASE_URL) + reverse(f"admin:docs_hub_{model}_change", args=[pk])
