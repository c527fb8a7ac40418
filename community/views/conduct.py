"""The code of conduct as everybody reads it: in force, version by version, and what changed between two."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.models import PolicyVersion
from community.models.conduct import DEFAULT_LOCALE
from mageos_portal.word_diff import word_diff

LIGHT = ("kind", "number", "locale", "title", "material", "change_note", "published_at", "effective_at")


@require_safe
def conduct(request: HttpRequest) -> HttpResponse:
    """Show the text in force."""
    in_force = PolicyVersion.objects.in_force(timezone.now())
    if in_force is None:
        return render(request, "community/no_conduct.html", {"canonical_url": _whole(request.path)})
    return _page(request, in_force.number, reverse("community:conduct"))


@require_safe
def version(request: HttpRequest, number: int) -> HttpResponse:
    """Show one version, in force or not."""
    return _page(request, number, request.path)


@require_safe
def diff(request: HttpRequest, older: int, newer: int) -> HttpResponse:
    """Show what changed from one version to another, word by word."""
    if older > newer:
        return redirect("community:conduct_diff", newer, older, permanent=True)
    found = {each.number: each for each in _published().filter(locale=DEFAULT_LOCALE, number__in=(older, newer))}
    if older == newer or len(found) < 2:  # noqa: PLR2004 - the two
        raise Http404("There are no two such versions.")
    between = _published().only(*LIGHT).filter(locale=DEFAULT_LOCALE, number__gt=older, number__lte=newer)
    context = {
        "older": found[older],
        "newer": found[newer],
        "comparison": word_diff(found[older].markdown, found[newer].markdown),
        "steps": between.order_by("number"),
        "canonical_url": _whole(request.path),
    }
    return render(request, "community/conduct_diff.html", context)


def page_context(shown: PolicyVersion) -> dict[str, Any]:
    """Give what the page of a version shows beside its text."""
    now = timezone.now()
    others = list(_published().only(*LIGHT).order_by("-number", "locale"))
    versions = [each for each in others if each.locale == DEFAULT_LOCALE]
    in_force = next((each for each in versions if each.effective_at and each.effective_at <= now), None)
    return {
        "version": shown,
        "versions": versions,
        "in_force": in_force,
        "is_in_force": in_force is not None and shown.number == in_force.number,
        "is_to_come": shown.effective_at is None or shown.effective_at > now,
        "before": next((each for each in versions if each.number < shown.number), None),
        "languages": [each for each in others if each.number == shown.number],
        "contact": settings.PORTAL_CONDUCT_EMAIL,
        "report_url": _report_url(),
    }


def _page(request: HttpRequest, number: int, address: str) -> HttpResponse:
    """Show a version in the language that is asked for, if there is one. Raises: Http404."""
    wanted = request.GET.get("lang", DEFAULT_LOCALE)
    found = {each.locale: each for each in _published().filter(number=number, locale__in=(wanted, DEFAULT_LOCALE))}
    shown = found.get(wanted)
    if shown is None:
        raise Http404("There is no such version.")
    query = "" if shown.locale == DEFAULT_LOCALE else f"?{urlencode({'lang': shown.locale})}"
    context = {**page_context(shown), "address": address, "canonical_url": _whole(address + query)}
    return render(request, "community/conduct.html", context)


def _published() -> "QuerySet[PolicyVersion]":
    return PolicyVersion.objects.published().conduct()


def _report_url() -> str:
    """Give the address of the form for reports, where there is one."""
    try:
        return reverse("community:report")
    except NoReverseMatch:
        return ""


def _whole(path: str) -> str:
    return f"{settings.PORTAL_BASE_URL}{path}"
