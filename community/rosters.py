"""What everybody may know of teams: who agreed to be named, how many others there are, and what a team may push to."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from community.github_effects import TECH_LEAD
from community.models import Grant, Person, Repository, Team, TeamMember

ARCHIVED = "archived, nobody can push"


@dataclass(slots=True)
class Group:
    """Some people: those who agreed to be named, and the number of the others."""

    named: list[Person] = field(default_factory=list)
    unnamed: int = 0

    @property
    def size(self) -> int:
        return len(self.named) + self.unnamed

    def add(self, person: Person) -> None:
        if person.is_public and person.erased_at is None:
            self.named.append(person)
        else:
            self.unnamed += 1


@dataclass(slots=True)
class Roster:
    """The people of a team."""

    leads: Group = field(default_factory=Group)
    members: Group = field(default_factory=Group)
    alumni: Group = field(default_factory=Group)

    def add(self, membership: TeamMember) -> None:
        of_role = {TeamMember.Role.LEAD: self.leads, TeamMember.Role.MEMBER: self.members}
        of_role.get(TeamMember.Role(membership.role), self.alumni).add(membership.person)


@dataclass(frozen=True, slots=True)
class Held:
    """What a team may do with a repository."""

    repository: Repository
    level: str


def rosters_of(teams: Iterable[Team]) -> dict[int, Roster]:
    """Give the people of teams, by primary key, in one query."""
    found: dict[int, Roster] = defaultdict(Roster)
    for membership in TeamMember.objects.filter(team__in=list(teams)).select_related("person"):
        found[membership.team_id].add(membership)
    return found


def repositories_of(teams: Iterable[Team]) -> dict[int, list[Held]]:
    """Give what teams hold, by primary key, in two queries; the tech leads maintain everything."""
    teams = list(teams)
    found: dict[int, list[Held]] = defaultdict(list)
    grants = Grant.objects.filter(team__in=teams, level=Grant.Level.PUSH, repository__is_managed=True)
    for grant in grants.select_related("repository").order_by("repository__name"):
        if grant.team_id:
            found[grant.team_id].append(_held(grant.repository, "push"))
    for team in teams:
        if team.key == TECH_LEAD and not team.is_archived:
            found[team.pk] = [_held(row, "maintain") for row in Repository.objects.sources()]
    return found


def _held(repository: Repository, level: str) -> Held:
    return Held(repository, ARCHIVED if repository.archived else level)
