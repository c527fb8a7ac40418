"""What the documents want done by themselves."""

from collections.abc import Iterator
from datetime import time

from django.conf import settings

from docs_hub import tasks
from mageos_portal.registry import ScheduledTask

LINK_MINUTES = 30  # between two looks at a few links


def scheduled() -> Iterator[ScheduledTask]:
    """Declare the sync of all collections, unless PORTAL_DOCS_INTERVAL is 0, and what is done about links."""
    if settings.PORTAL_DOCS_INTERVAL:
        yield ScheduledTask(
            "docs_hub.sync",
            tasks.start_syncs,
            "Reads updates and documents from where they come.",
            permission="docs_hub.sync_collection",
            minutes=settings.PORTAL_DOCS_INTERVAL,
        )
    if settings.PORTAL_LINK_CHECK_HOSTS:
        may = "docs_hub.change_checkedlink"
        says = "Looks through updates and documents for links to look after."
        yield ScheduledTask("docs_hub.gather_links", tasks.gather_links, says, permission=may, at=time(2, 23))
        says = "Looks whether links of updates and documents still lead somewhere."
        yield ScheduledTask("docs_hub.check_links", tasks.check_links, says, permission=may, minutes=LINK_MINUTES)
