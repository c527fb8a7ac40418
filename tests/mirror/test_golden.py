"""The sample's whole publication, to the byte.

A change of it is a change of what clients have in their lock files, so that it must be meant. If
it is: PORTAL_TEST_RENEW_GOLDEN=1 python -m pytest tests/mirror/test_golden.py, then read the diff.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.portal import Portal, sample_sources
from tests.support.server import migrated

GOLDEN = Path(__file__).parent / "golden" / "sample.sha256"
SHOWN = 20  # differences


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """A mirror of the sample by the recipe of the real one."""
    portal = Portal(tmp_path_factory.mktemp("golden") / "portal")
    shutil.copytree(migrated(), portal.data)
    sample = sample_sources()
    building = ("build_distribution", "mirror", "--sources", str(sample), "--json")
    imported, built = portal.in_turn(("import_archives", "mirror", str(sample / "archives")), building)
    assert (imported.status, built.report["errors"]) == (0, [])
    return portal


def lines(text: str) -> dict[str, str]:
    return {path: digest for digest, path in (line.split("  ", 1) for line in text.splitlines())}


def test_the_publication_of_the_sample_is_as_it_was(portal: Portal) -> None:
    text = (portal.current / "manifest.sha256").read_text(encoding="utf-8")
    if "PORTAL_TEST_RENEW_GOLDEN" in os.environ:
        GOLDEN.write_text(text, encoding="utf-8")
    now, before = lines(text), lines(GOLDEN.read_text(encoding="utf-8"))
    assert sorted(now.keys() - before.keys())[:SHOWN] == []
    assert sorted(before.keys() - now.keys())[:SHOWN] == []
    assert [path for path in sorted(now) if now[path] != before[path]][:SHOWN] == []
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_publication_of_the_sample_is_whole(portal: Portal) -> None:
    portal.assert_whole()
    portal.command("verify_distribution", "mirror")
