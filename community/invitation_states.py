"""The life of an invitation: which event leads from which state to which one. Pure.

      ask          issue          use
NONE ─────► ASKED ───────► ISSUED ─────► USED
              │ fail, expire, revoke, use   │ expire, revoke
              └─► FAILED EXPIRED REVOKED USED ◄┘
"""

from enum import StrEnum


class Event(StrEnum):
    """What can happen to an invitation."""

    ASK = "ask"
    ISSUE = "issue"  # there is a link, or staff sent one
    FAIL = "fail"  # Discord gave none
    USE = "use"  # its owner is in
    EXPIRE = "expire"
    REVOKE = "revoke"


NONE = ""  # before there is a row
ASKED, ISSUED, USED, EXPIRED, REVOKED, FAILED = "asked", "issued", "used", "expired", "revoked", "failed"
STATES = (NONE, ASKED, ISSUED, USED, EXPIRED, REVOKED, FAILED)
LIVE = frozenset({ASKED, ISSUED})

# From which states an event leads to which one; there is nothing else.
EVENTS: dict[Event, tuple[frozenset[str], str]] = {
    Event.ASK: (frozenset({NONE}), ASKED),
    Event.ISSUE: (frozenset({ASKED}), ISSUED),
    Event.FAIL: (frozenset({ASKED}), FAILED),
    Event.USE: (LIVE, USED),  # who is added by Discord itself needs no link
    Event.EXPIRE: (LIVE, EXPIRED),
    Event.REVOKE: (LIVE, REVOKED),
}


def after(state: str, event: Event) -> str | None:
    """Say which state an event leads to; None where it cannot happen."""
    sources, target = EVENTS[event]
    return target if state in sources else None
