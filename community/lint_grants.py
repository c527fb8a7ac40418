"""Checks of teams, grants and pairs: what the configuration would do against expectation."""

from collections.abc import Iterator

from community.github_effects import TECH_LEAD, access, upstream_links
from community.known_facts import Found, Known
from community.permissions import Organization, Team, shown


def unknown_team(organization: Organization, _: Known) -> Iterator[Found]:
    for section in ("repositories", "mirror_repositories"):
        for name, entry in sorted(getattr(organization, section).items()):
            for team in entry.teams:
                if team not in organization.teams:
                    yield shown((section, name, "teams")), f"there is no team {team}"


def empty_team(organization: Organization, _: Known) -> Iterator[Found]:
    for key, team in sorted(organization.teams.items()):
        if not team.members:
            yield shown(("teams", key)), "has no members"


def no_tech_lead(organization: Organization, _: Known) -> Iterator[Found]:
    if TECH_LEAD not in organization.teams:
        yield "teams", f"there is no team {TECH_LEAD}"


def last_maintainer_lost(organization: Organization, known: Known) -> Iterator[Found]:
    if known.before is None:
        return
    for key, team in sorted(organization.teams.items()):
        before = known.before.teams.get(key)
        if (
            before
            and _maintainers(known.before, key, before, known)
            and not _maintainers(organization, key, team, known)
        ):
            yield shown(("teams", key)), "loses its last maintainer"


def _maintainers(organization: Organization, key: str, team: Team, known: Known) -> set[str]:
    """Give a team's leads, and administrators among its members: the configuration makes them maintainers."""
    return set(team.members) & {*organization.administrators, *known.leads.get(key, ())}


def tech_lead_granted_twice(organization: Organization, _: Known) -> Iterator[Found]:
    for name, repository in sorted(organization.repositories.items()):
        if TECH_LEAD in repository.teams:
            yield shown(("repositories", name, "teams")), f"lists {TECH_LEAD}, which maintains every repository anyway"


def archived_gains_grants(organization: Organization, known: Known) -> Iterator[Found]:
    if known.before is None:
        return
    for name, repository in sorted(organization.repositories.items()):
        before = known.before.repositories.get(name)
        held = {*before.teams, *(before.users or ())} if before else set()
        gained = sorted({*repository.teams, *(repository.users or ())} - held)
        if repository.archived and gained:
            yield shown(("repositories", name)), f"is archived and newly granted to {', '.join(gained)}"


def archived_still_managed(organization: Organization, _: Known) -> Iterator[Found]:
    for name, repository in sorted(organization.repositories.items()):
        if repository.archived:
            yield shown(("repositories", name)), "is archived and still gets a CODEOWNERS file and grants of teams"


def granted_to_nobody(organization: Organization, _: Known) -> Iterator[Found]:
    for name, repository in sorted(organization.repositories.items()):
        if not repository.teams and not repository.archived:
            yield shown(("repositories", name, "teams")), "no team may push"


def user_without_access(organization: Organization, _: Known) -> Iterator[Found]:
    held = access(organization)
    for name, repository in sorted(organization.repositories.items()):
        for login in () if repository.archived else repository.users or ():
            if name not in held.get(login, {}) and login not in organization.administrators:
                yield shown(("repositories", name, "users")), f"{login} gets an allowance to push but no access"


def mirror_teams_unread(organization: Organization, _: Known) -> Iterator[Found]:
    count = sum(bool(mirror.teams) for mirror in organization.mirror_repositories.values())
    if count:
        yield "mirror_repositories", f"{count} list teams, which the configuration never reads"


def mirror_prefix(organization: Organization, _: Known) -> Iterator[Found]:
    for name in sorted(organization.mirror_repositories):
        if not name.startswith("mirror-"):
            yield shown(("mirror_repositories", name)), "does not begin with mirror-"


def unpaired(organization: Organization, _: Known) -> Iterator[Found]:
    linked = upstream_links(organization)
    for name in sorted(organization.repositories):
        if name.startswith("mageos-") and name not in linked:
            yield shown(("repositories", name)), f"there is no {name.replace('mageos-', 'mirror-')} to merge from"
    for name in sorted(organization.mirror_repositories):
        if name.startswith("mirror-") and name not in linked.values():
            yield (
                shown(("mirror_repositories", name)),
                f"nothing merges from it: no {name.replace('mirror-', 'mageos-')}",
            )


def team_name_unused(organization: Organization, _: Known) -> Iterator[Found]:
    for key, team in sorted(organization.teams.items()):
        if "-".join(team.name.casefold().split()) != key:
            yield shown(("teams", key, "name")), f"{team.name!r} is shown nowhere on GitHub: the key {key} is"
