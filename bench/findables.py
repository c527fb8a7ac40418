"""Fill the index of the site's search and ask it. Runs inside the portal: `manage.py shell`."""

import itertools
import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from http import HTTPStatus
from urllib.parse import quote

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.search import Asked
from mageos_portal import finding
from mageos_portal.registry import Findable

SYLLABLES = ("ma", "ge", "to", "ven", "in", "ry", "log", "pro", "duct", "vi", "sion", "re", "lease", "com", "ser", "up")
WORDS = 20_000
EVERYWHERE, IN_A_TITLE = "everywhere", "Inventory"
KINDS = ("update", "document", "package")
QUESTIONS = (
    EVERYWHERE,
    "mag",
    "product vision",
    '"everywhere product"',
    "vision or release -product",
    "invetory",
    "zzzzqq",
)
COUNT = re.compile(r'All <span class="quiet">(\d+)</span>')


class PageFailedError(Exception):
    """The search did not answer, so there is nothing to measure."""


def index(documents: int, characters: int) -> None:
    """Print what indexing and indexing again took, without making the texts, as a JSON object."""
    first, again = (_indexing(_made(documents, characters)) for _ in range(2))
    print(json.dumps({"indexing": first, "nothing_new": again}))


def _indexing(findables: Iterator[Findable]) -> float:
    making = 0.0

    def made() -> Iterator[Findable]:
        nonlocal making
        started = time.perf_counter()
        for findable in findables:
            making += time.perf_counter() - started
            yield findable
            started = time.perf_counter()

    return _seconds(lambda: finding.replace("bench", made())) - making


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _made(documents: int, characters: int) -> Iterator[Findable]:
    """Make texts whose words are as frequent as those of a language."""
    chance = random.Random(1)  # noqa: S311 - the same texts each time
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(WORDS)]
    weights = list(itertools.accumulate(1 / place for place in range(1, WORDS + 1)))
    for number in range(documents):
        text = " ".join(chance.choices(words, cum_weights=weights, k=characters // 4))
        title = " ".join([IN_A_TITLE, *chance.choices(words, cum_weights=weights, k=5)])
        kind = KINDS[number % len(KINDS)]
        yield Findable(str(number), kind, title, f"/found/{number}/", f"{EVERYWHERE} {text}"[:characters])


def ask(repetitions: int) -> None:
    """Print what each page took as a JSON object."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.get("/search/")  # what only the first request of a process costs is not a page's
    print(json.dumps({"pages": [asdict(_asked(client, question, repetitions)) for question in QUESTIONS]}))


def _asked(client: Client, question: str, repetitions: int) -> Asked:
    address = f"/search/?q={quote(question)}"
    with CaptureQueriesContext(connection) as captured:
        reply = client.get(address)
    queries = len(captured)  # now, for the next request forgets them
    if reply.status_code != HTTPStatus.OK:
        raise PageFailedError(f"{address} answered {reply.status_code}")
    seconds = statistics.median(_seconds(lambda: client.get(address)) for _ in range(repetitions))
    count = COUNT.search(reply.content.decode())
    return Asked(question, int(count[1]) if count else 0, seconds, queries)
