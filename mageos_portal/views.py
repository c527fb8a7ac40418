"""The home page, what machines ask for, and the pages for when things go wrong."""

from dataclasses import asdict
from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_cookie
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from mageos_portal import metrics as figures
from mageos_portal import searching
from mageos_portal.audience import audience_of
from mageos_portal.health import readiness
from mageos_portal.registry import home_cards


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    cards = [render_to_string(card.template_name, dict(card.context(request)), request) for card in home_cards]
    return render(request, "mageos_portal/home.html", {"cards": cards})


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is up, whatever the rest does."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether requests can be served, and what is missing."""
    state = readiness()
    status = HTTPStatus.SERVICE_UNAVAILABLE if state.status == "unavailable" else HTTPStatus.OK
    return JsonResponse({"status": state.status, **asdict(state)}, status=status)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus, which knows the token; without one in the settings there is no such page."""
    if settings.PORTAL_METRICS_TOKEN is None:
        raise Http404
    if not figures.may_read(request.headers.get("Authorization", "")):
        headers = {"WWW-Authenticate": "Bearer"}
        return HttpResponse("The token is missing or wrong.\n", "text/plain", HTTPStatus.UNAUTHORIZED, headers=headers)
    return HttpResponse(figures.exposition(), CONTENT_TYPE_PLAIN_0_0_4)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return render(request, "robots.txt", content_type="text/plain; charset=utf-8")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead pages that name no icon, the admin's, to ours."""
    return redirect(static("portal.svg"))


@require_safe
@vary_on_cookie
def search(request: HttpRequest) -> HttpResponse:
    typed, kind, page = (request.GET.get(name, "") for name in ("q", "in", "page"))
    results = searching.results_of(audience_of(request), timezone.now(), typed, kind, page)
    response = render(request, "mageos_portal/search.html", {"results": results})
    if request.user.is_authenticated:
        patch_cache_control(response, private=True)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "429.html", status=429)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without looking at anything that may be what broke."""
    return HttpResponse(render_to_string("500.html"), status=500)
