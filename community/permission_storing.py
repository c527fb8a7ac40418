"""Permissions as data, written into rows: only what differs, each with its reason, whole or not at all."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.db import models, transaction

from community import rostering
from community.models import Administrator, Grant, Person, Repository, Team, TeamMember, Variable
from community.models.teams import as_text
from community.permissions import Mirror, Organization, person
from community.permissions import Repository as RepositoryData
from community.permissions import Team as TeamData

Ordered = TypeVar("Ordered", TeamMember, Grant, Administrator)

OPTIONS = ("default_branch", "homepage_url", "archived", "is_part_of_monorepo", "release_please_branch")


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes rows that differ."""

    reason: str
    today: date
    people: dict[str, Person]  # by person(login)

    def put(self, row: models.Model, **values: Any) -> None:
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        for name, value in changed.items():
            setattr(row, name, value)
        if changed or row.pk is None:
            rostering.save(row, self.reason)

    def put_list(
        self,
        there: Mapping[str, Ordered],
        wanted: Sequence[str],
        new: Callable[[str], Ordered],
        drop: Callable[[Ordered], None],
    ) -> None:
        """Have rows for these names, in this order, and for no others; positions change only with the order."""
        for name in there.keys() - set(wanted):
            drop(there[name])
        if list(there) == list(wanted):
            return
        for position, name in enumerate(wanted):
            if name in there:
                self.put(there[name], position=position)
            else:
                self.add(new(name), position)

    def add(self, row: Ordered, position: int) -> None:
        row.position = position
        rostering.save(row, self.reason)

    def drop(self, row: models.Model) -> None:
        rostering.remove(row, self.reason)


def store(organization: Organization, reason: str, today: date) -> None:
    """Make the rows say what an organization says, which has to be holdable (permission_limits)."""
    with transaction.atomic():
        writer = Writer(reason, today, _people(organization))
        teams = _teams(organization, writer)
        _repositories(organization, teams, writer)
        _administrators(organization.administrators, writer)
        _variables(organization, writer)


def _people(organization: Organization) -> dict[str, Person]:
    """Give everybody who is named, noted down if they are new, with their logins as they are spelt there."""
    logins = {*organization.administrators}
    logins |= {login for team in organization.teams.values() for login in team.members}
    logins |= {login for repository in organization.repositories.values() for login in repository.users or ()}
    known = {person(row.github_login): row for row in Person.objects.exclude(github_login="")}
    found = {}
    for login in sorted(logins):
        row = known.get(person(login)) or Person()
        if row.github_login != login:
            row.github_login = login
            row.save()
        found[login] = row
    return found


def _teams(organization: Organization, writer: Writer) -> dict[str, Team]:
    there = {team.key: team for team in Team.objects.all()}
    members: dict[int, list[TeamMember]] = {}
    for membership in TeamMember.objects.select_related("person"):
        members.setdefault(membership.team_id, []).append(membership)
    for key in sorted(there.keys() - organization.teams.keys()):
        if not there[key].is_archived:
            rostering.archive_team(there[key], writer.reason, writer.today)
    for key, data in sorted(organization.teams.items()):
        team = there.setdefault(key, Team(key=key))
        texts = {"name": data.name, "description": data.description, "extras": as_text(data.extras)}
        writer.put(team, **texts, is_archived=False)
        _members(team, data, members.get(team.pk, []), writer)
    return there


def _members(team: Team, data: TeamData, there: Sequence[TeamMember], writer: Writer) -> None:
    everybody = {row.person.github_login or f"#{row.pk}": row for row in there}
    active = {
        login: row for login, row in everybody.items() if row.role in TeamMember.ACTIVE and row.person.github_login
    }

    def new(login: str) -> TeamMember:
        row = everybody.get(login) or TeamMember(team=team, person=writer.people[login])
        row.role, row.until = TeamMember.Role.MEMBER, None
        return row

    def drop(row: TeamMember) -> None:
        rostering.leave(row, writer.reason, writer.today)

    writer.put_list(active, data.members, new, drop)


def _repositories(organization: Organization, teams: Mapping[str, Team], writer: Writer) -> None:
    there = {row.name.casefold(): row for row in Repository.objects.all()}
    grants: dict[int, list[Grant]] = {}
    for grant in Grant.objects.select_related("team", "person"):
        grants.setdefault(grant.repository_id, []).append(grant)
    wanted: dict[str, RepositoryData | Mirror] = {**organization.repositories, **organization.mirror_repositories}
    for folded in sorted(there.keys() - {name.casefold() for name in wanted}):
        if there[folded].is_managed:
            rostering.let_go(there[folded], writer.reason)
    for name, data in sorted(wanted.items()):
        row = there.get(name.casefold()) or Repository()
        writer.put(row, **_values(name, data))
        _grants(row, data, grants.get(row.pk, []), teams, writer)


def _values(name: str, data: RepositoryData | Mirror) -> dict[str, Any]:
    is_mirror = isinstance(data, Mirror)
    return {
        "name": name,
        "kind": Repository.Kind.MIRROR if is_mirror else Repository.Kind.SOURCE,
        "description": data.description,
        "topics": None if data.topics is None else list(data.topics),
        **{option: None if isinstance(data, Mirror) else getattr(data, option) for option in OPTIONS},
        "lists_nobody": not isinstance(data, Mirror) and data.users == (),
        "is_managed": True,
        "extras": as_text(data.extras),
    }


def _grants(
    row: Repository,
    data: RepositoryData | Mirror,
    there: Sequence[Grant],
    teams: Mapping[str, Team],
    writer: Writer,
) -> None:
    level = level_of_team(row)
    to_teams = {grant.team.key: grant for grant in there if grant.team and grant.level == level}
    to_people = {grant.person.github_login: grant for grant in there if grant.person}
    for grant in there:
        if grant.team and grant.level != level:  # a mirror that is one no longer, or the other way round
            writer.drop(grant)
    allowance = Grant.Level.ALLOWANCE
    people = () if isinstance(data, Mirror) else data.users or ()
    writer.put_list(to_teams, data.teams, lambda key: Grant(repository=row, team=teams[key], level=level), writer.drop)
    writer.put_list(
        to_people, people, lambda name: Grant(repository=row, person=writer.people[name], level=allowance), writer.drop
    )


def level_of_team(row: Repository) -> Grant.Level:
    """Give what it means that a repository lists a team."""
    return Grant.Level.LISTED if row.kind == Repository.Kind.MIRROR else Grant.Level.PUSH


def _administrators(wanted: Sequence[str], writer: Writer) -> None:
    there = {row.person.github_login or f"#{row.pk}": row for row in Administrator.objects.select_related("person")}
    writer.put_list(there, wanted, lambda login: Administrator(person=writer.people[login]), writer.drop)


def _variables(organization: Organization, writer: Writer) -> None:
    there = {row.name: row for row in Variable.objects.all()}
    for name in sorted(there.keys() - organization.extras.keys()):
        writer.drop(there[name])
    for name, value in sorted(organization.extras.items()):
        row = there.get(name) or Variable(name=name)
        writer.put(row, value=json.dumps(value, sort_keys=True, ensure_ascii=False))
