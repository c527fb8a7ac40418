"""What is declared is what the queue's scheduler does: no more, no less, and staff see how it went."""

from datetime import UTC, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from django_q.scheduler import scheduler
from django_q.signing import SignedPackage
from pytest_django import DjangoAssertNumQueries

from mageos_portal import housekeeping, schedules
from mageos_portal.registry import ScheduledTask, ScheduleSource, schedule_sources
from mageos_portal.schedules import MOST_MINUTES, PREFIX, declared, next_run, sync_schedules
from mirror import tasks
from mirror.models import Build, Distribution
from tests.support.postgresql import PostgresqlCluster
from tests.support.server import manage, site_environment
from tests.support.staff import a_person, logged_in

LIST = "/admin/django_q/schedule/"
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def mirror(db: None) -> Distribution:
    Distribution.objects.update(interval=0)
    return Distribution.objects.get(slug="mirror")


@pytest.fixture
def more(monkeypatch: pytest.MonkeyPatch) -> list[ScheduledTask]:
    """Give a list whose tasks are declared besides those of the apps."""
    found: list[ScheduledTask] = []
    monkeypatch.setattr(schedule_sources, "_entries", dict(schedule_sources._entries))
    schedule_sources.register(ScheduleSource("test", lambda: found, order=99))
    return found


def row(key: str) -> Schedule:
    return Schedule.objects.get(name=PREFIX + key)


def names() -> set[str]:
    return {str(name).removeprefix(PREFIX) for name in Schedule.objects.values_list("name", flat=True)}


def test_what_is_declared_is_scheduled(mirror: Distribution) -> None:
    synced = sync_schedules()
    assert set(synced.added) == set(declared())
    assert {"mirror.watchdog", "mirror.prune", "portal.housekeeping"} <= names()
    watchdog, prune = row("mirror.watchdog"), row("mirror.prune")
    assert (watchdog.func, watchdog.schedule_type, watchdog.minutes) == ("mirror.tasks.look_after_builds", "I", 1)
    assert (prune.func, prune.schedule_type, prune.cluster, prune.repeats) == ("mirror.tasks.prune", "D", None, -1)


def test_a_second_sync_changes_nothing(mirror: Distribution) -> None:
    sync_schedules()
    before = list(Schedule.objects.order_by("pk").values())
    synced = sync_schedules()
    assert (synced.added, synced.changed, synced.removed, synced.kept) == ((), (), (), len(before))
    assert list(Schedule.objects.order_by("pk").values()) == before


def test_the_command_says_what_it_did(mirror: Distribution) -> None:
    call_command("sync_schedules", stdout=StringIO())
    Distribution.objects.filter(pk=mirror.pk).update(interval=30)
    Schedule.objects.filter(name=f"{PREFIX}mirror.watchdog").update(minutes=7)
    Schedule.objects.create(name=f"{PREFIX}mirror.gone", func="os.getcwd")
    said = StringIO()
    call_command("sync_schedules", stdout=said)
    kept = len(declared()) - 2
    assert said.getvalue().splitlines() == [
        "added mirror.look:mirror",
        "changed mirror.watchdog",
        "removed mirror.gone",
        f"Schedules: 1 added, 1 changed, 1 removed, {kept} as they were.",
    ]


def test_schedules_of_others_are_left_alone(mirror: Distribution) -> None:
    Schedule.objects.create(name="somebody's", func="os.getcwd")
    Schedule.objects.create(func="os.getcwd")
    sync_schedules()
    assert Schedule.objects.filter(func="os.getcwd").count() == 2


def test_a_schedule_that_is_there_twice_is_kept_once(mirror: Distribution) -> None:
    sync_schedules()
    twin = row("mirror.watchdog")
    twin.pk = None
    twin.save()
    sync_schedules()
    assert row("mirror.watchdog").minutes == 1


def test_each_distribution_that_looks_by_itself_has_a_schedule(mirror: Distribution) -> None:
    Distribution.objects.filter(slug="packages").update(interval=1440, follows="https://other.example.org/")
    Distribution.objects.filter(pk=mirror.pk).update(interval=60)
    sync_schedules()
    packages = Distribution.objects.get(slug="packages")
    looks = {str(s.name): (s.func, s.args, s.minutes) for s in Schedule.objects.filter(name__contains="look:")}
    assert looks == {
        f"{PREFIX}mirror.look:mirror": ("mirror.tasks.look_for_news", f"({mirror.pk},)", 60),
        f"{PREFIX}mirror.look:packages": ("mirror.tasks.look_for_news", f"({packages.pk},)", 1440),
    }
    Distribution.objects.update(interval=0)
    assert len(sync_schedules().removed) == 2


def test_a_changed_interval_begins_now(mirror: Distribution) -> None:
    Distribution.objects.filter(pk=mirror.pk).update(interval=1440)
    sync_schedules()
    Distribution.objects.filter(pk=mirror.pk).update(interval=10)
    sync_schedules()
    left = row("mirror.look:mirror").next_run - timezone.now()
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)


