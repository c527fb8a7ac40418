"""Looking whether links still lead somewhere, a few at a time, and noting since when they do not."""

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import zip_longest

from django.conf import settings

from docs_hub.link_asking import Outcome, Verdict, opened
from docs_hub.link_standing import NEXT_TRY
from docs_hub.models import CheckedLink
from mageos_portal.configuration import is_loopback
from mageos_portal.reach import Reach

logger = logging.getLogger(__name__)

MOST = 40  # links of one run
SECONDS = 35  # until no other link is begun; a task has a minute


def check_links(now: datetime) -> str:
    """Look at links that are due, as many as one run can; says what was found."""
    counts = dict.fromkeys(Verdict, 0)
    left_alone: set[str] = set()
    ends = time.monotonic() + SECONDS
    reach = Reach(loopback=is_loopback(settings.PORTAL_BASE_URL), plain=True)
    with opened(settings.PORTAL_LINK_CHECK_HOSTS, reach) as asker:
        for link in _in_turns(CheckedLink.objects.due(now).filter(host__in=settings.PORTAL_LINK_CHECK_HOSTS)[:MOST]):
            if time.monotonic() > ends:
                break
            if link.host in left_alone or not _claim(link, now):
                continue
            outcome = asker.ask(link.address)
            _note(link, outcome, now)
            counts[outcome.verdict] += 1
            if outcome.verdict is Verdict.LATER:
                left_alone.add(link.host)
    said = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items())
    logger.info("Links to elsewhere: %s.", said)
    return said


def check_soon(links: Iterable[CheckedLink], now: datetime) -> int:
    """Have links looked at by the next run; gives how many."""
    return CheckedLink.objects.filter(pk__in=[link.pk for link in links], next_at__gt=now).update(next_at=now)


def note_seen(links: Iterable[CheckedLink], *, actor: str) -> list[CheckedLink]:
    """Note that somebody knows of dead links; gives those that nobody knew of."""
    dead = CheckedLink.objects.dead().filter(seen_by="")
    return [link for link in links if dead.filter(pk=link.pk).update(seen_by=actor)]


def _in_turns(links: Iterable[CheckedLink]) -> Iterator[CheckedLink]:
    """Give one link of each host after the other, so that no host is asked often and nobody waits."""
    by_host: dict[str, list[CheckedLink]] = {}
    for link in links:
        by_host.setdefault(link.host, []).append(link)
    for turn in zip_longest(*by_host.values()):
        yield from (link for link in turn if link is not None)


def _claim(link: CheckedLink, now: datetime) -> bool:
    """Let nobody else look at a link, nor this one again today if looking kills the worker."""
    mine = CheckedLink.objects.filter(pk=link.pk, next_at=link.next_at)
    return bool(mine.update(next_at=now + NEXT_TRY))


def _note(link: CheckedLink, outcome: Outcome, now: datetime) -> None:
    values: dict[str, object] = {"outcome": outcome.words, "checked_at": now}
    if outcome.verdict is not Verdict.LATER:
        answers = outcome.verdict is Verdict.ANSWERS
        standing = link.standing.after_an_answer() if answers else link.standing.after_a_failure(now)
        values |= {
            "failures": standing.failures,
            "failed_on": standing.failed_on,
            "failing_since": standing.failing_since,
            "is_dead": standing.is_dead,
            "next_at": standing.next_at(now),
        }
        if answers:
            values |= {"told_at": None, "seen_by": ""}
    CheckedLink.objects.filter(pk=link.pk).update(**values)
