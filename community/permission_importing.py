"""Taking permissions over from a file: shown first, then all of it or nothing."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from community.linting import Finding, lint
from community.models import PermissionState, Person
from community.permission_facts import known_facts
from community.permission_limits import unholdable
from community.permission_recording import record
from community.permission_rows import read_rows
from community.permission_storing import store
from community.permissions import Organization, people, person
from community.planning import Plan, plan
from community.team_indexing import index_teams
from community.terraform_writing import write_tfvars

logger = logging.getLogger(__name__)

MOST_FAULTS = 100


class ImportRefusedError(ValueError):
    """The file cannot be taken over; nothing was imported. ``faults`` say all that has to be mended."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        more = [f"… and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
        super().__init__("\n".join([*faults[:MOST_FAULTS], *more]))


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import changed, or would change."""

    plan: Plan
    findings: tuple[Finding, ...]
    sha256: str
    is_new: bool  # the state was not the latest one yet


def import_permissions(
    organization: Organization,
    *,
    reason: str,
    now: datetime,
    machines: Collection[str] = (),
    dry_run: bool = False,
) -> Imported:
    """Make the rows what an organization says. Raises: ImportRefusedError."""
    with transaction.atomic():
        before = read_rows()
        _refuse_unfit(before, organization, machines)
        found = plan(before, organization)
        store(organization, reason, now.date())
        _note_machines(machines)
        _refuse_loss(organization)
        state, is_new = record(PermissionState.Kind.IMPORTED, organization, reason=reason, now=now)
        findings = lint(organization, known_facts(organization, state, now))
        index_teams()
        if dry_run:
            transaction.set_rollback(True)
    if not dry_run:
        logger.info("Permissions were imported: %d differences, SHA-256 %s", len(found.edits), state.sha256)
    return Imported(found, findings, state.sha256, is_new)


def _refuse_unfit(before: Organization, organization: Organization, machines: Collection[str]) -> None:
    """Name everything that is in the way. Raises: ImportRefusedError."""
    faults = unholdable(organization)
    known = {person(login) for login, _ in people(organization)}
    faults += [
        f"{login}: the file does not name this machine account" for login in machines if person(login) not in known
    ]
    if before.administrators and set(before.administrators) != set(organization.administrators):
        here, there = ", ".join(before.administrators), ", ".join(organization.administrators) or "nobody"
        faults.append(
            f"administrators: the file has {there}, the portal has {here}. An import does not change them: propose the "
            "change in the admin (Changes of administrators), and import when it is approved"
        )
    if faults:
        raise ImportRefusedError(faults)


def _note_machines(machines: Collection[str]) -> None:
    for login in machines:
        Person.objects.with_login(login).update(is_bot=True)


def _refuse_loss(organization: Organization) -> None:
    """Hold that the rows give back what was put into them. Raises: ImportRefusedError."""
    if write_tfvars(read_rows()) != write_tfvars(organization):
        lost = ", ".join(".".join(edit.path) for edit in plan(organization, read_rows()).edits)
        raise ImportRefusedError(
            [f"the portal would not give back what it was given ({lost}); please report this file"]
        )
