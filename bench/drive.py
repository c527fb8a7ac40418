"""What a sync of a Drive folder takes: the first one, one that lists everything again, and those that ask for changes.

Drive is the one of the tests, in this process: what it takes is in the seconds, but not in those of the processor.
"""

import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.portal import ROOT, Portal
from bench.running import run
from tests.support.drive import FakeDrive, anyone, running_drive, user
from tests.support.drive_api import ACCOUNT

FOLDERS, DOCUMENTS = 100, 10_000
MOST_MEMORY = 200_000_000  # bytes, of a sync
LEAST_RATIO = 10  # of a sync that lists everything to one that finds nothing new
TEXT = "# What we agreed\n\n" + "A folder keeps what people wrote together, **dated** and found again.\n\n" * 40
OTHER_TEXT = TEXT.replace("dated", "signed")
OWN = (
    "import json; from docs_hub.models import Run; run = Run.objects.first(); "
    "print(json.dumps({'seconds': (run.ended_at - run.started_at).total_seconds()}))"
)
COLLECTION = """
[[collection]]
slug = "folder"
title = "Folder"
kind = "drive"
folder = "{folder}"
"""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync took, with starting Python."""

    title: str
    seconds: float
    own_seconds: float  # of the sync itself, as its row says
    processor_seconds: float
    peak_memory: int  # bytes
    requests: int


@dataclass(frozen=True, slots=True)
class Followed:
    """All about syncs of a folder; the second one lists everything, the third one finds nothing new."""

    syncs: tuple[Synced, ...]

    @property
    def ratio(self) -> float:
        """Say how many times as long it takes to list everything as to find that nothing changed."""
        return self.syncs[1].own_seconds / self.syncs[2].own_seconds


def measure(directory: Path) -> Followed:
    """Measure syncs in a portal of their own; ``directory`` is new.

    Raises:
        CommandFailedError: something did not work.
    """
    portal = Portal(directory / "portal")
    shutil.rmtree(directory, ignore_errors=True)
    portal.data.mkdir(parents=True)
    try:
        with running_drive() as drive:
            return Followed(tuple(_measured(portal, drive, directory)))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def lines_of(followed: Followed) -> Iterator[str]:
    yield f"Google Drive, {DOCUMENTS:,} documents of {len(TEXT) / 1000:.0f} kB in {FOLDERS} folders"
    yield f"{'sync':<30}{'seconds':>10}{'itself s':>10}{'processor s':>13}{'requests':>10}{'memory':>10}"
    for sync in followed.syncs:
        numbers = f"{sync.seconds:>10.1f}{sync.own_seconds:>10.2f}{sync.processor_seconds:>13.1f}{sync.requests:>10,}"
        met = "met" if sync.peak_memory <= MOST_MEMORY else "missed"
        memory = f"{sync.peak_memory / 1e6:>7.0f} MB   ≤ {MOST_MEMORY / 1e6:.0f} MB: {met}"
        yield f"{sync.title:<30}{numbers}{memory}"
    met = "met" if followed.ratio >= LEAST_RATIO else "missed"
    yield f"everything listed takes {followed.ratio:.1f} times as long as nothing new   ≥ {LEAST_RATIO}: {met}"


def _measured(portal: Portal, drive: FakeDrive, directory: Path) -> Iterator[Synced]:
    root = drive.folder("Shared", "", user(ACCOUNT, "writer"), anyone())
    folders = [drive.folder(f"Folder {number}", root.id) for number in range(FOLDERS)]
    documents = [drive.document(f"Document {n}", folders[n % FOLDERS].id, TEXT) for n in range(DOCUMENTS)]
    credentials = directory / "account.json"
    credentials.write_text(drive.credentials())
    (directory / "collections.toml").write_text(COLLECTION.format(folder=root.id))
    environment = portal.environment() | {
        "PORTAL_DRIVE_URL": drive.url,
        "PORTAL_DRIVE_CREDENTIALS": str(credentials),
    }
    portal.manage("migrate", "--verbosity", "0")
    portal.manage("import_collections", str(directory / "collections.toml"))
    yield _sync(portal, drive, environment, "first")
    yield _sync(portal, drive, environment, "everything again", "--again")
    yield _sync(portal, drive, environment, "nothing new")
    drive.change(documents[0], "Other words.")
    yield _sync(portal, drive, environment, "one document changed")
    for document in documents:
        drive.change(document, OTHER_TEXT)
    yield _sync(portal, drive, environment, "every document changed")


def _sync(portal: Portal, drive: FakeDrive, environment: Mapping[str, str], title: str, *options: str) -> Synced:
    drive.asked.clear()
    command = [sys.executable, str(ROOT / "manage.py"), "sync_documents", "--collection", "folder", "--json", *options]
    taken = run(command, environment, portal.data)
    own = portal.manage("shell", "--verbosity", "0", "--command", OWN).answer()["seconds"]
    requests = len(drive.paths("/drive/v3"))
    return Synced(title, taken.seconds, own, taken.processor_seconds, taken.peak_memory, requests)
