"""The community's first page: what there is, and how to join."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.models import OpenRole, PolicyVersion, Team


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = {
        "conduct": PolicyVersion.objects.in_force(now),
        "roles": OpenRole.objects.open_on(now.date()),
        "teams": Team.objects.active().order_by("name"),
    }
    return render(request, "community/landing.html", context)
