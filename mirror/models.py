"""What the mirror remembers. Rows say what is; the verbs beside this module change it."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from mirror.storage import DistributionFiles

hex40 = RegexValidator(r"^[0-9a-f]{40}$", "40 hex digits")


class Distribution(models.Model):
    """One Composer repository that we serve."""

    slug = models.SlugField(unique=True, help_text="Part of its address and of its directory.")
    title = models.CharField(max_length=200, help_text="Shown to the public.")
    notice = models.TextField(blank=True, help_text='Shown to the public above everything else, e.g. "experimental".')
    recipe = models.CharField(max_length=200, help_text="File below mirror/recipes, or an absolute path to one.")
    base_url = models.URLField(
        "base URL",
        blank=True,
        help_text="Absolute address that clients use. Empty: PORTAL_BASE_URL and its mount.",
    )
    repository_url = models.CharField(
        max_length=500,
        blank=True,
        editable=False,
        help_text="Address written into project packages; frozen by the first publication.",
    )
    is_default = models.BooleanField("at the host root", default=False, help_text="Others are found at /d/<slug>/.")
    is_sample = models.BooleanField(default=False, editable=False)
    sources_dir = models.CharField(
        max_length=500, blank=True, help_text="Clones on disk instead of the URLs of the recipe."
    )
    publish_incomplete = models.BooleanField(
        default=False, help_text="Publish product and project of a release that lacks packages."
    )
    approve_releases = models.BooleanField(default=True, help_text="A new release waits until a person approves it.")
    publication = models.ForeignKey(
        "Publication", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["-is_default", "slug"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="mirror_one_default_distribution",
                violation_error_message="Only one distribution can be at the host root.",
            )
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def url(self) -> str:
        """Give the canonical absolute address, with a slash at the end."""
        if self.base_url:
            return self.base_url.rstrip("/") + "/"
        root: str = settings.PORTAL_BASE_URL.rstrip("/") + "/"
        return root if self.is_default else f"{root}d/{self.slug}/"

    @property
    def files(self) -> DistributionFiles:
        return DistributionFiles(Path(settings.PORTAL_DATA_DIR), self.slug)

    @property
    def recipe_path(self) -> Path:
        return Path(__file__).parent / "recipes" / self.recipe


class Source(models.Model):
    """One git repository that feeds a distribution, as it was last seen."""

    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="sources")
    key = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    fetched_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["distribution", "key"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["distribution", "key"], name="mirror_source_once")]

    def __str__(self) -> str:
        return self.key


class SourceTag(models.Model):
    """A tag as it was seen first; a later commit of the same name means that it was moved."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=250)
    commit = models.CharField(max_length=40, validators=[hex40])
    moved_to = models.CharField(max_length=40, blank=True, validators=[hex40])
    gone = models.BooleanField(default=False)
    first_seen = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["source", "name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "name"], name="mirror_tag_once")]

    def __str__(self) -> str:
        return self.name


class TagScan(models.Model):
    """What packages a tree holds, remembered so that a tree is read once."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="scans")
    tree = models.CharField(max_length=40, validators=[hex40])
    rules = models.CharField(max_length=64)  # sha256 of what the recipe says of the source
    found = models.TextField()  # JSON of scanning.Candidate rows

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "tree", "rules"], name="mirror_scan_once")]

    def __str__(self) -> str:
        return self.tree


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

    class Meta:
        ordering: ClassVar = ["distribution", "-time"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["distribution", "version_normalized"], name="mirror_release_once")
        ]

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

    def __str__(self) -> str:
        return f"{self.distribution.slug} #{self.number}"


class BuildQuerySet(models.QuerySet["Build"]):
    def running(self) -> Self:
        return self.filter(state=Build.State.RUNNING)

    def claim(self, pk: int, now: datetime) -> bool:
        """Take a queued build; tell whether it was still there to take."""
        queued = self.filter(pk=pk, state=Build.State.QUEUED)
        return bool(queued.update(state=Build.State.RUNNING, started_at=now))

    def end(self, pk: int, state: str, now: datetime, **fields: Any) -> bool:
        running = self.filter(pk=pk, state=Build.State.RUNNING)
        return bool(running.update(state=state, ended_at=now, **fields))


class Build(models.Model):
    """One run: plan, make the missing dists, check, publish."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="builds")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    actor = models.CharField(max_length=150, blank=True, help_text="Who started it.")
    options = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    step = models.CharField(max_length=20, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    item = models.CharField(max_length=300, blank=True)
    inputs = models.CharField(max_length=64, blank=True)  # sha256 of refs, recipe and settings
    built = models.PositiveIntegerField(default=0)
    reused = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)  # warnings and errors: lists of {code, subject, message}
    failure = models.TextField(blank=True)
    version_set = models.ForeignKey(VersionSet, null=True, on_delete=models.PROTECT)
    publication = models.ForeignKey(Publication, null=True, on_delete=models.PROTECT, related_name="builds")

    objects = BuildQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["distribution", "state"])]

    def __str__(self) -> str:
        return f"build {self.pk} of {self.distribution.slug}"


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
