"""Joining, step by step, and the page of Discord, which is its owner's only."""

from typing import cast

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from community import connecting, joining_tasks
from community.discord_access import authorize_url, can_add
from community.facts import state_of_user
from community.inviting import InvitingError
from community.joining_page import What, shown_to
from community.models import PolicyVersion
from community.standing import State, is_member

EMAIL, VERIFY, AGREE, DISCORD, ALL_DONE = 1, 2, 3, 4, 5  # the steps of joining
STEPS = {
    State.ANONYMOUS: EMAIL,
    State.UNVERIFIED: VERIFY,
    State.VERIFIED: AGREE,
    State.LAPSED: AGREE,
    State.WITHDRAWN: AGREE,
    State.AGREED: DISCORD,
    State.INVITED: DISCORD,
    State.JOINED: ALL_DONE,
}
NOWHERE = "no-referrer"  # but browsers then send forms without their origin, and Django takes none
WITH_LINK = frozenset({What.LINK, What.PERMANENT})


@require_safe
def join(request: HttpRequest) -> HttpResponse:
    """Show where the visitor stands, and the next step."""
    now = timezone.now()
    state = state_of_user(request.user, now)
    context = {
        "state": state,
        "step": STEPS.get(state, 0),
        "can_sign_up": get_adapter(request).is_open_for_signup(request),
        "has_code": PolicyVersion.objects.in_force(now) is not None,
        "contact": settings.PORTAL_CONDUCT_EMAIL,
    }
    return render(request, "community/join.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def discord(request: HttpRequest) -> HttpResponse:
    """Show somebody their invitation, or ask for one."""
    user, now = cast("User", request.user), timezone.now()
    state = state_of_user(user, now)
    if not is_member(state):
        return redirect("community:join")
    if request.method == "POST":
        return _act(request, user)
    shown = shown_to(user, state, now)
    step = ALL_DONE if shown.what == What.IN else DISCORD
    response = render(request, "community/join_discord.html", {"shown": shown, "step": step})
    if shown.what in WITH_LINK:
        response.headers["Referrer-Policy"] = NOWHERE
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_invitation(request: HttpRequest) -> HttpResponse:
    """Ask before a link is given up for another one."""
    if not is_member(state_of_user(request.user, timezone.now())):
        return redirect("community:join")
    if request.method != "POST":
        return render(request, "community/join_discord_new.html", {"step": DISCORD})
    try:
        joining_tasks.ask_anew(cast("User", request.user))
    except InvitingError as error:
        messages.error(request, str(error))
    return redirect("community:join_discord")


@login_required
@require_safe
def connect(request: HttpRequest) -> HttpResponse:
    """Send somebody to Discord, to allow there that we add them. A link: a form could not lead to another site."""
    now = timezone.now()
    if not can_add() or not is_member(state_of_user(request.user, now)):
        return redirect("community:join_discord")
    state = connecting.begin(request.session, now)
    response = redirect(authorize_url(_back_url(), state))
    response.headers["Referrer-Policy"] = NOWHERE
    return response


@login_required
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Take somebody who comes back from Discord, and add them."""
    now, user = timezone.now(), cast("User", request.user)
    try:
        code = _code(request)
        joining_tasks.take_back_all(connecting.connect(user, code, _back_url(), now))
    except connecting.ConnectingError as error:
        messages.error(request, str(error))
    response = redirect("community:join_discord")
    response.headers["Referrer-Policy"] = NOWHERE
    return response


def _act(request: HttpRequest, user: User) -> HttpResponse:
    """Do what a button of the page of Discord says."""
    if request.POST.get("act") == "gone":
        joining_tasks.say_gone(user)
        messages.success(request, "Thank you. You can ask for a new invitation once that is noted.")
        return redirect("community:join_discord")
    try:
        joining_tasks.ask(user)
    except InvitingError as error:
        messages.error(request, str(error))
    return redirect("community:join_discord")


def _code(request: HttpRequest) -> str:
    """Give what Discord sent back. Raises: ConnectingError."""
    if not connecting.is_ours(request.session, request.GET.get("state", ""), timezone.now()) or not can_add():
        raise connecting.ConnectingError(connecting.STATE_IS_WRONG)
    code = request.GET.get("code", "")
    if not connecting.CODE.fullmatch(code):
        raise connecting.ConnectingError(connecting.NOT_ALLOWED)
    return code


def _back_url() -> str:
    return f"{settings.PORTAL_BASE_URL}{reverse('community:join_discord_back')}"
