"""Folders of Drive as the last sync listed them, so that the next one asks only for what changed."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from docs_hub.models.collections import Collection


class DriveTree(models.Model):
    """That all of a collection's folder is remembered; there is none while a sync lists something again."""

    collection = models.OneToOneField(Collection, on_delete=models.CASCADE, primary_key=True, related_name="drive_tree")
    token = models.CharField(max_length=200)  # Drive's, for what changed since
    asked_as = models.CharField(max_length=64)  # hex digits for what else decides what a sync gives
    listed_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField()  # all of it
    # when the first permission expires
    ends_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    leads_elsewhere = models.BooleanField()  # a shortcut does; what it leads to must be asked for each time

    def __str__(self) -> str:
        return f"what {self.collection_id} listed"


class DriveListing(models.Model):
    """A part of what lies directly in one folder, in Drive's order."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    folder = models.CharField(max_length=200)  # Drive's id
    number = models.PositiveIntegerField()  # of the part, from 0
    seal = models.CharField(max_length=64)  # hex digits for what the folder passed on
    ids = models.JSONField()  # list of Drive's ids
    files = models.BinaryField()  # what Drive said of each; JSON, compressed

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["collection", "folder", "number"], name="docs_hub_drive_listing_once")
        ]

    def __str__(self) -> str:
        return f"part {self.number} of {self.folder}"
