"""Files of updates in git, read at one commit: what is new is kept, what went is marked, and the rest costs nothing."""

from collections.abc import Collection as Some
from collections.abc import Iterable, Iterator, Mapping

from docs_hub import deriving, posts
from docs_hub.cleaning import printable
from docs_hub.exclusion import one_import
from docs_hub.findings import Finding, error
from docs_hub.models import Collection, SourceFile
from docs_hub.reports import Report
from docs_hub.repository import Blob, RepositoryError, Snapshot

SUFFIXES = (".md", ".markdown")
LONGEST_PATH = 400  # characters
AT_ONCE = 200  # rows in one statement
DONE = "-"  # for a file that went and whose update is hidden


def import_updates(snapshots: Mapping[Collection, Snapshot], *, again: bool = False) -> dict[Collection, Report]:
    """Bring updates to what repositories say; files of several collections may be one update.

    A file that cannot be read is reported, and what was imported from it before stays. ``again`` renders all anew.
    """
    reports = {collection: Report() for collection in snapshots}
    blobs: dict[int, str] = {}
    for collection, report in reports.items():
        blobs |= _keep_files(collection, snapshots[collection], report)
    if again or SourceFile.objects.filter(collection__in=snapshots, blob="").exists():
        with one_import():
            deriving.derive(snapshots)
        _settle(snapshots, blobs)
    deriving.reach(snapshots)
    for collection, report in reports.items():
        _tell_findings(collection, report)
    return reports


def repair(paths: Some[str], collections: Some[Collection]) -> list[str]:
    """Have files put right whose letters were decoded wrongly, from the next sync on; gives paths that none has."""
    files = SourceFile.objects.filter(collection__in=collections, path__in=paths)
    unknown = sorted(set(paths).difference(files.values_list("path", flat=True)))
    files.filter(is_repaired=False).update(is_repaired=True, blob="")
    return unknown


def _keep_files(collection: Collection, snapshot: Snapshot, report: Report) -> dict[int, str]:
    """Bring the rows of a collection's files up to date; gives the blobs of those that are new, by row."""
    known = {file.path: file for file in collection.files.defer("content", "findings", "extra")}
    there = {blob.path: blob for blob in _readable(snapshot, collection, report)}
    new = {}
    for path, blob in there.items():
        file = known.get(path)
        if file and file.blob == blob.id and not file.is_gone:
            report.same += 1
        elif kept := _kept(collection, snapshot, blob, report):
            (report.updated if file else report.created).append(path)
            new[kept.pk] = blob.id
    gone = [file for path, file in known.items() if path not in there and not file.is_gone]
    report.gone += sorted(file.path for file in gone)
    SourceFile.objects.filter(pk__in=[file.pk for file in gone]).update(is_gone=True, blob="")
    return new


def _readable(snapshot: Snapshot, collection: Collection, report: Report) -> Iterator[Blob]:
    """Give the files whose names a database can hold."""
    for blob in snapshot.files(collection.path, SUFFIXES):
        if len(blob.path) > LONGEST_PATH or not blob.path.isprintable():
            name = printable(blob.path)
            message = f"{name[:100]}: its name is too long or holds what nobody can read; rename it"
            report.add(name[:LONGEST_PATH], [error("name-unusable", message)])
        else:
            yield blob


def _kept(collection: Collection, snapshot: Snapshot, blob: Blob, report: Report) -> SourceFile | None:
    """Keep what a file holds, without its blob: an interrupted sync does it again."""
    try:
        content = snapshot.read(blob, posts.LARGEST + 1)
    except RepositoryError as failure:
        report.add(blob.path, [error("unreadable", str(failure))])
        return None
    fields = {"blob": "", "commit": snapshot.commit, "content": content, "is_gone": False}
    return SourceFile.objects.update_or_create(collection=collection, path=blob.path, defaults=fields)[0]


def _settle(collections: Iterable[Collection], blobs: Mapping[int, str]) -> None:
    """Note that all that the files hold has become updates."""
    files = SourceFile.objects.filter(collection__in=collections, blob="")
    files.filter(is_gone=True).update(blob=DONE)
    present = list(files.filter(is_gone=False).only("pk"))
    for file in present:
        file.blob = blobs.get(file.pk, "")
    SourceFile.objects.bulk_update(present, ["blob"], batch_size=AT_ONCE)


def _tell_findings(collection: Collection, report: Report) -> None:
    for path, findings in collection.files.filter(is_gone=False).values_list("path", "findings"):
        report.add(path, (Finding(**finding) for finding in findings))
