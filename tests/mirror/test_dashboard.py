"""What staff see first: how each distribution is, whether the queue works, what ran lately."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import Schedule
from django_q.signing import SignedPackage
from django_q.status import Status
from pytest_django import Settings

from mageos_portal import heartbeat
from mageos_portal.registry import DashboardPanel, DuplicateEntryError, Registry
from mirror import disk_use, observing
from mirror.models import Build, BuildStep, Distribution, Release
from mirror.permits import may_start
from mirror.spans import age, clock
from tests.support.publications import LIBRARY, SHOP, a_row_of_publication, publish, use_data_dir
from tests.support.staff import a_person, logged_in

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def distribution(settings: Settings, tmp_path: Path) -> Distribution:
    use_data_dir(settings, tmp_path)
    return Distribution.objects.get(is_default=True)


@pytest.fixture
def auditor(db: None) -> Client:
    return logged_in(a_person("joe", "auditor"))


@pytest.fixture
def builder(db: None) -> Client:
    return logged_in(a_person("jane", "builder"))


def dashboard(client: Client) -> str:
    reply = client.get(reverse("admin:index"))
    assert reply.status_code == 200
    return re.sub(r"\s+", " ", reply.content.decode())


def a_release(distribution: Distribution, version: str, **fields: Any) -> Release:
    return Release.objects.create(
        distribution=distribution, version=version, version_normalized=version, time=0, commit="0" * 40, **fields
    )


def state_of(distribution: Distribution, now: datetime = NOW) -> observing.DistributionState:
    return next(state for state in observing.states(now) if state.distribution == distribution)


def beat(name: str, cluster_id: str, workers: int = 1, status: Any = Conf.IDLE) -> None:
    """Tell of a cluster as its sentinel does every two seconds."""
    said = Status(1, cluster_id)
    said.workers, said.status = list(range(workers)), status
    get_broker(name).set_stat(f"{Conf.Q_STAT}:{cluster_id}", SignedPackage.dumps(said, compressed=True), 3)


def test_a_distribution_without_a_publication_says_so(distribution: Distribution) -> None:
    assert state_of(distribution).word == "nothing published"


def test_incomplete_releases_are_counted(distribution: Distribution) -> None:
    publish(distribution, [SHOP, LIBRARY])
    Distribution.objects.update(interval=0)
    assert state_of(distribution).word == "complete"
    a_release(distribution, "1.0.0", complete=True)
    a_release(distribution, "1.1.0")
    a_release(distribution, "1.2.0")
    assert state_of(distribution).word == "incomplete 2"


@pytest.mark.parametrize(
    ("interval", "looked", "stale"),
    [(60, 2, False), (60, 4, True), (60, None, True), (5, 0.9, False), (5, 1.1, True), (0, None, False)],
)
def test_a_distribution_that_stopped_looking_is_stale(
    distribution: Distribution, interval: int, looked: float | None, stale: bool
) -> None:
    publish(distribution, [SHOP])
    Distribution.objects.update(interval=interval)
    if looked is not None:
        Build.objects.create(distribution=distribution, state=Build.State.SUCCEEDED, ended_at=NOW - looked * HOUR)
    Build.objects.create(distribution=distribution, state=Build.State.FAILED, ended_at=NOW)
    Build.objects.create(distribution=distribution, state=Build.State.SUCCEEDED, kind=Build.Kind.PLAN, ended_at=NOW)
    assert (state_of(distribution).word == "stale") == stale


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({"complete": True, "held_because": "waits for approval"}, True),
        ({"complete": True}, False),
        ({"complete": False, "held_because": "incomplete"}, False),
        ({"complete": True, "held_because": "sources were not seen", "approved_at": NOW}, False),
        ({"complete": True, "held_because": "", "published_at": NOW}, False),
    ],
)
def test_only_what_a_person_can_let_go_waits_for_approval(
    distribution: Distribution, fields: dict[str, Any], waits: bool
) -> None:
    release = a_release(distribution, "1.0.0", **fields)
    assert (release in observing.awaiting_approval()) == waits


def test_without_approval_only_unconfirmed_releases_wait(distribution: Distribution) -> None:
    Distribution.objects.update(approve_releases=False)
    a_release(distribution, "1.0.0", complete=True, held_because="sources were not seen")
    unconfirmed = a_release(distribution, "1.1.0", complete=True, confirmed=False, held_because="to be confirmed")
    assert observing.awaiting_approval() == [unconfirmed]


def test_the_queue_says_what_waits_and_what_failed(distribution: Distribution) -> None:
    day = timedelta(hours=24)
    Build.objects.create(distribution=distribution, not_before=NOW + HOUR, created_at=NOW - 3 * HOUR)
    oldest = Build.objects.create(distribution=distribution, created_at=NOW - 2 * HOUR)
    Build.objects.create(distribution=distribution, created_at=NOW - HOUR)
    for ago in (HOUR, day - HOUR, day + HOUR):
        Build.objects.create(distribution=distribution, state=Build.State.FAILED, ended_at=NOW - ago)
    health = observing.queue_health(NOW)
    assert (health.waiting, health.oldest, health.failed, list(health.abandoned)) == (3, oldest, 2, [])


def test_a_build_whose_worker_is_gone_is_stuck(distribution: Distribution) -> None:
    build = Build.objects.create(distribution=distribution, state=Build.State.RUNNING, worker="m:1:a", started_at=NOW)
    held = Distribution.objects.filter(pk=distribution.pk)
    held.update(lease_holder="m:1:a", lease_until=Now() + HOUR)
    assert list(observing.queue_health(NOW).abandoned) == []
    held.update(lease_until=Now())
    assert list(observing.queue_health(NOW).abandoned) == [build]
    assert observing.queue_health(NOW).is_stuck


def test_workers_are_counted_by_the_name_of_their_cluster() -> None:
    assert heartbeat.workers_alive() == {"default": 0, "builds": 0}
    beat("builds", "one", workers=1)
    beat("builds", "another-machine", workers=2, status=Conf.WORKING)
    beat("default", "two", workers=4)
    beat("default", "three", workers=8, status=Conf.STOPPING)
    assert heartbeat.workers_alive() == {"default": 4, "builds": 3}


def test_a_heartbeat_of_somebody_else_is_not_believed() -> None:
    get_broker("builds").set_stat(f"{Conf.Q_STAT}:forged", "not signed by us", 3)
    assert heartbeat.workers_alive() == {"default": 0, "builds": 0}


def test_a_queue_that_does_not_answer_is_said_plainly(
    distribution: Distribution, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(Conf, "BROKER_CLASS", "mageos_portal.heartbeat.RedisBroker")
    with pytest.raises(heartbeat.QueueUnreachableError):
        heartbeat.workers_alive()
    said = dashboard(auditor)
    assert "The queue does not answer" in said
    assert "needs a look" in said


def test_the_dashboard_tells_how_everything_is(distribution: Distribution, builder: Client) -> None:
    now = timezone.now()
    publication = publish(distribution, [SHOP, LIBRARY])
    type(publication).objects.update(created_at=now - 3 * HOUR - timedelta(minutes=5))
    Distribution.objects.filter(pk=distribution.pk).update(failing_since=now - 2 * HOUR, interval=0)
    release = a_release(distribution, "2.4.9", complete=True, held_because="waits for approval")
    running = Build.objects.create(distribution=distribution, state=Build.State.RUNNING, started_at=now)
    BuildStep.objects.create(build=running, position=1, name="make", state="running", done=7, total=9, unit="dists")
    waiting = Build.objects.create(distribution=distribution, created_at=now - 4 * HOUR)
    failed = Build.objects.create(distribution=distribution, state=Build.State.FAILED, ended_at=now)
    Schedule.objects.create(name="portal: look", func="mirror.tasks.x", next_run=now + HOUR)
    beat("default", "one", workers=2)
    said = dashboard(builder)
    for text in (
        "3 hours old", ">complete<", ">building<", "failing for 2 hours", ">2.4.9</a>", "make, 7 of 9 dists",
        '<progress max="9" value="7"', "1 build waiting", "2 alive", "none alive",
        f"build {waiting.pk}</a> for 4 hours",
        "look at <time", "not measured yet", reverse("admin:mirror_release_change", args=[release.pk]),
        reverse("admin:mirror_build_cancel", args=[waiting.pk]),
        reverse("admin:mirror_build_cancel", args=[running.pk]),
        reverse("admin:mirror_build_retry", args=[failed.pk]), "New build",
    ):  # fmt: skip
        assert text in said, text


def test_an_auditor_is_offered_nothing_to_press(distribution: Distribution, auditor: Client) -> None:
    build = Build.objects.create(distribution=distribution)
    said = dashboard(auditor)
    assert f"Build {build.pk}" in said
    for text in ("New build", "/cancel/", "/retry/"):
        assert text not in said


def test_who_has_no_role_sees_no_panel(distribution: Distribution) -> None:
    Build.objects.create(distribution=distribution)
    said = dashboard(logged_in(a_person("new")))
    assert "Latest runs" not in said
    assert "Distributions" not in said


def test_what_others_wrote_does_no_harm(distribution: Distribution, auditor: Client) -> None:
    script = "<script>alert(1)</script>"
    Distribution.objects.filter(pk=distribution.pk).update(title=script)
    a_release(distribution, script, complete=True, held_because="waits for approval")
    build = Build.objects.create(
        distribution=distribution, state=Build.State.RUNNING, actor=f"{script}\N{RIGHT-TO-LEFT OVERRIDE}x"
    )
    BuildStep.objects.create(build=build, position=1, name=script, state="running", unit=script)
    said = dashboard(auditor)
    assert script not in said
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in said


def test_a_build_that_waits_for_another_one_says_for_which(distribution: Distribution, auditor: Client) -> None:
    first = Build.objects.create(distribution=distribution)
    assert "waits for" not in runs_panel(auditor)
    second = Build.objects.create(distribution=distribution)
    assert re.findall(r"waits for <a[^>]*>(.*?)</a>", runs_panel(auditor)) == [f"build {first.pk}"]
    Build.objects.filter(pk=first.pk).update(state=Build.State.RUNNING)
    other = Build.objects.create(distribution=Distribution.objects.exclude(pk=distribution.pk)[0])
    assert re.findall(r"waits for <a[^>]*>(.*?)</a>", runs_panel(auditor)) == [f"build {first.pk}"]
    assert observing.before_in_line([second, other], NOW)[second.pk] == first


def runs_panel(client: Client) -> str:
    return dashboard(client).partition("Latest runs")[2].partition("</section>")[0]


def test_a_fuller_dashboard_takes_no_more_queries(distribution: Distribution, builder: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            dashboard(builder)
        return len(captured)

    def grow(first: int) -> None:
        for number in range(first, first + 30):
            one = Distribution.objects.create(slug=f"d{number}", title="one", recipe="mirror.toml")
            Distribution.objects.filter(pk=one.pk).update(publication=a_row_of_publication(one))
            a_release(one, "1.0.0", complete=True, held_because="waits for approval")
            a_release(one, "1.1.0")
            running = Build.objects.create(distribution=one, state=Build.State.RUNNING, worker="gone")
            BuildStep.objects.create(build=running, position=1, name="make", state="running")
            Build.objects.create(distribution=one)
            Schedule.objects.create(name=f"look {number}", func="mirror.tasks.x")

    grow(0)
    dashboard(builder)
    before = queries()
    grow(30)
    assert queries() == before


def test_reports_are_not_read_for_a_list(distribution: Distribution, auditor: Client) -> None:
    Build.objects.create(distribution=distribution, state=Build.State.RUNNING, report={"warnings": ["x" * 1000]})
    with CaptureQueriesContext(connection) as captured:
        dashboard(auditor)
    assert not [query for query in captured if '"mirror_build"."report"' in query["sql"]]


def test_disk_use_is_measured_once_and_remembered(distribution: Distribution, auditor: Client) -> None:
    assert disk_use.last_measured() is None
    publish(distribution, [SHOP, LIBRARY])
    Distribution.objects.get(pk=distribution.pk).packages.first().versions.update(size=5_000_000)  # type: ignore[union-attr]
    use = disk_use.measure()
    assert use.dists >= 10_000_000
    assert use.metadata > 0
    assert use.clones == 0
    assert disk_use.last_measured() == use
    assert "metadata" in disk_use.look()
    assert "9.5" in dashboard(auditor)


def test_a_file_with_two_names_is_counted_once(tmp_path: Path, settings: Settings, distribution: Distribution) -> None:
    metadata = distribution.files.metadata
    metadata.mkdir(parents=True)
    (metadata / "one").write_bytes(b"x" * 100_000)
    before = disk_use.measure().metadata
    (metadata / "two").hardlink_to(metadata / "one")
    assert disk_use.measure().metadata == before >= 100_000


@pytest.mark.parametrize(
    ("codenames", "kind", "options", "may"),
    [
        (["start_build"], Build.Kind.BUILD, {}, True),
        (["start_build"], Build.Kind.BUILD, {"approve": True}, False),
        (["start_build"], Build.Kind.IMPORT, {}, False),
        (["start_build", "approve_release"], Build.Kind.BUILD, {"approve": True}, True),
        (["start_build", "import_archives"], Build.Kind.IMPORT, {}, True),
        (["approve_release", "import_archives"], Build.Kind.BUILD, {}, False),
    ],
)
def test_what_a_build_does_besides_building_needs_its_permission(
    rf: Any, codenames: list[str], kind: str, options: dict[str, Any], may: bool
) -> None:
    person = a_person("jane")
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    request = rf.get("/")
    request.user = person
    assert may_start(request, kind, options) == may


@pytest.mark.parametrize(
    ("seconds", "told", "counted"),
    [
        (59, "less than a minute", "0:59"),
        (65, "1 minute", "1:05"),
        (3725, "1 hour", "1:02:05"),
        (200_000, "2 days", "55:33:20"),
    ],
)
def test_time_is_told_roughly_and_exactly(seconds: int, told: str, counted: str) -> None:
    then = NOW - timedelta(seconds=seconds)
    assert (age(then, NOW), clock(then, NOW)) == (told, counted)


def test_a_panel_has_a_key_of_its_own() -> None:
    panels: Registry[DashboardPanel] = Registry()
    panel = DashboardPanel("one", "one.html", lambda request: {}, "mirror.view_build", order=1)
    panels.register(panel)
    with pytest.raises(DuplicateEntryError, match="one"):
        panels.register(panel)
