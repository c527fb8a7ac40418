"""Archives that staff upload: checked at once, imported by a worker, and by two persons if they are our own.

UploadError
└── SecondPersonError
"""

import logging
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from mirror import importing, inbox, lifecycle
from mirror.dists import StoreError
from mirror.exclusion import LeaseLostError, alone
from mirror.findings import error
from mirror.importing import ImportingError
from mirror.inbox import Inbox, Limits
from mirror.intake import ImportReport, Refused, Watcher
from mirror.models import ENDED, Build, Distribution, Upload
from mirror.progress import Progress
from mirror.provenance import MixedError
from mirror.recipe import RecipeError
from mirror.reporting import BuildFailedError, BuildRefusedError, BuildRunningError
from mirror.running import Wish, recorded
from mirror.storage import DiskFullError, LockedError

KEPT = timedelta(days=7)  # uploads that nobody imports, and files of imports that failed
FORGOTTEN = timedelta(days=1)  # directories of which no row knows
OPEN = (Upload.State.CHECKED, Upload.State.WAITING)

logger = logging.getLogger(__name__)


class UploadError(Exception):
    """Nothing was changed; the message says what to do."""


class SecondPersonError(UploadError):
    """Another person has to confirm it."""


class _Telling(Watcher):
    """Tells a build's progress how far its import is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def checking(self, archives: int) -> None:
        self._progress.step("check", archives)

    def checked(self, archive: str) -> None:
        self._progress.advance(1, archive)

    def storing(self, archives: int) -> None:
        self._progress.step("store", archives)

    def stored(self, archives: int) -> None:
        self._progress.advance(archives, "")


def limits() -> Limits:
    return Limits(settings.PORTAL_UPLOAD_FILE, settings.PORTAL_UPLOAD_TOTAL)


def receive(distribution: Distribution, arrived: Inbox, *, actor: str) -> Upload:
    """Check what arrived and remember it; only archives that would be imported stay on the disk.

    Raises:
        UploadError: nothing was taken, and nothing is left.
    """
    try:
        return _receive(distribution, arrived, actor)
    except (ImportingError, RecipeError, MixedError) as failure:
        arrived.discard()
        raise UploadError(str(failure)) from failure
    except BaseException:
        arrived.discard()
        raise


def _receive(distribution: Distribution, arrived: Inbox, actor: str) -> Upload:
    arrived.end()
    if arrived.fault or not arrived.files:
        raise UploadError(arrived.fault or "no archive arrived; choose at least one")
    if distribution.follows:
        raise UploadError(f"{distribution} follows {distribution.follows}; import there")
    report = _checked(distribution, arrived)
    own = importing.own_names(distribution, report)
    _keep_only(arrived, {one.archive for one in report.imported})
    return Upload.objects.create(
        distribution=distribution,
        state=_first_state(report, own),
        actor=actor,
        directory=arrived.name,
        files=arrived.files,
        size=arrived.size,
        own_names=own,
        report=_as_rows(report, arrived),
    )


def _checked(distribution: Distribution, arrived: Inbox) -> ImportReport:
    if not arrived.directory.is_dir():
        return ImportReport((), (), tuple(arrived.refused))
    found = importing.check_archives(distribution, arrived.directory)
    refused = sorted((*arrived.refused, *found.refused), key=lambda one: one.archive)
    return ImportReport(found.imported, found.already_there, tuple(refused))


def _first_state(report: ImportReport, own: list[str]) -> str:
    if not report.imported:
        return Upload.State.REFUSED
    return Upload.State.WAITING if own else Upload.State.CHECKED


def _keep_only(arrived: Inbox, wanted: set[str]) -> None:
    if not wanted:
        arrived.discard()
        return
    for path in arrived.directory.iterdir():
        if path.name not in wanted:
            path.unlink()


def _as_rows(report: ImportReport, arrived: Inbox) -> dict[str, Any]:
    """Give the report as JSON can hold it, each archive with the name that the person knows."""
    body = report.as_dict()
    for rows in body.values():
        for row in rows:
            row["sent_as"] = arrived.sent_as.get(row["archive"], row["archive"])
    return body


def accept(upload: Upload, *, actor: str) -> Build:
    """Queue the import of an upload; the second person's acceptance is the confirmation.

    Raises:
        SecondPersonError: it waits for another person than this one.
        UploadError: it is not open any more.
    """
    confirms = upload.state == Upload.State.WAITING
    if confirms and actor == upload.actor:
        names = ", ".join(upload.own_names[:5])
        raise SecondPersonError(f"{upload} holds {names}, so another person than {actor} has to confirm it")
    now = timezone.now()
    with transaction.atomic():
        still_open = Upload.objects.filter(pk=upload.pk, state=upload.state).filter(state__in=OPEN)
        confirmation = {"confirmed_by": actor, "confirmed_at": now} if confirms else {}
        if not still_open.update(state=Upload.State.ACCEPTED, **confirmation):
            upload.refresh_from_db()
            raise UploadError(f"{upload} is {upload.get_state_display().lower()} already; look at it again")
        wish: Mapping[str, Any] = {"upload": upload.pk}
        build = lifecycle.queue(upload.distribution, actor, wish, kind=Build.Kind.IMPORT)
        Upload.objects.filter(pk=upload.pk).update(build=build)
    upload.refresh_from_db()
    return build


def withdraw(upload: Upload) -> None:
    """Give up an upload that is not imported, and remove its files. Raises: UploadError."""
    if not Upload.objects.filter(pk=upload.pk, state__in=OPEN).update(state=Upload.State.WITHDRAWN):
        upload.refresh_from_db()
        raise UploadError(f"{upload} is {upload.get_state_display().lower()} already; look at it again")
    inbox.remove(upload.directory)
    upload.refresh_from_db()


def run(build: Build, progress: Progress, *, kept: bool) -> ImportReport:
    """Import what a queued build is for; a normal build that publishes it is queued at the end.

    Raises:
        reporting.BuildError: see its subclasses for what is true then.
    """
    upload = _upload_of(build)
    try:
        with alone(build.distribution, "an import") as holder:
            wish = Wish(Build.Kind.IMPORT, build.actor, build.options, build)
            with recorded(build.distribution, wish, holder, progress, kept=kept) as row:
                report = _run(row, upload, progress)
    except LockedError as failure:
        raise BuildRunningError(f"{failure.holder} is running; the import waits for its end") from failure
    inbox.remove(upload.directory)
    return report


def _upload_of(build: Build) -> Upload:
    pk = build.options.get("upload")
    upload = Upload.objects.filter(pk=pk, distribution=build.distribution, state=Upload.State.ACCEPTED).first()
    if upload is None:
        raise BuildRefusedError(f"there is no accepted upload {pk}; upload the archives again")
    if not upload.confirmed_by and (own := sorted(_own(upload) - set(upload.own_names))):
        raise BuildRefusedError(
            f"{', '.join(own[:5])} became our own since {upload} was checked and need a second person; upload again"
        )
    if not inbox.place_of(upload.directory).is_dir():
        raise BuildRefusedError(f"the files of {upload} were imported or pruned before; upload them again if need be")
    Upload.objects.filter(pk=upload.pk).update(build=build)
    return upload


def _own(upload: Upload) -> set[str]:
    try:
        return importing.own_among(upload.distribution, (row["package"] for row in upload.report["imported"]))
    except (ImportingError, RecipeError) as failure:
        raise BuildRefusedError(str(failure)) from failure


def _run(row: Build, upload: Upload, progress: Progress) -> ImportReport:
    directory = inbox.place_of(upload.directory)
    try:
        report = importing.import_alone(row.distribution, directory, _Telling(progress))
    except (ImportingError, RecipeError, MixedError, DiskFullError, StoreError, LeaseLostError) as failure:
        raise BuildFailedError(str(failure)) from failure
    progress.tell(_findings(report.refused))
    if report.imported:
        person = Build.Trigger.PERSON
        lifecycle.queue_once(row.distribution, kind=Build.Kind.BUILD, trigger=person, actor=row.actor)
    counts = f"{len(report.imported)} archives were imported, {len(report.already_there)} were there already."
    progress.say(counts + (" A build that publishes them waits." if report.imported else ""))
    if report.refused:
        raise BuildFailedError(f"{len(report.refused)} archives were refused, see the log; the others are taken in")
    progress.finish()
    fields = {"built": len(report.imported), "reused": len(report.already_there)}
    Build.objects.end(row, Build.State.SUCCEEDED, timezone.now(), **fields)
    return report


def _findings(refused: Iterable[Refused]) -> Iterable[Any]:
    return [error("archive-refused", one.archive, fault) for one in refused for fault in one.faults]


def prune(now: datetime) -> int:
    """Remove files of uploads that nobody needs any more; give how many directories went."""
    stale = Upload.objects.filter(state__in=OPEN, created_at__lt=now - KEPT)
    for upload in stale:
        Upload.objects.filter(pk=upload.pk, state__in=OPEN).update(state=Upload.State.WITHDRAWN)
    needed = set(_needed(now).values_list("directory", flat=True))
    known = set(Upload.objects.values_list("directory", flat=True))
    removed = 0
    for path in inbox.kept():
        is_old = datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - FORGOTTEN
        if path.name not in needed and (path.name in known or is_old):
            shutil.rmtree(path, ignore_errors=True)
            removed += 1
    if removed:
        logger.info("%d directories of uploads were removed", removed)
    return removed


def _needed(now: datetime) -> Any:
    """Give uploads that may still be imported: open ones, and those whose import waits, runs or may be retried."""
    done = Q(build__state=Build.State.SUCCEEDED) | Q(build__state__in=ENDED, build__ended_at__lt=now - KEPT)
    return Upload.objects.filter(state__in=(*OPEN, Upload.State.ACCEPTED)).exclude(done)
