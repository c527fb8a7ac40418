"""Throw away what is too old."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from mirror.pruning import prune


class Command(BaseCommand):
    help = (
        "Remove logs of builds older than PORTAL_KEEP_LOGS_DAYS, plans older than PORTAL_KEEP_PLANS_DAYS and what "
        "uploads left behind. A schedule does it every night; builds themselves are kept."
    )

    def handle(self, *args: Any, **options: Any) -> str:
        pruned = str(prune(timezone.now(), seconds=float("inf")))
        return f"{pruned[0].upper()}{pruned[1:]}."
