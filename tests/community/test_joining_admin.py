"""What staff see of invitations, and what they do about them."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from community import agreeing, inviting, parting, presences
from community.invitation_events import code_of
from community.models import Invitation, Presence
from community.revoking import take_back
from tests.support.fake_discord import FakeDiscord
from tests.support.made_joining import acting_on, issued, joined, member
from tests.support.staff import a_person, logged_in

pytestmark = pytest.mark.django_db

INVITATION, PRESENCE = "/admin/community/invitation/", "/admin/community/presence/"
WHY = {"reason": "they shared it"}


@pytest.fixture
def officer() -> Client:
    return logged_in(a_person("otto", "member officer"))


@pytest.fixture
def jane() -> User:
    return member("jane")


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def test_an_officer_revokes_with_a_reason_and_discord_is_told(
    officer: Client,
    jane: User,
    discord: FakeDiscord,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    row = issued(jane, timezone.now())
    page = f"{INVITATION}{row.pk}/revoke/"
    assert "stops showing it at once" in text(officer.get(page))
    assert "This field is required" in text(officer.post(page, {"reason": ""}))
    with django_capture_on_commit_callbacks() as handed:
        officer.post(page, WHY)
    assert len(handed) == 1
    take_back(row.pk, timezone.now())
    assert discord.invites == {}
    assert LogEntry.objects.get().change_message == "Revoked: they shared it"
    assert "nothing to revoke" in text(officer.post(page, WHY))
    assert LogEntry.objects.count() == 1


def test_an_officer_notes_what_was_sent_by_hand(officer: Client, jane: User) -> None:
    row = inviting.ask(jane)
    assert "Wait for an invitation by hand" in text(officer.get("/admin/"))
    assert "jane@example.org" in text(officer.get(f"{INVITATION}{row.pk}/change/"))
    page = f"{INVITATION}{row.pk}/made/"
    assert "send it to the address" in text(officer.get(page))
    officer.post(page)
    row.refresh_from_db()
    assert row.state == "issued"
    assert LogEntry.objects.get().change_message == "Sent by hand."
    assert "Nobody waits" in text(officer.post(page))
    assert "Wait for an invitation by hand" not in text(officer.get("/admin/"))


def test_a_link_of_the_portal_cannot_be_noted_as_sent(officer: Client, jane: User, discord: FakeDiscord) -> None:
    row = inviting.ask(jane)
    assert "Nobody waits" in text(officer.post(f"{INVITATION}{row.pk}/made/"))
    row.refresh_from_db()
    assert row.state == "asked"


def test_an_officer_notes_who_was_removed(officer: Client, jane: User) -> None:
    presence = presences.came_by_link(jane, "", "", timezone.now())
    assert "nobody to remove" in text(officer.post(f"{PRESENCE}{presence.pk}/removed/"))
    agreeing.withdraw(jane)
    parting.settle(presence.pk, timezone.now())
    assert "To be removed by hand" in text(officer.get("/admin/"))
    assert officer.get(f"{PRESENCE}?remove_since__isempty=0").context["cl"].result_count == 1
    assert "Look for them" in text(officer.get(f"{PRESENCE}{presence.pk}/removed/"))
    officer.post(f"{PRESENCE}{presence.pk}/removed/")
    assert Presence.objects.to_remove().count() == 0
    assert LogEntry.objects.get().change_message == "Removed from Discord by hand."


def test_the_conduct_team_looks_and_does_nothing(jane: User, discord: FakeDiscord) -> None:
    team = logged_in(a_person("carl", "conduct team"))
    row = issued(jane, timezone.now())
    assert "Revoke" not in text(team.get(f"{INVITATION}{row.pk}/change/"))
    assert row.last_four in text(team.get(INVITATION))
    assert team.post(f"{INVITATION}{row.pk}/revoke/", WHY).status_code == 403
    assert "Discord" in text(team.get("/admin/"))


def test_the_first_page_says_how_many_are_out(officer: Client, jane: User, discord: FakeDiscord) -> None:
    with acting_on(discord, most_invitations=2):
        issued(jane, timezone.now())
        assert "1 of 2" in text(officer.get("/admin/"))
        inviting.ask(member("joan"))
        assert "2 of 2: nearly all" in text(officer.get("/admin/"))


def test_the_first_page_says_what_is_wrong(officer: Client, jane: User, discord: FakeDiscord) -> None:
    with acting_on(discord, bot_token="", permanent_link="https://discord.gg/x"):
        page = text(officer.get("/admin/"))
    assert "has no bot on Discord" in page
    assert "lets everybody in who ever saw it" in page


def test_invitations_are_found_by_state_kind_and_person(officer: Client, jane: User, discord: FakeDiscord) -> None:
    row = issued(jane, timezone.now())
    issued(member("joan"), timezone.now())
    for query, count in (
        ("", 2), ("?state__exact=issued", 2), ("?state__exact=used", 0), ("?kind__exact=invite", 2),
        ("?q=jane@example.org", 1), (f"?q={row.last_four}", 1), (f"?q={code_of(row)}", 0),
    ):  # fmt: skip
        assert officer.get(INVITATION + query).context["cl"].result_count == count, query


def test_lists_ask_few_questions(
    officer: Client, discord: FakeDiscord, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        user = member(f"member-{number}")
        issued(user, timezone.now())
        joined(user, discord, timezone.now(), account=f"{number:018}")
    User.objects.filter(username="member-3").delete()
    row = Invitation.objects.latest("pk")
    for path, most in (
        (INVITATION, 12),
        (PRESENCE, 12),
        (f"{INVITATION}{row.pk}/change/", 12),
        (f"{PRESENCE}{Presence.objects.latest('pk').pk}/change/", 12),
        ("/admin/", 30),
    ):
        with django_assert_max_num_queries(most):
            text(officer.get(path))
    assert "no account any more" in text(officer.get(INVITATION))
