"""The life of a build: who comes second changes nothing, and nobody waits for the dead."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from mirror import exclusion, lifecycle
from mirror.models import Build, BuildStep, Distribution
from mirror.storage import LockedError

State = Build.State
LATER = timedelta(minutes=5)


@pytest.fixture
def distribution(db: None) -> Distribution:
    return Distribution.objects.get(slug="mirror")


@pytest.fixture
def other(db: None) -> Distribution:
    return Distribution.objects.get(slug="packages")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def running(distribution: Distribution, worker: str = "here:1:a", **fields: object) -> Build:
    build = Build.objects.create(distribution=distribution, state=State.RUNNING, worker=worker, attempts=1)
    Build.objects.filter(pk=build.pk).update(**fields)
    build.refresh_from_db()
    return build


def state(build: Build) -> str:
    build.refresh_from_db()
    return build.state


def test_a_build_is_claimed_once(distribution: Distribution, now: datetime) -> None:
    build = lifecycle.queue(distribution, "Ada", {})
    assert Build.objects.claim(build.pk, "here:1:a", now)
    assert not Build.objects.claim(build.pk, "here:2:b", now)
    build.refresh_from_db()
    assert (build.state, build.worker, build.attempts, build.started_at) == (State.RUNNING, "here:1:a", 1, now)


def test_the_database_lets_one_build_of_a_distribution_run(distribution: Distribution, other: Distribution) -> None:
    running(distribution)
    running(other)
    with pytest.raises(IntegrityError), transaction.atomic():
        running(distribution)


@pytest.mark.parametrize("end", [State.SUCCEEDED, State.FAILED])
def test_a_cancel_is_not_overwritten_by_the_end(distribution: Distribution, now: datetime, end: str) -> None:
    build = running(distribution)
    lifecycle.cancel(build, actor="Ada")
    assert state(build) == State.CANCELING
    assert not Build.objects.end(build, end, now, built=3)
    build.refresh_from_db()
    assert (build.state, build.canceled_by, build.built, build.ended_at) == (State.CANCELED, "Ada", 3, now)


@pytest.mark.parametrize("ended", [State.SUCCEEDED, State.FAILED, State.CANCELED])
def test_an_end_is_the_end(distribution: Distribution, now: datetime, ended: str) -> None:
    build = running(distribution, state=ended)
    assert not Build.objects.claim(build.pk, "here:2:b", now)
    assert not Build.objects.end(build, State.FAILED, now)
    assert not Build.objects.release(build.pk, build.worker)
    assert not Build.objects.refuse(build.pk, now, "")
    with pytest.raises(lifecycle.NotPossibleError, match=f"is {ended} already"):
        lifecycle.cancel(build, actor="Ada")
    assert state(build) == ended


def test_a_build_that_waits_is_canceled_at_once(distribution: Distribution) -> None:
    build = lifecycle.queue(distribution, "Ada", {})
    lifecycle.cancel(build, actor="Grace")
    build.refresh_from_db()
    assert (build.state, build.canceled_by) == (State.CANCELED, "Grace")
    assert build.ended_at is not None


def test_who_lost_a_build_to_another_worker_does_not_end_it(distribution: Distribution, now: datetime) -> None:
    build = running(distribution)
    Build.objects.filter(pk=build.pk).update(worker="there:2:b")
    assert not Build.objects.end(build, State.SUCCEEDED, now, built=3)
    assert not lifecycle.fail(build, "it failed")
    assert state(build) == State.RUNNING
    assert (build.worker, build.built) == ("there:2:b", 0)


def test_a_build_is_canceled_once(distribution: Distribution) -> None:
    build = running(distribution)
    lifecycle.cancel(build, actor="Ada")
    with pytest.raises(lifecycle.NotPossibleError, match="is canceling already"):
        lifecycle.cancel(build, actor="Grace")
    build.refresh_from_db()
    assert build.canceled_by == "Ada"


def test_a_retry_has_the_inputs_of_its_parent(distribution: Distribution) -> None:
    build = running(distribution, state=State.FAILED, options={"only": ["library"]}, kind=Build.Kind.PLAN)
    again = lifecycle.retry(build, actor="Grace")
    again.refresh_from_db()
    assert (again.parent, again.options, again.kind) == (build, build.options, Build.Kind.PLAN)
    assert (again.state, again.actor, again.trigger) == (State.QUEUED, "Grace", Build.Trigger.PERSON)


@pytest.mark.parametrize("unended", [State.QUEUED, State.RUNNING, State.CANCELING])
def test_what_has_not_ended_is_not_retried(distribution: Distribution, unended: str) -> None:
    build = running(distribution, state=unended)
    with pytest.raises(lifecycle.NotPossibleError, match="wait for its end"):
        lifecycle.retry(build, actor="Ada")
    assert Build.objects.count() == 1


def test_one_build_waits_for_all_that_is_new(distribution: Distribution, other: Distribution) -> None:
    kind, webhook = Build.Kind.BUILD, Build.Trigger.WEBHOOK
    assert lifecycle.queue_once(distribution, kind=kind, trigger=webhook)
    assert lifecycle.queue_once(distribution, kind=kind, trigger=webhook) is None
    assert lifecycle.queue_once(other, kind=kind, trigger=webhook)


def test_a_build_of_single_sources_is_no_build_of_all(distribution: Distribution) -> None:
    lifecycle.queue(distribution, "Ada", {"only": ["library"]})
    running(distribution)
    assert lifecycle.queue_once(distribution, kind=Build.Kind.BUILD, trigger=Build.Trigger.SCHEDULE)


def test_the_first_of_each_distribution_may_start(distribution: Distribution, other: Distribution) -> None:
    first, second = (lifecycle.queue(distribution, "", {}) for _ in range(2))
    third = lifecycle.queue(other, "", {})
    assert lifecycle.startable(timezone.now()) == [first, third]
    Build.objects.filter(pk=first.pk).update(state=State.RUNNING)
    assert lifecycle.startable(timezone.now()) == [third]
    Build.objects.filter(pk=first.pk).update(state=State.CANCELING)
    assert lifecycle.startable(timezone.now()) == [third]
    Build.objects.filter(pk=first.pk).update(state=State.CANCELED)
    assert lifecycle.startable(timezone.now()) == [second, third]


def test_a_delayed_build_waits_for_its_time(distribution: Distribution) -> None:
    build = lifecycle.queue(distribution, "", {}, delay=LATER)
    assert lifecycle.startable(timezone.now()) == []
    assert lifecycle.startable(timezone.now() + LATER) == [build]


def lease(build: Build, until: datetime) -> None:
    Distribution.objects.filter(pk=build.distribution_id).update(lease_holder=build.worker, lease_until=until)


def test_a_build_whose_worker_lives_is_left_alone(distribution: Distribution, now: datetime) -> None:
    build = running(distribution)
    lease(build, now + LATER)
    assert lifecycle.release_abandoned() == []
    assert state(build) == State.RUNNING


def test_a_build_whose_lease_ran_out_waits_again(distribution: Distribution, now: datetime) -> None:
    build = running(distribution)
    BuildStep.objects.create(build=build, position=1, name="make", state=BuildStep.State.RUNNING)
    lease(build, now)
    assert lifecycle.release_abandoned() == [build]
    build.refresh_from_db()
    assert (build.state, build.worker, build.handed_at) == (State.QUEUED, "", None)
    assert [step.state for step in build.steps.all()] == [BuildStep.State.FAILED]
    distribution.refresh_from_db()
    assert (distribution.lease_holder, distribution.lease_until) == ("", None)


def test_a_build_whose_lease_another_one_holds_waits_again(distribution: Distribution, now: datetime) -> None:
    build = running(distribution)
    Distribution.objects.filter(pk=distribution.pk).update(lease_holder="there:2:b", lease_until=now + LATER)
    assert lifecycle.release_abandoned() == [build]
    distribution.refresh_from_db()
    assert distribution.lease_holder == "there:2:b"


def test_a_build_that_kills_its_workers_fails_in_the_end(distribution: Distribution, now: datetime) -> None:
    build = running(distribution, attempts=lifecycle.MOST_ATTEMPTS)
    assert lifecycle.release_abandoned() == []
    build.refresh_from_db()
    assert build.state == State.FAILED
    assert "its worker died 3 times" in build.failure


def test_a_build_that_was_to_be_canceled_is_canceled_for_the_dead(distribution: Distribution, now: datetime) -> None:
    build = running(distribution, state=State.CANCELING)
    assert lifecycle.release_abandoned() == []
    assert state(build) == State.CANCELED


def test_two_machines_do_not_hold_a_distribution_at_once(distribution: Distribution, now: datetime) -> None:
    held = Distribution.objects.filter(pk=distribution.pk)
    held.update(lease_holder="elsewhere:7:f", lease_until=now + LATER)
    with (
        pytest.raises(LockedError, match="a process on another machine"),
        exclusion.alone(distribution, "it"),
    ):
        pass
    held.update(lease_until=now)
    with exclusion.alone(distribution, "it") as holder:
        held.get(lease_holder=holder)
        assert exclusion.is_ours(holder)
        assert exclusion.renew(distribution.pk, holder)
    assert held.get().lease_holder == ""


def test_a_lease_of_a_dead_process_here_is_taken_at_once(distribution: Distribution, now: datetime) -> None:
    with exclusion.alone(distribution, "it") as holder:
        pass
    dead = f"{holder.partition(':')[0]}:1:dead"
    Distribution.objects.filter(pk=distribution.pk).update(lease_holder=dead, lease_until=now + LATER)
    with exclusion.alone(distribution, "it") as again:
        assert again not in {holder, dead}


def test_who_lost_the_lease_does_not_publish(distribution: Distribution) -> None:
    with exclusion.alone(distribution, "it") as holder:
        exclusion.confirm(distribution)
        Distribution.objects.filter(pk=distribution.pk).update(lease_holder="elsewhere:7:f")
        assert not exclusion.renew(distribution.pk, holder)
        with pytest.raises(exclusion.LeaseLostError, match="was taken over"):
            exclusion.confirm(distribution)
    distribution.refresh_from_db()
    assert distribution.lease_holder == "elsewhere:7:f"
