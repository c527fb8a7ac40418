"""Handing permissions out: looked at as a draft, held against the checks, then kept as a state with its reason.

NotExportedError
├── FaultyError
├── ReasonlessError
└── OutdatedError
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from community.linting import CHECKS, Finding, lint
from community.models import PermissionState
from community.permission_facts import known_facts
from community.permission_recording import record, sha256_of
from community.permission_rows import read_rows
from community.permissions import Organization
from community.planning import Plan, plan
from community.terraform_writing import write_tfvars

logger = logging.getLogger(__name__)

NOTHING = Organization(administrators=(), teams={}, repositories={}, mirror_repositories={})
IDS = frozenset(check.id for check in CHECKS)


class NotExportedError(Exception):
    """Nothing was exported or kept."""


class FaultyError(NotExportedError):
    """Checks found errors."""

    def __init__(self, errors: Collection[Finding]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join([f"{len(errors)} errors stop the export; mend them:", *map(str, errors)]))


class ReasonlessError(NotExportedError):
    """Something changed, and nobody said why."""


class OutdatedError(NotExportedError):
    """Somebody changed the permissions since they were looked at."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be exported now."""

    organization: Organization
    content: bytes  # the file
    plan: Plan  # against the latest state
    findings: tuple[Finding, ...]
    latest: PermissionState | None

    @property
    def sha256(self) -> str:
        return sha256_of(self.content)

    @property
    def is_changed(self) -> bool:
        return self.latest is None or self.latest.sha256 != self.sha256

    def errors(self, overlooked: Collection[str] = ()) -> list[Finding]:
        return [each for each in self.findings if each.level == "error" and each.id not in overlooked]


def draft(now: datetime) -> Draft:
    """Look at what would be exported; nothing is written."""
    organization, latest = read_rows(), PermissionState.objects.latest_state()
    findings = lint(organization, known_facts(organization, latest, now))
    before = latest.organization if latest else NOTHING
    return Draft(organization, write_tfvars(organization), plan(before, organization), findings, latest)


def export(
    *, actor: str, reason: str, now: datetime, seen: str = "", overlooked: Collection[str] = ()
) -> tuple[PermissionState, bool]:
    """Keep what is exported, and say whether it is another state than the latest one.

    ``seen`` is the SHA-256 of the draft that somebody looked at; ``overlooked`` are ids of errors that do not stop it.

    Raises:
        NotExportedError: see the module.
    """
    with transaction.atomic():
        found = draft(now)
        if seen and seen != found.sha256:
            raise OutdatedError("the permissions changed since you looked at them; look again")
        if errors := found.errors(overlooked):
            raise FaultyError(errors)
        if found.is_changed and not reason.strip():
            raise ReasonlessError("the permissions changed since the last state; say why with a reason")
        ignored = {each.id for each in found.errors()}
        kind = PermissionState.Kind.EXPORTED
        state, is_new = record(
            kind, found.organization, reason=reason.strip(), now=now, actor=actor, overlooked=ignored
        )
    if is_new:
        logger.info("Permissions were exported: %d differences, SHA-256 %s", len(found.plan.edits), state.sha256)
    return state, is_new
