"""A person's word on a release: it may be published, or may not yet."""

from collections.abc import Iterable

from django.utils import timezone

from mirror.models import Release

WAITS = "waits for approval"


class ApprovalError(Exception):
    """Nothing was changed; the message says why."""


def approve(releases: Iterable[Release], *, actor: str) -> list[Release]:
    """Let the next build publish releases; give those that were not approved before."""
    approved = []
    for release in releases:
        waiting = Release.objects.filter(pk=release.pk, approved_at=None)
        if waiting.update(approved_at=timezone.now(), approved_by=actor):
            release.refresh_from_db()
            approved.append(release)
    return approved


def revoke(release: Release) -> None:
    """Take an approval back, as long as nothing came of it.

    Raises:
        ApprovalError: it is published or not approved, or a build may be publishing it now.
    """
    if running := release.distribution.builds.held().first():
        raise ApprovalError(f"{running} is running and may publish {release}; cancel it first, or wait for its end")
    approved = Release.objects.filter(pk=release.pk, published_at=None).exclude(approved_at=None)
    if not approved.update(approved_at=None, approved_by="", held_because=WAITS):
        raise ApprovalError(f"{release} is published or not approved; look at it again, or withdraw its product")
    release.refresh_from_db()
