"""What invitations and Discord say of where somebody stands."""

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db.models import Exists

from community.models import Invitation, Presence


def of_account(user: AbstractBaseUser, now: datetime) -> Mapping[str, bool]:
    """Tell whether somebody has an invitation that was made, and whether they are on Discord."""
    made = Invitation.objects.live(now).filter(state=Invitation.State.ISSUED, account_id=user.pk)
    there = Presence.objects.there().filter(person__user_id=user.pk)
    accounts = User.objects.filter(pk=user.pk).annotate(has_invitation=Exists(made), has_joined=Exists(there))
    found = accounts.values("has_invitation", "has_joined").first()
    return {name: bool(found[name]) for name in ("has_invitation", "has_joined")} if found else {}
