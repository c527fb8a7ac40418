"""Google Drive for tests of collections: as everybody sees it, and as the portal's service account does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs_hub import drive as drive_module
from tests.support.clones import Clones
from tests.support.drive import FakeDrive, running_drive
from tests.support.drive_api import KEY


@pytest.fixture
def drive(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDrive]:
    """A Drive of which the portal sees what everybody sees; nobody waits for long."""
    monkeypatch.setattr(drive_module, "FIRST_WAIT", 0.001)
    with running_drive() as running:
        settings.PORTAL_DRIVE_URL = running.url
        settings.PORTAL_DRIVE_API_KEY = KEY
        yield running


@pytest.fixture
def account(drive: FakeDrive, settings: Any, tmp_path: Path) -> FakeDrive:
    """The same as the portal's service account sees it."""
    settings.PORTAL_DRIVE_CREDENTIALS = tmp_path / "account.json"
    settings.PORTAL_DRIVE_CREDENTIALS.write_text(drive.credentials(), encoding="utf-8")
    settings.PORTAL_DRIVE_API_KEY = ""
    return drive


@pytest.fixture
def clones(settings: Any, tmp_path: Path) -> Clones:
    """An empty directory of clones, and a data directory of the test's own."""
    settings.PORTAL_DATA_DIR = tmp_path / "data"
    settings.PORTAL_WORK_DIR = None
    return Clones(tmp_path / "clones")
