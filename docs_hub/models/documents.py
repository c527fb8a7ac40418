"""Documents: an index of what lies elsewhere, with its text for search."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Left
from django.urls import reverse
from django.utils import timezone

from docs_hub.models.collections import Collection
from mageos_portal.audience import Audience, Visibility


class DocumentQuerySet(models.QuerySet["Document"]):
    def listed(self) -> Self:
        """Give those that are still where they were, and that staff left in the index."""
        shown = self.filter(is_hidden=False, collection__is_active=True)
        return shown.exclude(trouble__in=[Document.Trouble.LOST, Document.Trouble.TRASHED])

    def visible_to(self, audience: Audience) -> Self:
        """Give those that somebody may see; never more than what their collection now says."""
        collections = Collection.objects.visible_to(audience)
        return self.listed().filter(audience.visible(), collection__in=collections)

    def within(self, folder: str) -> Self:
        """Give those in a folder or below it."""
        below = f"{folder}/"
        beginning = self.alias(beginning=Left("folder", len(below)))  # LIKE takes a for A on SQLite
        return beginning.filter(Q(folder=folder) | Q(beginning=below))

    def light(self) -> Self:
        """Leave the texts in the database."""
        return self.defer("text", "html")


class Document(models.Model):
    """One document, wherever it lies; we keep its name, its text and the way to it."""

    class Kind(models.TextChoices):
        VISION = "vision"
        STATUTES = "statutes"
        MINUTES = "minutes"
        DESIGN = "design", "technical design"
        ROLE = "role", "role profile"
        OTHER = "other"

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACCEPTED = "accepted"
        SUPERSEDED = "superseded"

    class Trouble(models.TextChoices):
        LOST = "lost"
        TRASHED = "trashed"
        PERMISSION = "permission", "permission changed"

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    external_id = models.CharField(max_length=300, help_text="Path in the repository, or Drive's id.")
    title = models.CharField(max_length=300)
    slug = models.SlugField(max_length=200, help_text="Part of its address; stays when the title changes.")
    folder = models.CharField(max_length=500, blank=True, help_text="Names of the folders above it, with slashes.")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OTHER)
    status = models.CharField(max_length=12, choices=Status, blank=True)
    superseded_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    visibility = models.CharField(
        max_length=10,
        choices=Visibility,
        default=Visibility.STAFF,
        help_text="The narrower one of what its collection says and of what its source allows.",
    )
    team = models.SlugField(blank=True, help_text="Who may see it, if that is one team.")
    url = models.URLField(max_length=1000, help_text="Where it lies.")
    media_type = models.CharField(max_length=150, blank=True)
    created_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True, blank=True)
    changed_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, blank=True, help_text="When it was changed where it lies."
    )
    synced_at = models.DateTimeField(default=timezone.now, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)  # blob id or checksum of what was read last
    trouble = models.CharField(
        max_length=12,
        choices=Trouble,
        blank=True,
        help_text="What the last sync found; lost and trashed ones are not shown.",
    )
    is_hidden = models.BooleanField(default=False, help_text="Staff took it out of the index.")
    allowed = models.CharField(max_length=10, choices=Visibility, default=Visibility.STAFF, editable=False)
    narrowed_to = models.CharField(max_length=10, choices=Visibility, blank=True, help_text="Narrower than its source.")
    narrowed_team = models.SlugField(blank=True, help_text="The team that may see it, if it is narrowed to one.")
    trouble_seen_by = models.CharField(max_length=150, blank=True, editable=False)
    # long ones last: a row is read up to the last column that is asked for
    text = models.TextField(blank=True)
    html = models.TextField(blank=True, editable=False)  # safe; empty where only the source shows it
    headings = models.JSONField(default=list, editable=False)  # list of [level, id, text]
    findings = models.JSONField(default=list, editable=False)  # list of {level, code, message}
    audience = models.JSONField(default=list, editable=False)  # Drive: with whom it is shared, as staff read it

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["collection", "folder", "title"]
        indexes: ClassVar = [  # the tree, the filters and the counts of the index page read nothing else
            models.Index(
                fields=["collection", "is_hidden", "trouble", "visibility", "team", "folder", "kind", "status"],
                name="docs_hub_listed",
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["collection", "external_id"], name="docs_hub_document_once"),
            models.UniqueConstraint(fields=["collection", "slug"], name="docs_hub_document_slug_once"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("docs_hub:document", args=[self.collection.slug, self.slug])
