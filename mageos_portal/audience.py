"""Who may see what: how wide something is shown, and how much of it the person who asks may see.

Apps say who is a member and of which teams (registry.py); until one does, the groups of the admin do.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models import Q
from django.http import HttpRequest

from mageos_portal.registry import Membership, membership_sources

MEMBERS_GROUP = "member"
TEAM_GROUPS = "team "  # a group "team docs" stands for the team docs
REMEMBERED = "portal_audience"  # on the request: asked for several times a page


class Visibility(models.TextChoices):
    """How wide something is shown, the widest first."""

    PUBLIC = "public", "everybody"
    MEMBERS = "members"
    TEAM = "team"
    STAFF = "staff", "staff only"


@dataclass(frozen=True, slots=True)
class Audience:
    """One who asks."""

    is_member: bool = False
    teams: frozenset[str] = frozenset()  # slugs

    def visible(self) -> Q:
        """Give what they may see, as a condition over the fields ``visibility`` and ``team``."""
        seen = Q(visibility=Visibility.PUBLIC)
        if self.is_member:
            seen |= Q(visibility=Visibility.MEMBERS)
        if self.teams:
            seen |= Q(visibility=Visibility.TEAM, team__in=sorted(self.teams))
        return seen

    def may_see(self, visibility: str, team: str) -> bool:
        """Say the same of one thing."""
        if visibility == Visibility.TEAM:
            return team in self.teams
        return visibility == Visibility.PUBLIC or (visibility == Visibility.MEMBERS and self.is_member)


EVERYBODY = Audience()


def narrowest(visibilities: Iterable[str]) -> Visibility:
    """Give the narrowest of some; of none, the widest there is."""
    widest_first = list(Visibility)
    return max((Visibility(each) for each in visibilities), key=widest_first.index, default=Visibility.PUBLIC)


def audience_of(request: HttpRequest) -> Audience:
    """Say for whom a page is made; staff are members, and of no more teams than they are in."""
    remembered = vars(request)
    if REMEMBERED not in remembered:
        remembered[REMEMBERED] = _audience(request.user)
    audience: Audience = remembered[REMEMBERED]
    return audience


def has_been_asked(request: HttpRequest) -> bool:
    """Say whether a page was made for somebody in particular."""
    return REMEMBERED in vars(request)


def membership_by_groups(user: AbstractBaseUser) -> Membership:
    """Tell what the groups of an account say."""
    if not isinstance(user, AbstractUser):
        return Membership()
    names = set(user.groups.values_list("name", flat=True))
    teams = frozenset(name.removeprefix(TEAM_GROUPS) for name in names if name.startswith(TEAM_GROUPS))
    return Membership(is_member=user.is_staff or MEMBERS_GROUP in names or bool(teams), teams=teams)


def _audience(user: AbstractBaseUser | AnonymousUser) -> Audience:
    if isinstance(user, AnonymousUser) or not user.is_active:
        return EVERYBODY
    said = [source.membership(user) for source in membership_sources]
    teams = frozenset[str]().union(*(each.teams for each in said))
    return Audience(any(each.is_member for each in said), teams)
