"""Agreeing to the code of conduct, seeing what one agreed to, and withdrawing."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from community import agreeing
from community.agreement_facts import last_word, term_of, unanswered_by
from community.agreement_forms import AgreeForm, RequestForm, new_request_id
from community.models import Agreement, PolicyVersion
from community.models.conduct import DEFAULT_LOCALE
from community.verified_addresses import address_of
from mageos_portal.word_diff import word_diff

AGREE = 3  # the step of joining


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def agree(request: HttpRequest) -> HttpResponse:
    """Show the whole text, and note that somebody agrees to it."""
    user, now = cast("User", request.user), timezone.now()
    version = PolicyVersion.objects.in_force(now, locale=DEFAULT_LOCALE)
    if version is None or not address_of(user):
        return render(request, "community/cannot_agree.html", {"version": version, "step": AGREE})
    form = AgreeForm(version, request.POST or None)
    if form.is_valid():
        return redirect(_agree(request, version, form.cleaned_data["request_id"]))
    return render(request, "community/agree.html", {"form": form, **_context(user, version)})


@login_required
@require_safe
def agreement(request: HttpRequest) -> HttpResponse:
    """Show somebody what they agreed to, and when."""
    user, now = cast("User", request.user), timezone.now()
    said = Agreement.objects.filter(account=user).select_related("version")
    word = last_word(user)
    has_agreed = word is not None and word.act == Agreement.Act.AGREED
    term = term_of(word, now) if word and has_agreed else None
    context = {
        "said": said.defer("version__markdown", "version__html").order_by("-pk"),
        "word": word if has_agreed else None,
        "term": term,
        "has_lapsed": term is not None and term.is_over(now),
    }
    return render(request, "community/agreement.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest) -> HttpResponse:
    """Say what withdrawing means, and note it."""
    user = cast("User", request.user)
    word = last_word(user)
    if word is None or word.act != Agreement.Act.AGREED:
        return redirect("community:agreement")
    form = RequestForm(request.POST or None)
    if form.is_valid():
        agreeing.withdraw(user, request_id=form.cleaned_data["request_id"])
        messages.success(request, "Your agreement is withdrawn, and your access as a member has ended.")
        return redirect("community:agreement")
    context = {"request_id": new_request_id(), "word": word, "label": agreeing.withdrawal_label(word.version)}
    return render(request, "community/withdraw.html", context)


def _agree(request: HttpRequest, version: PolicyVersion, request_id: str) -> str:
    """Note the agreement, and give where to go on: to the page again if something changed in the meantime."""
    label = agreeing.label_of(version)
    try:
        agreeing.agree(cast("User", request.user), version, label=label, request_id=request_id)
    except agreeing.AgreeingError:
        return reverse("community:agree")
    return reverse("community:join_discord")


def _context(user: User, version: PolicyVersion) -> dict[str, Any]:
    """Give what somebody has to know who reads a text that they may have agreed to before."""
    word = last_word(user)
    agreed = word if word and word.act == Agreement.Act.AGREED else None
    seen = word.version if word and word.version.number < version.number else None
    return {
        "version": version,
        "step": AGREE,
        "request_id": new_request_id(),
        "agreed": agreed,
        "holds": agreed is not None and not unanswered_by(agreed, timezone.now()),
        "term": term_of(agreed, timezone.now()) if agreed else None,
        "seen": seen,
        "comparison": word_diff(seen.markdown, version.markdown) if seen else None,
    }
