"""Reports to the conduct team: what was sent, what the team noted, and who looked at it."""

import uuid
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class ConductReportQuerySet(models.QuerySet["ConductReport"]):
    def waiting(self) -> Self:
        """Give those that are not decided yet."""
        return self.exclude(state=ConductReport.State.CLOSED)


class ConductReport(models.Model):
    """What somebody told the conduct team, with a name or without; nobody else sees it."""

    class State(models.TextChoices):
        NEW = "new"
        OPEN = "open", "being looked into"
        CLOSED = "closed"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    request_id = models.CharField(max_length=32, unique=True)  # the same form posted twice is one report
    received_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="conduct_reports"
    )
    contact = models.CharField(max_length=200, blank=True)
    what = models.TextField()
    about = models.CharField(max_length=300, blank=True)
    place = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    decision = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)

    objects = ConductReportQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-received_at", "-pk"]
        default_permissions: ClassVar = ["view"]
        permissions: ClassVar = [("handle_conductreport", "Can note and decide conduct reports")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(decision="")
                | ~Q(state="closed") & Q(closed_at=None),
                name="community_closed_report_is_decided",
            )
        ]

    def __str__(self) -> str:
        return f"report {str(self.reference)[:8]}"


class ReportAttachment(models.Model):
    """A file that came with a report, in the database: it lies in no directory that is served."""

    report = models.ForeignKey(ConductReport, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=100)
    media_type = models.CharField(max_length=50)  # as its content says, not as its sender
    size = models.PositiveIntegerField()  # bytes
    content = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["pk"]
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return f"attachment {self.pk}"


class ReportNote(models.Model):
    """What a member of the conduct team noted; never changed."""

    report = models.ForeignKey(ConductReport, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    text = models.TextField()

    class Meta:
        ordering: ClassVar = ["pk"]
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return f"note {self.pk}"


class ReportAccess(models.Model):
    """That somebody looked at a report, or took a file of it."""

    report = models.ForeignKey(ConductReport, on_delete=models.CASCADE, related_name="accesses")
    who = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    what = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return f"access {self.pk}"
