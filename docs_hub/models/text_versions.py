"""What the texts of documents were before a sync found others in their place."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models

from docs_hub.models.documents import Document
from mageos_portal.audience import Audience, Visibility


class TextVersionQuerySet(models.QuerySet["TextVersion"]):
    def visible_to(self, audience: Audience) -> Self:
        """Give what somebody may read: whoever could read the document then, and can read its text now."""
        readable = Document.objects.visible_to(audience).exclude(text="")
        return self.filter(audience.visible(), document__in=readable)

    def light(self) -> Self:
        """Leave the texts in the database."""
        return self.defer("text")


class TextVersion(models.Model):
    """A former text of a document. The one of today is the document's own."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()  # from 1; some in between may be gone
    sha256 = models.CharField(max_length=64)  # of the text; 64 hex digits
    size = models.PositiveIntegerField()  # bytes
    changed_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, help_text="When it was changed where it lies."
    )
    replaced_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(
        help_text="When a sync noted that the document has another text."
    )
    visibility = models.CharField(
        max_length=10,
        choices=Visibility,
        default=Visibility.STAFF,
        help_text="Who could read it when it was replaced; nobody else ever sees it.",
    )
    team = models.SlugField(blank=True, help_text="Who could read it, if that was one team.")
    text = models.TextField()

    objects = TextVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["document", "-number"]
        verbose_name = "former text"
        default_permissions: ClassVar = ["view", "delete"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "number"], name="docs_hub_text_version_once")
        ]

    def __str__(self) -> str:
        return f"version {self.number}"
