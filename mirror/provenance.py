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
    """Refuse the sample where real packages are, and the other way round.

    Raises:
        MixedError: nothing was changed.
    """
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
