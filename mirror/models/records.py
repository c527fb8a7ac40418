"""What was changed after it had been published, and what was installed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import F
from django.utils import timezone

from mirror.models.distributions import Distribution


class Change(models.Model):
    """One line of the public record of what was changed after it had been published."""

    class Action(models.TextChoices):
        AMENDED = "amended"
        WITHDRAWN = "withdrawn"
        PURGED = "purged"
        ROLLED_BACK = "rolled back"

    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=12, choices=Action)
    subject = models.CharField(max_length=400)
    reason = models.TextField()
    detail = models.JSONField(default=dict)
    actor = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.subject} {self.action}"


class InstallCountQuerySet(models.QuerySet["InstallCount"]):
    def add(self, distribution: Distribution, day: Any, counts: Mapping[tuple[str, str], int]) -> None:
        """Add installs of a day by (name, normalized version) in one statement."""
        rows = [
            InstallCount(distribution=distribution, day=day, name=name, version=version, count=n)
            for (name, version), n in sorted(counts.items())
        ]
        for row in rows:
            found = self.filter(distribution=distribution, day=day, name=row.name, version=row.version)
            if not found.update(count=F("count") + row.count):
                row.save()


class InstallCount(models.Model):
    """How often a version was installed on a day, as clients told by notify-batch."""

    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="install_counts")
    day = models.DateField()
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=100)
    count = models.PositiveIntegerField(default=0)

    objects = InstallCountQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-day", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["distribution", "day", "name", "version"], name="mirror_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version} {self.day}"
