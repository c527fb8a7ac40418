"""Pages of the weekly digest: asking for it, confirming, leaving. Only a POST changes something."""

from http import HTTPStatus
from typing import Any

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from redis.exceptions import RedisError

from docs_hub import digest_links, subscribing
from docs_hub.addresses import whole
from docs_hub.digest_forms import ConfirmForm, SubscribeForm
from docs_hub.digest_mails import can_send
from docs_hub.models import DigestConsent, Subscriber

LIMITS = {"digest": "10/h/ip"}
WAYS = ["GET", "HEAD", "POST"]
ONE_CLICK = "List-Unsubscribe"  # what mail programs post: RFC 8058


@never_cache
@require_http_methods(WAYS)
def subscribe(request: HttpRequest) -> HttpResponse:
    """Show the form; whoever sends it gets the same answer, whatever is known of the address."""
    form = SubscribeForm(request.POST if request.method == "POST" else None)
    if not can_send() or request.method != "POST":
        return _form(request, form)
    if not ratelimit.consume(request, app="docs_hub", action="digest", config=LIMITS):
        answer: HttpResponse = ratelimit.respond_429(request)
        return answer
    if not form.is_valid():
        return _form(request, form)
    if not form.cleaned_data["website"]:
        try:
            subscribing.ask(form.cleaned_data["address"])
        except (RedisError, OSError):
            return _form(request, form, is_down=True)
    return render(request, "docs_hub/digest_asked.html")


@never_cache
@require_http_methods(WAYS)
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show the wording with a button, and note that the owner of an address agreed to it."""
    try:
        key = digest_links.key_to_confirm(token)
    except digest_links.LinkError:
        return _broken(request)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _done(request, "confirmed") if subscribing.confirm(key) else _broken(request)
    subscriber = Subscriber.objects.filter(key=key).first()
    if subscriber is None:
        return _broken(request)
    if subscriber.confirmed_at:
        return _done(request, "confirmed")
    return _private(render(request, "docs_hub/digest_confirm.html", {"form": form, "wording": subscribing.WORDING}))


@csrf_exempt  # mail programs post without a page of ours; the link itself says who may
@never_cache
@require_http_methods(WAYS)
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once more, and end a subscription; one that has ended is ended."""
    try:
        key = digest_links.key_to_leave(token)
    except digest_links.LinkError:
        return _broken(request)
    if request.method == "POST":
        channels = DigestConsent.Channel
        subscribing.leave(key, channels.ONE_CLICK if ONE_CLICK in request.POST else channels.PAGE)
        return _done(request, "left")
    if not Subscriber.objects.filter(key=key).exists():
        return _done(request, "left")
    return _private(render(request, "docs_hub/digest_leave.html"))


def _form(request: HttpRequest, form: SubscribeForm, *, is_down: bool = False) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "wording": subscribing.WORDING,
        "is_offered": can_send(),
        "is_down": is_down,
        "canonical_url": whole(request.path),
    }
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_down else HTTPStatus.OK
    return render(request, "docs_hub/digest.html", context, status=status)


def _done(request: HttpRequest, what: str) -> HttpResponse:
    return _private(render(request, f"docs_hub/digest_{what}.html"))


def _broken(request: HttpRequest) -> HttpResponse:
    return _private(render(request, "docs_hub/digest_broken.html", status=HTTPStatus.NOT_FOUND))


def _private(answer: HttpResponse) -> HttpResponse:
    """Keep the address of a page, which is a secret, from search engines and other sites."""
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer
