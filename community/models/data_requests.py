"""What people ask about their own data: a copy, a correction, the end of it."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

DAYS_TO_ANSWER = 30  # GDPR, article 12 (3): one month
COOL_OFF = timedelta(days=7)


class DataRequestQuerySet(models.QuerySet["DataRequest"]):
    def open(self) -> Self:
        return self.filter(state=DataRequest.State.OPEN)

    def copies_to_make(self) -> Self:
        return self.open().filter(kind=DataRequest.Kind.COPY, account__isnull=False)

    def erasures_due(self, now: datetime) -> Self:
        """Give those whose time to think it over is over."""
        asked_here = self.open().filter(kind=DataRequest.Kind.ERASURE, channel=DataRequest.Channel.WEB)
        return asked_here.filter(received_at__lte=now - COOL_OFF, account__isnull=False)

    def overdue(self, now: datetime) -> Self:
        return self.open().filter(received_at__lt=now - timedelta(days=DAYS_TO_ANSWER))


class DataRequest(models.Model):
    """One request; the copy that answers it is for its owner's eyes only."""

    class Kind(models.TextChoices):
        COPY = "copy"
        ERASURE = "erasure"
        CORRECTION = "correction"

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        CANCELED = "canceled"  # by whom it is about
        DECLINED = "declined"  # by staff, with a reason

    class Channel(models.TextChoices):
        WEB = "web"
        STAFF = "staff"  # told to a person, who noted it

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="data_requests"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, editable=False)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.WEB, editable=False)
    received_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True, help_text="What was asked, and where that is written down. Seen by staff only.")
    done_at = models.DateTimeField(null=True, editable=False)
    handler = models.CharField(max_length=150, blank=True, editable=False)
    answer = models.CharField(max_length=500, blank=True, editable=False)
    document = models.TextField(blank=True, editable=False)  # the copy, JSON; empty again when its time is over

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-received_at", "-pk"]
        default_permissions: ClassVar = ["add", "view"]
        permissions: ClassVar = [("handle_datarequest", "Can carry out and close data requests")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "kind"],
                condition=Q(state="open"),
                name="community_one_open_data_request",
                violation_error_message="There is an open request of this kind already.",
            ),
            models.CheckConstraint(
                condition=Q(document="") | Q(kind="copy", state="done"), name="community_copy_is_done"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} asked on {self.received_at:%Y-%m-%d}"

    @property
    def due_on(self) -> datetime:
        return self.received_at + timedelta(days=DAYS_TO_ANSWER)

    @property
    def erases_at(self) -> datetime:
        return self.received_at + COOL_OFF

    @property
    def copy_ends_at(self) -> datetime | None:
        return self.done_at and self.done_at + timedelta(days=settings.PORTAL_RETENTION_DAYS["data_copies"])

    def holds_a_copy(self, now: datetime) -> bool:
        return bool(self.document and self.copy_ends_at and now < self.copy_ends_at)


class SanctionMark(models.Model):
    """What still recognizes somebody who was shut out and then erased: a keyed hash of an address or a number."""

    sanction = models.ForeignKey("community.Sanction", on_delete=models.CASCADE, related_name="marks")
    digest = models.CharField(max_length=64, db_index=True)  # hex

    class Meta:
        default_permissions: ClassVar = []
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sanction", "digest"], name="community_mark_once"),
        ]

    def __str__(self) -> str:
        return f"mark {self.pk}"
