"""The life of open roles, and their pages."""

import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from community import tasks
from community.advancing import NotAdvancedError, advance, expire
from community.models import OpenRole
from community.role_states import STATES, STEPS, Step, after, steps_from
from mageos_portal.models import SearchEntry
from tests.community.made_roles import DAY, NOW, a_role

pytestmark = pytest.mark.django_db

TABLE = {  # state by step: where it leads
    "draft": {Step.SUBMIT: "review"},
    "review": {Step.SEND_BACK: "draft", Step.PUBLISH: "published"},
    "published": {Step.FILL: "filled", Step.CLOSE: "closed", Step.EXPIRE: "expired"},
    "filled": {Step.REOPEN: "draft"},
    "closed": {Step.REOPEN: "draft"},
    "expired": {Step.FILL: "filled", Step.CLOSE: "closed", Step.REOPEN: "draft"},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", Step)
def test_a_step_leads_where_the_table_says_and_nowhere_else(state: str, step: Step) -> None:
    role = a_role(state=state)
    target = TABLE[state].get(step)
    assert after(state, step) == target
    if target is None:
        with pytest.raises(NotAdvancedError):
            advance(role, step, "john", NOW)
    else:
        advance(role, step, "john", NOW)
    role.refresh_from_db()
    assert role.state == (target or state)
    assert role.history.count() == (2 if target else 1)


def test_every_step_is_offered_where_a_person_can_take_it() -> None:
    assert {step for state in STATES for step in steps_from(state)} == set(STEPS) - {Step.EXPIRE}


def test_an_author_does_not_publish_alone() -> None:
    role = a_role(state="review", author="jane")
    with pytest.raises(NotAdvancedError, match="another person"):
        advance(role, Step.PUBLISH, "jane", NOW)
    role.refresh_from_db()
    assert role.state == "review"


def test_what_is_overdue_is_not_published_and_ends_by_itself() -> None:
    yesterday = DAY - timedelta(days=1)
    with pytest.raises(NotAdvancedError, match="deadline"):
        advance(a_role("late", state="review", deadline=yesterday), Step.PUBLISH, "john", NOW)
    over, still = a_role("over", deadline=yesterday), a_role("still", deadline=DAY)
    assert expire(NOW) == "1 roles expired"
    over.refresh_from_db()
    still.refresh_from_db()
    assert (over.state, over.ended_at, still.state) == ("expired", NOW, "published")
    assert expire(NOW) == "0 roles expired"


def test_the_queue_ends_what_is_over() -> None:
    a_role(deadline=timezone.now().date() - timedelta(days=1))
    assert tasks.expire_roles() == "1 roles expired"


def test_only_open_roles_are_found_and_listed(client: Client) -> None:
    role = a_role(state="review", title="Chief of tests", deadline=timezone.now().date())
    assert not SearchEntry.objects.exists()
    advance(role, Step.PUBLISH, "john", timezone.now())
    assert SearchEntry.objects.get().title == "Chief of tests"
    assert "Chief of tests" in client.get("/community/roles/").content.decode()
    assert "Chief of tests" in client.get("/community/").content.decode()
    assert "Chief of tests" in client.get("/").content.decode()
    advance(role, Step.FILL, "john", timezone.now())
    assert not SearchEntry.objects.exists()
    assert "Chief of tests" not in client.get("/community/roles/").content.decode()
    assert "Chief of tests" not in client.get("/").content.decode()


def test_a_role_is_described_to_search_engines_only_while_it_is_open(client: Client) -> None:
    a_role("open", title="</script><b>", country="PL", hours_a_week=20)
    page = client.get("/community/roles/open/").content.decode()
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found
    posting = json.loads(found[1])
    assert posting["@type"] == "JobPosting"
    assert posting["title"] == "</script><b>"
    assert posting["datePosted"] == "2022-03-04"
    assert posting["jobLocationType"] == "TELECOMMUTE"
    assert posting["applicantLocationRequirements"] == {"@type": "Country", "name": "PL"}
    assert "<em>somebody</em>" in posting["description"]
    a_role("done", state="filled")
    page = client.get("/community/roles/done/").content.decode()
    assert "ld+json" not in page
    assert '<meta name="robots" content="noindex">' in page
    assert "This role is filled" in page


def test_a_role_at_a_place_has_an_address(client: Client) -> None:
    a_role("here", is_remote=False, location="Warsaw", country="PL", deadline=timezone.now().date())
    page = client.get("/community/roles/here/").content.decode()
    assert '"addressLocality": "Warsaw"' in page
    assert '"validThrough"' in page


@pytest.mark.parametrize("state", ["draft", "review"])
def test_what_is_not_published_has_no_page(client: Client, state: str) -> None:
    a_role(state=state)
    assert client.get("/community/roles/officer/").status_code == 404
    assert client.get("/community/roles/nothing/").status_code == 404


def test_text_of_a_role_is_never_markup(client: Client) -> None:
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://example.org/z.png)\n\n# Big"
    a_role(why=hostile, core_tasks=hostile)
    page = client.get("/community/roles/officer/").content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<img" not in page.split("<article")[1]


def test_the_pages_ask_little_of_the_database(client: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        a_role(f"role-{number}")
    for address in ("/community/", "/community/roles/", "/community/roles/role-7/"):
        with django_assert_max_num_queries(4):
            assert client.get(address).status_code == 200


def test_the_sample_is_published_once_and_only_on_this_machine(settings: Any, client: Client) -> None:
    settings.PORTAL_BASE_URL = "http://127.0.0.1:8000"
    said = StringIO()
    call_command("create_sample_roles", stdout=said)
    call_command("create_sample_roles", stdout=said)
    assert said.getvalue().splitlines() == [
        "Published: Chief operating officer.",
        "The sample roles are there already.",
    ]
    assert OpenRole.objects.get().state == "published"
    assert "Chief operating officer" in client.get("/community/roles/chief-operating-officer/").content.decode()
    settings.PORTAL_BASE_URL = "https://portal.example.org"
    with pytest.raises(CommandError, match="no sample"):
        call_command("create_sample_roles")
