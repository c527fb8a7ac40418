"""Addresses that updates once had lead to where they are now; asked only when nothing else answers."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from docs_hub import linking
from docs_hub.models import Alias, Update
from mageos_portal.audience import Visibility, audience_of
from mageos_portal.registry import machine_paths

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

SAFE_METHODS = frozenset({"GET", "HEAD"})
LONGEST_ADDRESS = 2_000  # with its query: longer ones lose that
MOST_STEPS = 5  # from one handmade address to the next
PLACES_OF_NAMES = ("updates", "blog")  # one of them knows every update by its name alone
PAGE_SUFFIXES = (".html", ".md")


def follow_old_addresses(get_response: GetResponse) -> GetResponse:
    """Answer a 404 by a permanent redirect where the address is known from before."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != HTTPStatus.NOT_FOUND or not _may_be_led_on(request):
            return response
        target = _new_address_if_known(request)
        return HttpResponsePermanentRedirect(_with_query(target, request)) if target else response

    return middleware


def _new_address_if_known(request: HttpRequest) -> str:
    """Ask where an address leads now; without a database nobody knows, and the 404 is the answer."""
    try:
        return new_address(request, timezone.now())
    except DatabaseError as failure:
        logger.warning("Where %s leads now could not be looked up: %s", request.path, failure)
        return ""


def new_address(request: HttpRequest, now: datetime) -> str:
    """Give where an old address leads whoever asks; ``""`` where that is nothing that they may read.

    Costs one query, and one more for each handmade address on the way.
    """
    path = linking.normal(request.path)
    alias = _find(path)
    if alias is None:
        return linking.list_of(path)
    end, target = _end(alias, {path})
    if end is None:
        return target
    return end.get_absolute_url() if _may_read(request, end, now) else ""


def is_of_this_site(target: str) -> bool:
    """Tell whether an address is a path of this site, however browsers read it."""
    return target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)


def _find(path: str) -> Alias | None:
    """Give the alias of an address, or the one that has its name under another category or day."""
    paths = [each for each in _ways_to_write(path) if "\0" not in each]
    found = {alias.path: alias for alias in _aliases().filter(path__in=paths)}
    return next((found[each] for each in paths if each in found), None)


def _ways_to_write(path: str) -> Iterator[str]:
    """Give an address, then others that the same update may have had."""
    yield path
    place, _, name = path.strip("/").rpartition("/")
    if place.partition("/")[0] not in linking.PLACES:
        return
    for suffix in PAGE_SUFFIXES:
        name = name.removesuffix(suffix)
    dated = linking.DATED.fullmatch(name)
    for each in (name, *([dated["rest"]] if dated else [])):
        yield from (f"/{other}/{each}" for other in PLACES_OF_NAMES)


def _end(alias: Alias, seen: set[str]) -> tuple[Update | None, str]:
    """Follow handmade addresses to an update or to another page; ``""`` is no page: they lead away, or in a circle."""
    while alias.update is None:
        path = linking.normal(urlsplit(alias.target).path)
        if path in seen or len(seen) > MOST_STEPS or not is_of_this_site(alias.target):
            return None, ""
        seen.add(path)
        following = _aliases().filter(path=path).first()
        if following is None:
            return None, alias.target
        alias = following
    return alias.update, ""


def _aliases() -> QuerySet[Alias]:
    return Alias.objects.select_related("update").defer("update__body", "update__html", "update__text")


def _may_read(request: HttpRequest, update: Update, now: datetime) -> bool:
    """Say whether somebody may know that there is an update; asks who they are only if that matters."""
    if update.state != Update.State.PUBLISHED or update.published_at > now:
        return False
    is_public = update.visibility == Visibility.PUBLIC
    return is_public or audience_of(request).may_see(update.visibility, update.team)


def _may_be_led_on(request: HttpRequest) -> bool:
    first_part = request.path[1:].partition("/")[0]
    return request.method in SAFE_METHODS and not any(first_part in each.first_parts for each in machine_paths)


def _with_query(target: str, request: HttpRequest) -> str:
    """Hand on what the address was asked with."""
    parts = urlsplit(target)
    query = "&".join(each for each in (parts.query, request.META.get("QUERY_STRING", "")) if each)
    address = parts._replace(query=query).geturl()
    return address if len(address) <= LONGEST_ADDRESS else target
