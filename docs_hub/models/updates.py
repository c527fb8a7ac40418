"""Updates, whether imported or written here, with the files that they came from and their old addresses."""

from datetime import datetime
from typing import ClassVar, Self
from urllib.parse import quote

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from docs_hub.models.collections import Collection
from mageos_portal.audience import EVERYBODY, Audience, Visibility


class Category(models.Model):
    """What an update is about."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=100)

    class Meta:
        ordering: ClassVar = ["title"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.title


class UpdateQuerySet(models.QuerySet["Update"]):
    def published(self, at: datetime, audience: Audience = EVERYBODY) -> Self:
        """Give what somebody may read at that time."""
        return self.filter(audience.visible(), state=Update.State.PUBLISHED, published_at__lte=at)

    def taken_back(self, at: datetime, audience: Audience = EVERYBODY) -> Self:
        """Give what somebody may have read before a person decided that it is gone."""
        return self.filter(audience.visible(), state=Update.State.HIDDEN, published_at__lte=at).exclude(hidden_by="")

    def newer_than(self, update: "Update") -> Self:
        """Give what came after an update, the next one first; of the same moment, the later row."""
        later = Q(published_at__gt=update.published_at) | Q(published_at=update.published_at, pk__gt=update.pk)
        return self.filter(later).order_by("published_at", "pk")

    def older_than(self, update: "Update") -> Self:
        """Give what came before an update, the last one first."""
        earlier = Q(published_at__lt=update.published_at) | Q(published_at=update.published_at, pk__lt=update.pk)
        return self.filter(earlier).newest_first()

    def light(self) -> Self:
        """Leave the texts in the database."""
        return self.defer("body", "html", "text")

    def newest_first(self) -> Self:
        return self.order_by("-published_at", "-pk")


class Update(models.Model):
    """One post, rendered when it was imported or saved."""

    class State(models.TextChoices):
        DRAFT = "draft"
        REVIEW = "review", "waits for approval"
        PUBLISHED = "published"
        HIDDEN = "hidden"

    title = models.CharField(max_length=300)
    slug = models.SlugField(max_length=200)
    year = models.PositiveSmallIntegerField(editable=False)
    published_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(
        help_text="UTC; in the future: it appears then."
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    team = models.SlugField(blank=True, help_text="Who may read it, if that is one team.")
    because = models.CharField(max_length=300, blank=True, help_text="Why it waits or is hidden; for staff.")
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.PROTECT, related_name="updates")
    author = models.CharField(max_length=200, blank=True)
    tags = models.JSONField(default=list, blank=True)  # list of strings
    description = models.TextField(blank=True, help_text="One or two sentences, for lists and feeds.")
    words = models.PositiveIntegerField(default=0, editable=False)
    image = models.CharField(max_length=200, blank=True, editable=False)  # address of a copy of ours
    image_alt = models.CharField(max_length=300, blank=True)
    is_written_here = models.BooleanField(default=False, editable=False)
    approved_by = models.CharField(max_length=150, blank=True, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    allowed = models.CharField(max_length=10, choices=Visibility, default=Visibility.PUBLIC, editable=False)
    hidden_by = models.CharField(max_length=150, blank=True, editable=False)  # who decided that it is gone for good
    told_at = models.DateTimeField(null=True, editable=False)  # when staff were told that it waits
    # long ones last: a row is read up to the last column that is asked for
    body = models.TextField(help_text="Markdown.")
    html = models.TextField(editable=False)  # safe: rendering.py made it
    text = models.TextField(editable=False)  # plain, for search
    headings = models.JSONField(default=list, editable=False)  # list of [level, id, text]
    findings = models.JSONField(default=list, editable=False)  # of the renderer, if it was written here

    objects = UpdateQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-published_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["year", "slug"],
                name="docs_hub_update_once",
                violation_error_message="This year has an update with this address already.",
            )
        ]
        permissions: ClassVar = [("approve_update", "Can approve updates that wait")]
        indexes: ClassVar = [models.Index(fields=["state", "-published_at"])]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("docs_hub:update", args=[self.year, self.slug])

    @property
    def minutes(self) -> int:
        """Give how long reading it takes."""
        return max(1, round(self.words / 220))


class SourceFile(models.Model):
    """A file that is, or was, an update; several files may be the same one."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="files")
    update = models.ForeignKey(Update, null=True, on_delete=models.SET_NULL, related_name="files")
    path = models.CharField(max_length=400)
    blob = models.CharField(max_length=40, blank=True)  # empty: its update is not derived yet
    commit = models.CharField(max_length=40)
    content = models.BinaryField(default=bytes)  # at most posts.LARGEST + 1 bytes of it
    is_gone = models.BooleanField(default=False)
    is_repaired = models.BooleanField(default=False)  # somebody asked to undo wrong decoding of its letters
    extra = models.JSONField(default=dict)  # keys of its front matter that nobody knows
    findings = models.JSONField(default=list)  # list of {level, code, message}

    class Meta:
        ordering: ClassVar = ["collection", "path"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["collection", "path"], name="docs_hub_file_once")]

    def __str__(self) -> str:
        return self.path

    @property
    def address(self) -> str:
        """Give where people see the file, on a host that shows repositories as GitHub does."""
        return f"{self.collection.repository.removesuffix('.git')}/blob/{self.commit}/{quote(self.path)}"


class KeptPicture(models.Model):
    """What became of a picture of a repository: a copy of ours, or why there is none."""

    blob = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100, blank=True)
    fault = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name or self.fault


class Alias(models.Model):
    """An address that an update once had; looked up only after a 404."""

    path = models.CharField(max_length=400, unique=True, help_text="Starts with a slash, ends without one.")
    update = models.ForeignKey(Update, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases")
    target = models.CharField(max_length=400, blank=True, help_text="Another address of this site instead.")
    is_handmade = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering: ClassVar = ["path"]
        verbose_name = "redirect"
        verbose_name_plural = "redirects"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(update=None) ^ Q(target=""),
                name="docs_hub_alias_leads_somewhere",
                violation_error_message="Choose an update or write an address, one of the two.",
            ),
            models.CheckConstraint(
                condition=Q(path__startswith="/") & ~Q(path__endswith="/"),
                name="docs_hub_alias_is_a_path",
                violation_error_message="Begin with a slash and end without one.",
            ),
        ]

    def __str__(self) -> str:
        return self.path
