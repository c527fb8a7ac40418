"""Whatever happens in whatever order: nobody without address and agreement in force is ever shown an invitation."""

from datetime import datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from community import agreeing, discord_access, inviting, issuing, joining_tasks, parting, revoking, watching
from community.facts import FactSource, fact_sources
from community.invitation_states import LIVE
from community.models import Invitation, PolicyVersion, Presence, Reminder
from tests.support.fake_discord import FakeDiscord
from tests.support.made_conduct import DAY, FIRST, a_version, agreed
from tests.support.made_joining import ACCOUNT
from tests.support.staff import a_person

PAGE, NEW, LINK = "/join/discord/", "/join/discord/new/", "https://discord.gg/"
FAULTS = st.sampled_from(["limit", "fail", "fail although done", "refuse"])


class Joining(RuleBasedStateMachine):
    """One person, the code of conduct, workers and Discord; what should hold is told by what happened."""

    discord: FakeDiscord  # set by the test
    clock: Any
    seen: list[bool]  # whether there was a link to see

    @initialize(start=st.sampled_from(["new", "agreed", "invited", "invited"]))
    def begin(self, start: str) -> None:
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.now: datetime = FIRST
        self.version, self.number = a_version(1), 1
        self.user, self.other = a_person("jane", staff=False), a_person("joan", staff=False)
        self.confirmed = self.active = True
        self.suspended = False
        self.agreed_to = 0
        self.asked_again: dict[int, datetime] = {}
        self.wait(days=1)
        self.other_client, self.client = Client(), Client()
        self.client.force_login(self.user)
        self.other_client.force_login(self.other)
        if start != "new":
            self.agree()
        if start == "invited":
            self.ask_directly()

    def teardown(self) -> None:
        if hasattr(self, "transaction"):
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)
        self.discord.troubles.clear()
        self.discord.invites.clear()
        self.discord.members.clear()

    @property
    def is_member(self) -> bool:
        is_over = any(
            self.now - mailed >= 30 * DAY for number, mailed in self.asked_again.items() if number > self.agreed_to
        )
        return self.confirmed and self.active and not self.suspended and bool(self.agreed_to) and not is_over

    @rule(days=st.sampled_from([0, 1, 31]))
    def wait(self, days: int) -> None:
        self.now += days * DAY
        self.clock.setattr(timezone, "now", lambda: self.now)

    @precondition(lambda self: self.confirmed and self.agreed_to < self.number)
    @rule()
    def agree(self) -> None:
        agreed(self.user, PolicyVersion.objects.get(number=self.number), at=self.now)
        self.agreed_to = self.number

    @precondition(lambda self: self.agreed_to)
    @rule()
    def withdraw(self) -> None:
        agreeing.withdraw(self.user, now=self.now)
        self.agreed_to = 0

    @rule()
    def change_address(self) -> None:
        """Lose the address, or confirm it again."""
        self.confirmed = not self.confirmed
        EmailAddress.objects.filter(user=self.user).update(verified=self.confirmed)

    @rule()
    def close_account(self) -> None:
        """Close the account, or open it again."""
        self.active = not self.active
        User.objects.filter(pk=self.user.pk).update(is_active=self.active)

    @rule()
    def suspend(self) -> None:
        """Suspend the person, or end that."""
        self.suspended = not self.suspended

    @precondition(lambda self: self.number < 4)
    @rule()
    def publish_and_tell(self) -> None:
        self.number += 1
        newer = a_version(self.number, at=self.now, material=True)
        Reminder.objects.create(account=self.user, version=newer, sent_at=self.now)
        self.asked_again[self.number] = self.now

    @rule(path=st.sampled_from([PAGE, NEW]), act=st.sampled_from(["ask", "gone"]))
    def post(self, path: str, act: str) -> None:
        self.client.post(path, {"act": act})

    @rule()
    def work(self) -> None:
        """Have the queue do all that waits, wanted or not."""
        for pk in Invitation.objects.values_list("pk", flat=True):
            joining_tasks.issue(pk)
            joining_tasks.take_back(pk)
        for pk in Presence.objects.values_list("pk", flat=True):
            joining_tasks.settle(pk)

    @rule()
    def ask_directly(self) -> None:
        """Ask in the same moment, and have it made."""
        try:
            issuing.issue(inviting.ask(self.user, self.now).pk, self.now)
        except inviting.InvitingError:
            assert not self.is_member or Invitation.objects.exists() or Presence.objects.exists()
        else:
            assert self.is_member

    @rule()
    def look_after(self) -> None:
        watching.expire(self.now)
        revoking.revoke_of_no_members(self.now)
        watching.note_uses(self.now)
        parting.sweep(self.now)
        if not self.is_member:
            assert not Invitation.objects.filter(state__in=LIVE).exists()

    @rule()
    def use(self) -> None:
        for code in list(self.discord.invites)[:1]:
            self.discord.use(code, ACCOUNT)

    @rule(fault=FAULTS)
    def break_discord(self, fault: str) -> None:
        if fault == "limit":
            self.discord.limit(60)
        elif fault == "refuse":
            self.discord.refuse(403, 50013)
        else:
            self.discord.fail(502, times=3, does_it=fault != "fail")

    @invariant()
    def nobody_else_sees_an_invitation(self) -> None:
        if not hasattr(self, "client"):
            return
        shown = self.client.get(PAGE).content.decode()
        assert LINK not in shown or self.is_member
        self.seen.append(LINK in shown)
        assert LINK not in self.other_client.get(PAGE).content.decode()
        assert LINK not in self.client.get("/join/").content.decode()

    @invariant()
    def there_is_one_at_most_and_no_code_that_is_not_needed(self) -> None:
        if hasattr(self, "client"):
            assert Invitation.objects.filter(state__in=LIVE).count() <= 1
            kept = Invitation.objects.exclude(sealed_code="").values_list("state", flat=True)
            assert set(kept) <= {"issued", "revoked"}


def test_no_sequence_shows_an_invitation_to_somebody_without_address_and_agreement_in_force(
    db: None, discord: FakeDiscord, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    machines: list[Joining] = []
    seen: list[bool] = []
    settings.SESSION_COOKIE_AGE = 10**9

    class Ours(Joining):
        def __init__(self) -> None:
            super().__init__()
            self.discord, self.clock, self.seen = discord, monkeypatch, seen
            machines.append(self)

    monkeypatch.setattr(fact_sources, "_entries", dict(fact_sources._entries))
    fact_sources.register(
        FactSource("test", lambda user, now: {"is_suspended": is_suspended(machines, user)}, order=90)
    )
    monkeypatch.setattr(discord_access, "sleep", lambda seconds: None)
    run_state_machine_as_test(
        Ours,
        settings=hypothesis_settings(
            max_examples=30,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
    assert sum(seen) > len(seen) / 20  # or it would say nothing


def is_suspended(machines: list[Joining], user: Any) -> bool:
    machine = machines[-1]
    return machine.suspended and user.pk == machine.user.pk
