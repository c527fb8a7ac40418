"""Who has to know at once that somebody became a member, or is none any more.

What takes part in that (agreeing, withdrawing, suspending, erasing) calls ``tell_changed`` in its own transaction, and
knows none of the listeners. Memberships that end by time alone are found by each listener's own schedule.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser

from mageos_portal.registry import Registry


@dataclass(frozen=True, slots=True)
class MembershipListener:
    """A part that has something to do then."""

    key: str
    changed: Callable[[AbstractBaseUser, datetime], object]  # may be called without a change
    order: int


membership_listeners: Registry[MembershipListener] = Registry()


def tell_changed(user: AbstractBaseUser, now: datetime) -> None:
    """Have all parts look anew where somebody stands."""
    for listener in membership_listeners:
        listener.changed(user, now)
