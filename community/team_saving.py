"""What staff change of teams, repositories and grants, with all that follows from it."""

from datetime import date

from django.db import transaction

from community import rostering
from community.models import Grant, Repository, Team, TeamMember
from community.team_indexing import index_teams


def save_team(team: Team, reason: str, today: date) -> None:
    """Write a team; one that ended loses its people and grants."""
    with transaction.atomic():
        if team.is_archived:
            rostering.archive_team(team, reason, today)
        else:
            rostering.save(team, reason)
        index_teams()


def save_membership(membership: TeamMember, reason: str) -> None:
    with transaction.atomic():
        if not membership.pk:
            rostering.place_last(membership, TeamMember.objects.filter(team=membership.team))
        rostering.save(membership, reason)


def save_repository(repository: Repository, reason: str) -> None:
    """Write a repository; one that is managed no longer loses its grants."""
    if repository.is_managed:
        rostering.save(repository, reason)
    else:
        rostering.let_go(repository, reason)


def add_grant(grant: Grant, reason: str) -> None:
    with transaction.atomic():
        same_kind = Grant.objects.filter(repository=grant.repository, team__isnull=grant.team is None)
        rostering.place_last(grant, same_kind)
        rostering.save(grant, reason)


def remove_grant(grant: Grant, reason: str) -> None:
    rostering.remove(grant, reason)
