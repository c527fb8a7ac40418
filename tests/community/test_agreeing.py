"""What people say to the code of conduct, and where they stand then."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from community import agreeing
from community.agreeing import NothingToWithdrawError, NotInForceError, NotVerifiedError, label_of
from community.facts import FactSource, fact_sources, state_of_user
from community.models import Agreement, Person, PolicyVersion, Reminder, VerifiedAddress
from community.standing import MEMBERS, State
from community.verified_addresses import verified_at
from mageos_portal.audience import EVERYBODY, audience_of
from tests.support.databases import another_connection, as_default
from tests.support.made_conduct import DAY, FIRST, a_member, a_version, agreed
from tests.support.staff import a_person

LATER = FIRST + 10 * DAY


@pytest.fixture
def version(db: None) -> PolicyVersion:
    return a_version(1)


@pytest.fixture
def jane(db: None) -> User:
    return a_person("jane", staff=False)


def acts() -> list[str]:
    return list(Agreement.objects.order_by("pk").values_list("act", flat=True))


def test_an_agreement_says_all_that_is_evidence(version: PolicyVersion, jane: User) -> None:
    agreed(jane, version, at=LATER, request_id="a" * 32)
    row = Agreement.objects.get()
    assert (row.act, row.version, row.text_sha256, row.at) == ("agreed", version, version.sha256, LATER)
    assert row.label == "I agree to the Mage-OS Code of Conduct, version 1 (2026-01-01)"
    assert (row.account, row.subject, row.method) == (jane, Person.objects.of(jane).key, "web")
    assert (row.address_verified_at, row.request_id) == (LATER, "a" * 32)
    assert state_of_user(jane, LATER) == State.AGREED


def test_agreeing_twice_makes_one_row(version: PolicyVersion, jane: User) -> None:
    first = agreed(jane, version, request_id="a" * 32)
    assert agreed(jane, version, request_id="a" * 32) == first
    assert agreed(jane, version, request_id="b" * 32) == first
    assert acts() == ["agreed"]


def test_a_request_that_is_repeated_after_a_withdrawal_brings_nothing_back(version: PolicyVersion, jane: User) -> None:
    agreed(jane, version, request_id="a" * 32)
    agreeing.withdraw(jane, request_id="b" * 32)
    agreed(jane, version, request_id="a" * 32)
    assert state_of_user(jane, LATER) == State.WITHDRAWN
    agreed(jane, version, request_id="c" * 32)
    agreeing.withdraw(jane, request_id="b" * 32)
    assert state_of_user(jane, LATER) == State.AGREED


def test_agreeing_to_a_newer_version_supersedes_the_older(version: PolicyVersion, jane: User) -> None:
    agreed(jane, version)
    newer = a_version(2)
    agreed(jane, newer)
    assert acts() == ["agreed", "superseded", "agreed"]
    assert list(Agreement.objects.order_by("pk").values_list("version__number", flat=True)) == [1, 1, 2]


def test_only_the_version_in_force_is_agreed_to_on_the_web(version: PolicyVersion, jane: User) -> None:
    newer = a_version(2)
    at = newer.effective_at
    assert at is not None
    with pytest.raises(NotInForceError):
        agreed(jane, newer, at=at - DAY)
    with pytest.raises(NotInForceError, match="version 2 is"):
        agreed(jane, version, at=at)
    assert agreed(jane, version, at=at, method="paper").method == "paper"
    draft = PolicyVersion.objects.create(number=3, title="x", markdown="x")
    with pytest.raises(NotInForceError):
        agreeing.agree(jane, draft, label="x", method="paper")


def test_somebody_without_a_confirmed_address_agrees_to_nothing(version: PolicyVersion, jane: User) -> None:
    EmailAddress.objects.update(verified=False)
    with pytest.raises(NotVerifiedError, match="jane has no confirmed e-mail address"):
        agreed(jane, version)
    assert acts() == []
    fields: Any = {"subject": Person.objects.of(jane).key, "version": version, "text_sha256": version.sha256}
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.create(**fields, label="x")


def test_withdrawing_ends_it_and_is_noted_once(version: PolicyVersion, jane: User) -> None:
    with pytest.raises(NothingToWithdrawError):
        agreeing.withdraw(jane)
    agreed(jane, version)
    row = agreeing.withdraw(jane)
    assert agreeing.withdraw(jane) == row
    assert acts() == ["agreed", "withdrawn"]
    assert state_of_user(jane, LATER) == State.WITHDRAWN


def test_the_moment_of_the_confirmation_is_kept(version: PolicyVersion, jane: User) -> None:
    email_confirmed.send(sender=EmailAddress, request=None, email_address=EmailAddress.objects.get(user=jane))
    known = VerifiedAddress.objects.get()
    assert known.is_exact
    assert verified_at(jane, LATER) == known.verified_at
    assert agreed(jane, version).address_verified_at == known.verified_at


def test_an_address_that_was_confirmed_unseen_is_noted_as_seen(jane: User) -> None:
    assert verified_at(jane, LATER) == LATER
    assert verified_at(jane, LATER + DAY) == LATER
    assert not VerifiedAddress.objects.get().is_exact
    EmailAddress.objects.update(verified=False)
    assert verified_at(jane, LATER) is None


# Days after the first mail, material, mail sent → state
STATES = [
    (False, None, 500, State.AGREED),
    (True, None, 500, State.AGREED),
    (True, 0, 29.9, State.AGREED),
    (True, 0, 30, State.LAPSED),
    (False, 0, 30, State.AGREED),
]


@pytest.mark.parametrize(("material", "mail", "days", "state"), STATES)
def test_where_somebody_stands_after_a_newer_version(
    version: PolicyVersion, jane: User, material: bool, mail: float | None, days: float, state: State
) -> None:
    agreed(jane, version)
    newer = a_version(2, material=material)
    start = newer.effective_at or LATER
    if mail is not None:
        Reminder.objects.create(account=jane, version=newer, sent_at=start + mail * DAY)
    assert state_of_user(jane, start + days * DAY) == state
    agreed(jane, newer, at=start + days * DAY)
    assert state_of_user(jane, start + days * DAY) == State.AGREED


def test_a_mail_about_a_later_editorial_version_ends_nothing(version: PolicyVersion, jane: User) -> None:
    newer = a_version(2)
    agreed(jane, newer)
    Reminder.objects.create(account=jane, version=newer, sent_at=FIRST)
    a_version(3, material=False)
    assert state_of_user(jane, FIRST + 900 * DAY) == State.AGREED


def test_the_time_is_a_setting(version: PolicyVersion, jane: User, settings: Settings) -> None:
    agreed(jane, version)
    newer = a_version(2)
    start = newer.effective_at or LATER
    Reminder.objects.create(account=jane, version=newer, sent_at=start)
    settings.PORTAL_AGREEMENT_DAYS = 60
    assert state_of_user(jane, start + 59 * DAY) == State.AGREED
    assert state_of_user(jane, start + 60 * DAY) == State.LAPSED


def test_nobody_and_people_without_a_word_are_no_members(version: PolicyVersion, jane: User) -> None:
    assert state_of_user(AnonymousUser(), LATER) == State.ANONYMOUS
    assert state_of_user(jane, LATER) == State.VERIFIED
    EmailAddress.objects.update(verified=False)
    assert state_of_user(jane, LATER) == State.UNVERIFIED
    User.objects.update(is_active=False)
    assert state_of_user(jane, LATER) == State.ANONYMOUS


def test_another_part_can_add_what_it_knows(
    version: PolicyVersion, jane: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed(jane, version)
    monkeypatch.setattr(fact_sources, "_entries", dict(fact_sources._entries))
    fact_sources.register(FactSource("test", lambda user, now: {"is_suspended": now > LATER}, order=50))
    assert state_of_user(jane, LATER) == State.AGREED
    assert state_of_user(jane, LATER + DAY) == State.SUSPENDED


def test_few_queries_tell_where_somebody_stands(
    version: PolicyVersion, jane: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    agreed(jane, version)
    with django_assert_max_num_queries(3):
        assert state_of_user(jane, LATER) == State.AGREED
    newer = a_version(2)
    Reminder.objects.create(account=jane, version=newer, sent_at=FIRST)
    with django_assert_max_num_queries(6):
        assert state_of_user(jane, LATER + 400 * DAY) == State.LAPSED


def test_members_see_what_members_see(version: PolicyVersion, jane: User, rf: Any) -> None:
    def audience() -> Any:
        request = rf.get("/")
        request.user = User.objects.get(pk=jane.pk)
        return audience_of(request)

    assert audience() == EVERYBODY
    agreed(jane, version)
    assert audience().is_member
    agreeing.withdraw(jane)
    assert audience() == EVERYBODY


ACTIONS = st.lists(
    st.sampled_from(["agree", "withdraw", "publish", "publish wording", "confirm", "lose address", "mail", "wait"]),
    max_size=12,
)


@given(actions=ACTIONS)
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sequence_makes_a_member_without_address_and_agreement_in_force(db: None, actions: list[str]) -> None:
    with transaction.atomic():
        world = World()
        for action in actions:
            world.do(action)
            assert (state_of_user(world.user, world.now) in MEMBERS) == world.is_member
        transaction.set_rollback(True)


class World:
    """What should hold, told in another way than the code tells it: by what happened since the last agreement."""

    def __init__(self) -> None:
        self.user = a_person("world", staff=False)
        self.now = FIRST
        self.number = 0
        self.confirmed = True
        self.agreed_to = 0  # number; 0: no word, or withdrawn
        self.material: list[int] = []
        self.mailed: dict[int, datetime] = {}

    @property
    def is_member(self) -> bool:
        open_ones = [number for number in self.material if number > self.agreed_to]
        is_over = any(self.now - self.mailed[number] >= 30 * DAY for number in open_ones if number in self.mailed)
        return self.confirmed and bool(self.agreed_to) and not is_over

    def do(self, action: str) -> None:
        self.now += DAY
        done: dict[str, Callable[[], None]] = {
            "agree": self.agree,
            "withdraw": self.withdraw,
            "publish": lambda: self.publish(material=True),
            "publish wording": lambda: self.publish(material=False),
            "confirm": lambda: self.confirm(confirmed=True),
            "lose address": lambda: self.confirm(confirmed=False),
            "mail": self.mail,
            "wait": self.wait,
        }
        done[action]()

    def agree(self) -> None:
        version = PolicyVersion.objects.filter(number=self.number).first()
        if version and self.confirmed:
            agreed(self.user, version, at=self.now)
            self.agreed_to = self.number
        elif version:
            with pytest.raises(NotVerifiedError):
                agreed(self.user, version, at=self.now)

    def withdraw(self) -> None:
        if Agreement.objects.filter(account=self.user).exists():
            agreeing.withdraw(self.user, now=self.now)
            self.agreed_to = 0

    def publish(self, *, material: bool) -> None:
        self.number += 1
        a_version(self.number, at=self.now, material=material)
        self.material += [self.number] if material else []

    def confirm(self, *, confirmed: bool) -> None:
        self.confirmed = confirmed
        EmailAddress.objects.filter(user=self.user).update(verified=confirmed)

    def mail(self) -> None:
        if self.material and self.material[-1] not in self.mailed:
            newest = PolicyVersion.objects.get(number=self.material[-1])
            Reminder.objects.create(account=self.user, version=newest, sent_at=self.now)
            self.mailed[self.material[-1]] = self.now

    def wait(self) -> None:
        self.now += 30 * DAY


@pytest.mark.parametrize("what", ["agree", "agree again", "withdraw"])
def test_two_requests_at_once_make_one_row(database: Any, database_url: str, django_db_blocker: Any, what: str) -> None:
    with django_db_blocker.unblock(), as_default(database):
        PolicyVersion.objects.exists() or a_version(1)
        version = PolicyVersion.objects.get()
        user = a_person(f"racer of {what}".replace(" ", "-"), staff=False)
        if what != "agree":
            agreed(user, version)
        before = Agreement.objects.filter(account=user).count()
        act = (lambda: agreeing.withdraw(user)) if what == "withdraw" else (lambda: agreed(user, version))
        faults = at_once(act, database_url, django_db_blocker)
        assert faults == []
        assert Agreement.objects.filter(account=user).count() - before == (0 if what == "agree again" else 1)
        assert Person.objects.filter(user=user).count() == 1


def at_once(act: Callable[[], object], url: str, blocker: Any, workers: int = 4) -> list[BaseException]:
    """Do something in several threads at the same time, each with a connection of its own."""
    barrier, faults = threading.Barrier(workers), list[BaseException]()

    def work() -> None:
        with blocker.unblock(), another_connection(url) as connection, as_default(connection):
            connection.ensure_connection()
            barrier.wait(30)
            try:
                act()
            except Exception as fault:  # noqa: BLE001 - told by the test
                faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def test_a_member_is_who_agreed(version: PolicyVersion) -> None:
    assert state_of_user(a_member("joan", version), LATER) in MEMBERS


def test_a_label_names_version_and_day(version: PolicyVersion) -> None:
    assert label_of(version) == "I agree to the Mage-OS Code of Conduct, version 1 (2026-01-01)"
