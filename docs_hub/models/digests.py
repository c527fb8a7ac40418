"""The weekly digest by mail: who gets it, what they agreed to, and what was sent."""

import uuid
from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from docs_hub.models.updates import Update


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def confirmed(self) -> Self:
        return self.filter(confirmed_at__isnull=False)

    def unconfirmed(self) -> Self:
        return self.filter(confirmed_at=None)

    def without(self, issue: "DigestIssue") -> Self:
        """Give those who are to get an issue and did not yet: they agreed before it was made."""
        mails = DigestMail.objects.filter(subscriber=OuterRef("pk"), issue=issue)
        return self.confirmed().filter(~Exists(mails), confirmed_at__lt=issue.made_at).order_by("pk")


class Subscriber(models.Model):
    """An address that somebody typed, and that gets the digest once its owner agreed. It goes when they leave."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)  # in links of mails
    address = models.EmailField(unique=True, editable=False)  # small letters
    asked_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now, editable=False)
    mails = models.PositiveSmallIntegerField(default=0, editable=False)  # that asked to confirm it
    mailed_at = models.DateTimeField(null=True, editable=False)  # the last of them
    confirmed_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, editable=False
    )

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = ["view", "delete"]

    def __str__(self) -> str:
        return f"subscriber {self.pk}"


class DigestConsent(models.Model):
    """What the owner of an address said, one more row each time. It holds no address; its link to one can end."""

    class Act(models.TextChoices):
        GRANTED = "granted"
        WITHDRAWN = "withdrawn"

    class Channel(models.TextChoices):
        PAGE = "page", "a page of the portal"
        ONE_CLICK = "one-click", "a button of their mail program"
        STAFF = "staff"

    subject = models.UUIDField(db_index=True)  # Subscriber.key, as long as there is one
    act = models.CharField(max_length=10, choices=Act)
    wording = models.TextField()  # exactly what they agreed to
    wording_version = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.PAGE)
    at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = ["view"]

    def __str__(self) -> str:
        return f"{self.act}, wording {self.wording_version}"


class DigestIssue(models.Model):
    """What was new in one week."""

    week = models.DateField(unique=True)  # its Monday; UTC
    made_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    updates = models.ManyToManyField(Update, related_name="+")

    class Meta:
        ordering: ClassVar = ["-week"]
        default_permissions: ClassVar = ["view"]

    def __str__(self) -> str:
        return f"digest of {self.week:%Y-%m-%d}"


class DigestMail(models.Model):
    """An issue for one subscriber; the row is there before the mail goes, so that nobody gets it twice."""

    class State(models.TextChoices):
        CLAIMED = "claimed", "nobody knows"  # its worker died while it sent
        SENT = "sent"
        REFUSED = "refused"

    issue = models.ForeignKey(DigestIssue, on_delete=models.CASCADE, related_name="mails")
    subscriber = models.ForeignKey(Subscriber, null=True, on_delete=models.SET_NULL, related_name="received")
    state = models.CharField(max_length=10, choices=State, default=State.CLAIMED)
    claimed_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = []
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issue", "subscriber"], name="docs_hub_digest_mail_once")
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} for {self.subscriber_id}"
