"""What the OpenTofu configuration makes of an organization on GitHub.

Source: main.tf of the organization's configuration. What it does against expectation is kept:
whoever is in no team and no administrator is no member of the organization; ``users`` of a
repository get a push allowance and a line in CODEOWNERS but no access; ``teams`` of a mirror are
never read; archived repositories keep their CODEOWNERS and grants.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from community.permissions import Organization, Repository

TECH_LEAD = "tech-lead"  # the team that maintains every repository

Level = Literal["push", "maintain", "allowance"]
Access = dict[str, Level]  # repository to the highest level
Resources = dict[str, object]  # address to what would be set there
RANKS: tuple[Level, ...] = ("allowance", "push", "maintain")


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One holder's level on one repository; an allowance lets nobody in who has no access."""

    repository: str
    kind: Literal["team", "person"]
    holder: str  # key of a team, or login
    level: Level


def grants(organization: Organization) -> tuple[Grant, ...]:
    """Give every grant, sorted."""
    found = set()
    for name, repository in organization.repositories.items():
        found |= {Grant(name, "team", team, "push") for team in repository.teams}
        found |= {Grant(name, "person", login, "allowance") for login in repository.users or ()}
        if TECH_LEAD in organization.teams:
            found.add(Grant(name, "team", TECH_LEAD, "maintain"))
    return tuple(sorted(found))


def open_repositories(organization: Organization) -> frozenset[str]:
    """Give the names of those that can be written to."""
    return frozenset(name for name, repository in organization.repositories.items() if not repository.archived)


def access_of_team(organization: Organization, team: str) -> Access:
    """Give what being in a team allows; archived repositories take no pushes."""
    if team not in organization.teams:
        return {}
    if team == TECH_LEAD:
        return dict.fromkeys(sorted(open_repositories(organization)), "maintain")
    held = (n for n, repository in organization.repositories.items() if team in repository.teams)
    return dict.fromkeys(sorted(open_repositories(organization) & set(held)), "push")


def access(organization: Organization) -> dict[str, Access]:
    """Give what every member may do through teams; administrators may do everything besides."""
    found: dict[str, Access] = {login: {} for login in members(organization)}
    for key, team in organization.teams.items():
        held = access_of_team(organization, key)
        for login in team.members:
            _raise(found[login], held)
    return found


def _raise(into: Access, more: Access) -> None:
    for name, level in more.items():
        if name not in into or RANKS.index(into[name]) < RANKS.index(level):
            into[name] = level


def members(organization: Organization) -> dict[str, str]:
    """Give the organization's members with their role: who is in a team, and administrators."""
    logins = {login for team in organization.teams.values() for login in team.members}
    return {
        login: "admin" if login in organization.administrators else "member"
        for login in sorted(logins | set(organization.administrators))
    }


def upstream_links(organization: Organization) -> dict[str, str]:
    """Give the repositories that merge from a mirror, with its name."""
    pairs = ((n, n.replace("mageos-", "mirror-")) for n in sorted(organization.repositories) if n.startswith("mageos-"))
    return {name: mirror for name, mirror in pairs if mirror in organization.mirror_repositories}


def code_owners(repository: Repository) -> tuple[str, ...]:
    """Give those who are asked to review, teams first; the order is the file's."""
    return (*repository.teams, *(repository.users or ()))


def resources(organization: Organization) -> Resources:
    """Give every resource by its address, as the plan of OpenTofu lists them."""
    return dict(sorted([*_people(organization), *_repositories(organization), *_mirrors(organization)]))


def _people(organization: Organization) -> Iterator[tuple[str, object]]:
    for login, role in members(organization).items():
        yield _address("github_membership.users", login), role
    for key, team in organization.teams.items():
        yield _address("github_team.teams", key), team.description
        for login in team.members:
            role = "maintainer" if login in organization.administrators else "member"
            yield _address("github_team_membership.members", f"{login}_{key}"), role


def _repositories(organization: Organization) -> Iterator[tuple[str, object]]:
    for name, repository in organization.repositories.items():
        yield _address("github_repository.repositories", name), _settings(repository)
        yield _address("github_repository_file.codeowners", name), code_owners(repository)
        yield _address("github_team_repository.tech-lead", name), "maintain"
        for team in repository.teams:
            yield _address("github_team_repository.teams", f"{name}_{team}"), "push"
        yield from _branches(name, repository)
        if not repository.archived:
            yield _address("github_repository_file.sansec_ecomscan_workflow", name), "the same for all"
    for name, mirror in upstream_links(organization).items():
        yield _address("github_repository_file.merge-upstream-changes", name), mirror


def _settings(repository: Repository) -> tuple[object, ...]:
    topics = tuple(sorted(set(repository.topics or ())))
    return repository.description, topics, repository.homepage_url or "", bool(repository.archived)


def _branches(name: str, repository: Repository) -> Iterator[tuple[str, object]]:
    if not repository.archived:
        owners = frozenset(code_owners(repository))
        pushers = "the machine account" if repository.is_part_of_monorepo else owners
        yield _address("github_branch_protection.repositories", name), pushers
    if repository.release_please_branch:
        branch = repository.release_please_branch
        yield _address("github_branch_protection.repositories-release-please", name), branch
    if repository.default_branch:
        yield _address("github_branch_default.repositories", name), repository.default_branch


def _mirrors(organization: Organization) -> Iterator[tuple[str, object]]:
    for name, mirror in organization.mirror_repositories.items():
        settings = (mirror.description, tuple(sorted(set(mirror.topics or ()))))
        yield _address("github_repository.mirrors", name), settings
        yield _address("github_branch_protection.mirrors", name), "the machine account"


def _address(kind: str, key: str) -> str:
    return f'{kind}["{key}"]'
