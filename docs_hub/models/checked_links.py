"""Links to elsewhere that pages show, and whether they still lead somewhere."""

import hashlib
from datetime import date, datetime
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from docs_hub.link_standing import Standing


class CheckedLinkQuerySet(models.QuerySet["CheckedLink"]):
    def due(self, now: datetime) -> Self:
        """Give those to look at, the longest waiting first."""
        return self.filter(next_at__lte=now).order_by("next_at", "pk")

    def dead(self) -> Self:
        return self.filter(is_dead=True)


class CheckedLink(models.Model):
    """A link that some page shows to more than the staff, to one of the hosts that are asked."""

    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256 of the address
    address = models.CharField(max_length=1000, editable=False)
    host = models.CharField(max_length=255, editable=False)
    places = models.JSONField(default=list, editable=False)  # list of [model, number]: the first pages that show it
    outcome = models.CharField(max_length=200, blank=True, editable=False)  # of the last look, in words
    checked_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, editable=False
    )
    next_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)  # see link_standing.Standing
    failed_on: "models.DateField[date | None, date | None]" = models.DateField(null=True, editable=False)
    failing_since: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(
        null=True, editable=False
    )
    is_dead = models.BooleanField(default=False, editable=False)
    told_at = models.DateTimeField(null=True, editable=False)  # when staff were told that it is dead
    seen_by = models.CharField(max_length=150, blank=True, editable=False)

    objects = CheckedLinkQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-is_dead", "failing_since", "pk"]
        verbose_name = "link to elsewhere"
        verbose_name_plural = "links to elsewhere"
        default_permissions: ClassVar = ["view", "change"]
        indexes: ClassVar = [models.Index(fields=["next_at", "id"], name="docs_hub_link_due")]

    def __str__(self) -> str:
        return self.address

    @property
    def standing(self) -> Standing:
        return Standing(self.failures, self.failed_on, self.failing_since)


def digest_of(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()
