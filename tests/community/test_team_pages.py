"""What everybody sees of teams, and what that lets their members see."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.utils import timezone

from community import rostering, team_saving
from community.models import Grant, Person, Repository, Team, TeamMember
from community.permission_importing import import_permissions
from docs_hub.models import Document
from mageos_portal import finding
from mageos_portal.audience import audience_of
from mageos_portal.models import SearchEntry
from tests.support.made_conduct import a_member, a_version
from tests.support.made_permissions import made_organization, small
from tests.support.staff import a_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def start() -> None:
    import_permissions(small(), reason="start", now=timezone.now(), machines=["owner"])


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def publish(login: str, **fields: Any) -> Person:
    person = Person.objects.get(github_login=login)
    Person.objects.filter(pk=person.pk).update(is_public=True, **fields)
    return person


def test_only_who_agreed_is_named(client: Client) -> None:
    page = text(client, "/community/teams/content/")
    assert "2 people who are not named here" in page
    assert "fir" not in page
    publish("fir", name="Fir Tree")

    page = text(client, "/community/teams/content/")

    assert '<a href="https://github.com/fir">Fir Tree</a>' in page
    assert "and 1 person who is not named here" in page
    assert "hazel" not in page


def test_programs_get_the_same_and_no_more(client: Client) -> None:
    publish("fir", name="Fir Tree")
    TeamMember.objects.filter(person__github_login="fir").update(role="lead")

    answer = client.get("/community/teams.json")

    content = next(team for team in answer.json()["teams"] if team["slug"] == "content")
    assert content["leads"] == {"named": [{"name": "Fir Tree", "github": "fir"}], "unnamed": 0}
    assert content["members"] == {"named": [], "unnamed": 1}
    assert [each["level"] for each in content["repositories"]] == ["push", "push"]
    assert b"hazel" not in answer.content


def test_who_is_erased_is_not_named_though_the_row_says_public(client: Client) -> None:
    publish("fir", name="Fir Tree", erased_at=timezone.now())
    assert "Fir Tree" not in text(client, "/community/teams/content/")
    assert "Fir Tree" not in text(client, "/community/teams.json")


def test_the_tech_leads_maintain_everything_that_is_not_archived(client: Client) -> None:
    Repository.objects.filter(name="meta").update(archived=True)
    found = next(t for t in client.get("/community/teams.json").json()["teams"] if t["slug"] == "tech-lead")
    levels = {each["name"]: each["level"] for each in found["repositories"]}
    assert levels == {"website": "maintain", "meta": "archived, nobody can push"}


def test_a_team_that_ended_says_so_and_is_listed_nowhere(client: Client) -> None:
    publish("fir", name="Fir Tree")
    team = Team.objects.get(key="content")
    team.is_archived = True
    team_saving.save_team(team, "it ended", timezone.now().date())

    page = text(client, "/community/teams/content/")

    assert "This team has ended." in page
    assert '<meta name="robots" content="noindex">' in page
    assert "Alumni" in page
    assert "Fir Tree" in page
    for path in ("/community/", "/community/teams/", "/community/teams.json"):
        assert "/community/teams/content/" not in text(client, path)
    assert not Grant.objects.filter(team=team).exists()


def test_words_of_teams_are_never_markup(client: Client) -> None:
    hostile = "<script>alert(1)</script>"
    Team.objects.filter(key="content").update(name=hostile, description=hostile, purpose=hostile)
    Repository.objects.update(description=hostile)
    publish("fir", name=hostile)
    for path in ("/community/", "/community/teams/", "/community/teams/content/"):
        assert "<script>alert" not in text(client, path)


def test_pages_ask_little_of_the_database_however_large_it_is(client: Client, django_assert_num_queries: Any) -> None:
    for organization in (small(), made_organization(administrators=["owner"])):
        import_permissions(organization, reason="x", now=timezone.now())
        for path, queries in (
            ("/community/teams/", 1),
            ("/community/teams/tech-lead/", 4),
            ("/community/teams.json", 4),
            ("/community/", 3),
        ):
            with django_assert_num_queries(queries):
                text(client, path)


def test_the_search_finds_teams_by_what_they_are_for(client: Client) -> None:
    team = Team.objects.get(key="content")
    team.purpose = "We write the newsletter"
    team_saving.save_team(team, "said so", timezone.now().date())
    entry = SearchEntry.objects.get(kind="team", title="Content")
    assert (entry.url, entry.visibility) == ("/community/teams/content/", "public")
    assert "<mark>newsletter</mark>" in text(client, "/search/?q=newsletter")
    done = finding.rebuild()
    assert (done["community.teams"].written, done["community.teams"].removed) == (0, 0)
    assert not SearchEntry.objects.filter(text__contains="hazel").exists()


def test_a_team_page_is_reached_without_scripts(client: Client) -> None:
    assert 'href="/community/teams/"' in text(client, "/community/")
    assert 'href="/community/teams/content/"' in text(client, "/community/teams/")
    assert client.get("/community/teams/no-such/").status_code == 404


def teams_of(user: User) -> frozenset[str]:
    request = RequestFactory().get("/")
    request.user = user
    return audience_of(request).teams


def test_members_and_leads_see_what_is_shared_with_their_team() -> None:
    version = a_version(1)
    fir, hazel, other = (a_member(name, version) for name in ("fir", "hazel", "other"))
    for user in (fir, hazel):
        Person.objects.get_or_create(user=user)
        Person.objects.filter(user=user).update(user=None)
        Person.objects.filter(github_login=user.username).update(user=user)
    TeamMember.objects.filter(person__user=fir).update(role="lead")

    assert teams_of(fir) == teams_of(hazel) == {"content"}
    assert teams_of(other) == frozenset()
    request = RequestFactory().get("/")
    request.user = fir
    assert audience_of(request).may_see("team", "content")
    assert Document.objects.filter(audience_of(request).visible()).count() == 0

    rostering.leave(TeamMember.objects.get(person__user=fir), "left", timezone.now().date())
    assert teams_of(fir) == frozenset()


def test_who_is_no_member_sees_nothing_of_their_team() -> None:
    user = a_person("fir", staff=False)
    Person.objects.filter(github_login="fir").update(user=user)
    assert teams_of(user) == frozenset()


def test_who_is_erased_leaves_everything() -> None:
    fir = Person.objects.get(github_login="fir")
    assert rostering.leave_everything(fir, "asked to be erased") == 1
    assert not fir.team_memberships.exists()
    assert TeamMember.history.filter(person=fir, history_type="-").get().history_change_reason == "asked to be erased"
    owner = Person.objects.get(github_login="owner")
    with pytest.raises(rostering.StillAdministratorError, match="administers the organization"):
        rostering.leave_everything(owner, "asked")
    assert owner.team_memberships.exists()
