"""Which links are looked after: those that people can click on, to the hosts that somebody named."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q

from docs_hub.models import CheckedLink, Collection, Document, Update
from docs_hub.models.checked_links import digest_of
from docs_hub.page_links import links_of, plain_address
from mageos_portal.audience import Visibility

MOST = 5000  # links
MOST_PLACES = 20  # that are named of a link
AT_ONCE, ROWS_AT_ONCE = 50, 500  # pages in memory, rows of a statement
Place = list[str | int]  # model, number


def gather_links(now: datetime) -> str:
    """Bring the rows to what pages show now: what is new is due, what nothing shows any more is forgotten."""
    found: dict[str, list[Place]] = {}
    for address, place in _shown(now):
        places = found.get(address)
        if places is None and len(found) < MOST:
            found[address] = [place]
        elif places is not None and place not in places[-1:] and len(places) < MOST_PLACES:
            places.append(place)
    gone, new = _forget_others(found), _add(found, now)
    return f"{len(found)} links are looked after: {new} new, {gone} gone"


def _shown(now: datetime) -> Iterator[tuple[str, Place]]:
    """Give the links that more than the staff see, each with the page that shows it."""
    hosts = settings.PORTAL_LINK_CHECK_HOSTS
    if not hosts:
        return
    for place, address in _addresses(hosts, now):
        if _host(address) in hosts:
            yield address, place


def _addresses(hosts: Iterable[str], now: datetime) -> Iterator[tuple[Place, str]]:
    """Give the addresses that pages lead to, those of other hosts, too."""
    documents = Document.objects.listed().exclude(visibility=Visibility.STAFF).order_by("pk")
    by_hand = documents.filter(collection__kind=Collection.Kind.LINKS)
    for pk, url in by_hand.values_list("pk", "url").iterator(chunk_size=AT_ONCE):
        yield ["document", pk], plain_address(url)
    named = Q()
    for host in hosts:
        named |= Q(html__icontains=f"//{host}")
    updates = Update.objects.filter(state=Update.State.PUBLISHED, published_at__lte=now)
    pages = {"update": updates.exclude(visibility=Visibility.STAFF).order_by("pk"), "document": documents}
    for name, rows in pages.items():
        for pk, html in rows.filter(named).values_list("pk", "html").iterator(chunk_size=AT_ONCE):
            yield from (([name, pk], link.address) for link in links_of(html))


def _forget_others(found: dict[str, list[Place]]) -> int:
    kept = {digest_of(address) for address in found}
    others = [pk for pk, digest in CheckedLink.objects.values_list("pk", "digest") if digest not in kept]
    for start in range(0, len(others), ROWS_AT_ONCE):
        CheckedLink.objects.filter(pk__in=others[start : start + ROWS_AT_ONCE]).delete()
    return len(others)


def _add(found: dict[str, list[Place]], now: datetime) -> int:
    known = dict(CheckedLink.objects.values_list("digest", "places"))
    new = []
    for address, places in found.items():
        digest = digest_of(address)
        if digest not in known:
            link = CheckedLink(digest=digest, address=address, host=_host(address), places=places, next_at=now)
            new.append(link)
        elif known[digest] != places:
            CheckedLink.objects.filter(digest=digest).update(places=places)
    CheckedLink.objects.bulk_create(new, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)
    return len(new)


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "") if address else ""
