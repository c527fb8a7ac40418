"""What the queue runs for the community."""

from django.utils import timezone

from community import advancing


def expire_roles() -> str:
    """End open roles whose deadline is over."""
    return advancing.expire(timezone.now())
