"""The rows of teams, repositories and grants, read as the data that OpenTofu takes."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

from community.models import Administrator, Grant, Repository, Team, TeamMember, Variable
from community.permissions import Data, Organization

Lists = Mapping[tuple[str, int], list[str]]  # names by ("team" or "person", primary key of a repository)


def read_rows() -> Organization:
    """Give what the rows say, in six queries. Who has no login on GitHub is in the portal's teams only."""
    return Organization.model_validate(
        {
            **{variable.name: json.loads(variable.value) for variable in Variable.objects.all()},
            "administrators": _logins(Administrator.objects.select_related("person")),
            "teams": _teams(),
            **_repositories(),
        }
    )


def _teams() -> Data:
    members: dict[int, list[TeamMember]] = defaultdict(list)
    for row in TeamMember.objects.active().select_related("person"):
        members[row.team_id].append(row)
    return {
        team.key: {
            **json.loads(team.extras),
            "name": team.name,
            "description": team.description,
            "members": _logins(members[team.pk]),
        }
        for team in Team.objects.active()
    }


def _logins(rows: Iterable[TeamMember] | Iterable[Administrator]) -> list[str]:
    return [row.person.github_login for row in rows if row.person.github_login]


def _repositories() -> Data:
    lists = _lists()
    found: dict[str, Data] = {"repositories": {}, "mirror_repositories": {}}
    for row in Repository.objects.managed():
        is_mirror = row.kind == Repository.Kind.MIRROR
        section, data = ("mirror_repositories", _mirror(row)) if is_mirror else ("repositories", _source(row, lists))
        found[section][row.name] = {**json.loads(row.extras), **data, "teams": lists["team", row.pk]}
    return found


def _lists() -> Lists:
    lists: dict[tuple[str, int], list[str]] = defaultdict(list)
    for grant in Grant.objects.select_related("team", "person"):
        if grant.team:
            lists["team", grant.repository_id].append(grant.team.key)
        elif grant.person and grant.person.github_login:
            lists["person", grant.repository_id].append(grant.person.github_login)
    return lists


def _mirror(row: Repository) -> Data:
    return {"description": row.description} | ({} if row.topics is None else {"topics": row.topics})


def _source(row: Repository, lists: Lists) -> Data:
    users = lists["person", row.pk]
    options = {
        "topics": row.topics,
        "users": users if users or row.lists_nobody else None,
        "default_branch": row.default_branch,
        "homepage_url": row.homepage_url,
        "archived": row.archived,
        "is_part_of_monorepo": row.is_part_of_monorepo,
        "release_please_branch": row.release_please_branch,
    }
    return {"description": row.description} | {key: value for key, value in options.items() if value is not None}
