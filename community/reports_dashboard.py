"""What the conduct team has to look at."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Min, Q
from django.http import HttpRequest

from community.models import ConductReport


def reports(request: HttpRequest) -> Mapping[str, Any]:
    """Count the reports that wait, and say since when the oldest does."""
    waiting = ConductReport.objects.waiting()
    new = Count("pk", filter=Q(state=ConductReport.State.NEW))
    return waiting.aggregate(waiting=Count("pk"), new=new, oldest=Min("received_at"))
