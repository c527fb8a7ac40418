"""Documents that updates link to and the index lacks, for staff to take in or to pass over."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from docs_hub.models.documents import Document
from docs_hub.models.updates import Update


class OfferedLink(models.Model):
    """A document that the index lacks, or lacked. What somebody decided stays, so that it is offered once."""

    class State(models.TextChoices):
        OFFERED = "offered"
        ACCEPTED = "accepted"
        DISMISSED = "dismissed"

    key = models.CharField(max_length=400, unique=True, editable=False)  # see document_links.py
    url = models.URLField(max_length=1000, editable=False)
    words = models.CharField(max_length=200, blank=True, editable=False)  # that stand on the link
    state = models.CharField(max_length=10, choices=State, default=State.OFFERED, editable=False)
    updates = models.ManyToManyField(Update, related_name="+", editable=False)
    found_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.CharField(max_length=150, blank=True, editable=False)
    document = models.ForeignKey(Document, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)

    class Meta:
        ordering: ClassVar = ["-found_at", "-pk"]
        verbose_name = "link from updates"
        verbose_name_plural = "links from updates"
        default_permissions: ClassVar = ["view", "change"]

    def __str__(self) -> str:
        return self.url
