"""Taking an open role one step further."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction

from community.indexing import index_roles
from community.models import OpenRole
from community.role_states import FILLED, STEPS, Step

logger = logging.getLogger(__name__)


class NotAdvancedError(Exception):
    """The step cannot be taken; nothing was changed. Its words are for the staff."""


def advance(role: OpenRole, step: Step, actor: str, now: datetime) -> None:
    """Take a step.

    Raises:
        NotAdvancedError: the role is in another state by now, or its author would publish it alone.
    """
    sources, target = STEPS[step]
    if step == Step.PUBLISH and role.author == actor:
        raise NotAdvancedError(f"{role} was written by you: another person has to publish it.")
    if step == Step.PUBLISH and role.deadline and role.deadline < now.date():
        raise NotAdvancedError(f"The deadline of {role} is over: choose a later one first.")
    with transaction.atomic():
        changed = OpenRole.objects.filter(pk=role.pk, state__in=sources).update(
            state=target, changed_at=now, **_fields(step, actor, now)
        )
        if not changed:
            role.refresh_from_db()
            raise NotAdvancedError(f"{role} is {role.get_state_display()}: one cannot {step} that.")
        role.refresh_from_db()
        _remember(role, step, actor)
        index_roles(OpenRole.objects.filter(pk=role.pk))
    logger.info("Role %s is %s.", role.slug, target)


def expire(now: datetime) -> str:
    """Close what has passed its deadline; a task."""
    roles = list(OpenRole.objects.overdue(now.date()))
    for role in roles:
        advance(role, Step.EXPIRE, "", now)
    return f"{len(roles)} roles expired"


def _fields(step: Step, actor: str, now: datetime) -> dict[str, Any]:
    if step == Step.PUBLISH:
        return {"published_at": now, "approved_by": actor, "ended_at": None}
    if step in {Step.FILL, Step.CLOSE, Step.EXPIRE}:
        return {"ended_at": now}
    return {}


def _remember(role: OpenRole, step: Step, actor: str) -> None:
    """Keep what an UPDATE does not tell the history."""
    by = f" by {actor}" if actor else " by itself"
    role._change_reason = f"{'filled' if role.state == FILLED else step}{by}"[:100]  # type: ignore[attr-defined]  # noqa: SLF001 - as simple_history documents it
    role.save(update_fields=["state"])
