"""Who administers the organization: a change is proposed, two others approve it, then it counts.

AdministeringError
├── OwnApprovalError
└── OverError
"""

import logging
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from community import rostering
from community.lint_people import APPROVALS
from community.models import Administrator, AdministratorChange, Approval, Person

logger = logging.getLogger(__name__)

DAYS = 14  # in which a proposal is approved, or is over
State = AdministratorChange.State


class AdministeringError(Exception):
    """That cannot be done; nothing was changed. Its words are for the staff."""


class OwnApprovalError(AdministeringError):
    """Somebody else has to approve."""


class OverError(AdministeringError):
    """The proposal was decided, or its time is over."""


def refusal(kind: str, person: Person) -> str:
    """Say why a change cannot be made; nothing if it can."""
    is_one = Administrator.objects.filter(person=person).exists()
    if not person.github_login:
        return f"{person} has no login on GitHub; write it into the row of the person first."
    if kind == AdministratorChange.Kind.ADD:
        return f"{person} is an administrator already." if is_one else ""
    if not is_one:
        return f"{person} is no administrator."
    return "" if Administrator.objects.count() > 1 else f"{person} is the only administrator; add another one first."


def waiting(person: Person, now: datetime) -> str:
    """Say that a change about somebody was proposed already; nothing if none was."""
    is_waiting = AdministratorChange.objects.open(now).filter(person=person).exists()
    return f"A change about {person} waits for approval already." if is_waiting else ""


def propose(change: AdministratorChange, author: User, now: datetime) -> None:
    """Put a change up for approval. Raises: AdministeringError."""
    with transaction.atomic():
        expire(now)
        if words := refusal(change.kind, change.person) or waiting(change.person, now):
            raise AdministeringError(words)
        change.proposed_by, change.proposed_at, change.expires_at = author, now, now + timedelta(days=DAYS)
        change.save()
    logger.info("A change of administrators was proposed: %d", change.pk)


def approve(change: AdministratorChange, approver: User, now: datetime) -> AdministratorChange:
    """Approve a change; with the second approval it counts. Raises: AdministeringError."""
    with transaction.atomic():
        kept = AdministratorChange.objects.select_for_update(of=("self",)).select_related("person").get(pk=change.pk)
        if not AdministratorChange.objects.open(now).filter(pk=kept.pk).exists():
            raise OverError(f"“{kept}” was decided already, or its time is over; propose it anew.")
        if approver.pk in {kept.proposed_by_id, kept.person.user_id}:
            raise OwnApprovalError("Who proposed it, or whom it is about, does not approve it: two others do.")
        _, is_new = Approval.objects.get_or_create(change=kept, approver=approver, defaults={"at": now})
        if not is_new:
            raise OwnApprovalError("You approved it already; another person has to, too.")
        if kept.approvals.count() >= APPROVALS:
            _apply(kept, now)
    return kept


def reject(change: AdministratorChange, now: datetime) -> None:
    """Reject a change, or take one's own back. Raises: OverError."""
    if not AdministratorChange.objects.open(now).filter(pk=change.pk).update(state=State.REJECTED, decided_at=now):
        raise OverError(f"“{change}” was decided already, or its time is over.")


def expire(now: datetime) -> int:
    """Note what was not approved in time; says how many those were."""
    return AdministratorChange.objects.overdue(now).update(state=State.EXPIRED, decided_at=now)


def _apply(change: AdministratorChange, now: datetime) -> None:
    list(Administrator.objects.select_for_update().values_list("pk"))  # two changes do not remove the last two at once
    if words := refusal(change.kind, change.person):
        raise AdministeringError(words)
    if not AdministratorChange.objects.open(now).filter(pk=change.pk).update(state=State.APPLIED, decided_at=now):
        raise OverError(f"“{change}” was decided already.")
    reason = f"change {change.pk}: {change.reason}"
    if change.kind == AdministratorChange.Kind.ADD:
        row = Administrator(person=change.person)
        rostering.place_last(row, Administrator.objects.all())
        rostering.save(row, reason)
    else:
        rostering.remove(Administrator.objects.get(person=change.person), reason)
    change.refresh_from_db()
    logger.info("A change of administrators was applied: %d", change.pk)
