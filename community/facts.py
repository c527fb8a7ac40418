"""What is known of somebody, put together from what each part of the community knows.

A part registers a source of facts when the app starts; this module knows none of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from community.standing import Facts, State, state_of
from mageos_portal.registry import Registry

Account = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True, slots=True)
class FactSource:
    """A part that knows some of the facts."""

    key: str
    facts: Callable[[AbstractBaseUser, datetime], Mapping[str, bool]]  # by names of fields of Facts
    order: int


fact_sources: Registry[FactSource] = Registry()


def facts_of(user: Account, now: datetime) -> Facts:
    """Give what is known of an account at a moment."""
    if isinstance(user, AnonymousUser):
        return Facts()
    known: dict[str, bool] = {}
    for source in fact_sources:
        known |= source.facts(user, now)
    return Facts(**known)


def state_of_user(user: Account, now: datetime) -> State:
    """Say where somebody stands at a moment."""
    return state_of(facts_of(user, now))
