"""What happens on Discord when a membership ends, and when it begins again."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from community import agreeing, joining_tasks, parting, presences
from community.facts import FactSource, fact_sources, state_of_user
from community.models import Person, Presence
from community.standing import State
from tests.support.fake_discord import HIGH_ROLE, MEMBER_ROLE, OTHER_ROLE, FakeDiscord
from tests.support.made_conduct import agreed
from tests.support.made_joining import ACCOUNT, acting_on, in_force, joined, member

pytestmark = pytest.mark.django_db

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def jane() -> User:
    return member("jane")


@pytest.fixture(autouse=True)
def told(settings: Settings) -> None:
    settings.PORTAL_NOTICE_EMAILS = ("staff@example.org",)
    cache.clear()


def not_verified(user: User) -> None:
    EmailAddress.objects.filter(user=user).update(verified=False)


ENDS: list[Callable[[User], object]] = [agreeing.withdraw, not_verified, User.delete]


@pytest.mark.parametrize("end", ENDS)
def test_when_a_membership_ends_the_roles_go_and_the_person_stays(
    discord: FakeDiscord, jane: User, now: datetime, end: Callable[[User], object]
) -> None:
    presence = joined(jane, discord, now)
    discord.members[ACCOUNT].add(OTHER_ROLE)  # of somebody else's doing
    end(jane)
    assert parting.sweep(now) == [presence.pk]
    parting.settle(presence.pk, now)
    parting.settle(presence.pk, now)
    assert discord.members == {ACCOUNT: {OTHER_ROLE}}
    assert len(discord.calls("DELETE")) == 1
    assert parting.sweep(now) == []


def test_it_is_a_setting_that_they_are_removed(discord: FakeDiscord, jane: User, now: datetime) -> None:
    presence = joined(jane, discord, now)
    agreeing.withdraw(jane)
    with acting_on(discord, parting="remove"):
        parting.settle(presence.pk, now)
    assert discord.members == {}
    presence.refresh_from_db()
    assert (presence.left_at, presence.parted_at) == (now, now)


def test_withdrawing_tells_discord_by_the_queue(
    discord: FakeDiscord, jane: User, now: datetime, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    presence = joined(jane, discord, now)
    with django_capture_on_commit_callbacks(execute=True):
        agreeing.withdraw(jane)
    assert OrmQ.objects.count() == 1
    joining_tasks.settle(presence.pk)
    assert discord.members == {ACCOUNT: set()}


def test_who_agrees_again_gets_the_roles_back(
    discord: FakeDiscord, jane: User, now: datetime, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    presence = joined(jane, discord, now)
    agreeing.withdraw(jane)
    parting.settle(presence.pk, now)
    with django_capture_on_commit_callbacks(execute=True):
        agreed(jane, in_force())
    assert OrmQ.objects.count() == 1
    assert state_of_user(jane, now) == State.AGREED
    assert parting.sweep(now) == [presence.pk]
    parting.settle(presence.pk, now)
    assert discord.members == {ACCOUNT: {MEMBER_ROLE}}
    assert state_of_user(jane, now) == State.JOINED


def test_who_agrees_again_but_left_meanwhile_may_be_invited_again(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    presence = joined(jane, discord, now)
    agreeing.withdraw(jane)
    parting.settle(presence.pk, now)
    discord.members.clear()
    agreed(jane, in_force())
    parting.settle(presence.pk, now)
    assert state_of_user(jane, now) == State.AGREED
    assert discord.members == {}


def test_a_suspension_takes_the_roles_and_its_end_gives_them_back(
    discord: FakeDiscord, jane: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    presence = joined(jane, discord, now)
    monkeypatch.setattr(fact_sources, "_entries", dict(fact_sources._entries))
    until = now + HOUR
    fact_sources.register(FactSource("test", lambda user, at: {"is_suspended": at < until}, order=90))
    parting.settle(presence.pk, now)
    assert discord.members == {ACCOUNT: set()}
    parting.settle(presence.pk, until)
    assert discord.members == {ACCOUNT: {MEMBER_ROLE}}


def test_roles_that_were_given_are_taken_after_the_settings_changed(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    presence = joined(jane, discord, now)
    agreeing.withdraw(jane)
    with acting_on(discord, roles=(OTHER_ROLE,)):
        parting.settle(presence.pk, now)
    assert discord.members == {ACCOUNT: set()}
    assert {each.path.rpartition("/")[2] for each in discord.calls("DELETE")} == {MEMBER_ROLE, OTHER_ROLE}


def test_on_another_server_nobody_is_touched(discord: FakeDiscord, jane: User, now: datetime) -> None:
    presence = joined(jane, discord, now)
    agreeing.withdraw(jane)
    with acting_on(discord, guild="9" * 18, roles=(OTHER_ROLE,)):
        parting.settle(presence.pk, now)
    assert [each.path for each in discord.calls("DELETE")] == [
        f"/guilds/{presence.guild}/members/{ACCOUNT}/roles/{MEMBER_ROLE}"
    ]


def test_who_came_by_a_link_has_to_be_looked_for_by_staff(discord: FakeDiscord, jane: User, now: datetime) -> None:
    presence = presences.came_by_link(jane, "1" * 18, MEMBER_ROLE, now)
    agreeing.withdraw(jane)
    parting.settle(presence.pk, now)
    presence.refresh_from_db()
    assert (presence.parted_at, presence.remove_since) == (now, now)
    assert [message.subject for message in mail.outbox] == ["Discord: somebody is to be removed by hand"]
    assert discord.asked == []
    assert presences.close(presence, now)
    assert not presences.close(presence, now)
    assert Presence.objects.to_remove().count() == 0


def test_who_comes_back_before_staff_looked_need_not_be_looked_for(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    presence = presences.came_by_link(jane, "1" * 18, MEMBER_ROLE, now)
    agreeing.withdraw(jane)
    parting.settle(presence.pk, now)
    agreed(jane, in_force())
    parting.settle(presence.pk, now)
    assert Presence.objects.to_remove().count() == 0
    assert state_of_user(jane, now) == State.JOINED


def test_nothing_is_kept_of_somebody_without_an_account_once_it_is_done(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    known, by_link = joined(jane, discord, now), presences.came_by_link(member("joan"), "1" * 18, "", now)
    User.objects.filter(username__in=["jane", "joan"]).delete()
    for pk in parting.sweep(now):
        parting.settle(pk, now)
    assert list(Presence.objects.all()) == [by_link]
    assert discord.members == {ACCOUNT: set()}
    assert Person.objects.filter(pk=known.person_id).exists()


def test_what_is_refused_staff_do_by_hand_and_it_is_tried_again_tomorrow(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    presence = joined(jane, discord, now)
    Presence.objects.update(roles=HIGH_ROLE)
    agreeing.withdraw(jane)
    with acting_on(discord, roles=()):
        assert "a role above" in parting.settle(presence.pk, now)
        assert parting.sweep(now + HOUR) == []
        assert parting.sweep(now + DAY) == [presence.pk]
    presence.refresh_from_db()
    assert (presence.parted_at, presence.remove_since) == (None, now)
    assert [message.subject for message in mail.outbox] == ["Discord: somebody is to be removed by hand"]


@pytest.mark.parametrize(("fault", "wait"), [(65.0, timedelta(seconds=65)), (None, 10 * MINUTE)])
def test_a_discord_that_is_busy_or_away_is_asked_later(
    discord: FakeDiscord, jane: User, now: datetime, fault: float | None, wait: timedelta
) -> None:
    presence = joined(jane, discord, now)
    agreeing.withdraw(jane)
    if fault:
        discord.limit(fault)
    else:
        discord.fail(503, times=3)
    parting.settle(presence.pk, now)
    presence.refresh_from_db()
    assert presence.due_at is not None
    assert presence.due_at > now
    if fault:
        assert presence.due_at == now + wait
    assert parting.sweep(presence.due_at - MINUTE / 100) == []
    assert parting.sweep(presence.due_at) == [presence.pk]
    parting.settle(presence.pk, presence.due_at)
    assert discord.members == {ACCOUNT: set()}


def test_without_a_bot_staff_are_told_and_a_bot_does_it_later(discord: FakeDiscord, jane: User, now: datetime) -> None:
    presence = joined(jane, discord, now)
    agreeing.withdraw(jane)
    with acting_on(discord, bot_token=""):
        parting.settle(presence.pk, now)
    assert Presence.objects.to_remove().count() == 1
    parting.settle(presence.pk, now + DAY)
    assert Presence.objects.to_remove().count() == 0
    assert discord.members == {ACCOUNT: set()}


def test_very_many_part_a_few_at_a_time_and_staff_hear_of_it(discord: FakeDiscord, now: datetime) -> None:
    for number in range(25):
        joined(member(f"member-{number}"), discord, now, account=f"{number:018}")
    EmailAddress.objects.update(verified=False)
    assert len(parting.sweep(now)) == parting.MOST_AT_ONCE
    assert [message.subject for message in mail.outbox] == ["Discord: many memberships ended at once"]


def test_who_left_by_themselves_is_found_and_may_be_invited_again(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    presence = joined(jane, discord, now)
    assert parting.sweep(now + HOUR) == []
    assert parting.sweep(now + DAY + MINUTE) == [presence.pk]
    parting.settle(presence.pk, now + DAY)
    assert state_of_user(jane, now + DAY) == State.JOINED
    discord.members.clear()
    parting.settle(presence.pk, now + 2 * DAY)
    assert state_of_user(jane, now + 2 * DAY) == State.AGREED


def test_who_says_that_they_are_not_there_is_believed_where_nobody_can_tell(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    presences.came_by_link(jane, "1" * 18, "", now)
    joining_tasks.say_gone(jane)
    assert state_of_user(jane, now) == State.AGREED


def test_where_discord_can_tell_it_is_asked(discord: FakeDiscord, jane: User, now: datetime) -> None:
    presence = joined(jane, discord, now)
    assert presences.say_gone(jane, now) == presence.pk
    parting.settle(presence.pk, now)
    assert state_of_user(jane, now) == State.JOINED
    discord.members.clear()
    parting.settle(presence.pk, now)
    assert state_of_user(jane, now) == State.AGREED


def test_the_schedule_hands_them_to_the_queue(
    discord: FakeDiscord, jane: User, now: datetime, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    joined(jane, discord, now)
    not_verified(jane)
    with django_capture_on_commit_callbacks(execute=True):
        assert joining_tasks.look_after_presences() == "1 people to settle"
    assert OrmQ.objects.count() == 1
