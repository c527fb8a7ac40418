"""Sample and real packages never mix: a distribution remembers which of the two it holds."""

from pathlib import Path

from mirror import sampling
from mirror.models import Distribution, PackageVersion


class MixedError(Exception):
    """The distribution holds the other kind; nothing was changed."""


def is_sample(directory: Path | None) -> bool:
    """Tell whether a directory of sources, or of archives beside them, is the sample's."""
    return directory is not None and any(map(sampling.is_sample, (directory, directory.parent)))


def refuse_mixing(distribution: Distribution, *, sample: bool) -> None:
    """Refuse the sample where real packages are, and the other way round, and all packages of our own in a follower.

    Raises:
        MixedError: nothing was changed.
    """
    if distribution.follows:
        raise MixedError(
            f"{distribution.slug} follows another mirror and holds what that one has, to the byte; "
            "build and import in a distribution of its own, or empty `follows` first"
        )
    _refuse_sample_or_real(distribution, sample=sample)


def refuse_following(distribution: Distribution, *, sample: bool) -> None:
    """Refuse to copy another mirror into a distribution that holds packages of our own.

    Raises:
        MixedError: nothing was changed.
    """
    own = PackageVersion.objects.of(distribution).exclude(origin=PackageVersion.Origin.FOLLOWED)
    if own.exists():
        raise MixedError(
            f"{distribution.slug} holds packages that were built or imported here, so it cannot be the same as "
            "another mirror; add a distribution in the admin and let that one follow"
        )
    _refuse_sample_or_real(distribution, sample=sample)


def _refuse_sample_or_real(distribution: Distribution, *, sample: bool) -> None:
    if sample == distribution.is_sample or not PackageVersion.objects.of(distribution).exists():
        return
    holds, other = ("the sample", "real packages") if distribution.is_sample else ("real packages", "the sample")
    raise MixedError(
        f"{distribution.slug} holds {holds}; {other} must not be mixed in: use another PORTAL_DATA_DIR and DATABASE_URL"
    )


def remember(distribution: Distribution, *, sample: bool) -> None:
    """Note what the distribution holds from now on."""
    if distribution.is_sample != sample:
        distribution.is_sample = sample
        distribution.save(update_fields=["is_sample"])


def forget_origin(distribution: Distribution) -> None:
    """Let a distribution that followed another mirror, and builds now, name itself in project packages from now on.

    What it copied stays as it is: published bytes never change, whoever made them.
    """
    if distribution.origin_changed_at is not None:
        distribution.repository_url = ""
        distribution.followed_at = distribution.origin_changed_at = None
        distribution.save(update_fields=["repository_url", "followed_at", "origin_changed_at"])
