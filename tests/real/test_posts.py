"""The posts of the website's two repositories, as their real clones have them: `make test-real SOURCES=DIR`."""

import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from docs_hub import collection_files, deriving, syncing
from docs_hub.configuring import configure
from docs_hub.headings import are_stepwise
from docs_hub.models import Alias, Collection, Run, Update
from docs_hub.repository import RepositoryError, found_in
from tests.real.test_upstream import SOURCES

CLONES = Path(SOURCES or "/nowhere").resolve()
SETUP = Path(collection_files.__file__).parent / "collections" / "mage-os.toml"
FILES, UPDATES = {"posts": 97, "first-posts": 21}, 97
SECONDS_FOR_SECOND = 1.0  # for a hundred posts
WEEK_9 = "/updates/2022/week-8-and-9-of-2022/"
WAS_WEEK_9 = (
    "/blog/mage-os-update-2022-week-9",
    "/blog/mage-os-update-2022-week-9/",
    "/updates/2022-03-04-week-8-and-9-of-2022",
    "/updates/week-8-and-9-of-2022/",
)
# What was counted when the posts were looked at first, by other means: files, and how often in all of them. A reason
# says why ours differs.
COUNTED: dict[str, tuple[int, int | None, str]] = {
    "mojibake": (0, 0, ""),
    "nbsp": (69, 701, "ours: without the 156 in code, with 23 in front matter and 22 of other kinds"),
    "excerpt-truncated": (96, 96, ""),
    "naive-date": (1, 1, ""),
    "day-differs": (1, 1, ""),
    "image-missing": (3, 8, ""),
    "alt-empty": (24, 76, ""),
    "own-link": (28, 54, "ours: bare addresses and www, too"),
    "http-link": (57, 103, ""),
    "script-removed": (1, 2, ""),
    "video-linked": (6, None, "six name videos; in two of them an address stands alone"),
    "emphasis-open": (2, None, ""),
    "heading-levels": (28, None, ""),
    "entity-in-title": (1, 1, ""),
    "link-without-text": (1, 3, ""),
    "long-list": (1, None, ""),
}


def missing() -> str:
    """Say why the clones cannot be used; ``""`` if they can."""
    if not SOURCES:
        return "needs real clones: make test-real SOURCES=DIR"
    try:
        for entry in collection_files.read(SETUP.read_bytes()):
            found_in(CLONES, entry.repository)
    except RepositoryError as failure:
        return str(failure)
    return ""


pytestmark = [pytest.mark.real, pytest.mark.django_db, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]


@pytest.fixture
def runs(settings: Any, tmp_path: Path) -> dict[str, Run]:
    """The first syncs, by collection."""
    settings.PORTAL_DATA_DIR, settings.PORTAL_WORK_DIR = tmp_path, None
    configure(collection_files.read(SETUP.read_bytes()))
    return {run.collection.slug: run for run in sync()}


def sync() -> list[Run]:
    return syncing.sync(list(Collection.objects.active()), sources=CLONES)


def test_all_posts_become_updates_and_a_second_sync_changes_nothing(runs: dict[str, Run]) -> None:
    failures = [run.failure or run.report["errors"] for run in runs.values() if run.failure or run.report["errors"]]
    assert not failures
    created = {slug: len(run.report["created"]) for slug, run in runs.items()}
    before = list(Update.objects.order_by("pk").values_list()), list(Alias.objects.order_by("pk").values_list())
    started = time.process_time()
    again = sync()
    seconds = time.process_time() - started
    files = f"{sum(created.values())} files, {Update.objects.count()} updates, 0 errors"
    said(f"{files}; the second sync took {seconds:.2f} s of processor time")
    assert (created, Update.objects.count()) == (FILES, UPDATES)
    assert [run.report["same"] for run in again] == [FILES[run.collection.slug] for run in again]
    assert (
        list(Update.objects.order_by("pk").values_list()),
        list(Alias.objects.order_by("pk").values_list()),
    ) == before
    assert seconds < SECONDS_FOR_SECOND * sum(FILES.values()) / 100


def test_warnings_are_those_that_were_counted(runs: dict[str, Run]) -> None:
    files: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for run in runs.values():
        for found in run.report["warnings"].values():
            files.update({code for code, _, _ in found})
            for code, _, count in found:
                times[code] += count
    said(f"{'warning':18} {'files':>5} {'times':>5}   counted before")
    for code in sorted({*files, *COUNTED}):
        expected = COUNTED.get(code, (0, None, "not counted before"))
        counted = f"{expected[0]} files, {expected[1] or '?'} times" if code in COUNTED else ""
        said(f"{code:18} {files[code]:5} {times[code]:5}   {counted} {expected[2]}".rstrip())
    differ = [code for code, (count, _, reason) in COUNTED.items() if files[code] != count and not reason]
    assert not differ
    assert not set(files) - set(COUNTED)


def test_every_post_is_in_order(runs: dict[str, Run], client: Client) -> None:
    """Those that wait for a person, too: they are shown as if one had approved them."""
    assert Update.objects.exclude(state=Update.State.PUBLISHED).count() == 1
    Update.objects.update(state=Update.State.PUBLISHED)
    faults = {}
    for update in Update.objects.all():
        page = client.get(update.get_absolute_url()).content.decode()
        levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", page)]
        text = [level for level, _, _ in update.headings]
        right = (levels.count(1) == 1, are_stepwise(text), "\ufffd" not in page, "<script" not in update.html)
        if not all(right):
            faults[update.slug] = right
    said(f"{Update.objects.count()} pages: one h1, no gap between headings, no U+FFFD; {len(faults)} with faults")
    assert not faults


def test_old_addresses_of_weeks_8_and_9_lead_to_the_one(runs: dict[str, Run], client: Client) -> None:
    for address in WAS_WEEK_9:
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Location"]) == (301, WEEK_9)
    update = Update.objects.get(slug=WEEK_9.split("/")[3])
    assert client.get(WEEK_9).status_code == 200
    assert "â€" not in update.html
    said(f"{len(WAS_WEEK_9)} addresses of weeks 8 and 9 lead to {WEEK_9}")


def test_the_list_of_names_waits_for_a_person(runs: dict[str, Run]) -> None:
    assert [update.because for update in Update.objects.filter(state=Update.State.REVIEW)] == [deriving.WAITS]


def said(line: str) -> None:
    print(line)  # noqa: T201
