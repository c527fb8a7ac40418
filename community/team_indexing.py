"""What the site's search knows of teams: what everybody may read of them, and nobody's name."""

from collections.abc import Iterator

from community.models import Team
from mageos_portal import finding
from mageos_portal.registry import Findable

TEAMS = "community.teams"


def index_teams() -> None:
    """Have all teams found as they are now."""
    finding.replace(TEAMS, all_teams())


def all_teams() -> Iterator[Findable]:
    for team in Team.objects.active():
        yield Findable(
            key=str(team.pk),
            kind="team",
            title=str(team),
            url=team.get_absolute_url(),
            text="\n".join([team.description, team.purpose]),
        )
