"""Tells the site who works in which team."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from community.facts import state_of_user
from community.models import Team
from community.standing import is_member
from mageos_portal.registry import Membership


def membership(user: AbstractBaseUser) -> Membership:
    """Give the teams of somebody. Who is no member, or is shut out, sees nothing of them."""
    keys = frozenset(Team.objects.of_user(user).values_list("key", flat=True))
    if not keys or not is_member(state_of_user(user, timezone.now())):
        return Membership()
    return Membership(is_member=True, teams=keys)
