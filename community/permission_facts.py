"""What the portal knows besides the permissions themselves: the state before, accounts, agreements, approvals."""

from collections import defaultdict
from datetime import datetime

from community.known_facts import Account, Known
from community.models import (
    AdministratorChange,
    Agreement,
    PermissionState,
    Person,
    PolicyVersion,
    TeamMember,
)
from community.permissions import Organization, person


def known_facts(organization: Organization, latest: PermissionState | None, now: datetime) -> Known:
    """Give the facts that checks of an organization want; ``latest`` is the state that is in force, or soon will be."""
    before = latest.organization if latest else None
    people = list(Person.objects.exclude(github_login=""))
    agreed = _who_agreed(people, now)
    accounts = {
        person(row.github_login): Account(row.github_id, has_agreed=row.pk in agreed, is_machine=row.is_bot)
        for row in people
    }
    machines = frozenset(row.github_login for row in people if row.is_bot)
    author, approvers = _approvals(organization, before, latest)
    return Known(before, accounts, machines, _leads(), author, approvers)


def _who_agreed(people: list[Person], now: datetime) -> set[int]:
    """Give the keys of those who agreed to what is in force; of all where there is nothing to agree to."""
    if PolicyVersion.objects.in_force(now) is None:
        return {row.pk for row in people}
    newest = PolicyVersion.objects.material_after(0, now).first()
    standing = Agreement.objects.standing().filter(version__number__gte=newest.number if newest else 1)
    accounts = set(standing.values_list("account_id", flat=True))
    return {row.pk for row in people if row.user_id in accounts}


def _leads() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    leads = TeamMember.objects.filter(role=TeamMember.Role.LEAD)
    for key, login in leads.values_list("team__key", "person__github_login"):
        found[key].add(login)
    return {key: frozenset(logins) for key, logins in found.items()}


def _approvals(
    organization: Organization, before: Organization | None, latest: PermissionState | None
) -> tuple[str, frozenset[str]]:
    """Give the proposer and the approvers of the changed administrator whom the fewest approved."""
    if before is None or latest is None:
        return "", frozenset()
    changed = {person(login) for login in {*before.administrators} ^ {*organization.administrators}}
    applied = AdministratorChange.objects.filter(
        state=AdministratorChange.State.APPLIED, decided_at__gte=latest.at
    ).select_related("person")
    found = {login: ("", frozenset[str]()) for login in changed}
    for change in applied.prefetch_related("approvals").order_by("pk"):
        approvers = frozenset(str(each.approver_id or f"gone {each.pk}") for each in change.approvals.all())
        if person(change.person.github_login) in found:
            found[person(change.person.github_login)] = (str(change.proposed_by_id or "gone"), approvers)
    return min(found.values(), key=lambda each: len(each[1]), default=("", frozenset()))
