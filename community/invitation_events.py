"""What happens to the row of an invitation, whoever has it happen: only what the table of states knows."""

from datetime import datetime
from typing import Any

from community.invitation_states import EVENTS, LIVE, REVOKED, Event
from community.models import Invitation
from mageos_portal.sealing import Seal, UnreadableError

SEAL = Seal("community.invitations")
NO_CODE = {"sealed_code": ""}


def happen(pk: int, event: Event, now: datetime, **fields: Any) -> bool:
    """Take an invitation to its next state; False if it is where that cannot happen, and nothing was changed."""
    sources, target = EVENTS[event]
    if target not in LIVE:
        fields["ended_at"] = now
    if target not in LIVE | {REVOKED}:  # who revokes has yet to take it back from Discord
        fields |= NO_CODE
    return bool(Invitation.objects.filter(pk=pk, state__in=sources).update(state=target, **fields))


def code_of(invitation: Invitation) -> str:
    """Give the code; empty: there is none, or none that we can read any more."""
    try:
        return SEAL.open(invitation.sealed_code) if invitation.sealed_code else ""
    except UnreadableError:
        return ""


def of_code(code: str) -> dict[str, str]:
    """Give what a row keeps of a code."""
    return {"sealed_code": SEAL.close(code), "code_digest": SEAL.digest(code), "last_four": code[-4:]}
