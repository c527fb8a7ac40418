"""What keepers of teams do in the admin: change, with a reason; look; propose, approve; export."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from community.models import (
    Administrator,
    AdministratorChange,
    Grant,
    PermissionState,
    Person,
    Repository,
    Team,
    TeamMember,
)
from community.permission_importing import import_permissions
from community.permission_rows import read_rows
from tests.support.made_permissions import made_organization, small
from tests.support.staff import a_person, logged_in

pytestmark = pytest.mark.django_db

ADMIN = "/admin/community"
NOW = f"{ADMIN}/permissionstate/now/"
WHY = {"reason": "the minutes say so"}


@pytest.fixture
def keeper() -> Client:
    return logged_in(a_person("kim", "team keeper"))


@pytest.fixture(autouse=True)
def start() -> None:
    import_permissions(small(), reason="start", now=timezone.now(), machines=["owner"])


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def edited(client: Client, path: str, **fields: Any) -> Any:
    return client.post(f"{ADMIN}/{path}/", {name: value for name, value in fields.items() if value is not None})


def of_repository(repository: Repository, **changed: Any) -> dict[str, Any]:
    return {"description": repository.description, "is_managed": "on", "extras": "{}", **WHY, **changed}


def test_a_change_needs_a_reason_and_keeps_it(keeper: Client) -> None:
    team = Team.objects.get(key="content")
    assert "This field is required" in text(edited(keeper, f"team/{team.pk}/change", name="Words"))
    assert edited(keeper, f"team/{team.pk}/change", name="Words", purpose="We write.", **WHY).status_code == 302
    past = team.history.latest()
    assert (past.name, past.history_change_reason, past.history_user.username) == ("Words", WHY["reason"], "kim")


def test_who_joins_stands_last_and_who_leaves_becomes_an_alumnus(keeper: Client) -> None:
    team, jo = Team.objects.get(key="content"), Person.objects.create(github_login="jo")
    edited(keeper, "teammember/add", team=team.pk, person=jo.pk, role="lead", **WHY)
    assert read_rows().teams["content"].members == ("fir", "hazel", "jo")

    row = TeamMember.objects.get(person=jo)
    edited(keeper, f"teammember/{row.pk}/change", role="alumni", **WHY)

    row.refresh_from_db()
    assert (row.role, row.until) == ("alumni", timezone.now().date())
    edited(keeper, f"teammember/{row.pk}/change", role="member", until="2020-01-01", **WHY)
    row.refresh_from_db()
    assert (row.role, row.until) == ("member", None)
    again = edited(keeper, "teammember/add", team=team.pk, person=jo.pk, role="lead", **WHY)
    assert "They are or were in this team already" in text(again)
    wrong = edited(keeper, f"teammember/{row.pk}/change", role="alumni", since="2022-01-01", until="2021-01-01", **WHY)
    assert "They left after they joined" in text(wrong)


def test_a_team_that_ends_loses_its_people_and_grants(keeper: Client) -> None:
    team = Team.objects.get(key="content")
    edited(keeper, f"team/{team.pk}/change", name="Content", is_archived="on", **WHY)
    assert {row.role for row in team.memberships.all()} == {"alumni"}
    assert "content" not in read_rows().teams
    assert Grant.history.filter(history_type="-").count() == 2
    assert f"{ADMIN}/team/{team.pk}/change/" in text(keeper.get(f"{ADMIN}/team/?is_archived__exact=1"))


@pytest.mark.parametrize("extras", ["[]", "{", '{"a": null}', '{"members": []}', "[" * 100_000])
def test_other_keys_have_to_be_json_that_can_be_kept(keeper: Client, extras: str) -> None:
    team = Team.objects.get(key="content")
    answer = edited(keeper, f"team/{team.pk}/change", name="Content", extras=extras, **WHY)
    assert "extras" in answer.context["adminform"].form.errors
    edited(keeper, f"team/{team.pk}/change", name="Content", extras='{"b": 1, "a": [1.0]}', **WHY)
    team.refresh_from_db()
    assert team.extras == '{"a": [1.0], "b": 1}'


def test_options_that_are_left_empty_stay_absent(keeper: Client) -> None:
    website = Repository.objects.get(name="website")
    website.topics = []
    website.save()
    before = read_rows()
    edited(keeper, f"repository/{website.pk}/change", **of_repository(website))
    assert read_rows() == before

    edited(keeper, f"repository/{website.pk}/change", **of_repository(website, topics="a b\nc", default_branch="main"))

    found = read_rows().repositories["website"]
    assert (found.topics, found.default_branch, found.archived) == (("a", "b", "c"), "main", None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topics", "Not"),
        ("topics", "a a"),
        ("topics", " ".join(f"t{number}" for number in range(21))),
        ("default_branch", "a b"),
        ("release_please_branch", "-"),
        ("description", "x" * 351),
        ("description", "a\u202eb"),
    ],
)
def test_what_github_would_refuse_is_refused(keeper: Client, field: str, value: str) -> None:
    website = Repository.objects.get(name="website")
    answer = edited(keeper, f"repository/{website.pk}/change", **of_repository(website, **{field: value}))
    assert field in answer.context["adminform"].form.errors


def test_a_mirror_has_no_options_and_names_differ_by_more_than_capitals(keeper: Client) -> None:
    fields = {"kind": "mirror", "is_managed": "on", "extras": "{}", **WHY}
    wrong = edited(keeper, "repository/add", name="mirror-x", default_branch="main", **fields)
    assert "no other option" in text(wrong)
    assert "capitals make no difference" in text(edited(keeper, "repository/add", name="Website", **fields))
    assert edited(keeper, "repository/add", name="mirror-x", **fields).status_code == 302
    mirror = Repository.objects.get(name="mirror-x")
    wrong = edited(keeper, f"repository/{mirror.pk}/change", **of_repository(mirror, archived="true"))
    assert "no other option" in text(wrong)


def test_a_repository_that_is_let_go_loses_its_grants_and_keeps_its_past(keeper: Client) -> None:
    website = Repository.objects.get(name="website")
    edited(keeper, f"repository/{website.pk}/change", **of_repository(website, is_managed=None))
    assert "website" not in read_rows().repositories
    assert not website.grants.exists()
    assert text(keeper.get(f"{ADMIN}/repository/{website.pk}/history/"))


def test_a_grant_is_to_a_team_or_a_person_and_is_taken_back_with_a_reason(keeper: Client) -> None:
    website, team = Repository.objects.get(name="website"), Team.objects.get(key="tech-lead")
    fir = Person.objects.get(github_login="fir")
    for fields in ({}, {"team": team.pk, "person": fir.pk}):
        assert "not both" in text(edited(keeper, "grant/add", repository=website.pk, **fields, **WHY))
    edited(keeper, "grant/add", repository=website.pk, team=team.pk, **WHY)
    edited(keeper, "grant/add", repository=website.pk, person=fir.pk, **WHY)
    found = read_rows().repositories["website"]
    assert (found.teams, found.users) == (("content", "tech-lead"), ("fir",))
    again = edited(keeper, "grant/add", repository=website.pk, team=team.pk, **WHY)
    assert "The team has this repository already" in text(again)

    grant = Grant.objects.get(team=team)
    page = text(edited(keeper, f"grant/{grant.pk}/remove"))
    assert "tech-lead loses push on website with the next export" in page
    assert edited(keeper, f"grant/{grant.pk}/remove", **WHY).status_code == 302

    assert read_rows().repositories["website"].teams == ("content",)
    assert Grant.history.filter(history_type="-").get().history_change_reason == WHY["reason"]
    assert text(keeper.get(f"{ADMIN}/grant/"))


def test_what_is_closed_gets_no_new_grants(keeper: Client) -> None:
    fir, nobody = Person.objects.get(github_login="fir"), Person.objects.create(name="No GitHub")
    website, meta = Repository.objects.get(name="website"), Repository.objects.get(name="meta")
    mirror = Repository.objects.create(name="mirror-x", kind="mirror")
    Repository.objects.filter(pk=meta.pk).update(archived=True)
    ended = Team.objects.create(key="ended", is_archived=True)
    for fields, words in (
        ({"repository": meta.pk, "person": fir.pk}, "gets no new grants"),
        ({"repository": website.pk, "team": ended.pk}, "The team has ended"),
        ({"repository": mirror.pk, "person": fir.pk}, "Only the machine account"),
        ({"repository": website.pk, "person": nobody.pk}, "no login on GitHub"),
    ):
        assert words in text(edited(keeper, "grant/add", **fields, **WHY))
    team = Team.objects.get(key="content")
    edited(keeper, "grant/add", repository=mirror.pk, team=team.pk, **WHY)
    assert Grant.objects.get(repository=mirror).level == "listed"


def test_an_administrator_is_proposed_by_one_and_approved_by_two_others(keeper: Client) -> None:
    fir = Person.objects.get(github_login="fir")
    answer = edited(keeper, "administratorchange/add", kind="add", person=fir.pk, reason="They do the work.")
    assert answer.status_code == 302
    change = AdministratorChange.objects.get()
    page = f"administratorchange/{change.pk}"
    assert "Who proposed it, or whom it is about" in text(keeper.post(f"{ADMIN}/{page}/approve/", follow=True))
    others = [logged_in(a_person(name, "team keeper")) for name in ("jane", "joan")]
    assert "They do the work." in text(others[0].get(f"{ADMIN}/{page}/approve/"))
    assert "one more has to" in text(others[0].post(f"{ADMIN}/{page}/approve/", follow=True))
    assert not Administrator.objects.filter(person=fir).exists()
    assert "it counts now" in text(others[1].post(f"{ADMIN}/{page}/approve/", follow=True))
    assert Administrator.objects.filter(person=fir).exists()
    shown = text(keeper.get(f"{ADMIN}/{page}/change/"))
    assert "jane" in shown
    assert "/approve/" not in shown
    assert LogEntry.objects.filter(change_message__contains="it counts now").exists()
    again = edited(keeper, "administratorchange/add", kind="add", person=fir.pk, reason="x")
    assert "is an administrator already" in text(again)


def test_a_proposal_about_somebody_waits_alone(keeper: Client) -> None:
    fir = Person.objects.get(github_login="fir")
    for _ in range(2):
        answer = edited(keeper, "administratorchange/add", kind="add", person=fir.pk, reason="x")
    assert "waits for approval already" in text(answer)
    AdministratorChange.objects.update(expires_at=timezone.now(), proposed_at="2020-01-01T00:00Z")
    assert edited(keeper, "administratorchange/add", kind="add", person=fir.pk, reason="x").status_code == 302
    assert "Rejected." in text(
        keeper.post(
            f"{ADMIN}/administratorchange/{AdministratorChange.objects.latest('proposed_at').pk}/reject/", follow=True
        )
    )


def test_an_export_is_looked_at_said_why_and_downloaded(keeper: Client, tmp_path: Path) -> None:
    assert "The latest state is what would be exported" in text(keeper.get(NOW))
    Repository.objects.filter(name="website").update(description="<b>Another</b>")
    page = text(keeper.get(NOW))
    assert "description of website: The website → &lt;b&gt;Another&lt;/b&gt;" in page
    assert "description = &quot;&lt;b&gt;Another&lt;/b&gt;&quot;" in page
    assert "This field is required" in text(keeper.post(NOW, {}))
    seen = keeper.get(NOW).context["draft"].sha256

    answer = keeper.post(NOW, {"seen": seen, **WHY}, follow=True)

    state = PermissionState.objects.latest("pk")
    assert (state.kind, state.actor, state.reason, state.sha256) == ("exported", "kim", WHY["reason"], seen)
    assert "description of website" in text(answer)
    assert seen in LogEntry.objects.latest("pk").change_message
    file = keeper.get(f"{ADMIN}/permissionstate/{state.pk}/file/")
    assert 'filename="portal.auto.tfvars.json"' in file["Content-Disposition"]
    call_command("export_permissions", "--output", tmp_path / "x.json", stdout=StringIO())
    assert file.content == (tmp_path / "x.json").read_bytes()
    assert json.loads(file.content)["repositories"]["website"]["description"] == "<b>Another</b>"


def test_what_was_not_looked_at_or_is_wrong_is_not_exported(keeper: Client) -> None:
    Repository.objects.filter(name="website").update(description="Another")
    seen = keeper.get(NOW).context["draft"].sha256
    Repository.objects.filter(name="website").update(description="A third one")
    assert "changed since you looked" in text(keeper.post(NOW, {"seen": seen, **WHY}, follow=True))
    Repository.objects.filter(name="website").update(topics=["Not a topic"])
    assert "Errors stop an export" in text(keeper.get(NOW))
    assert "1 errors stop the export" in text(keeper.post(NOW, WHY, follow=True))
    assert PermissionState.objects.count() == 1


def test_a_pull_request_and_the_day_of_applying_are_noted(keeper: Client) -> None:
    state = PermissionState.objects.get()
    was = state.content
    fields = {"pull_request": "javascript:alert(1)"}
    assert "Enter a valid URL" in text(edited(keeper, f"permissionstate/{state.pk}/change", **fields))
    applied = {"applied_at_0": "2026-01-02", "applied_at_1": "00:00:00", "content": "{}", "sha256": "x"}
    edited(keeper, f"permissionstate/{state.pk}/change", pull_request="https://github.com/o/r/pull/1", **applied)
    state.refresh_from_db()
    assert (state.pull_request, state.content) == ("https://github.com/o/r/pull/1", was)
    assert state.applied_at


@pytest.mark.parametrize(
    ("page", "queries"),
    [
        ("team", 10),
        ("teammember", 8),
        ("repository", 10),
        ("grant", 8),
        ("administrator", 7),
        ("administratorchange", 7),
        ("permissionstate", 9),
        ("permissionstate/now", 16),
    ],
)
def test_lists_ask_as_much_of_the_database_however_much_there_is(keeper: Client, page: str, queries: int) -> None:
    counts = []
    for organization in (small(), made_organization(administrators=["owner"])):
        import_permissions(organization, reason="x", now=timezone.now())
        with CaptureQueriesContext(connection) as asked:
            text(keeper.get(f"{ADMIN}/{page}/"))
        counts.append(len(asked))
    assert counts == [queries, queries]


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("team/?q=cont&is_archived__exact=0", "content"),
        ("teammember/?q=fir&role__exact=member", "fir"),
        ("repository/?q=web&kind__exact=source", "website"),
        ("grant/?q=web&level__exact=push", "website"),
        ("administrator/?q=own", "owner"),
        ("permissionstate/?q=start&kind__exact=imported", "start"),
    ],
)
def test_lists_can_be_searched_and_filtered(keeper: Client, page: str, shown: str) -> None:
    found = keeper.get(f"{ADMIN}/{page}")
    assert found.context["cl"].result_count == 1
    assert shown in text(found)


def test_teams_are_found_while_one_types(keeper: Client) -> None:
    asked = {"app_label": "community", "model_name": "grant", "field_name": "team", "term": "cont"}
    found: Any = keeper.get("/admin/autocomplete/", asked)
    assert [each["text"] for each in found.json()["results"]] == ["Content"]
