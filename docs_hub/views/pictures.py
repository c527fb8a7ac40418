"""Copies of pictures."""

import re

from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

KEPT_PICTURE = re.compile(r"updates/[0-9a-f]{2}/[0-9a-f]{32}\.(?P<kind>png|jpg|gif|webp)")
MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}


@require_safe
def picture(request: HttpRequest, name: str) -> FileResponse:
    """Give a copy of a picture to whoever knows its name.

    The name says what is in it (136 bits of a checksum), so it never changes, and nobody can guess it: those who
    know it saw a page with the picture, or have the picture. Nothing but that protects the pictures of updates that
    are not for everybody; one that must stay secret does not belong into an update.
    """
    found = KEPT_PICTURE.fullmatch(name)
    storage = storages["media"]
    if not found or not storage.exists(name):
        raise Http404("There is no such picture.")
    answer = FileResponse(storage.open(name), content_type=MEDIA_TYPES[found["kind"]])
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer
