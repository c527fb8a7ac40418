"""People's own data: what is kept, a copy of it, corrections, and the end of it."""

import json
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community import data_copies, data_tasks, erasing, profiles
from community.data_forms import ProfileForm
from community.models import DataRequest, Person
from mageos_portal.fresh_login import fresh_login_required
from mageos_portal.registry import personal_records

QUEUE_ERRORS = (OSError,)  # redis' own connection errors are among its base's


@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """Say what is kept and how long, and what one can do about it."""
    asked = DataRequest.objects.filter(account_id=request.user.pk).defer("document")
    erasure = asked.open().filter(kind=DataRequest.Kind.ERASURE).first()
    copy = asked.filter(kind=DataRequest.Kind.COPY).exclude(document="").first()
    context = {
        "records": [entry for entry in personal_records if entry.of],
        "waits": asked.open().filter(kind=DataRequest.Kind.COPY).exists(),
        "copy": copy if copy and copy.copy_ends_at and timezone.now() < copy.copy_ends_at else None,
        "erasure": erasure,
    }
    return render(request, "community/data.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = cast("User", request.user)
    person = Person.objects.filter(user=user).first()
    known = {"name": person.name, "is_public": person.is_public} if person else None
    form = ProfileForm(request.POST or None, initial=known)
    if form.is_valid():
        profiles.correct(user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("community:profile")
    return render(request, "community/profile.html", {"form": form})


@fresh_login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_copy(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "community/data_copy_ask.html")
    asked = data_copies.ask_for_copy(cast("User", request.user))
    try:
        data_tasks.hand_over(asked)
    except QUEUE_ERRORS:
        messages.info(request, "The copy takes a little longer than usual.")
    return redirect("community:data")


@never_cache
@fresh_login_required
@require_safe
def copy(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show a copy as a page that people can read."""
    content = json.loads(_copy_of(request, uuid).document)
    return render(request, "community/data_copy.html", {"content": content, "uuid": uuid})


@never_cache
@fresh_login_required
@require_safe
def copy_json(request: HttpRequest, uuid: UUID) -> HttpResponse:
    response = HttpResponse(_copy_of(request, uuid).document, content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@fresh_login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Say what erasing an account means, and note that somebody wants it."""
    user, context = cast("User", request.user), dict[str, Any]()
    if refusal := erasing.why_needed(user):
        context["refusal"] = refusal
    elif request.method == "POST":
        erasing.ask_to_erase(user)
        return redirect("community:data")
    return render(request, "community/data_delete.html", context)


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    if erasing.keep_account(cast("User", request.user)):
        messages.success(request, "Your account stays.")
    return redirect("community:data")


def _copy_of(request: HttpRequest, uuid: UUID) -> DataRequest:
    """Give somebody's own copy. Raises: Http404."""
    found = DataRequest.objects.filter(account_id=request.user.pk, uuid=uuid).first()
    if found is None or not found.holds_a_copy(timezone.now()):
        raise Http404("There is no such copy, or its time is over; ask for another one")
    return found
