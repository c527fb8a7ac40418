"""Keeping the states of the permissions that came in and went out."""

import hashlib
from collections.abc import Collection
from datetime import datetime

from community.models import PermissionState
from community.permissions import Organization
from community.terraform_writing import write_tfvars


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def record(
    kind: PermissionState.Kind,
    organization: Organization,
    *,
    reason: str,
    now: datetime,
    actor: str = "",
    overlooked: Collection[str] = (),
) -> tuple[PermissionState, bool]:
    """Keep a state, if it is not the latest one already; says whether it was not."""
    content = write_tfvars(organization)
    latest = PermissionState.objects.latest_state()
    if latest and latest.sha256 == sha256_of(content):
        return latest, False
    state = PermissionState.objects.create(
        kind=kind,
        at=now,
        actor=actor,
        reason=reason,
        overlooked=", ".join(sorted(overlooked)),
        sha256=sha256_of(content),
        content=content.decode(),
    )
    return state, True
