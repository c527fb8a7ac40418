"""Packages, their versions, the releases that they make, and what is served of them."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone

from mirror.models.distributions import Distribution


class Package(models.Model):
    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="packages")
    name = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["distribution", "name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["distribution", "name"], name="mirror_package_once")]

    def __str__(self) -> str:
        return self.name


class PackageVersionQuerySet(models.QuerySet["PackageVersion"]):
    def of(self, distribution: Distribution) -> Self:
        return self.filter(package__distribution=distribution)

    def publishable(self) -> Self:
        return self.filter(withdrawn_at=None)


class PackageVersion(models.Model):
    """A version that composer can see, with its dist. Bytes never change once it is made."""

    class Origin(models.TextChoices):
        BUILT = "built"
        IMPORTED = "imported"
        FOLLOWED = "followed"

    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=100)
    version_normalized = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, blank=True)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.BUILT)
    path = models.CharField(max_length=400, help_text="Public path of the dist.")
    sha1 = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    reference = models.CharField(max_length=64, help_text="Source commit; imported: the sha1.")
    time = models.BigIntegerField(null=True, help_text="Unix seconds of the source commit.")
    source = models.CharField(max_length=100, blank=True)
    tag = models.CharField(max_length=250, blank=True)
    inputs = models.CharField(max_length=64, blank=True)  # sha256 of tree and recipe's corrections
    metadata = models.TextField()  # JSON: the version object of p2 without version and dist
    added_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(blank=True)
    purged_at = models.DateTimeField(null=True)

    objects = PackageVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["package", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["package", "version_normalized"],
                name="mirror_version_once",
                violation_error_message="This package has this version already.",
            )
        ]
        permissions: ClassVar = [
            ("withdraw_packageversion", "Can withdraw package versions"),
            ("purge_packageversion", "Can purge package versions"),
        ]

    def __str__(self) -> str:
        return f"{self.package.name} {self.version}"

    @property
    def links(self) -> Mapping[str, Any]:
        body: Mapping[str, Any] = json.loads(self.metadata)
        return body


class Release(models.Model):
    """A version of the product package, with everything that it pulls in."""

    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="releases")
    product = models.CharField(max_length=200, help_text="Name of its product package.")
    version = models.CharField(max_length=100)
    version_normalized = models.CharField(max_length=100)
    commit = models.CharField(max_length=40)
    time = models.BigIntegerField(help_text="Unix seconds of the source commit.")
    complete = models.BooleanField(default=False)
    missing = models.JSONField(default=list)  # list of {name, constraint, required_by, origin}
    packages = models.PositiveIntegerField(default=0, help_text="Packages served here for it.")
    confirmed = models.BooleanField(default=True, help_text="Its third-party extensions are facts of the recipe.")
    held_because = models.TextField(blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.CharField(max_length=150, blank=True)
    published_at = models.DateTimeField(null=True, help_text="Empty: its product is not served now.")
    checked_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, editable=False, help_text="Staff were told that it waits.")

    class Meta:
        ordering: ClassVar = ["distribution", "-time"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["distribution", "version_normalized"], name="mirror_release_once")
        ]
        permissions: ClassVar = [("approve_release", "Can approve releases")]

    def __str__(self) -> str:
        return self.version

    @property
    def state(self) -> str:
        """Say in one word how a visitor finds it: installable, incomplete, waiting or withheld."""
        if self.published_at:
            return "installable" if self.complete else "incomplete"
        return "waiting" if self.complete else "incomplete"


class VersionSet(models.Model):
    """A set of package versions, kept once by its digest."""

    digest = models.CharField(max_length=64, unique=True)
    ids = models.TextField()  # JSON: ascending primary keys of PackageVersion

    def __str__(self) -> str:
        return self.digest[:12]

    @property
    def members(self) -> frozenset[int]:
        return frozenset(json.loads(self.ids))


class Publication(models.Model):
    """An immutable set of package versions with its generated metadata."""

    class Cause(models.TextChoices):
        BUILD = "build"
        SYNC = "sync"
        ROLLBACK = "rollback"
        WITHDRAWAL = "withdrawal"
        PURGE = "purge"
        CHOICE = "publish"

    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="publications")
    number = models.PositiveIntegerField()
    version_set = models.ForeignKey(VersionSet, on_delete=models.PROTECT)
    cause = models.CharField(max_length=12, choices=Cause)
    base_url = models.CharField(max_length=500, help_text="Start of every address in it.")
    restores = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    versions = models.PositiveIntegerField()
    packages = models.PositiveIntegerField()
    manifest_sha256 = models.CharField(max_length=64)
    actor = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["distribution", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["distribution", "number"], name="mirror_publication_once")
        ]
        permissions: ClassVar = [("publish_publication", "Can publish and roll back")]

    def __str__(self) -> str:
        return f"{self.distribution.slug} #{self.number}"
