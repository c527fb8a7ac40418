"""Staff are told once that something fails, once that it works again, and once of a release that waits."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from mirror import notifying, tasks
from mirror.models import Build, Distribution, Publication, Release, VersionSet
from tests.support.postgresql import PostgresqlCluster
from tests.support.server import manage, site_environment
from tests.support.staff import a_person, logged_in

State, Kind = Build.State, Build.Kind
NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.get_default_timezone())
BASE = "https://portal.example.org"


@pytest.fixture
def mirror(db: None, settings: Any) -> Distribution:
    settings.PORTAL_NOTICE_EMAILS = ("ann@example.org",)
    settings.PORTAL_BASE_URL = BASE
    return Distribution.objects.get(slug="mirror")


def ended(distribution: Distribution, state: str, minutes: int = 0, kind: str = Kind.BUILD, failure: str = "") -> Build:
    at = NOW + timedelta(minutes=minutes)
    return Build.objects.create(distribution=distribution, state=state, kind=kind, ended_at=at, failure=failure)


def subjects(mails: list[EmailMessage]) -> list[str]:
    return [str(mail.subject) for mail in mails]


def failing_since(distribution: Distribution) -> datetime | None:
    distribution.refresh_from_db()
    return distribution.failing_since


def test_a_failure_is_told_once_until_all_is_well_again(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    ended(mirror, State.FAILED, 0, failure="no space left on the disk")
    assert [notifying.tell_news(NOW), notifying.tell_news(NOW)] == [1, 0]
    ended(mirror, State.FAILED, 1)
    assert notifying.tell_news(NOW) == 0
    assert failing_since(mirror) == NOW
    ended(mirror, State.SUCCEEDED, 2)
    assert [notifying.tell_news(NOW), notifying.tell_news(NOW)] == [1, 0]
    assert failing_since(mirror) is None
    ended(mirror, State.FAILED, 3)
    assert notifying.tell_news(NOW) == 1
    fails, works = "mirror: building fails", "mirror: building works again"
    assert subjects(mailoutbox) == [fails, works, fails]


def test_a_notice_says_why_and_where_to_look(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    build = ended(mirror, State.FAILED, failure="no space left on the disk")
    notifying.tell_news(NOW)
    ended(mirror, State.SUCCEEDED, 90)
    notifying.tell_news(NOW)
    failed, works = (str(mail.body) for mail in mailoutbox)
    assert failed.startswith("no space left on the disk\n\nNothing is served yet.")
    assert f"\n{BASE}/admin/mirror/build/{build.pk}/change/\n" in failed
    assert works.startswith("It had failed since 2026-03-01 12:00 UTC.")


def test_a_failure_says_that_what_is_served_stays(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    empty = VersionSet.objects.create(digest="0" * 64, ids="[]")
    mirror.publication = Publication.objects.create(
        distribution=mirror, number=1, version_set=empty, cause="build", versions=0, packages=0, manifest_sha256=""
    )
    mirror.save()
    ended(mirror, State.FAILED)
    notifying.tell_news(NOW)
    assert "What is served stays as it is." in str(mailoutbox[0].body)


def test_a_distribution_that_never_failed_is_no_news(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    ended(mirror, State.SUCCEEDED)
    assert notifying.tell_news(NOW) == 0
    assert mailoutbox == []


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (Kind.PLAN, State.FAILED),
        (Kind.IMPORT, State.FAILED),
        (Kind.PLAN, State.SUCCEEDED),
        (Kind.BUILD, State.CANCELED),
        (Kind.SYNC, State.CANCELED),
        (Kind.BUILD, State.QUEUED),
        (Kind.BUILD, State.RUNNING),
    ],
)
@pytest.mark.parametrize("before", [State.FAILED, State.SUCCEEDED])
def test_other_runs_say_nothing_of_how_it_goes(mirror: Distribution, kind: str, state: str, before: str) -> None:
    ended(mirror, before)
    notifying.tell_news(NOW)
    since = failing_since(mirror)
    ended(mirror, state, 1, kind)
    assert notifying.tell_news(NOW) == 0
    assert failing_since(mirror) == since


def test_each_distribution_is_told_of_by_itself(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    packages = Distribution.objects.get(slug="packages")
    ended(mirror, State.FAILED)
    ended(packages, State.SUCCEEDED, 1)
    assert notifying.tell_news(NOW) == 1
    ended(packages, State.FAILED, 2)
    assert notifying.tell_news(NOW) == 1
    assert subjects(mailoutbox) == ["mirror: building fails", "packages: building fails"]


def test_a_follower_fails_and_recovers_likewise(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    ended(mirror, State.FAILED, 0, Kind.SYNC)
    notifying.tell_news(NOW)
    ended(mirror, State.SUCCEEDED, 1, Kind.SYNC)
    notifying.tell_news(NOW)
    assert subjects(mailoutbox) == ["mirror: following fails", "mirror: following works again"]


def test_a_failure_that_was_overtaken_is_no_news(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    """Somebody looked, was slow, and meanwhile the next build succeeded."""
    failed = ended(mirror, State.FAILED)
    ended(mirror, State.SUCCEEDED, 1)
    assert not notifying._note_failure(failed)
    assert failing_since(mirror) is None


def release(distribution: Distribution, version: str = "2.4.9", **fields: Any) -> Release:
    waits: dict[str, Any] = {"complete": True, "held_because": "waits for approval"}
    return Release.objects.create(
        distribution=distribution, product="acme/product", version=version, version_normalized=f"{version}.0",
        commit="0" * 40, time=0, **waits | fields,
    )  # fmt: skip


def test_a_release_that_waits_is_told_of_once(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    waiting = release(mirror)
    assert [notifying.tell_news(NOW), notifying.tell_news(NOW)] == [1, 0]
    waiting.refresh_from_db()
    assert waiting.told_at == NOW
    assert subjects(mailoutbox) == ["mirror: a release waits for approval"]
    assert "2.4.9." in str(mailoutbox[0].body)


def test_many_releases_are_one_notice(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    for number in range(30):
        release(mirror, f"2.4.{number}")
    assert notifying.tell_news(NOW) == 1
    assert subjects(mailoutbox) == ["mirror: 30 releases wait for approval"]
    assert " and 10 more." in str(mailoutbox[0].body)
    assert not Release.objects.filter(told_at=None).exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"complete": False, "held_because": "incomplete: 1 requirements are missing; waits for approval"},
        {"approved_at": NOW},
        {"published_at": NOW, "held_because": ""},
        {"held_because": ""},
        {"told_at": NOW},
    ],
    ids=["incomplete", "approved", "published", "free", "told"],
)
def test_a_release_that_needs_nobody_is_not_told_of(mirror: Distribution, fields: dict[str, Any]) -> None:
    release(mirror, **fields)
    assert notifying.tell_news(NOW) == 0


def test_the_notice_of_a_release_leads_to_its_page(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    release(mirror)
    release(Distribution.objects.get(slug="packages"), "1.2.3")
    notifying.tell_news(NOW)
    url = str(mailoutbox[0].body).split(BASE)[1].strip()
    answer = logged_in(a_person("jane", "publisher")).get(url)
    assert answer.status_code == 200
    assert b"2.4.9" in answer.content
    assert b"1.2.3" not in answer.content


def test_without_a_channel_the_state_is_kept(mirror: Distribution, settings: Any) -> None:
    settings.PORTAL_NOTICE_EMAILS = ()
    ended(mirror, State.FAILED)
    waiting = release(mirror)
    notifying.tell_news(NOW)
    waiting.refresh_from_db()
    assert failing_since(mirror) == waiting.told_at == NOW


def test_the_watchdog_tells(mirror: Distribution, mailoutbox: list[EmailMessage]) -> None:
    ended(mirror, State.FAILED)
    assert tasks.look_after_builds() == "notices sent: 1"
    assert subjects(mailoutbox) == ["mirror: building fails"]


def test_what_was_sent_by_no_channel_is_in_the_log(
    mirror: Distribution, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PORTAL_NOTICE_EMAILS = ()
    settings.PORTAL_NOTICE_DISCORD_WEBHOOK = "http://127.0.0.1:1/"
    ended(mirror, State.FAILED)
    assert notifying.tell_news(NOW) == 1
    assert "'mirror: building fails' could not be sent by Discord" in caplog.text


NEWS = """
from django.utils import timezone
from mirror.models import Build, Distribution, Release
now = timezone.now()
for row in Distribution.objects.all():
    Build.objects.create(distribution=row, state="failed", ended_at=now)
    for n in range(5):
        Release.objects.create(distribution=row, product="acme/product", version=f"7.{n}", version_normalized=f"7.{n}",
                               commit="0" * 40, time=0, complete=True, held_because="waits for approval")
