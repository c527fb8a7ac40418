"""What the portal proposed for GitHub and when; and changes of administrators, which two others approve."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from community.models.people import Person
from community.permissions import Organization
from community.terraform_reading import read_tfvars


class PermissionStateQuerySet(models.QuerySet["PermissionState"]):
    def latest_state(self) -> "PermissionState | None":
        return self.order_by("-pk").first()

    def before(self, state: "PermissionState") -> "PermissionState | None":
        return self.filter(pk__lt=state.pk).order_by("-pk").first()


class PermissionState(models.Model):
    """All permissions at one moment, as they came in or went out; its file never changes."""

    class Kind(models.TextChoices):
        IMPORTED = "imported"
        EXPORTED = "exported"

    kind = models.CharField(max_length=10, choices=Kind)
    at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    actor = models.CharField("by", max_length=150, blank=True)  # user name; empty: the command line
    reason = models.CharField(max_length=300)
    overlooked = models.CharField(max_length=300, blank=True)  # ids of errors that did not stop the export
    sha256 = models.CharField("SHA-256", max_length=64)  # of the file
    content = models.TextField()  # the file
    pull_request = models.CharField(
        max_length=300,
        blank=True,
        validators=[URLValidator(schemes=["https"])],
        help_text="Address of the pull request that brings it to GitHub.",
    )
    applied_at = models.DateTimeField(null=True, blank=True, help_text="When OpenTofu applied it.")

    objects = PermissionStateQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = ["view", "change"]
        permissions: ClassVar = [("export_permissionstate", "Can export permissions")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"

    @property
    def organization(self) -> Organization:
        return read_tfvars(self.content.encode()).organization


class AdministratorChangeQuerySet(models.QuerySet["AdministratorChange"]):
    def open(self, now: datetime) -> Self:
        return self.filter(state=AdministratorChange.State.OPEN, expires_at__gt=now)

    def overdue(self, now: datetime) -> Self:
        return self.filter(state=AdministratorChange.State.OPEN, expires_at__lte=now)


class AdministratorChange(models.Model):
    """A proposal to make somebody an administrator of the organization, or no longer."""

    class Kind(models.TextChoices):
        ADD = "add", "becomes an administrator"
        REMOVE = "remove", "is no longer an administrator"

    class State(models.TextChoices):
        OPEN = "open"
        APPLIED = "applied"
        REJECTED = "rejected"
        EXPIRED = "expired"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ADD)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="administrator_changes")
    reason = models.CharField(max_length=300, help_text="Why; those who approve read it.")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, editable=False)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    proposed_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now, editable=False)
    expires_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)

    objects = AdministratorChangeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "change of administrators"
        verbose_name_plural = "changes of administrators"
        default_permissions: ClassVar = ["add", "view"]
        permissions: ClassVar = [("approve_administratorchange", "Can approve changes of administrators")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state="open"),
                name="community_one_administrator_change",
                violation_error_message="A change about this person waits for approval already.",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("proposed_at")), name="community_administrator_change_expires"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="community_administrator_change_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()}"


class Approval(models.Model):
    """That somebody approved a change of administrators."""

    change = models.ForeignKey(AdministratorChange, on_delete=models.PROTECT, related_name="approvals")
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]
        default_permissions: ClassVar = []
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change", "approver"], name="community_approved_once"),
        ]

    def __str__(self) -> str:
        return f"approval {self.pk}"
