"""What GitHub may post: that a tag was pushed to one of the sources.

Whoever knows a secret learns no more than that the event was understood: repositories that we do not know are
answered like those that we do. What was answered before is answered the same again and does nothing.
"""

import hashlib

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from mirror import occasions
from mirror.pushes import PushError, is_signed, pushed_to

LARGEST_EVENT = 1024 * 1024  # bytes; GitHub sends up to 25 MB, for pushes of branches with many commits
REMEMBERED = 24 * 60 * 60  # seconds
NOT_SET_UP = "Webhooks are not taken here: PORTAL_GITHUB_WEBHOOK_SECRETS is not set."
NOT_SIGNED = "The signature in X-Hub-Signature-256 is missing or wrong; compare the secrets here and at GitHub."


@csrf_exempt
@require_POST
def github(request: HttpRequest) -> HttpResponse:
    """Queue a build when a tag of a source changed."""
    if not settings.PORTAL_GITHUB_WEBHOOK_SECRETS:
        return _answer(NOT_SET_UP, 404)
    body = _body(request)
    if body is None:
        return _answer(f"The event is larger than {LARGEST_EVENT} bytes.", 413)
    if not is_signed(body, request.headers.get("X-Hub-Signature-256", ""), settings.PORTAL_GITHUB_WEBHOOK_SECRETS):
        return _answer(NOT_SIGNED, 403)
    try:
        _take(request, body)
    except PushError as error:
        return _answer(f"Not understood: {error}.", 400)
    return _answer("Accepted.", 202)


def _take(request: HttpRequest, body: bytes) -> None:
    """Do what an event asks for, once. Raises: PushError."""
    headers = request.headers
    addresses = pushed_to(headers.get("X-GitHub-Event", ""), headers.get("Content-Type", ""), body)
    marks = _marks(headers.get("X-GitHub-Delivery", ""), body)
    if cache.get_many(marks):
        return
    occasions.queue_pushed(addresses)
    cache.set_many(dict.fromkeys(marks, 1), REMEMBERED)


def _marks(delivery: str, body: bytes) -> list[str]:
    """Give what an event is remembered by. Its number is not signed, so its body counts as well."""
    if not delivery:
        raise PushError("the header X-GitHub-Delivery is missing")
    digests = (hashlib.sha256(part).hexdigest() for part in (delivery.encode(errors="replace"), body))
    return [f"github:{digest}" for digest in digests]


def _body(request: HttpRequest) -> bytes | None:
    """Read what was posted; None if it is too large."""
    try:
        announced = int(request.headers.get("Content-Length") or 0)
        body = request.read(LARGEST_EVENT + 1) if announced <= LARGEST_EVENT else None
    except (ValueError, UnreadablePostError):
        return b""  # which nobody can have signed
    return body if body is not None and len(body) <= LARGEST_EVENT else None


def _answer(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", content_type="text/plain; charset=utf-8", status=status)
