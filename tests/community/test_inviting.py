"""Invitations from the asking to the end, against a Discord that behaves as documented, and as it should not."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from community import agreeing, inviting, issuing, joining_tasks, revoking, watching
from community.facts import state_of_user
from community.invitation_events import code_of
from community.inviting import AllOutError, AlreadyInError, NotMemberError, TooOftenError
from community.models import Invitation, Presence
from community.standing import State
from tests.support.databases import another_connection, another_database, as_default
from tests.support.fake_discord import CHANNEL, GUILD, HIGH_ROLE, MEMBER_ROLE, OTHER_CHANNEL, FakeDiscord
from tests.support.made_joining import ACCOUNT, acting_on, issued, joined, member
from tests.support.staff import a_person

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WORKERS = 20


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def jane(db: None) -> User:
    return member("jane")


@pytest.fixture
def told(settings: Settings) -> Iterator[list[str]]:
    """Subjects of what staff were told."""
    settings.PORTAL_NOTICE_EMAILS = ("staff@example.org",)
    cache.clear()
    found: list[str] = []
    yield found
    found += [str(message.subject) for message in mail.outbox]


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


def states() -> list[str]:
    return list(Invitation.objects.order_by("pk").values_list("state", flat=True))


def test_a_member_asks_and_gets_one_that_works_once_and_a_day(discord: FakeDiscord, jane: User, now: datetime) -> None:
    discord.codes = ["aBcD1234"]
    row = issued(jane, now)
    assert (row.state, row.kind, row.last_four, row.expires_at) == ("issued", "invite", "1234", now + DAY)
    assert code_of(row) == "aBcD1234"
    assert "aBcD1234" not in row.sealed_code + row.code_digest
    assert (row.guild, row.channel, row.roles) == (GUILD, CHANNEL, MEMBER_ROLE)
    assert state_of_user(jane, now) == State.INVITED
    (asked,) = discord.calls("POST")
    sent = {"max_age": 86400, "max_uses": 1, "unique": True, "temporary": False, "role_ids": [MEMBER_ROLE]}
    assert json.loads(asked.body) == sent
    assert "jane" not in asked.headers["X-Audit-Log-Reason"]


def test_asking_again_gives_the_same_and_so_does_making_it_twice(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    row = inviting.ask(jane, now)
    assert inviting.ask(jane, now) == row
    assert issuing.issue(row.pk, now) == "made"
    assert issuing.issue(row.pk, now) == "nothing was to be made"
    assert inviting.ask(jane, now) == row
    assert discord.made == 1


def not_verified(user: User) -> None:
    EmailAddress.objects.filter(user=user).update(verified=False)


def inactive(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


ENDS: dict[str, Callable[[User], object]] = {
    "withdrew": agreeing.withdraw,
    "has no address": not_verified,
    "cannot log in": inactive,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_who_is_no_member_asks_in_vain(discord: FakeDiscord, jane: User, end: Callable[[User], object]) -> None:
    end(jane)
    with pytest.raises(NotMemberError):
        inviting.ask(jane)
    assert states() == []


def test_who_never_agreed_asks_in_vain(discord: FakeDiscord, jane: User) -> None:
    with pytest.raises(NotMemberError):
        inviting.ask(a_person("joan", staff=False))


def test_who_is_on_discord_asks_in_vain(discord: FakeDiscord, jane: User, now: datetime) -> None:
    joined(jane, discord, now)
    with pytest.raises(AlreadyInError):
        inviting.ask(jane, now)


def test_three_a_day_and_the_fourth_tomorrow(discord: FakeDiscord, jane: User, now: datetime) -> None:
    for _ in range(3):
        issued(jane, now)
        inviting.give_up(jane, now)
    with pytest.raises(TooOftenError, match="tomorrow"):
        inviting.ask(jane, now)
    issued(jane, now + DAY + MINUTE)


def test_what_discord_did_not_give_does_not_count_as_one_but_is_bounded(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    discord.rights.clear()
    for _ in range(10):
        issuing.issue(inviting.ask(jane, now).pk, now)
    assert states() == ["failed"] * 10
    with pytest.raises(TooOftenError):
        inviting.ask(jane, now)


def test_no_more_are_out_than_the_settings_allow_and_staff_hear_of_it_once(
    discord: FakeDiscord, jane: User, now: datetime, told: list[str]
) -> None:
    with acting_on(discord, most_invitations=2):
        issued(jane, now)
        inviting.ask(member("joan"), now)
        for name in ("judy", "jill"):
            with pytest.raises(AllOutError):
                inviting.ask(member(name), now)
            joining_tasks.tell("full")
        assert subjects() == ["Discord: all invitations are out"]
        inviting.give_up(jane, now)
        with pytest.raises(AllOutError):  # Discord still has it
            inviting.ask(member("june"), now)
        revoking.take_back(Invitation.objects.get(account=jane).pk, now)
        inviting.ask(User.objects.get(username="june"), now)


@pytest.mark.parametrize("seconds", [65.0, 3_600.0])
def test_discord_is_asked_again_only_when_it_says_so(
    discord: FakeDiscord, jane: User, now: datetime, seconds: float
) -> None:
    discord.limit(seconds)
    row = inviting.ask(jane, now)
    assert "wait" in issuing.issue(row.pk, now)
    assert issuing.issue(row.pk, now + timedelta(seconds=seconds - 1)) == "nothing was to be made"
    later = now + timedelta(seconds=seconds)
    if seconds < 3_600:
        assert issuing.issue(row.pk, later) == "made"
    else:
        watching.expire(later)
        assert states() == ["failed"]
    assert len(discord.asked) == 1 + (seconds < 3_600)


@pytest.mark.parametrize("in_body", [True, False])
def test_a_short_wait_is_waited_for(discord: FakeDiscord, jane: User, now: datetime, in_body: bool) -> None:
    discord.limit(0.3, in_body=in_body)
    issued(jane, now)
    assert len(discord.asked) == 2


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_discord_that_fails_is_asked_later_and_the_person_is_not_lost(
    discord: FakeDiscord, jane: User, now: datetime, status: int
) -> None:
    discord.fail(status, times=3)
    row = inviting.ask(jane, now)
    issuing.issue(row.pk, now)
    assert states() == ["asked"]
    assert issuing.issue(row.pk, now + MINUTE) == "made"


def test_a_slow_discord_is_given_up(
    discord: FakeDiscord, jane: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("community.discord.TIMEOUT", 0.05)
    discord.seconds = 0.3
    row = inviting.ask(jane, now)
    assert "did not answer (ReadTimeout)" in issuing.issue(row.pk, now)
    assert states() == ["asked"]


Break = Callable[[FakeDiscord], object]
REFUSALS: dict[str, Break] = {
    "no right to invite": lambda fake: fake.rights.remove("invite"),
    "no right to give roles": lambda fake: fake.rights.remove("roles"),
    "no such channel": lambda fake: fake.channels.clear(),
    "no such role": lambda fake: fake.roles.clear(),
    "too many invitations": lambda fake: fake.refuse(400, 30016),
    "a token that is not taken": lambda fake: fake.refuse(401, 0),
    "a body that is not taken": lambda fake: fake.refuse(400, 50035),
}


@pytest.mark.parametrize("fault", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_discord_refuses_fails_at_once_and_staff_hear_of_it(
    discord: FakeDiscord, jane: User, now: datetime, told: list[str], fault: Break
) -> None:
    fault(discord)
    row = inviting.ask(jane, now)
    issuing.issue(row.pk, now)
    row.refresh_from_db()
    assert (row.state, bool(row.failure)) == ("failed", True)
    assert len(discord.asked) == 1
    assert subjects() == ["Discord refuses what the portal asks"]
    assert state_of_user(jane, now) == State.AGREED


def test_a_role_above_the_bots_is_refused(discord: FakeDiscord, jane: User, now: datetime) -> None:
    with acting_on(discord, roles=(HIGH_ROLE,)):
        assert "may not do that" in issuing.issue(inviting.ask(jane, now).pk, now)


def test_a_worker_that_died_after_discord_answered_leaves_nothing_that_anybody_sees(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    discord.codes = ["LostCode", "KnownCode"]
    discord.fail(500, does_it=True)
    row = inviting.ask(jane, now)
    Invitation.objects.filter(pk=row.pk).update(claimed_at=now)  # by the worker that died
    assert issuing.issue(row.pk, now + 4 * MINUTE) == "nothing was to be made"
    assert issuing.issue(row.pk, now + 5 * MINUTE) == "made"
    row.refresh_from_db()
    assert code_of(row) == "KnownCode"
    assert set(discord.invites) == {"LostCode", "KnownCode"}


def test_what_was_revoked_while_discord_made_it_is_taken_back_at_once(
    discord: FakeDiscord, jane: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = inviting.ask(jane, now)
    real = issuing.of_code  # type: ignore[attr-defined] # of another module, replaced here

    def noting(code: str) -> dict[str, str]:
        revoking.revoke(row, now)
        return real(code)

    monkeypatch.setattr(issuing, "of_code", noting)
    assert issuing.issue(row.pk, now) == "revoked in the meantime"
    assert (discord.made, discord.invites) == (1, {})
    assert Invitation.objects.get().sealed_code == ""


def test_who_stopped_being_a_member_while_they_waited_gets_nothing(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    row = inviting.ask(jane, now)
    not_verified(jane)
    issuing.issue(row.pk, now)
    assert (states(), discord.asked) == (["revoked"], [])


def test_a_used_one_is_found_though_discord_lists_it_no_more(discord: FakeDiscord, jane: User, now: datetime) -> None:
    row, other = issued(jane, now), issued(member("joan"), now)
    discord.use(code_of(row), ACCOUNT)
    assert watching.note_uses(now) == "1 invitations were used"
    assert watching.note_uses(now) == "0 invitations were used"
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.state, row.sealed_code, other.state) == ("used", "", "issued")
    assert state_of_user(jane, now) == State.JOINED
    presence = Presence.objects.get()
    assert (presence.discord_id, presence.by_link, presence.roles) == (None, True, MEMBER_ROLE)


def test_one_that_is_still_listed_as_used_counts_too(discord: FakeDiscord, jane: User, now: datetime) -> None:
    row = issued(jane, now)
    discord.invites[code_of(row)].uses = 1
    watching.note_uses(now)
    assert states() == ["used"]


def test_what_is_missing_in_a_list_but_known_to_discord_is_not_used(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    row = issued(jane, now)
    discord.invites[code_of(row)].channel = OTHER_CHANNEL
    watching.note_uses(now)
    assert states() == ["issued"]


@pytest.mark.parametrize("fault", [lambda fake: fake.fail(500, times=3), lambda fake: fake.rights.clear()])
def test_a_discord_that_does_not_tell_changes_nothing(
    discord: FakeDiscord, jane: User, now: datetime, fault: Break
) -> None:
    discord.use(code_of(issued(jane, now)), ACCOUNT)
    fault(discord)
    watching.note_uses(now)
    assert states() == ["issued"]


def test_a_link_has_a_day(discord: FakeDiscord, jane: User, now: datetime) -> None:
    issued(jane, now)
    assert state_of_user(jane, now + DAY) == State.AGREED
    assert watching.expire(now + DAY - MINUTE) == 0
    assert watching.expire(now + DAY) == 1
    assert states() == ["expired"]
    assert Invitation.objects.get().sealed_code == ""
    inviting.ask(jane, now + DAY)


def test_asking_ends_what_is_over_without_waiting_for_the_schedule(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    issued(jane, now)
    inviting.ask(jane, now + DAY)
    assert states() == ["expired", "asked"]


def test_a_revoked_one_is_taken_back_from_discord(discord: FakeDiscord, jane: User, now: datetime) -> None:
    row = issued(jane, now)
    assert inviting.give_up(jane, now) == [row.pk]
    assert discord.invites
    assert revoking.take_back(row.pk, now) == "taken back"
    assert revoking.take_back(row.pk, now) == "nothing was to be taken back"
    assert discord.invites == {}
    assert Invitation.objects.get().sealed_code == ""
    assert state_of_user(jane, now) == State.AGREED


def test_one_that_was_used_before_it_was_taken_back_counts_as_used(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    row = issued(jane, now)
    discord.use(code_of(row), ACCOUNT)
    revoking.revoke(row, now)
    assert "used before" in revoking.take_back(row.pk, now)
    assert state_of_user(jane, now) == State.JOINED


def test_taking_back_waits_when_discord_asks_for_it_and_ends_with_the_day(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    row = issued(jane, now)
    revoking.revoke(row, now)
    discord.limit(60)
    revoking.take_back(row.pk, now)
    row.refresh_from_db()
    assert row.due_at == now + MINUTE
    discord.fail(503, times=3)
    revoking.take_back(row.pk, now)
    discord.rights.remove("channels")
    assert "may not do that" in revoking.take_back(row.pk, now)
    assert revoking.take_back(row.pk, now + DAY) == "it lapsed by itself"
    assert Invitation.objects.get().sealed_code == ""


def test_withdrawing_hides_at_once_and_takes_it_back(
    discord: FakeDiscord, jane: User, now: datetime, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    row = issued(jane, now)
    with django_capture_on_commit_callbacks(execute=True):
        agreeing.withdraw(jane)
    assert states() == ["revoked"]
    assert OrmQ.objects.count() == 1
    joining_tasks.take_back(row.pk)
    assert discord.invites == {}


@pytest.mark.parametrize("end", [not_verified, inactive, User.delete])
def test_the_schedule_revokes_what_is_no_members(
    discord: FakeDiscord, jane: User, now: datetime, end: Callable[[User], object]
) -> None:
    row, others = issued(jane, now), issued(member("joan"), now)
    end(jane)
    assert revoking.revoke_of_no_members(now) == [row.pk]
    revoking.take_back(row.pk, now)
    assert set(discord.invites) == {code_of(others)}


def test_the_schedule_takes_up_what_waits(
    discord: FakeDiscord, jane: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    inviting.ask(jane)
    revoking.revoke(issued(member("joan"), timezone.now()), timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        assert joining_tasks.look_after_invitations() == "0 ended, 0 revoked, 1 to make, 1 to take back"
    assert OrmQ.objects.count() == 2


def test_a_queue_that_is_away_loses_nothing(
    discord: FakeDiscord,
    jane: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr(joining_tasks, "async_task", away)
    with django_capture_on_commit_callbacks(execute=True):
        joining_tasks.ask(jane)
    assert "The queue does not answer" in caplog.text
    assert Invitation.objects.to_issue(timezone.now()).count() == 1


def test_without_a_bot_a_person_invites(db: None, jane: User, now: datetime, told: list[str]) -> None:
    row = inviting.ask(jane, now)
    assert (row.kind, row.state, row.expires_at) == ("hand", "asked", now + 30 * DAY)
    joining_tasks.tell("by hand")
    assert subjects() == ["Discord: somebody waits for an invitation"]
    assert state_of_user(jane, now) == State.AGREED
    assert inviting.mark_made(row, now)
    assert not inviting.mark_made(row, now)
    assert state_of_user(jane, now) == State.INVITED
    assert state_of_user(jane, now + 7 * DAY) == State.AGREED
    assert Presence.objects.get().by_link


def test_who_waits_for_a_person_is_served_by_the_bot_once_there_is_one(
    db: None, jane: User, now: datetime, request: pytest.FixtureRequest
) -> None:
    inviting.ask(jane, now)
    request.getfixturevalue("discord")
    issued(jane, now)
    assert states() == ["revoked", "issued"]


def test_when_the_bot_is_taken_out_what_waits_fails_and_a_person_invites(
    discord: FakeDiscord, jane: User, now: datetime, settings: Settings
) -> None:
    row, made = inviting.ask(jane, now), issued(member("joan"), now)
    with acting_on(discord, bot_token=""):
        issuing.issue(row.pk, now)
        assert states()[0] == "failed"
        assert inviting.ask(jane, now).kind == "hand"
        revoking.revoke(made, now)
        assert "lapses by itself" in revoking.take_back(made.pk, now)
        assert watching.note_uses(now) == "there is no bot to ask"
    assert discord.calls("DELETE") == []


def test_after_the_channel_changed_old_links_are_still_watched_and_taken_back(
    discord: FakeDiscord, jane: User, now: datetime
) -> None:
    row, other = issued(jane, now), issued(member("joan"), now)
    discord.use(code_of(row), ACCOUNT)
    with acting_on(discord, channel=OTHER_CHANNEL, roles=()):
        watching.note_uses(now)
        revoking.revoke(other, now)
        revoking.take_back(other.pk, now)
        newer = issued(member("judy"), now)
    assert (states()[:2], newer.channel, newer.roles) == (["used", "revoked"], OTHER_CHANNEL, "")
    assert discord.invites[code_of(newer)].roles == []


def test_a_code_of_an_older_key_is_read_and_found(
    discord: FakeDiscord, jane: User, now: datetime, settings: Settings
) -> None:
    row, other = issued(jane, now), issued(member("joan"), now)
    discord.use(code_of(row), ACCOUNT)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-of-the-tests"
    watching.note_uses(now)
    assert states() == ["used", "issued"]
    settings.SECRET_KEY_FALLBACKS = []
    assert code_of(other) == ""
    watching.note_uses(now)
    assert states() == ["used", "issued"]


def test_an_answer_that_drips_is_not_waited_for(
    discord: FakeDiscord, jane: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("community.discord.SLOWEST_ANSWER", -1.0)
    assert "takes too long" in issuing.issue(inviting.ask(jane, now).pk, now)


@pytest.fixture(scope="module")
def whole_database(database_url: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The tables that a request needs, too."""
    apps = ("admin", "account", "mfa", "sessions", "django_q", "mageos_portal", "community", "docs_hub", "mirror")
    with django_db_blocker.unblock(), another_database(database_url, *apps):
        yield database_url


