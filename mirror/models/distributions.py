"""What we serve, and the repositories that feed it."""

from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mirror.dists import DistStore, dists_of
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
    is_default = models.BooleanField("at the host root", default=False, help_text="Others are found at /d/SLUG/.")
    is_sample = models.BooleanField(default=False, editable=False)
    sources_dir = models.CharField(
        max_length=500, blank=True, help_text="Clones on disk instead of the URLs of the recipe."
    )
    publish_incomplete = models.BooleanField(
        default=False, help_text="Publish product and project of a release that lacks packages."
    )
    approve_releases = models.BooleanField(default=True, help_text="A new release waits until a person approves it.")
    interval = models.PositiveIntegerField(
        default=0, help_text="Minutes between two looks for something new; 0: only when somebody asks."
    )
    follows = models.CharField(
        max_length=500, blank=True, help_text="Address of another portal's distribution to copy instead of building."
    )
    followed_at = models.DateTimeField(null=True, editable=False, help_text="When it last equalled what it follows.")
    origin_changed_at = models.DateTimeField(
        null=True, editable=False, help_text="When what it follows was published, as last seen."
    )
    failing_since = models.DateTimeField(null=True, editable=False, help_text="Staff were told; empty: all is well.")
    lease_holder = models.CharField(max_length=100, blank=True, editable=False)  # see exclusion.py
    lease_until = models.DateTimeField(null=True, editable=False)
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
    def dists(self) -> DistStore:
        return dists_of(self.files)

    @property
    def recipe_path(self) -> Path:
        return Path(__file__).parent.parent / "recipes" / self.recipe


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
