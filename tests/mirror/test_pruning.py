"""Logs and plans go after a while, builds stay; no run takes longer than it may."""

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from mirror import pruning, tasks
from mirror.models import Build, BuildLine, BuildStep, Distribution
from tests.support.publications import use_data_dir

State, Kind = Build.State, Build.Kind


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def mirror(db: None, settings: Any, tmp_path: Path) -> Distribution:
    use_data_dir(settings, tmp_path)
    return Distribution.objects.get(slug="mirror")


def a_build(distribution: Distribution, days: float, lines: int = 3, **fields: Any) -> Build:
    """Make a build that ended so many days ago."""
    at = timezone.now() - timedelta(days=days)
    ended: dict[str, Any] = {"state": State.SUCCEEDED, "ended_at": at}
    build = Build.objects.create(distribution=distribution, **ended | fields)
    BuildStep.objects.create(build=build, position=1, name="fetch")
    BuildLine.objects.bulk_create(BuildLine(build=build, number=n, at=at, text="said") for n in range(lines))
    return build


def kept_of(build: Build) -> tuple[bool, int, int]:
    return Build.objects.filter(pk=build.pk).exists(), build.lines.count(), build.steps.count()


@pytest.mark.parametrize(
    ("days", "fields", "kept"),
    [
        (91, {}, (True, 0, 0)),
        (89, {}, (True, 3, 1)),
        (91, {"state": State.FAILED}, (True, 0, 0)),
        (91, {"state": State.CANCELED, "kind": Kind.SYNC}, (True, 0, 0)),
        (91, {"state": State.RUNNING}, (True, 3, 1)),
        (8, {"kind": Kind.PLAN}, (False, 0, 0)),
        (6, {"kind": Kind.PLAN}, (True, 3, 1)),
        (8, {"kind": Kind.PLAN, "state": State.CANCELED}, (False, 0, 0)),
        (8, {"kind": Kind.PLAN, "state": State.QUEUED}, (True, 3, 1)),
        (8, {"kind": Kind.IMPORT}, (True, 3, 1)),
    ],
)
def test_what_is_old_goes(
    mirror: Distribution, now: datetime, days: int, fields: dict[str, Any], kept: tuple[bool, int, int]
) -> None:
    build = a_build(mirror, days, **fields)
    pruning.prune(now)
    assert kept_of(build) == kept


def test_how_long_is_configured(mirror: Distribution, now: datetime, settings: Any) -> None:
    settings.PORTAL_KEEP_LOGS_DAYS, settings.PORTAL_KEEP_PLANS_DAYS = 2, 1
    builds = [a_build(mirror, days) for days in (1.5, 2.5)]
    plans = [a_build(mirror, days, kind=Kind.PLAN) for days in (0.5, 1.5)]
    pruning.prune(now)
    assert [kept_of(build) for build in builds] == [(True, 3, 1), (True, 0, 0)]
    assert [kept_of(plan)[0] for plan in plans] == [True, False]


def test_a_build_that_repeats_a_plan_that_goes_stays(mirror: Distribution, now: datetime) -> None:
    plan = a_build(mirror, 8, kind=Kind.PLAN)
    again = a_build(mirror, 1, parent=plan)
    pruning.prune(now)
    again.refresh_from_db()
    assert again.parent is None


def test_it_says_what_went_and_a_second_time_nothing_does(mirror: Distribution) -> None:
    a_build(mirror, 91, lines=4)
    a_build(mirror, 8, kind=Kind.PLAN)
    assert tasks.prune() == "7 lines of 2 builds, 1 plans and 0 directories of uploads were removed"
    assert tasks.prune() == "0 lines of 0 builds, 0 plans and 0 directories of uploads were removed"


def test_the_command_says_the_same(mirror: Distribution) -> None:
    a_build(mirror, 91)
    said = StringIO()
    call_command("prune_builds", stdout=said)
    assert said.getvalue() == "3 lines of 1 builds, 0 plans and 0 directories of uploads were removed.\n"


def test_what_it_cannot_do_in_time_is_left_for_the_next_run(mirror: Distribution, now: datetime) -> None:
    builds = [a_build(mirror, 91) for _ in range(3)]
    pruned = pruning.prune(now, seconds=-1)
    assert (pruned.done, pruned.logs) == (False, 0)
    assert "the rest is for the next run" in str(pruned)
    assert pruning.prune(now).logs == len(builds)


def test_more_builds_than_are_read_at_once(
    mirror: Distribution, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BUILDS_AT_ONCE", 2)
    for _ in range(5):
        a_build(mirror, 91)
        a_build(mirror, 91, kind=Kind.PLAN)
    pruned = pruning.prune(now)
    assert (pruned.logs, pruned.plans, pruned.lines) == (10, 5, 30)


def test_a_long_log_goes_in_as_few_statements_as_a_short_one(
    mirror: Distribution, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    a_build(mirror, 91, lines=5000)
    with django_assert_max_num_queries(12):
        assert pruning.prune(now).lines == 5000
