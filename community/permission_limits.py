"""What of an organization the portal's rows cannot hold; it is refused before anything is written."""

from collections.abc import Iterator

from community.linting import lint
from community.permissions import Organization, shown

LONGEST_KEY = 100  # characters of a team's key
LONGEST_TEAM_NAME = 200
LONGEST_BRANCH = 255
LONGEST_HOMEPAGE = 500
NEEDED = frozenset(  # checks: what they find has no row of its own
    {"login", "login-spelling", "repository-name", "team-key", "name-twice", "listed-twice", "team-unknown"}
)


def unholdable(organization: Organization) -> list[str]:
    """Name everything that has to be mended first, each with its place and what to do."""
    found = [f"{each.place}: {each.message}. {each.hint}" for each in lint(organization) if each.id in NEEDED]
    return found + [f"{place}: has more than {most} characters; shorten it" for place, most in _too_long(organization)]


def _too_long(organization: Organization) -> Iterator[tuple[str, int]]:
    for key, team in sorted(organization.teams.items()):
        if len(key) > LONGEST_KEY:
            yield shown(("teams", key)), LONGEST_KEY
        if len(team.name) > LONGEST_TEAM_NAME:
            yield shown(("teams", key, "name")), LONGEST_TEAM_NAME
    limits = {
        "default_branch": LONGEST_BRANCH,
        "homepage_url": LONGEST_HOMEPAGE,
        "release_please_branch": LONGEST_BRANCH,
    }
    for name, repository in sorted(organization.repositories.items()):
        for option, most in limits.items():
            if len(getattr(repository, option) or "") > most:
                yield shown(("repositories", name, option)), most
