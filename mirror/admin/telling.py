"""Publishing from a page of the staff, and saying how it went."""

from collections.abc import Callable

from django.contrib import messages

from mirror import publishing
from mirror.exclusion import LeaseLostError
from mirror.models import Distribution, Publication
from mirror.storage import DiskFullError


def told(distribution: Distribution, publish: Callable[[], Publication | None]) -> tuple[str, int]:
    """Publish, and say how it went: a sentence and its level."""
    try:
        publication = publish()
    except (publishing.PublishingError, LeaseLostError, DiskFullError) as error:
        return str(error), messages.ERROR
    if publication is None:
        return f"What is served of {distribution} did not change.", messages.WARNING
    return f"{publication} is served now.", messages.SUCCESS
