"""Ways into Discord: invitations, each for one person, and who is there."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from community import invitation_states
from community.models.people import Person

CLAIM = timedelta(minutes=5)  # after which a worker that took a row is thought to be dead; a task has a minute


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def live(self, now: datetime) -> Self:
        """Give those that lead somebody in, or soon will."""
        return self.filter(state__in=invitation_states.LIVE).exclude(expires_at__lte=now)

    def over(self, now: datetime) -> Self:
        """Give those whose time is over, though nobody noted that yet."""
        return self.filter(state__in=invitation_states.LIVE, expires_at__lte=now)

    def to_issue(self, now: datetime) -> Self:
        """Give those that the queue should make now, and no other worker is at."""
        waiting = self.filter(state=Invitation.State.ASKED, kind=Invitation.Kind.INVITE).exclude(expires_at__lte=now)
        return waiting.exclude(due_at__gt=now).exclude(claimed_at__gt=now - CLAIM)

    def to_take_back(self) -> Self:
        """Give those that Discord may still let somebody in by, though we do not."""
        return self.exclude(state=Invitation.State.ISSUED).exclude(sealed_code="")

    def on_discord(self, now: datetime) -> Self:
        """Give those that Discord has, or is about to have."""
        is_made = self.filter(kind=Invitation.Kind.INVITE).exclude(expires_at__lte=now)
        return is_made.filter(Q(state__in=invitation_states.LIVE) | ~Q(sealed_code=""))

    def asked_since(self, user: AbstractBaseUser, since: datetime) -> Self:
        return self.filter(account_id=user.pk, created_at__gt=since)

    def by_hand(self) -> Self:
        """Give those that a person has to make."""
        return self.filter(state=Invitation.State.ASKED, kind=Invitation.Kind.HAND)


class Invitation(models.Model):
    """One person's way into Discord: asked for, made by the queue or by a person, and shown to nobody else."""

    class Kind(models.TextChoices):
        INVITE = "invite", "personal link"
        DIRECT = "direct", "added directly"
        HAND = "hand", "by a person"

    class State(models.TextChoices):
        ASKED = invitation_states.ASKED
        ISSUED = invitation_states.ISSUED
        USED = invitation_states.USED
        EXPIRED = invitation_states.EXPIRED
        REVOKED = invitation_states.REVOKED
        FAILED = invitation_states.FAILED

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="invitations"
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.INVITE)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    sealed_code = models.TextField(blank=True)  # encrypted, and only while Discord lets somebody in by it
    code_digest = models.CharField(max_length=64, blank=True)  # keyed; finds the code in Discord's list
    last_four = models.CharField(max_length=4, blank=True)
    channel = models.CharField(max_length=20, blank=True)
    guild = models.CharField(max_length=20, blank=True)
    roles = models.CharField(max_length=1000, blank=True)  # numbers of Discord that the link gives, between spaces
    max_uses = models.PositiveSmallIntegerField(default=1)
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)  # a worker is at it
    due_at = models.DateTimeField(null=True)  # Discord is not asked before
    issued_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=500, blank=True)  # for staff; holds no code

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = ["view"]
        permissions: ClassVar = [
            ("revoke_invitation", "Can revoke invitations"),
            ("make_invitation", "Can note that invitations were made by hand"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(state__in=["asked", "issued"]), name="community_one_live_invitation"
            ),
            models.CheckConstraint(
                condition=Q(sealed_code="") | Q(kind="invite", state__in=["issued", "revoked"]),
                name="community_code_only_while_alive",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class PresenceQuerySet(models.QuerySet["Presence"]):
    def there(self) -> Self:
        """Give who is on Discord as a member, as far as we know."""
        return self.filter(joined_at__isnull=False, left_at=None, parted_at=None)

    def to_settle(self, now: datetime) -> Self:
        """Give those of whom Discord may have to be told something, the longest unseen first."""
        return self.filter(left_at=None).exclude(due_at__gt=now).order_by(models.F("checked_at").asc(nulls_first=True))

    def to_remove(self) -> Self:
        """Give those whom a person has to look for on Discord."""
        return self.filter(remove_since__isnull=False)


class Presence(models.Model):
    """Somebody on Discord, as far as the portal knows. Whoever came by a link may be any account there."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="presence")
    discord_id = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001 - none is not one of them
    by_link = models.BooleanField(default=False)  # so nobody knows as which account
    guild = models.CharField(max_length=20, blank=True)
    roles = models.CharField(max_length=1000, blank=True)  # that we gave, between spaces
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)  # is on the server no more
    parted_at = models.DateTimeField(null=True)  # is no member any more, and has none of our roles
    remove_since = models.DateTimeField(null=True)  # what we could not do, staff have to
    checked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # Discord is not asked before
    failure = models.CharField(max_length=500, blank=True)  # for staff

    objects = PresenceQuerySet.as_manager()

    class Meta:
        default_permissions: ClassVar = ["view"]
        permissions: ClassVar = [("close_presence", "Can note who was removed from Discord by hand")]

    def __str__(self) -> str:
        return f"Discord account of {self.person}"
