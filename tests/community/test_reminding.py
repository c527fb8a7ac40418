"""Who has to agree again is asked by mail: once, once more before the end, and never twice for one thing."""

from datetime import datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone
from pytest_django import Settings

from community import agreeing, reminding
from community.facts import FactSource, fact_sources, state_of_user
from community.models import PolicyVersion, Reminder
from community.reminding import remind
from community.standing import State
from mageos_portal.schedules import declared
from tests.support.made_conduct import DAY, FIRST, a_member, a_version, agreed

BROKEN = "tests.community.test_reminding.BrokenBackend"
START = FIRST + 100 * DAY  # when version 2 comes into force


class BrokenBackend(EmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError("nobody is there")


@pytest.fixture
def first(db: None) -> PolicyVersion:
    return a_version(1)


@pytest.fixture
def jane(first: PolicyVersion) -> User:
    return a_member("jane", first)


def sent_to() -> list[str]:
    return [message.to[0] for message in mail.outbox]


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the task at a moment."""
    monkeypatch.setattr(timezone, "now", lambda: moment)
    return remind()


def test_nobody_is_asked_before_a_material_version_is_in_force(jane: User) -> None:
    remind(START)
    a_version(2)
    remind(START - DAY)
    assert mail.outbox == []


def test_a_change_of_wording_asks_nobody(jane: User) -> None:
    a_version(2, material=False)
    remind(START + DAY)
    assert mail.outbox == []


def test_the_story_of_somebody_who_does_not_answer(jane: User, monkeypatch: pytest.MonkeyPatch) -> None:
    a_version(2, change_note="Rule 2 & <b>more</b>.")
    for day in (0, 0.01, 1, 20, 22.9):
        at(START + day * DAY, monkeypatch)
    assert sent_to() == ["jane@example.org"]
    assert "please agree to version 2" in mail.outbox[0].subject
    for day in (23, 23.01, 29):
        at(START + day * DAY, monkeypatch)
    assert sent_to() == ["jane@example.org"] * 2
    assert mail.outbox[1].subject == "[Mage-OS portal] Your agreement ends on 2026-05-11"
    assert state_of_user(jane, START + 29.9 * DAY) == State.AGREED
    assert state_of_user(jane, START + 30 * DAY) == State.LAPSED
    for day in (30, 31, 400):
        at(START + day * DAY, monkeypatch)
    assert len(mail.outbox) == 2


def test_a_mail_has_both_forms_whole_addresses_and_no_markup_of_others(jane: User, settings: Settings) -> None:
    settings.PORTAL_BASE_URL = "https://portal.example"
    a_version(2, change_note="Rule 2 & <b>more</b>.")
    remind(START)
    (message,) = mail.outbox
    assert isinstance(message, mail.EmailMultiAlternatives)
    (html, kind) = message.alternatives[0]
    assert kind == "text/html"
    for form in (str(message.body), str(html)):
        assert "https://portal.example/join/agree/" in form
        assert "https://portal.example/code-of-conduct/diff/1..2/" in form
        assert "2026-05-11" in form
    assert "Rule 2 & <b>more</b>." in message.body
    assert "Rule 2 &amp; &lt;b&gt;more&lt;/b&gt;." in str(html)


@pytest.mark.parametrize("how", ["agreed", "withdrawn", "inactive", "unverified", "suspended"])
def test_whoever_needs_not_answer_is_not_asked(jane: User, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = a_version(2)
    if how == "agreed":
        agreed(jane, newer)
    elif how == "withdrawn":
        agreeing.withdraw(jane)
    elif how == "inactive":
        User.objects.update(is_active=False)
    elif how == "unverified":
        EmailAddress.objects.update(verified=False)
    else:
        monkeypatch.setattr(fact_sources, "_entries", dict(fact_sources._entries))
        fact_sources.register(FactSource("test", lambda user, now: {"is_suspended": True}, order=50))
    remind(START + DAY)
    assert mail.outbox == []


def test_a_mail_that_is_not_taken_is_tried_again_and_the_time_runs_from_then(
    jane: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_version(2)
    good, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, BROKEN
    assert at(START, monkeypatch) == "0 mails were sent, 1 were not taken"
    assert not Reminder.objects.exists()
    settings.EMAIL_BACKEND = good
    assert at(START + 40 * DAY, monkeypatch) == "1 mails were sent, 0 were not taken"
    assert Reminder.objects.get().sent_at == START + 40 * DAY
    assert state_of_user(jane, START + 69 * DAY) == State.AGREED
    assert state_of_user(jane, START + 70 * DAY) == State.LAPSED


def test_where_no_mail_leaves_nobody_lapses(jane: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    a_version(2)
    assert "set PORTAL_EMAIL_URL" in remind(START)
    assert not Reminder.objects.exists()
    assert state_of_user(jane, START + 400 * DAY) == State.AGREED


def test_a_run_sends_a_slice_and_the_next_goes_on(first: PolicyVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminding, "MOST_MAILS", 3)
    for number in range(7):
        a_member(f"member-{number}", first)
    a_version(2)
    counts = []
    for _ in range(4):
        at(START, monkeypatch)
        counts.append(len(mail.outbox))
    assert counts == [3, 6, 7, 7]
    assert len(set(sent_to())) == 7


def test_a_mail_whose_worker_died_waits_for_a_person(jane: User, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = a_version(2)
    Reminder.objects.create(account=jane, version=newer, claimed_at=START)
    at(START + DAY, monkeypatch)
    assert mail.outbox == []
    assert reminding.uncertain(START + DAY / 48) == []
    lost = reminding.uncertain(START + DAY)
    assert len(lost) == 1
    assert reminding.send_again(lost, START + DAY / 48) == 0
    assert reminding.send_again(lost, START + DAY) == 1
    at(START + DAY, monkeypatch)
    assert sent_to() == ["jane@example.org"]


def test_a_mail_that_left_is_not_sent_again_whoever_asks(jane: User) -> None:
    a_version(2)
    remind(START)
    assert reminding.send_again(list(Reminder.objects.all()), START + 9 * DAY) == 0
    assert Reminder.objects.count() == 1


def test_a_newer_version_is_asked_for_anew_and_the_end_stays(jane: User, monkeypatch: pytest.MonkeyPatch) -> None:
    a_version(2)
    at(START, monkeypatch)
    a_version(3, at=START + 10 * DAY)
    at(START + 10 * DAY, monkeypatch)
    assert "agree to version 3" in mail.outbox[1].subject
    assert "2026-05-11" in str(mail.outbox[1].body)
    assert "/code-of-conduct/diff/1..3/" in str(mail.outbox[1].body)


def test_the_queue_does_it(db: None) -> None:
    task = declared()["portal: community.remind"]
    assert task.minutes == 15
    assert task.function() == "0 mails were sent, 0 were not taken"


def test_two_workers_at_once_ask_once(jane: User, monkeypatch: pytest.MonkeyPatch) -> None:
    a_version(2)
    (due,) = list(reminding._due(START))
    assert reminding._remind(due, START) is True
    assert reminding._remind(due, START) is None
    assert sent_to() == ["jane@example.org"]
