"""Pages of the repository, and what composer asks for that is no file."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from mirror import counting, observing
from mirror.catalogue import Catalogue, Entry, current_catalogue, install_command
from mirror.composer.versions import sort_key, stability
from mirror.models import Build, Distribution, Release
from mirror.statuses import Badge, badge_of, statuses

RESULTS_A_PAGE = 15
MOST_PAGES = 100
LONGEST_QUERY = 200  # characters
MOST_WORDS = 10
RELEASES_SHOWN = 12
LOG_KEPT = 3600  # seconds, in caches
BADGE_KEPT = 300
LARGEST_NOTICE = 256 << 10  # bytes
MOST_NOTICED = 1000  # packages
CLIENT = re.compile(r"Composer/[a-z0-9.+-]+ \([^;)]*; ?[^;)]*; (?:PHP|HHVM) \d+\.\d+", re.ASCII | re.IGNORECASE)
WRONG_NOTICE = (
    "Invalid request format, must be a json object containing a downloads key "
    "filled with an array of name/version objects"
)


@dataclass(frozen=True, slots=True)
class State:
    """How a release's state looks."""

    icon: str
    word: str
    style: str  # a class of the stylesheet


STATES = {
    "installable": State("✓", "Installable", "good"),
    "incomplete": State("!", "Incomplete", "bad"),
    "waiting": State("…", "Waiting for approval", "warn"),
}


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    release: Release
    state: State


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say about one distribution."""

    distribution: Distribution
    path: str
    newest: Release | None
    command: str  # empty: there is nothing to install yet
    rows: tuple[ReleaseRow, ...]
    older: int  # releases that are not shown
    build: Build | None
    others: tuple[tuple[str, str], ...]  # title and address

    @property
    def is_plain(self) -> bool:
        return self.distribution.url.startswith("http://")


@require_safe
def repository(request: HttpRequest, slug: str = "") -> HttpResponse:
    page = page_of(slug)
    context = {"page": page, "canonical_url": settings.PORTAL_BASE_URL + page.path}
    return render(request, "mirror/repository.html", context)


def home_card(request: HttpRequest) -> dict[str, Any]:
    """Give the home page the default distribution, if there is one."""
    try:
        return {"page": page_of("")}
    except Http404:
        return {"page": None}


def page_of(slug: str) -> Page:
    """Gather the page of a distribution, without a slug of the default one. Raises: Http404."""
    everyone = list(Distribution.objects.select_related("publication"))
    chosen = [one for one in everyone if (one.slug == slug if slug else one.is_default)]
    if not chosen:
        raise Http404("There is no such repository.")
    distribution = chosen[0]
    releases = newest_first(Release.objects.filter(distribution=distribution))
    newest = newest_installable(releases)
    ended = Build.objects.filter(distribution=distribution).exclude(ended_at=None)
    return Page(
        distribution,
        page_path(distribution),
        newest,
        command_for(distribution, newest),
        tuple(ReleaseRow(one, STATES[one.state]) for one in releases[:RELEASES_SHOWN]),
        len(releases[RELEASES_SHOWN:]),
        ended.first(),
        tuple((one.title, page_path(one)) for one in everyone if one != distribution),
    )


def page_path(distribution: Distribution) -> str:
    if distribution.is_default:
        return reverse("mirror:repository")
    return reverse("mirror:distribution", args=[distribution.slug])


def newest_first(releases: Iterable[Release]) -> list[Release]:
    return sorted(releases, key=lambda found: sort_key(found.version_normalized), reverse=True)


def newest_installable(releases: Iterable[Release]) -> Release | None:
    """Choose what a visitor should install: a stable release before any other."""
    found = [release for release in releases if release.state == "installable"]
    stable = [release for release in found if stability(release.version_normalized) == "stable"]
    return next(iter(stable or found), None)


def command_for(distribution: Distribution, release: Release | None) -> str:
    if release is None:
        return ""
    project = current_catalogue(distribution.files).project_of(release.version_normalized)
    return install_command(distribution.url, project.name, release.version) if project else ""


@require_safe
def build_log(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Give what a build said, without what other programs said; it may be kept once the build has ended."""
    build = get_object_or_404(Build, pk=pk)
    text = observing.log_text(observing.log_lines(build, raw=False))
    response = StreamingHttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={LOG_KEPT}" if build.has_ended else "no-store"
    return response


@require_safe
def search(request: HttpRequest, slug: str = "") -> JsonResponse:
    distribution = distribution_at(slug)
    query, kind = request.GET.get("q", "")[:LONGEST_QUERY], request.GET.get("type", "")
    found = catalogue(distribution).search(query.lower().split()[:MOST_WORDS], kind)
    number = page_number(request.GET.get("page", ""))
    address = settings.PORTAL_BASE_URL + page_path(distribution)
    shown = found[(number - 1) * RESULTS_A_PAGE : number * RESULTS_A_PAGE]
    answer: dict[str, Any] = {
        "results": [result(entry, address, distribution.url) for entry in shown],
        "total": len(found),
    }
    if number * RESULTS_A_PAGE < len(found) and number < MOST_PAGES:
        following = urlencode({"q": query, "type": kind, "page": number + 1})
        answer["next"] = f"{distribution.url}search.json?{following}"
    return JsonResponse(answer)


