"""Whether a build would only repeat the last one: then it need not do anything."""

import hashlib
import json

from django.db.models import Count, Max, Q

from mirror.fetching import Opened
from mirror.models import Build, Distribution, PackageVersion

ENGINE = 1  # raise it when the same inputs would give other bytes or other versions


def build_to_repeat(distribution: Distribution, opened: Opened, *, approve: bool) -> Build | None:
    """Give the last build if another one would come to the same."""
    if any(finding.level == "error" for finding in opened.findings):
        return None
    last = distribution.builds.filter(state=Build.State.SUCCEEDED, kind=Build.Kind.BUILD).first()
    if last is None or distribution.publication is None or last.report.get("errors"):
        return None
    if approve and distribution.releases.filter(approved_at=None).exists():
        return None
    return last if last.inputs == inputs_digest(distribution, opened) else None


def inputs_digest(distribution: Distribution, opened: Opened) -> str:
    """Give a digest of everything that a build's result follows from: 64 hex digits."""
    versions = PackageVersion.objects.of(distribution).aggregate(
        Count("pk"), Max("pk"), withdrawn=Count("pk", filter=Q(withdrawn_at__isnull=False))
    )
    parts = [
        ENGINE,
        distribution.recipe_path.read_text(encoding="utf-8"),
        distribution.url,
        distribution.publish_incomplete,
        distribution.approve_releases,
        sorted(versions.items()),
        sorted(distribution.releases.exclude(approved_at=None).values_list("product", "version_normalized")),
        sorted(opened.absent),
        [(source.rule.key, source.refs) for source in opened.sources],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
