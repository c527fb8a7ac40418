"""What the queue does for people's data."""

from collections.abc import Iterator

from django_q.tasks import async_task

from community import data_copies, erasing
from community.models import DataRequest
from mageos_portal.registry import ScheduledTask

MINUTES = 15  # between two runs


def hand_over(request: DataRequest) -> None:
    """Have the queue make a copy now; if it does not answer, the next run makes it."""
    async_task(data_copies.make_copy, request.pk, group="data requests", task_name=f"copy {request.pk}")


def answer_requests() -> str:
    """Make the copies that wait, and erase the accounts whose time to think it over is over."""
    waiting = list(DataRequest.objects.copies_to_make().values_list("pk", flat=True))
    for pk in waiting:
        data_copies.make_copy(pk)
    return f"{len(waiting)} copies were made, {erasing.erase_due()} accounts erased"


def scheduled() -> Iterator[ScheduledTask]:
    yield ScheduledTask(
        "community.data_requests",
        answer_requests,
        "Makes copies of people's data, and erases accounts a week after that was asked for.",
        permission="community.handle_datarequest",
        minutes=MINUTES,
    )
