"""Whether a member of staff proved a second factor in this session, and where to send those who did not."""

import time
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import reauthentication_required
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes alone are none
REMEMBERED = "second_factor_is_verified"  # on the request: asked for several times a page
ONWARD = "second_factor_onward"  # in the session: where somebody wanted to go who has to enrol first

# For views that destroy something: ask who logged in or confirmed it more than five minutes ago to confirm it again.
# What was posted is kept and goes on afterwards (files are not). Methods: @method_decorator(recently_authenticated).
recently_authenticated = reauthentication_required


def is_verified(request: HttpRequest) -> bool:
    """Say whether this person proved a second factor in this session, and still has it."""
    remembered = vars(request)
    if REMEMBERED not in remembered:
        remembered[REMEMBERED] = not settings.PORTAL_SECOND_FACTOR or _has_proved_one(request)
    return bool(remembered[REMEMBERED])


def has_second_factor(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Say whether somebody enrolled an app or a passkey."""
    return bool(is_mfa_enabled(user, FACTORS))


def count_as_proved(request: HttpRequest, kind: str) -> None:
    """Let the app or passkey that was added just now, and showed that it works, count as used in this session."""
    added = Authenticator.objects.filter(user_id=request.user.pk, type=kind).latest("pk")
    post_authentication(request, added)
    vars(request).pop(REMEMBERED, None)


def may_change_factors(request: HttpRequest) -> bool:
    """Say whether a password is proof enough to add, see or remove factors: only as long as there is none."""
    return is_verified(request) or not has_second_factor(request.user)


def was_authenticated_recently(request: HttpRequest) -> bool:
    """Say whether a password or a factor was given in this session a short time ago."""
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def lead_to_staff_pages(request: HttpRequest) -> HttpResponse:
    """Send somebody on to the staff page they want, or to what they lack for it. Raises: PermissionDenied."""
    if not request.user.is_authenticated:
        return _send(settings.LOGIN_URL, _onward(request))
    if not (request.user.is_active and request.user.is_staff):
        raise PermissionDenied
    if is_verified(request):
        return redirect(_onward(request))
    if has_second_factor(request.user):
        return _send(_proof_page(request.user), _onward(request))
    request.session[ONWARD] = _onward(request)
    return redirect("mfa_index")


def lead_to_proof(request: HttpRequest) -> HttpResponse:
    """Send somebody to prove the factor that they have, and back to the page they asked for."""
    return _send(_proof_page(request.user), request.path if request.method == "GET" else reverse("mfa_index"))


def _has_proved_one(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    proved = [record["id"] for record in records if record["method"] == "mfa"]
    return bool(proved) and Authenticator.objects.filter(user_id=request.user.pk, pk__in=proved).exists()


def _proof_page(user: AbstractBaseUser | AnonymousUser) -> str:
    """Name the page where a factor is proved: the app's, unless there are passkeys only."""
    return "mfa_reauthenticate" if is_mfa_enabled(user, FACTORS[:1]) else "mfa_reauthenticate_webauthn"


def _onward(request: HttpRequest) -> str:
    wanted: str | None = get_next_redirect_url(request) or request.session.pop(ONWARD, None)
    if wanted is None or wanted.startswith(reverse("admin:login")):
        return reverse("admin:index")
    return wanted


def _send(page: str, onward: str) -> HttpResponseRedirect:
    target = redirect(page)
    target["Location"] += "?" + urlencode({"next": onward})
    return target
