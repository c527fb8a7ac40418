"""Syncing collections: read what they come from, bring what we have up to date, and keep a row of how it went."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from docs_hub.crawling import crawl
from docs_hub.drive_errors import DriveError
from docs_hub.exclusion import BusyError, alone, work_dir
from docs_hub.importing import import_updates
from docs_hub.models import Collection, Run
from docs_hub.offering import offer_links
from docs_hub.reading import read_pages
from docs_hub.reports import Report
from docs_hub.repository import RepositoryError, Snapshot, bring, found_in

logger = logging.getLogger(__name__)

KEPT_RUNS = 50  # of a collection
CRASHED = "It ended in an error that nobody foresaw, which the log has. What was read before that is there."
Held = Mapping[Collection, Run]


def sync(
    collections: Sequence[Collection],
    actor: str = "",
    sources: Path | None = None,
    *,
    wait: bool = False,
    again: bool = False,
) -> list[Run]:
    """Bring collections up to date, from clones in a directory or from where they come; gives how each went.

    One that cannot be read keeps what it gave before, but for a folder that Drive refuses: only staff see its documents
    then. The others go on. The row of one that somebody else is syncing is not saved, unless this is to ``wait`` for
    that. ``again`` renders what did not change, too; then, and for people, folders of Drive are listed anew.
    """
    kinds = Collection.Kind
    updates = [collection for collection in collections if collection.kind == kinds.UPDATES]
    runs = _sync(updates, actor, lambda held: _sync_updates(held, sources, again=again), wait=wait)
    for collection in collections:
        if collection.kind == kinds.PAGES:
            runs += _sync([collection], actor, lambda held: _sync_pages(held, sources, again=again), wait=wait)
        elif collection.kind == kinds.DRIVE:
            runs += _sync([collection], actor, lambda held: _sync_drive(held, anew=again or bool(actor)), wait=wait)
    _offer_links()
    return runs


def _offer_links() -> None:
    """Offer staff what updates link to; whatever happens, the syncs are done."""
    try:
        offer_links()
    except Exception:
        logger.exception("The links of updates could not be looked through.")


def _sync(collections: Sequence[Collection], actor: str, work: Callable[[Held], None], *, wait: bool) -> list[Run]:
    """Do the work for those collections that nobody else syncs; whatever happens, their rows say how it ended."""
    held: dict[Collection, Run] = {}
    busy = []
    with ExitStack() as stack:
        for collection in sorted(collections, key=lambda each: each.pk):
            try:
                held[collection] = stack.enter_context(alone(collection, actor, wait=wait))
            except BusyError as failure:
                busy.append(Run(collection=collection, state=Run.State.FAILED, failure=str(failure), actor=actor))
        try:
            if held:
                work(held)
        except Exception:  # the others go on
            logger.exception("The sync of %s failed.", ", ".join(each.slug for each in held))
        finally:
            for run in held.values():
                if run.state == Run.State.RUNNING:
                    _end(run, failure=CRASHED)
    return [*held.values(), *busy]


def _sync_updates(held: Held, sources: Path | None, *, again: bool) -> None:
    """Read all collections of updates together."""
    with ExitStack() as stack:
        snapshots = {}
        for collection, run in held.items():
            try:
                snapshots[collection] = stack.enter_context(closing(_open(collection, run, sources)))
            except RepositoryError as failure:
                _end(run, failure=str(failure))
        for collection, report in import_updates(snapshots, again=again).items():
            _end(held[collection], report)


def _sync_pages(held: Held, sources: Path | None, *, again: bool) -> None:
    for collection, run in held.items():
        report = Report()
        try:
            with closing(_open(collection, run, sources)) as snapshot:
                read_pages(collection, snapshot, report, again=again)
        except RepositoryError as failure:
            _end(run, report, str(failure))
        else:
            _end(run, report)


def _sync_drive(held: Held, *, anew: bool) -> None:
    for collection, run in held.items():
        report = Report()
        try:
            crawl(collection, report, anew=anew)
        except DriveError as failure:
            _end(run, report, str(failure))
        else:
            _end(run, report)


def _open(collection: Collection, run: Run, sources: Path | None) -> Snapshot:
    """Give a collection's repository as it is now. Raises: RepositoryError."""
    if not collection.repository:
        raise RepositoryError(f"{collection.slug} names no repository; add its address in the admin")
    snapshot = Snapshot(_clone(collection, sources), collection.branch)
    run.commit = snapshot.commit
    if not snapshot.has(collection.path):
        snapshot.close()
        name = collection.path or "/"
        raise RepositoryError(f"{collection.repository} has no directory {name} at {run.commit[:12]}; mend its path")
    return snapshot


def _clone(collection: Collection, sources: Path | None) -> Path:
    if sources:
        return found_in(sources, collection.repository)
    return bring(collection.repository, work_dir(), settings.PORTAL_GIT_HOSTS, settings.PORTAL_FETCH_TIMEOUT)


def _end(run: Run, report: Report | None = None, failure: str = "") -> None:
    """Note how a sync went, with its collection; a failed one leaves the collection's last report."""
    run.state = Run.State.FAILED if failure else Run.State.SUCCEEDED
    run.ended_at, run.failure = timezone.now(), failure
    run.report = report.as_dict() if report else {}
    run.save(update_fields=["state", "ended_at", "failure", "report", "commit"])
    fields: dict[str, Any] = {"last_error": failure}
    if not failure:
        fields |= {"synced_at": run.ended_at, "commit": run.commit, "report": report.counts if report else {}}
    Collection.objects.filter(pk=run.collection_id).update(**fields)
    logger.info("Sync %d of %s: %s.", run.pk, run.collection.slug, failure or report)
    newest = Run.objects.filter(collection=run.collection_id).values_list("pk", flat=True)[:KEPT_RUNS]
    Run.objects.filter(collection=run.collection_id, pk__lt=min(newest)).delete()
