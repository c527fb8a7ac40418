"""Pages of accounts that do more than allauth's: what there is, and whoever adds a factor has proved it."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mageos_portal.registry import account_links
from mageos_portal.second_factor import count_as_proved


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """List the pages of somebody's account."""
    return render(request, "account/overview.html", {"links": account_links})


class AddAppView(ActivateTOTPView):
    """Adds an authenticator app, of which a code was right."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        count_as_proved(self.request, Authenticator.Type.TOTP)
        return response


class AddPasskeyView(AddWebAuthnView):
    """Adds a passkey, which has signed for it."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        count_as_proved(self.request, Authenticator.Type.WEBAUTHN)
        return response


add_app = AddAppView.as_view()
add_passkey = AddPasskeyView.as_view()
