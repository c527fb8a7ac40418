"""One of everything that teams and permissions have, and what is posted there; see everything.py."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from community import administering
from community.models import Administrator, AdministratorChange, Grant, PermissionState, Person, Repository, Team
from community.permission_importing import import_permissions
from tests.support.made_permissions import small
from tests.support.staff import a_person

ADMIN = "/admin/community"
TEAM, MEMBER, REPOSITORY, GRANT, ADMINISTRATOR, CHANGE, STATE = (
    f"{ADMIN}/{name}"
    for name in (
        "team", "teammember", "repository", "grant", "administrator", "administratorchange", "permissionstate",
    )
)  # fmt: skip
WHY = {"reason": "the minutes say so"}
OWN, DECIDED = "one's own", "decided"
VALUES: dict[tuple[str, str], str] = {("team", ""): "content", ("team", "no team"): "nothing"}


def rows(visitor: str) -> Iterator[tuple[Model, str]]:
    """Make one row of each model and of each case of the table; something is to be exported, and nothing wrong."""
    import_permissions(small(), reason="start", now=timezone.now(), machines=["owner"])
    repository = Repository.objects.get(name="website")
    repository.description = "Another website"
    repository.save()
    team = Team.objects.get(key="content")
    yield team, ""
    yield team.memberships.all()[0], ""
    yield repository, ""
    yield Grant.objects.get(repository=repository), ""
    yield Administrator.objects.get(), ""
    yield PermissionState.objects.get(), ""
    proposer = a_person("proposer")
    yield a_change("fir", proposer), ""
    yield a_change("hazel", User.objects.filter(username=visitor).first() or proposer), OWN
    done = a_change("newcomer", proposer)
    administering.reject(done, timezone.now())
    yield done, DECIDED


def a_change(login: str, author: User, kind: str = "add", **more: Any) -> AdministratorChange:
    """Have a change of administrators proposed."""
    person = Person.objects.with_login(login).first() or Person.objects.create(github_login=login)
    change = AdministratorChange(kind=kind, person=person, reason="They do the work.", **more)
    administering.propose(change, author, timezone.now() - timedelta(hours=1))
    return change


def forms() -> dict[tuple[str, str], Any]:
    """Give what is posted in each case."""
    person, _ = Person.objects.get_or_create(name="Jo", github_login="jo")
    team, repository = Team.objects.get(key="content"), Repository.objects.get(name="website")
    of_member = {"team": team.pk, "person": person.pk, "role": "member", **WHY}
    of_repository = {"description": "x", "kind": "source", "is_managed": "on", **WHY}
    grant = {"repository": repository.pk, "team": Team.objects.get(key="tech-lead").pk, **WHY}
    return {
        (f"{TEAM}/add/", ""): {"key": "another", "name": "Another", **WHY},
        (f"{TEAM}/<object_id>/change/", ""): {"name": "Another", **WHY},
        (f"{TEAM}/<object_id>/delete/", ""): {"post": "yes"},
        (f"{MEMBER}/add/", ""): of_member,
        (f"{MEMBER}/<object_id>/change/", ""): of_member,
        (f"{REPOSITORY}/add/", ""): {"name": "another", **of_repository},
        (f"{REPOSITORY}/<object_id>/change/", ""): of_repository,
        (f"{GRANT}/add/", ""): grant,
        (f"{GRANT}/<object_id>/change/", ""): grant,
        (f"{GRANT}/<object_id>/remove/", ""): WHY,
        (f"{CHANGE}/add/", ""): {"kind": "add", "person": person.pk, **WHY},
        (f"{CHANGE}/<object_id>/change/", ""): {"kind": "add", "person": person.pk, **WHY},
        (f"{STATE}/<object_id>/change/", ""): {"pull_request": "https://github.com/mage-os/terraform/pull/1"},
        (f"{STATE}/now/", ""): WHY,
        **{(f"{each}/<object_id>/delete/", ""): {"post": "yes"} for each in (MEMBER, REPOSITORY, GRANT, CHANGE, STATE)},
    }
