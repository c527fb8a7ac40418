"""Pages that only somebody sees who has just shown who they are."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from mageos_portal.second_factor import recently_authenticated, was_authenticated_recently

View = Callable[..., HttpResponse]


def fresh_login_required(view: View) -> View:
    """Ask again who logged in a while ago. Who has nothing but codes by mail logs in anew.

    Leads back to the address that was asked for, by GET; so the page has to be one that can be read.
    """
    confirmed: View = recently_authenticated(view)

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if was_authenticated_recently(request):
            return view(request, *args, **kwargs)
        if get_reauthentication_flows(request.user):
            return confirmed(request, *args, **kwargs)
        logout(request)
        messages.info(request, "Log in once more: what you asked for is only for you.")
        return redirect_to_login(request.path)

    return guarded