def test_an_interval_longer_than_the_queue_can_count_is_the_longest(mirror: Distribution) -> None:
    Distribution.objects.filter(pk=mirror.pk).update(interval=1_000_000)
    assert sync_schedules().added
    assert sync_schedules().changed == ()
    assert row("mirror.look:mirror").minutes == MOST_MINUTES


@pytest.mark.parametrize(
    ("at", "first"),
    [(time(3, 17), datetime(2026, 3, 2, 3, 17, tzinfo=UTC)), (time(23), datetime(2026, 3, 1, 23, tzinfo=UTC))],
)
def test_a_daily_task_begins_at_its_next_time(at: time, first: datetime) -> None:
    assert next_run(ScheduledTask("test.daily", print, "", at=at), NOW) == first


def test_a_daily_task_whose_time_changed_begins_at_the_new_one(mirror: Distribution, more: list[ScheduledTask]) -> None:
    more.append(ScheduledTask("test.daily", print, "", at=time(4)))
    sync_schedules()
    more[:] = [ScheduledTask("test.daily", print, "", at=time(5))]
    assert sync_schedules().changed == (f"{PREFIX}test.daily",)
    assert row("test.daily").next_run.astimezone(UTC).time() == time(5)


def run_due() -> list[Any]:
    """Have the queue's own scheduler look, and give what it handed to the default cluster."""
    OrmQ.objects.all().delete()
    scheduler(broker=ORM("default"))
    return [SignedPackage.loads(queued.payload) for queued in OrmQ.objects.filter(key="default")]


def test_what_was_missed_is_done_once_and_at_its_rhythm_again(mirror: Distribution) -> None:
    assert Conf.CATCH_UP is False
    Distribution.objects.filter(pk=mirror.pk).update(interval=60)
    sync_schedules()
    Schedule.objects.update(next_run=F("next_run") - timedelta(days=2))
    done = {task["group"].removeprefix(PREFIX): task for task in run_due()}
    assert done.keys() == names()
    assert done["mirror.look:mirror"]["args"] == (mirror.pk,)
    assert run_due() == []
    left = row("mirror.look:mirror").next_run - timezone.now()
    assert timedelta(minutes=59) < left <= timedelta(minutes=60)
    assert sync_schedules().kept == len(declared())


@pytest.mark.parametrize(("follows", "kind"), [("", Build.Kind.BUILD), ("https://x.example.org/", Build.Kind.SYNC)])
def test_an_interval_starts_what_the_distribution_does(mirror: Distribution, follows: str, kind: str) -> None:
    Distribution.objects.filter(pk=mirror.pk).update(interval=60, follows=follows)
    assert tasks.look_for_news(mirror.pk) == f"{Build.objects.get()} was started"
    build = Build.objects.get()
    assert (build.kind, build.trigger, build.options) == (kind, Build.Trigger.SCHEDULE, {})
    assert build.handed_at is not None


@pytest.mark.parametrize("state", [Build.State.QUEUED, Build.State.RUNNING, Build.State.CANCELING])
def test_an_interval_starts_nothing_while_a_build_waits_or_runs(mirror: Distribution, state: str) -> None:
    Build.objects.create(distribution=mirror, state=state)
    assert "nothing was started" in tasks.look_for_news(mirror.pk)
    assert Build.objects.count() == 1


def test_a_distribution_that_is_gone_starts_nothing(mirror: Distribution) -> None:
    assert "nothing was started" in tasks.look_for_news(0)


def a_task(name: str, *, success: bool, days: float = 0, result: str = "") -> Task:
    at = timezone.now() - timedelta(days=days)
    pk = f"{Task.objects.count():032}"
    return Task.objects.create(
        id=pk, name=name, func="f", group=PREFIX + name, started=at, stopped=at, success=success, result=result
    )


def test_housekeeping_removes_what_is_over(mirror: Distribution) -> None:
    Session.objects.create(session_key="over", expire_date=timezone.now() - timedelta(days=1))
    Session.objects.create(session_key="valid", expire_date=timezone.now() + timedelta(days=1))
    for days in (91, 89):
        a_task("mirror.watchdog", success=False, days=days)
        a_task("mirror.watchdog", success=True, days=days)
    assert housekeeping.keep_house() == "expired sessions and 1 old failures of tasks were removed"
    assert Session.objects.get().session_key == "valid"
    assert (Failure.objects.count(), Success.objects.count()) == (1, 2)


def test_staff_see_what_is_done_when_and_how_it_went(mirror: Distribution) -> None:
    sync_schedules()
    a_task("mirror.watchdog", success=True, days=2, result="of-yesterday")
    a_task("mirror.watchdog", success=True, days=1, result="notices sent: 0")
    a_task("mirror.prune", success=False, result="<b>no such table</b>")
    page = logged_in(a_person("jane", "auditor")).get(LIST).content.decode()
    assert "Takes up builds whose worker died" in page
    assert "notices sent: 0" in page
    assert "of-yesterday" not in page
    assert "failed: &lt;b&gt;no such table" in page
    assert "every minute" in page
    assert "daily at 03:17 UTC" in page
    assert "Run now" not in page


def test_the_page_asks_as_much_for_many_schedules_as_for_few(
    mirror: Distribution, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        Distribution.objects.create(slug=f"d{number}", recipe="mirror.toml", interval=60)
    sync_schedules()
    client = logged_in(a_person("jane", "builder"))
    client.get(LIST)
    with django_assert_num_queries(QUERIES):
        assert client.get(LIST).status_code == 200


QUERIES = 9


def run(client: Client, key: str) -> Any:
    return client.post(f"{LIST}{row(key).pk}/run/", follow=True)


def test_a_builder_has_a_schedule_run_at_once(mirror: Distribution) -> None:
    sync_schedules()
    client = logged_in(a_person("bob", "builder"))
    page = client.get(LIST).content.decode()
    assert f'formaction="{LIST}{row("mirror.watchdog").pk}/run/"' in page
    assert f'formaction="{LIST}{row("portal.housekeeping").pk}/run/"' not in page
    assert b"mirror.watchdog was handed to the queue" in run(client, "mirror.watchdog").content
    [task] = [SignedPackage.loads(queued.payload) for queued in OrmQ.objects.all()]
    assert (task["func"], task["group"]) == (tasks.look_after_builds, f"{PREFIX}mirror.watchdog")


def test_others_are_refused(mirror: Distribution) -> None:
    sync_schedules()
    assert run(logged_in(a_person("jane", "auditor")), "mirror.watchdog").status_code == 403
    assert run(logged_in(a_person("bob", "builder")), "portal.housekeeping").status_code == 403
    assert logged_in(a_person("mia", staff=False)).get(LIST).status_code != 200
    assert not OrmQ.objects.exists()


def test_only_what_is_declared_can_be_run_and_only_by_a_post(mirror: Distribution) -> None:
    sync_schedules()
    other = Schedule.objects.create(name="somebody's", func="os.getcwd")
    gone = Schedule.objects.create(name=f"{PREFIX}mirror.gone", func="os.getcwd")
    root = logged_in(a_person("root", superuser=True))
    for wrong in (other.pk, gone.pk, 0):
        assert root.post(f"{LIST}{wrong}/run/").status_code == 404
    assert root.get(f"{LIST}{row('mirror.watchdog').pk}/run/").status_code == 405
    page = root.get(LIST).content.decode()
    assert "somebody&#x27;s" not in page
    assert "It is not declared any more" in page


def test_nobody_changes_schedules_by_hand(mirror: Distribution) -> None:
    sync_schedules()
    root = logged_in(a_person("root", superuser=True))
    pk = row("mirror.watchdog").pk
    assert root.get(f"{LIST}add/").status_code == 403
    assert root.post(f"{LIST}{pk}/change/", {"func": "os.getcwd"}).status_code == 403
    assert root.post(f"{LIST}{pk}/delete/", {"post": "yes"}).status_code == 403
    assert row("mirror.watchdog").func == "mirror.tasks.look_after_builds"


def test_a_broken_queue_is_told(mirror: Distribution, monkeypatch: pytest.MonkeyPatch) -> None:
    sync_schedules()
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(Conf, "BROKER_CLASS", "mageos_portal.heartbeat.RedisBroker")
    page = run(logged_in(a_person("bob", "builder")), "mirror.watchdog")
    assert b"The queue does not answer" in page.content


SYNC_AT_ONCE = """
import threading
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from django_q.models import Schedule
from mageos_portal.schedules import sync_schedules
start = threading.Barrier(4)
def sync(_):
    connection.ensure_connection()
    start.wait()
    try:
        return len(sync_schedules().added)
    finally:
        connection.close()
with ThreadPoolExecutor(4) as pool:
    added = sorted(pool.map(sync, range(4)))
names = list(Schedule.objects.values_list("name", flat=True))
print(added[:3] == [0, 0, 0], added[3] == len(names) == len(set(names)))
"""


@pytest.mark.postgresql
def test_machines_that_start_at_once_make_each_schedule_once(postgresql: PostgresqlCluster, tmp_path: Path) -> None:
    environment = site_environment(tmp_path, DATABASE_URL=postgresql.create_database("schedules"))
    manage(environment, "migrate", "--no-input", "--verbosity", "0")
    assert manage(environment, "shell", "--no-imports", "--command", SYNC_AT_ONCE).strip() == "True True"


def test_a_key_fits_into_the_queues_columns(mirror: Distribution) -> None:
    Distribution.objects.create(slug="s" * 50, recipe="mirror.toml", interval=5)
    assert max(len(name) for name in schedules.declared()) <= 100