"""
# Several threads are let go at the same moment, each with a connection of its own.
TELL = """
import threading
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from django.utils import timezone
from mirror import notifying
AT_ONCE = 6
start = threading.Barrier(AT_ONCE)
def tell(_):
    connection.ensure_connection()
    start.wait()
    try:
        return notifying.tell_news(timezone.now())
    finally:
        connection.close()
with ThreadPoolExecutor(AT_ONCE) as pool:
    print(sum(pool.map(tell, range(AT_ONCE))))
"""


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_several_at_once_tell_everything_once(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> None:
    mails = tmp_path / "mails"
    more = {"PORTAL_NOTICE_EMAILS": "ann@example.org", "PORTAL_EMAIL_URL": f"filemail:///{mails}"}
    if database == "postgresql":
        cluster: PostgresqlCluster = request.getfixturevalue("postgresql")
        more["DATABASE_URL"] = cluster.create_database("news")
    environment = site_environment(tmp_path, **more)
    manage(environment, "migrate", "--no-input", "--verbosity", "0")
    told = manage(environment, "shell", "--no-imports", "--command", NEWS + TELL).split()[-1]
    sent = "".join(path.read_text() for path in mails.iterdir())
    versions = [word.strip(",.") for word in sent.split() if word.startswith("7.") and word[2].isdigit()]
    assert sent.count("Subject: mirror: building fails") == sent.count("Subject: packages: building fails") == 1
    assert sorted(versions) == sorted([f"7.{n}" for n in range(5)] * 2)
    assert int(told) == sent.count("Subject: ")
