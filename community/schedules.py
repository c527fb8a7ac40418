"""What the community wants done by itself."""

from collections.abc import Iterator
from datetime import time

from community import tasks
from mageos_portal.registry import ScheduledTask


def scheduled() -> Iterator[ScheduledTask]:
    """Declare what is done each night."""
    yield ScheduledTask(
        "community.expire_roles",
        tasks.expire_roles,
        "Ends open roles whose deadline is over.",
        permission="community.publish_openrole",
        at=time(0, 5),
    )
