"""Open roles: what somebody is sought for."""

from datetime import date, datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

TEXT = "Markdown without headings; a list reads well."


class OpenRoleQuerySet(models.QuerySet["OpenRole"]):
    def open_on(self, day: date) -> Self:
        """Give those that somebody can apply for."""
        published = self.filter(state=OpenRole.State.PUBLISHED)
        return published.filter(Q(deadline=None) | Q(deadline__gte=day))

    def overdue(self, day: date) -> Self:
        """Give those whose deadline is over, though they still say that they are open."""
        return self.filter(state=OpenRole.State.PUBLISHED, deadline__lt=day)

    def shown(self) -> Self:
        """Give those that have a public page: the open ones, and those that were."""
        return self.filter(published_at__isnull=False).exclude(state__in=OpenRole.UNSEEN)


class OpenRole(models.Model):
    """A role that the community wants to fill, paid or not."""

    class State(models.TextChoices):
        DRAFT = "draft"
        REVIEW = "review", "in review"
        PUBLISHED = "published"
        FILLED = "filled"
        CLOSED = "closed"
        EXPIRED = "expired"

    class Employment(models.TextChoices):  # as schema.org names them
        FULL_TIME = "FULL_TIME", "full time"
        PART_TIME = "PART_TIME", "part time"
        CONTRACTOR = "CONTRACTOR", "contractor"
        VOLUNTEER = "VOLUNTEER", "volunteer"
        OTHER = "OTHER", "other"

    UNSEEN = (State.DRAFT, State.REVIEW)

    title = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120, unique=True, help_text="Part of its address; stays when the title changes.")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT, editable=False)
    summary = models.CharField(max_length=300, help_text="One or two sentences, for lists and for search engines.")
    why = models.TextField("why this role", help_text=TEXT)
    core_tasks = models.TextField(help_text=TEXT)
    added_tasks = models.TextField("further tasks", blank=True, help_text=TEXT)
    must_have = models.TextField("what you bring", help_text=TEXT)
    nice_to_have = models.TextField(blank=True, help_text=TEXT)
    how_to_apply = models.TextField(help_text=TEXT)
    employment = models.CharField(max_length=10, choices=Employment, default=Employment.VOLUNTEER)
    is_remote = models.BooleanField("remote", default=True, help_text="It can be done from anywhere.")
    location = models.CharField(
        max_length=120, blank=True, help_text="A place, or where one has to live if it is remote."
    )
    country = models.CharField(max_length=2, blank=True, help_text="Two letters, e.g. PL; search engines want it.")
    schedule = models.CharField(max_length=200, blank=True, help_text="When: days, time zones.")
    hours_a_week = models.PositiveSmallIntegerField(null=True, blank=True)
    pay = models.CharField(
        max_length=200, blank=True, help_text="In words, e.g. unpaid, or 4,000 to 5,000 EUR a month."
    )
    reports_to = models.CharField(max_length=120, blank=True)
    team = models.SlugField(blank=True)
    deadline = models.DateField(null=True, blank=True, help_text="The last day to apply; it is closed by itself then.")
    author = models.CharField(max_length=150, editable=False, blank=True)
    approved_by = models.CharField(max_length=150, editable=False, blank=True)
    published_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, editable=False
    )
    ended_at = models.DateTimeField(null=True, editable=False)
    changed_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    objects = OpenRoleQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-published_at", "-pk"]
        default_permissions: ClassVar = ["add", "change", "view"]
        permissions: ClassVar = [("publish_openrole", "Can publish open roles")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "review"]) | Q(published_at__isnull=False),
                name="community_shown_role_was_published",
            ),
            models.CheckConstraint(
                condition=Q(is_remote=True) | ~Q(location=""),
                name="community_role_is_somewhere",
                violation_error_message="Name the place, or say that it is remote.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("community:role", args=[self.slug])

    def is_open_on(self, day: date) -> bool:
        return self.state == OpenRole.State.PUBLISHED and (self.deadline is None or self.deadline >= day)
