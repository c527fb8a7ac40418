"""Where updates and documents come from."""

from datetime import datetime
from typing import ClassVar, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mageos_portal.audience import Audience, Visibility

hex40 = RegexValidator(r"^[0-9a-f]{40}$", "40 hex digits")


class CollectionQuerySet(models.QuerySet["Collection"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def visible_to(self, audience: Audience) -> Self:
        """Give those whose documents somebody may see, as far as each of them allows it."""
        return self.active().filter(audience.visible()).exclude(kind=Collection.Kind.UPDATES)

    def read_from_elsewhere(self) -> Self:
        """Give those that a sync can bring up to date; links are kept by hand."""
        return self.active().exclude(kind=Collection.Kind.LINKS)


class Collection(models.Model):
    """A path in a git repository, a Drive folder, or hand-kept links."""

    class Kind(models.TextChoices):
        UPDATES = "updates", "updates in a git repository"
        PAGES = "pages", "documents in a git repository"
        DRIVE = "drive", "Google Drive folder"
        LINKS = "links", "links kept by hand"

    slug = models.SlugField(unique=True, help_text="Part of the addresses of its documents.")
    title = models.CharField(max_length=200, help_text="Shown to everybody who may see it.")
    kind = models.CharField(max_length=10, choices=Kind)
    visibility = models.CharField(
        max_length=10,
        choices=[choice for choice in Visibility.choices if choice[0] != Visibility.STAFF],
        default=Visibility.PUBLIC,
        help_text="Who may see what is in it, where its source allows that: it is never shown more widely than there.",
    )
    team = models.SlugField(blank=True, help_text="Who may see it, if that is one team; else whom to ask.")
    repository = models.CharField(max_length=500, blank=True, help_text="Address of the git repository.")
    branch = models.CharField(max_length=200, blank=True, help_text="Empty: the repository's own main branch.")
    path = models.CharField(max_length=300, blank=True, help_text="Directory of the files, e.g. src/data/post.")
    public_path = models.CharField(
        max_length=300, blank=True, help_text="Directory of what posts call /…, e.g. public."
    )
    preference = models.PositiveSmallIntegerField(
        default=0, help_text="Of two files that are one update, the text of the higher one counts."
    )
    folder = models.CharField(max_length=200, blank=True, help_text="Drive: the folder's id.")
    resource_key = models.CharField(max_length=200, blank=True, help_text="Drive: the folder's resource key, if any.")
    members_are = models.CharField(
        max_length=500,
        blank=True,
        help_text="Drive: domains and group addresses that stand for all members, with spaces between them.",
    )
    team_is = models.CharField(
        max_length=500, blank=True, help_text="Drive: addresses that stand for the team, with spaces between them."
    )
    is_active = models.BooleanField(default=True)
    synced_at = models.DateTimeField(null=True, editable=False)
    commit = models.CharField(max_length=40, blank=True, editable=False, validators=[hex40])
    audience = models.JSONField(default=list, blank=True, editable=False)  # Drive: with whom the folder is shared
    failing_since = models.DateTimeField(null=True, editable=False)  # staff were told
    last_error = models.TextField(blank=True, editable=False)
    report = models.JSONField(default=dict, editable=False)  # of the last sync, counted; see reports.Report

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["slug"]
        permissions: ClassVar = [("sync_collection", "Can sync collections")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(visibility="team") | ~Q(team=""),
                name="docs_hub_team_is_named",
                violation_error_message="Name the team that may see it.",
            )
        ]

    def __str__(self) -> str:
        return self.slug


class Run(models.Model):
    """One sync of a collection, and what it said of each file."""

    class State(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    actor = models.CharField(max_length=150, blank=True)  # empty: by itself
    started_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    commit = models.CharField(max_length=40, blank=True)
    report = models.JSONField(default=dict)
    failure = models.TextField(blank=True)
    machine = models.CharField(max_length=40, blank=True)  # see exclusion.py

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "sync"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["collection"], condition=Q(state="running"), name="docs_hub_run_alone")
        ]

    def __str__(self) -> str:
        return f"sync {self.pk} of {self.collection.slug}"