def result(entry: Entry, address: str, repository_url: str) -> dict[str, str]:
    return {
        "name": entry.name,
        "description": entry.description,
        "url": address,
        "repository": repository_url,
    }


def page_number(text: str) -> int:
    return min(max(int(text), 1), MOST_PAGES) if re.fullmatch(r"[0-9]{1,4}", text) else 1


@require_safe
def names(request: HttpRequest, slug: str = "") -> JsonResponse:
    vendor = request.GET.get("vendor", "").lower()
    pattern = request.GET.get("filter", "*")[:LONGEST_QUERY].lower()
    found = [
        name
        for name in catalogue(distribution_at(slug)).entries
        if vendor in {"", name.partition("/")[0]} and matches(name, pattern)
    ]
    return JsonResponse({"packageNames": found})


def matches(name: str, pattern: str) -> bool:
    """Compare with a pattern in which ``*`` is any text; the time does not grow with its stars."""
    first, *others = pattern.split("*")
    if not others:
        return name == pattern
    last = others.pop()
    if not name.startswith(first) or len(name) < len(first) + len(last) or not name.endswith(last):
        return False
    place, end = len(first), len(name) - len(last)
    for part in others:
        found = name.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


@require_safe
def providers(request: HttpRequest, vendor: str, name: str, slug: str = "") -> JsonResponse:
    found = catalogue(distribution_at(slug)).providers_of(f"{vendor}/{name}".lower())
    rows = [{"name": e.name, "description": e.description, "type": e.type} for e in found]
    return JsonResponse({"providers": rows})


@csrf_exempt
@require_POST
def notify(request: HttpRequest, slug: str = "") -> JsonResponse:
    """Count what composer says that it installed; its errors are what packagist.org answers."""
    distribution = distribution_at(slug)
    body = request.read(LARGEST_NOTICE + 1)
    if len(body) > LARGEST_NOTICE:
        return error("The request is too large.", status=413)
    installed = noticed(body)
    if installed is None:
        return error(WRONG_NOTICE)
    ours = catalogue(distribution)
    known = [pair for pair in installed if ours.has(*pair)]
    if CLIENT.match(request.headers.get("User-Agent", "")):
        counting.count(distribution, known, request.META["REMOTE_ADDR"])
    unknown = [{"name": n, "version": v} for n, v in installed if not ours.has(n, v)]
    if unknown:
        message = f"Packages {json.dumps(unknown)} not found"
        return JsonResponse({"status": "partial", "message": message})
    return JsonResponse({"status": "success"}, status=201)


def error(message: str, status: int = 200) -> JsonResponse:
    return JsonResponse({"status": "error", "message": message}, status=status)


def noticed(body: bytes) -> list[tuple[str, str]] | None:
    """Read (name, normalized version) pairs from a notice; ``None`` if it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    downloads = found.get("downloads") if isinstance(found, dict) else None
    if not isinstance(downloads, list) or len(downloads) > MOST_NOTICED:
        return None
    pairs = [pair for pair in map(name_and_version, downloads) if pair]
    return pairs if len(pairs) == len(downloads) else None


def name_and_version(item: object) -> tuple[str, str] | None:
    if not isinstance(item, dict):
        return None
    name, version = item.get("name"), item.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        return None
    return name.lower(), version


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    found = statuses(Distribution.objects.select_related("publication"), now)
    context = {"statuses": found, "now": now, "canonical_url": settings.PORTAL_BASE_URL + reverse("mirror:status")}
    return render(request, "mirror/status.html", context)


@require_safe
@cache_control(public=True, max_age=BADGE_KEPT)
def badge(request: HttpRequest, slug: str) -> HttpResponse:
    found = badge_at(slug)
    context = {"badge": found, "parts": [found.label, found.message]}
    return render(request, "mirror/badge.svg", context, content_type="image/svg+xml")


@require_safe
@cache_control(public=True, max_age=BADGE_KEPT)
def shield(request: HttpRequest, slug: str) -> JsonResponse:
    """Answer in shields.io's endpoint schema."""
    return JsonResponse(badge_at(slug).as_shield() | {"cacheSeconds": BADGE_KEPT})


def badge_at(slug: str) -> Badge:
    (found,) = statuses([distribution_at(slug)], timezone.now())
    return badge_of(found)


def distribution_at(slug: str) -> Distribution:
    """Give the distribution of an address, without a slug the default one. Raises: Http404."""
    return get_object_or_404(Distribution, **({"slug": slug} if slug else {"is_default": True}))


def catalogue(distribution: Distribution) -> Catalogue:
    return current_catalogue(distribution.files)
