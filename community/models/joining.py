"""Ways into Discord: invitations, each for one person, and who is there."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from community.models.people import Person


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def live(self, now: datetime) -> Self:
        """Give those that lead somebody in, or soon will."""
        return self.filter(state__in=Invitation.LIVE).exclude(expires_at__lte=now)

    def over(self, now: datetime) -> Self:
        """Give those whose time is over, though nobody noted that yet."""
        return self.filter(state__in=Invitation.LIVE, expires_at__lte=now)


class Invitation(models.Model):
    """One person's way into Discord: asked for, made by the queue, and shown to nobody else."""

    class Kind(models.TextChoices):
        INVITE = "invite", "personal link"
        DIRECT = "direct", "added directly"

    class State(models.TextChoices):
        ASKED = "asked"
        ISSUED = "issued"
        USED = "used"
        EXPIRED = "expired"
        REVOKED = "revoked"
        FAILED = "failed"

    LIVE = (State.ASKED, State.ISSUED)

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="invitations"
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.INVITE)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    sealed_code = models.TextField(blank=True)  # encrypted, and only while the invitation is alive
    last_four = models.CharField(max_length=4, blank=True)
    channel = models.CharField(max_length=20, blank=True)
    max_uses = models.PositiveSmallIntegerField(default=1)
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=500, blank=True)  # for staff; holds no code

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = ["view"]
        permissions: ClassVar = [("revoke_invitation", "Can revoke invitations")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(state__in=["asked", "issued"]), name="community_one_live_invitation"
            ),
            models.CheckConstraint(
                condition=Q(sealed_code="") | Q(state="issued"), name="community_code_only_while_alive"
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class Presence(models.Model):
    """Somebody's account on Discord, as far as the portal knows."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="presence")
    discord_id = models.CharField(max_length=20, unique=True)
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions: ClassVar = ["view"]

    def __str__(self) -> str:
        return f"Discord account of {self.person}"
