"""The first page of the admin: what the apps have to say to staff, each in a panel of its own."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from mageos_portal.registry import dashboard_panels


def with_panels(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the panels that this person may see to the context of the page."""
    return {**context, "panels": panels(request)}


def panels(request: HttpRequest) -> list[SafeString]:
    allowed = [panel for panel in dashboard_panels if request.user.has_perm(panel.permission)]
    return [render_to_string(panel.template_name, {**panel.context(request)}, request) for panel in allowed]
