"""Who enters and leaves teams, and what is taken back with that; every change is kept with its reason."""

from datetime import date
from typing import TypeVar

from django.db import models, transaction
from django.db.models import Max, QuerySet

from community.models import Administrator, Grant, Person, Repository, Team, TeamMember

LONGEST_REASON = 100  # characters that the history keeps

Row = TypeVar("Row", TeamMember, Grant, Administrator)


class StillAdministratorError(Exception):
    """They administer the organization, which a proposal has to end first; nothing was changed."""


def save(row: models.Model, reason: str) -> None:
    """Write a row, and why into its history."""
    row._change_reason = reason[:LONGEST_REASON]  # type: ignore[attr-defined] # noqa: SLF001 - as simple_history documents it
    row.save()


def remove(row: models.Model, reason: str) -> None:
    """Delete a row; its history stays, and says why."""
    row._change_reason = reason[:LONGEST_REASON]  # type: ignore[attr-defined] # noqa: SLF001 - as simple_history documents it
    row.delete()


def place_last(row: Row, others: QuerySet[Row]) -> None:
    """Put a new row behind the others of its list."""
    last = others.aggregate(last=Max("position"))["last"]
    row.position = 0 if last is None else last + 1


def leave(membership: TeamMember, reason: str, today: date) -> None:
    """Make somebody an alumnus."""
    membership.role = TeamMember.Role.ALUMNI
    membership.until = max(today, membership.since or today)
    save(membership, reason)


def archive_team(team: Team, reason: str, today: date) -> None:
    """End a team: its members become alumni, its grants go."""
    with transaction.atomic():
        team.is_archived = True
        save(team, reason)
        for membership in team.memberships.filter(role__in=TeamMember.ACTIVE):
            leave(membership, reason, today)
        for grant in team.grants.all():
            remove(grant, reason)


def let_go(repository: Repository, reason: str) -> None:
    """Manage a repository no longer: its grants go. On GitHub nothing happens to it."""
    with transaction.atomic():
        repository.is_managed = False
        save(repository, reason)
        for grant in repository.grants.all():
            remove(grant, reason)


def leave_everything(person: Person, reason: str) -> int:
    """Take somebody who is erased out of all teams and grants; says how many rows went.

    Raises:
        StillAdministratorError: a change of administrators is needed first.
    """
    with transaction.atomic():
        if Administrator.objects.filter(person=person).exists():
            raise StillAdministratorError(f"{person} administers the organization; propose and approve the end of that")
        rows: list[models.Model] = [*person.team_memberships.all(), *person.grants.all()]
        for row in rows:
            remove(row, reason)
    return len(rows)
