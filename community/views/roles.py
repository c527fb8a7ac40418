"""Pages of open roles."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from community.models import OpenRole
from community.role_texts import html_of, job_posting
from mageos_portal.structured_data import as_script

SECTIONS = (
    ("why", "Why this role"),
    ("core_tasks", "What you will do"),
    ("added_tasks", "What may be added"),
    ("must_have", "What you bring"),
    ("nice_to_have", "Nice to have"),
    ("how_to_apply", "How to apply"),
)
ON_HOME = 3


@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """List the roles that are open."""
    return render(request, "community/roles.html", {"roles": OpenRole.objects.open_on(timezone.now().date())})


@require_safe
def role(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a role; one that is filled or closed says so, and search engines are told nothing of it."""
    shown = get_object_or_404(OpenRole.objects.shown(), slug=slug)
    is_open = shown.is_open_on(timezone.now().date())
    sections = [(title, _safe(getattr(shown, name))) for name, title in SECTIONS if getattr(shown, name)]
    context = {
        "role": shown,
        "is_open": is_open,
        "sections": sections if is_open else sections[:2],
        "structured": as_script(_posting(shown, sections)) if is_open else "",
    }
    return render(request, "community/role.html", context)


def home_card(request: HttpRequest) -> Mapping[str, Any]:
    """Give the home page the newest open roles."""
    return {"roles": OpenRole.objects.open_on(timezone.now().date())[:ON_HOME]}


def _safe(text: str) -> SafeString:
    return mark_safe(html_of(text))  # noqa: S308 - cleaned


def _posting(shown: OpenRole, sections: list[tuple[str, SafeString]]) -> Mapping[str, Any]:
    description = "".join(format_html("<h3>{}</h3>{}", title, text) for title, text in sections)
    return job_posting(
        title=shown.title,
        description=format_html("<p>{}</p>", shown.summary) + description,
        url=settings.PORTAL_BASE_URL + shown.get_absolute_url(),
        site=settings.PORTAL_BASE_URL,
        posted=shown.published_at or timezone.now(),
        through=shown.deadline,
        employment=shown.employment,
        is_remote=shown.is_remote,
        place=shown.location,
        country=shown.country,
    )
