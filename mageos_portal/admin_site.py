"""The admin: open to staff who proved a second factor, with a sidebar of what each may see."""

from typing import Any

from allauth.account import views as account_views
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from mageos_portal.registry import StaffLink, staff_links
from mageos_portal.second_factor import is_verified, lead_to_staff_pages


class StaffSite(UnfoldAdminSite):
    """The site that `admin.register` adds models to."""

    index_title = "Dashboard"

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and is_verified(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the accounts' own login, second factor or enrolment, and from there back."""
        return lead_to_staff_pages(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = account_views.logout(request)
        return answer

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_change_password")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """List the links that apps registered and this person may follow, by their groups."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for link in staff_links:
        if link.permission is None or request.user.has_perm(link.permission):
            groups.setdefault(link.group, []).append(_item(link))
    return [{"title": title, "items": items} for title, items in groups.items()]


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """List what people may do with their own account."""
    return [
        {"title": "Second factor", "link": reverse("mfa_index")},
        {"title": "E-mail address", "link": reverse("account_email")},
        {"title": "Change password", "link": reverse("account_change_password")},
    ]


def icon(request: HttpRequest) -> str:
    return static("portal.svg")


def stylesheet(request: HttpRequest) -> str:
    """Name our own rules, which lists and forms need as well as our own pages."""
    return static("admin.css")


def environment(request: HttpRequest) -> list[str] | None:
    """Tell a portal to try from one that is used."""
    return None if settings.PORTAL_PRODUCTION else ["Development", "info"]


def _item(link: StaffLink) -> dict[str, Any]:
    return {"title": link.title, "icon": link.icon, "link": reverse(link.url_name)}