def test_twenty_requests_at_once_make_one_invitation(
    whole_database: str, django_db_blocker: Any, discord: FakeDiscord
) -> None:
    with django_db_blocker.unblock(), another_connection(whole_database) as connection, as_default(connection):
        user = member("racer")
        clients = [Client() for _ in range(WORKERS)]
        for client in clients:
            client.force_login(user)
        answers = at_once(lambda number: clients[number].post("/join/discord/"), whole_database, django_db_blocker)
        assert {getattr(answer, "status_code", answer) for answer in answers} == {302}
        (row,) = Invitation.objects.filter(account=user)
        said = at_once(lambda number: joining_tasks.issue(row.pk), whole_database, django_db_blocker)
        assert sorted(map(str, said)) == ["made", *["nothing was to be made"] * (WORKERS - 1)]
        assert (discord.made, Invitation.objects.filter(account=user).count()) == (1, 1)
        pages = at_once(lambda number: clients[number].get("/join/discord/"), whole_database, django_db_blocker)
        (code,) = discord.invites
        assert all(code in page.content.decode() for page in pages)


def test_twenty_people_at_once_get_no_more_than_there_may_be(
    whole_database: str, django_db_blocker: Any, discord: FakeDiscord
) -> None:
    with django_db_blocker.unblock(), another_connection(whole_database) as connection, as_default(connection):
        Invitation.objects.all().delete()
        users = [member(f"racer-{number}") for number in range(WORKERS)]
        with acting_on(discord, most_invitations=5):
            answers = at_once(lambda number: inviting.ask(users[number]), whole_database, django_db_blocker)
        assert Invitation.objects.count() == 5
        assert sum(isinstance(answer, AllOutError) for answer in answers) == WORKERS - 5


def at_once(act: Callable[[int], Any], url: str, blocker: Any) -> list[Any]:
    """Do something in many threads at the same time, each with a connection of its own; gives answers and faults."""
    barrier, answers = threading.Barrier(WORKERS), list[Any]()

    def work(number: int) -> None:
        with blocker.unblock(), another_connection(url) as connection, as_default(connection):
            connection.ensure_connection()
            barrier.wait(60)
            try:
                answers.append(act(number))
            except Exception as fault:  # noqa: BLE001 - told by the test
                answers.append(fault)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
