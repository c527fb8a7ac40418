"""Pages of teams: what they are for, who is in them as far as they agreed to be named, and what they look after."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from community.models import Person, Team
from community.models.teams import GITHUB
from community.rosters import Group, Held, Roster, repositories_of, rosters_of


@require_safe
def teams(request: HttpRequest) -> HttpResponse:
    """List the teams."""
    return render(request, "community/teams.html", {"teams": Team.objects.active().with_sizes().order_by("name")})


@require_safe
def team(request: HttpRequest, team: str) -> HttpResponse:
    """Show a team; one that ended says so."""
    shown = get_object_or_404(Team, key=team)
    context = {
        "team": shown,
        "roster": rosters_of([shown])[shown.pk],
        "repositories": repositories_of([shown])[shown.pk],
        "github": GITHUB,
    }
    return render(request, "community/team.html", context)


@require_safe
def teams_json(request: HttpRequest) -> JsonResponse:
    """Give the same to programs."""
    found = list(Team.objects.active())
    rosters, repositories = rosters_of(found), repositories_of(found)
    return JsonResponse({"teams": [_team(one, rosters[one.pk], repositories[one.pk]) for one in found]})


def _team(team: Team, roster: Roster, repositories: list[Held]) -> dict[str, Any]:
    return {
        "slug": team.key,
        "name": str(team),
        "url": settings.PORTAL_BASE_URL + team.get_absolute_url(),
        "description": team.description,
        "purpose": team.purpose,
        "leads": _group(roster.leads),
        "members": _group(roster.members),
        "alumni": _group(roster.alumni),
        "repositories": [
            {"name": held.repository.name, "url": held.repository.url, "level": held.level} for held in repositories
        ],
    }


def _group(group: Group) -> dict[str, Any]:
    return {"named": [_person(person) for person in group.named], "unnamed": group.unnamed}


def _person(person: Person) -> dict[str, str]:
    return {"name": str(person)} | ({"github": person.github_login} if person.github_login else {})
