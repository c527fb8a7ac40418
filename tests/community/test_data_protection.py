"""People see, correct, take with them and erase what is kept about them."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core import mail, serializers
from django.test import Client

from community import barring, consenting, data_copies, data_tasks, erasing, joining_tasks, profiles, retaining
from community.facts import state_of_user
from community.models import (
    Administrator,
    Agreement,
    Consent,
    DataRequest,
    Invitation,
    Membership,
    PermissionState,
    Person,
    Presence,
    Sanction,
    Team,
    TeamMember,
    VerifiedAddress,
)
from community.standing import State
from mageos_portal import retention
from mageos_portal.personal_data import purge_unverified_accounts
from tests.community.made_roles import a_role
from tests.portal.test_personal_data import personal_models
from tests.support.made_conduct import a_version, agreed

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
PASSWORD = "a-long-one-for-tests"

pytestmark = pytest.mark.django_db


def an_account(name: str = "jane", **more: Any) -> User:
    user = User.objects.create_user(name, f"{name}@example.org", PASSWORD, **more)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def jane() -> User:
    return an_account()


@pytest.fixture
def logged_in(client: Client, jane: User) -> Client:
    client.post("/account/login/", {"login": "jane", "password": PASSWORD})
    return client


def known_of(user: User) -> str:
    """Make a bit of everything, and give a word that is in all of it."""
    person = Person.objects.of(user)
    person.name, person.github_login, person.github_id = "Jane Doe", "jane-doe", 12345
    person.save()
    agreed(user, a_version(author="board"))
    consenting.grant(user, Consent.Purpose.NEWSLETTER, wording="x", wording_version=1)
    Invitation.objects.create(account=user, state=Invitation.State.USED, last_four="wxyz", ended_at=NOW)
    Presence.objects.create(person=person, discord_id="123456789012345678", joined_at=NOW, parted_at=NOW)
    Membership.objects.create(person=person, declared_on=date(2022, 3, 4))
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    a_role("hers", author=user.username)
    return person.key.hex


def test_a_copy_holds_what_is_kept_and_no_secret(jane: User) -> None:
    known_of(jane)
    content = json.dumps(data_copies.content_of(jane, NOW), default=str)
    for word in ("jane@example.org", "Jane Doe", "12345", "123456789012345678", "newsletter", "2022-03-04", "wxyz"):
        assert word in content
    assert "secret" not in content.replace("Their secrets are in no copy", "")
    assert jane.password not in content


def test_a_copy_holds_nothing_of_others(jane: User) -> None:
    known_of(an_account("john"))
    content = json.dumps(data_copies.content_of(jane, NOW), default=str)
    assert "john" not in content
    assert "123456789012345678" not in content


def test_a_copy_is_asked_for_made_and_read(
    logged_in: Client, jane: User, django_capture_on_commit_callbacks: Any
) -> None:
    assert logged_in.post("/account/data/copy/").status_code == 302
    asked = DataRequest.objects.get()
    assert "being made" in logged_in.get("/account/data/").content.decode()
    assert data_copies.make_copy(asked.pk) == "the copy was made"
    assert data_copies.make_copy(asked.pk) == "there is nothing to do any more"
    letter = mail.outbox[-1]
    assert letter.to == ["jane@example.org"]
    assert f"/account/data/copy/{asked.uuid}/" in letter.body
    page = logged_in.get(f"/account/data/copy/{asked.uuid}/")
    assert "jane@example.org" in page.content.decode()
    assert "private" in page.headers["Cache-Control"]
    answer = logged_in.get(f"/account/data/copy/{asked.uuid}.json")
    assert "no-store" in answer.headers["Cache-Control"]
    assert json.loads(answer.content)["sections"][0]["rows"][0]["username"] == "jane"


def test_a_copy_is_for_its_owner_and_for_a_day(client: Client, logged_in: Client, jane: User) -> None:
    asked = data_copies.ask_for_copy(jane)
    data_copies.make_copy(asked.pk)
    other = Client()
    an_account("john")
    other.post("/account/login/", {"login": "john", "password": PASSWORD})
    assert other.get(f"/account/data/copy/{asked.uuid}/").status_code == 404
    assert Client().get(f"/account/data/copy/{asked.uuid}/").status_code == 302
    DataRequest.objects.update(done_at=datetime.now(UTC) - timedelta(hours=24, seconds=1))
    assert logged_in.get(f"/account/data/copy/{asked.uuid}.json").status_code == 404
    retention.purge()
    assert DataRequest.objects.get().document == ""


def test_who_logged_in_a_while_ago_is_asked_again(jane: User) -> None:
    client = Client()
    client.force_login(jane)
    answer = client.get("/account/data/delete/")
    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]


def test_who_has_only_codes_by_mail_logs_in_anew(jane: User) -> None:
    jane.set_unusable_password()
    jane.save()
    client = Client()
    client.force_login(jane)
    answer = client.get("/account/data/delete/")
    assert answer["Location"] == "/account/login/?next=/account/data/delete/"
    assert "_auth_user_id" not in client.session


def test_erasure_waits_a_week_and_can_be_taken_back(logged_in: Client, jane: User) -> None:
    assert logged_in.post("/account/data/delete/").status_code == 302
    assert mail.outbox[-1].subject == "Your account will be erased"
    page = logged_in.get("/account/data/").content.decode()
    assert "will be erased" in page
    assert erasing.erase_due() == 0
    logged_in.post("/account/data/keep/")
    assert erasing.erase_due(datetime.now(UTC) + 2 * WEEK) == 0
    assert User.objects.get(pk=jane.pk).is_active


def test_an_erased_account_leaves_evidence_without_a_name(jane: User, django_capture_on_commit_callbacks: Any) -> None:
    key = known_of(jane)
    staff = an_account("boss", is_staff=True)
    LogEntry.objects.log_actions(staff.pk, [jane], 2, change_message="x")
    erasing.ask_to_erase(jane, NOW - WEEK)
    with django_capture_on_commit_callbacks(execute=True):
        assert data_tasks.answer_requests() == "0 copies were made, 1 accounts erased"
    assert mail.outbox[-1].to == ["jane@example.org"]
    assert mail.outbox[-1].subject == "Your account is erased"
    person = Person.objects.get(key=key)
    assert str(person) == f"former member #{person.pk}"
    assert Agreement.objects.filter(subject=key, account=None).count() == 1
    assert Consent.objects.filter(subject=key, account=None).count() == 1
    assert not EmailAddress.objects.filter(user=jane).exists()
    assert not VerifiedAddress.objects.filter(account=jane).exists()
    assert not Presence.objects.filter(person=person).exists()
    assert not Authenticator.objects.filter(user=jane).exists()
    assert not Client().login(username="jane", password=PASSWORD)


def test_nothing_in_the_database_names_an_erased_account(jane: User, django_capture_on_commit_callbacks: Any) -> None:
    known_of(jane)
    erasing.ask_to_erase(jane, NOW - WEEK)
    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase_due()
    models = [model for model in personal_models() if model._meta.label_lower != "sessions.session"]
    kept = "".join(serializers.serialize("json", model._base_manager.all()) for model in models)
    for word in ("jane", "Jane", "12345"):
        assert word not in kept


def test_an_erased_account_leaves_discord_before_it_is_forgotten_there(
    jane: User, django_capture_on_commit_callbacks: Any
) -> None:
    person = Person.objects.of(jane)
    presence = Presence.objects.create(person=person, discord_id="123456789012345678", joined_at=NOW)
    Invitation.objects.create(account=jane, state=Invitation.State.ASKED)
    erasing.ask_to_erase(jane, NOW - WEEK)
    with django_capture_on_commit_callbacks() as handed_over:
        erasing.erase_due()
    assert len(handed_over) == 3  # the invitation, Discord, and the mail
    assert Invitation.objects.get().state == "revoked"
    joining_tasks.settle(presence.pk)
    presence.refresh_from_db()
    assert presence.remove_since, "without a bot a person has to take them off Discord"


def test_sessions_end_with_the_account(logged_in: Client, jane: User) -> None:
    erasing.ask_to_erase(jane, NOW - WEEK)
    erasing.erase_due()
    assert logged_in.get("/account/data/").status_code == 302


def test_an_account_of_the_staff_is_not_erased(client: Client) -> None:
    boss = an_account("boss", is_staff=True)
    with pytest.raises(erasing.AccountNeededError, match="roles away first"):
        erasing.ask_to_erase(boss)
    request = DataRequest.objects.create(account=boss, kind="erasure")
    with pytest.raises(erasing.AccountNeededError):
        erasing.carry_out(request, handler="x")
    assert DataRequest.objects.get().state == DataRequest.State.OPEN
    assert User.objects.get(pk=boss.pk).username == "boss"


def test_who_became_staff_meanwhile_does_not_keep_others_waiting(jane: User) -> None:
    john = an_account("john")
    erasing.ask_to_erase(john, NOW - 2 * WEEK)
    erasing.ask_to_erase(jane, NOW - WEEK)
    User.objects.filter(pk=john.pk).update(is_staff=True)
    assert erasing.erase_due() == 1


def test_a_new_account_of_somebody_shut_out_and_erased_is_shut_out(jane: User) -> None:
    person = Person.objects.of(jane)
    sanction = Sanction.objects.create(person=person, ground="x", decision="y", since=NOW - WEEK)
    assert state_of_user(jane, NOW) == State.SUSPENDED
    erasing.ask_to_erase(jane, NOW - WEEK)
    erasing.erase_due()
    again = an_account("jane")
    assert barring.facts(again, NOW) == {"is_suspended": True}
    assert barring.facts(an_account("john"), NOW) == {"is_suspended": False}
    Sanction.objects.filter(pk=sanction.pk).update(lifted_at=NOW)
    assert state_of_user(again, NOW) == State.VERIFIED


def test_marks_survive_a_new_secret_key(jane: User, settings: Any) -> None:
    person = Person.objects.of(jane)
    Sanction.objects.create(person=person, ground="x", decision="y", since=NOW - WEEK)
    barring.leave_marks(person, jane)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-of-the-tests-" * 3
    Person.objects.filter(pk=person.pk).update(user=None)
    assert barring.facts(jane, NOW)["is_suspended"]


def test_a_name_is_corrected_and_shown_only_by_consent(logged_in: Client, jane: User) -> None:
    logged_in.post("/account/profile/", {"name": "  Jane   D. ", "is_public": "on"})
    person = Person.objects.get(user=jane)
    assert (person.name, person.is_public) == ("Jane D.", True)
    assert consenting.is_granted(person, Consent.Purpose.PUBLIC_PROFILE)
    logged_in.post("/account/profile/", {"name": "Jane"})
    person.refresh_from_db()
    assert (person.name, person.is_public) == ("Jane", False)
    assert not consenting.is_granted(person, Consent.Purpose.PUBLIC_PROFILE)
    assert profiles.PUBLIC_NAME in logged_in.get("/account/profile/").content.decode()


def test_accounts_nobody_confirmed_go_and_others_stay(jane: User) -> None:
    early = NOW - timedelta(days=30)
    for name, confirmed in (("john", False), ("joan", True)):
        user = User.objects.create_user(name, date_joined=early)
        EmailAddress.objects.create(user=user, email=f"{name}@example.org", verified=confirmed, primary=True)
    User.objects.create_user("no-address", date_joined=early)
    late = User.objects.create_user("late", date_joined=NOW)
    EmailAddress.objects.create(user=late, email="late@example.org", verified=False)
    assert purge_unverified_accounts(NOW - WEEK) == 1
    assert set(User.objects.values_list("username", flat=True)) == {"jane", "joan", "no-address", "late"}


def test_records_go_when_their_time_is_over(jane: User) -> None:
    person = Person.objects.create(name="John")
    ended = {"decision": "admitted", "decided_on": date(2015, 1, 1), "decided_by": "board", "minutes": "1"}
    ended |= {"active_from": date(2015, 1, 2), "active_to": date(2016, 1, 1), "end_reason": "resigned"}
    Membership.objects.create(person=person, declared_on=date(2014, 1, 1), **ended)
    Membership.objects.create(person=Person.objects.of(jane), declared_on=date(2014, 1, 1))
    Sanction.objects.create(person=person, ground="x", decision="y", since=datetime(2015, 1, 1, tzinfo=UTC), until=NOW)
    Invitation.objects.create(account=jane, state="used", ended_at=NOW)
    Invitation.objects.create(account=jane, state="asked")
    later = NOW + timedelta(days=1)
    assert retaining.purge_memberships(later) == 1
    assert not Membership.history.filter(person=person).exists()
    assert retaining.purge_sanctions(NOW) == 0
    assert retaining.purge_sanctions(later) == 1
    assert retaining.purge_invitations(later) == 1
    assert Invitation.objects.get().state == "asked"
    Person.objects.filter(pk=person.pk).update(erased_at=NOW)
    assert retaining.purge_pseudonyms(later) == 1
    assert Membership.objects.count() == 1


def test_a_pseudonym_stays_as_long_as_a_record_needs_it(jane: User) -> None:
    person = Person.objects.create(erased_at=NOW)
    Sanction.objects.create(person=person, ground="x", decision="y")
    assert retaining.purge_pseudonyms(NOW + WEEK) == 0
    assert "pseudonyms of people who were erased: 0" in retention.purge(NOW)


def test_staff_carry_out_what_came_by_mail(client: Client, jane: User) -> None:
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    client.force_login(boss)
    request = DataRequest.objects.create(account=jane, kind="erasure", channel="staff", note="letter of May 1")
    assert erasing.erase_due(NOW + 10 * WEEK) == 0
    erasing.carry_out(request, handler="boss", answer="asked by letter")
    request.refresh_from_db()
    assert (request.state, request.handler, request.note) == ("done", "boss", "")
    assert not erasing.carry_out(request, handler="boss")


def test_who_administers_the_organization_is_not_erased(jane: User) -> None:
    Administrator.objects.create(person=Person.objects.of(jane))
    with pytest.raises(erasing.AccountNeededError, match="administers the organization"):
        erasing.ask_to_erase(jane)


def test_an_erased_account_leaves_its_teams(jane: User) -> None:
    team = Team.objects.create(key="content")
    TeamMember.objects.create(team=team, person=Person.objects.of(jane))
    erasing.ask_to_erase(jane, NOW - WEEK)
    assert erasing.erase_due() == 1
    assert not TeamMember.objects.exists()
    assert TeamMember.history.filter(history_type="-").get().history_change_reason == "The account was erased."


def test_old_states_of_permissions_go_but_the_newest_stays() -> None:
    for days in (3000, 2000, 1500):
        PermissionState.objects.create(kind="exported", at=NOW - timedelta(days=days), reason="x", content=str(days))
    retention.purge(NOW)
    assert PermissionState.objects.get().content == "1500"
