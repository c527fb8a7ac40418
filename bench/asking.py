"""Asking the portal for a page, inside its own process."""

import statistics
import time
from http import HTTPStatus
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.admin import Page


class PageFailedError(Exception):
    """A page did not open, so there is nothing to measure."""


def asked(client: Any, title: str, address: str, repetitions: int, status: HTTPStatus = HTTPStatus.OK) -> Page:
    """Ask several times and give the median. Raises: PageFailedError."""
    with CaptureQueriesContext(connection) as captured:
        reply = client.get(address)
    queries = len(captured)  # now, for the next request forgets them
    if reply.status_code != status:
        raise PageFailedError(f"{address} answered {reply.status_code}")
    seconds = []
    for _ in range(repetitions):
        started = time.perf_counter()
        client.get(address)
        seconds.append(time.perf_counter() - started)
    return Page(title, statistics.median(seconds), queries, len(reply.content))
