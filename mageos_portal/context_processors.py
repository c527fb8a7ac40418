"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from mageos_portal.registry import navigation


def site(request: HttpRequest) -> dict[str, Any]:
    """Give the header its links, and pages their canonical address. Asks no database: error pages use it too."""
    links = [(entry.title, reverse(entry.url_name)) for entry in navigation]
    return {
        "navigation": [{"title": title, "url": url, "current": request.path.startswith(url)} for title, url in links],
        "canonical_url": settings.PORTAL_BASE_URL + request.path,
    }
