"""Where somebody stands between a visitor and a member, from the facts known of them. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where somebody stands; each is a sentence's adjective: "they are verified"."""

    ANONYMOUS = "anonymous"
    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    AGREED = "agreed"
    INVITED = "invited"
    JOINED = "joined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    ERASED = "erased"


MEMBERS = frozenset({State.AGREED, State.INVITED, State.JOINED})  # who may be invited, and sees what members see


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of somebody at one moment."""

    has_account: bool = False
    is_verified: bool = False  # a confirmed e-mail address
    has_agreed: bool = False  # to some version, not withdrawn since
    has_withdrawn: bool = False  # the last thing they said
    has_lapsed: bool = False  # asked again, and the time to answer is over
    has_invitation: bool = False  # a live one
    has_joined: bool = False  # is on Discord, as far as we know
    is_suspended: bool = False
    is_erased: bool = False


def state_of(facts: Facts) -> State:
    """Say where somebody stands; what shuts them out counts before what lets them in."""
    shut_out = (
        (facts.is_erased, State.ERASED),
        (not facts.has_account, State.ANONYMOUS),
        (facts.is_suspended, State.SUSPENDED),
        (not facts.is_verified, State.UNVERIFIED),
        (facts.has_withdrawn, State.WITHDRAWN),
        (not facts.has_agreed, State.VERIFIED),
        (facts.has_lapsed, State.LAPSED),
        (facts.has_joined, State.JOINED),
        (facts.has_invitation, State.INVITED),
    )
    return next((state for applies, state in shut_out if applies), State.AGREED)


def is_member(state: State) -> bool:
    """Say whether somebody may be invited, and sees what is shared among members."""
    return state in MEMBERS
