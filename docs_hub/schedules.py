"""What the documents want done by themselves."""

from collections.abc import Iterator

from django.conf import settings

from docs_hub import tasks
from mageos_portal.registry import ScheduledTask


def scheduled() -> Iterator[ScheduledTask]:
    """Declare the sync of all collections, unless PORTAL_DOCS_INTERVAL is 0."""
    if settings.PORTAL_DOCS_INTERVAL:
        yield ScheduledTask(
            "docs_hub.sync",
            tasks.start_syncs,
            "Reads updates and documents from where they come.",
            permission="docs_hub.sync_collection",
            minutes=settings.PORTAL_DOCS_INTERVAL,
        )
