"""The copy of all that is known of somebody: asked for, made by the queue, and gone after a day."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from community import data_letters
from community.models import DataRequest
from community.verified_addresses import address_of
from mageos_portal.registry import PersonalRecords, personal_records

LONGEST = 20_000  # rows of one kind


def ask_for_copy(user: User, now: datetime | None = None) -> DataRequest:
    """Note that somebody wants a copy; a copy that waits already is the same one."""
    request, _ = DataRequest.objects.get_or_create(
        account=user,
        kind=DataRequest.Kind.COPY,
        state=DataRequest.State.OPEN,
        defaults={"received_at": now or timezone.now()},
    )
    return request


def make_copy(pk: int, now: datetime | None = None) -> str:
    """Make the copy, if nobody did yet, and tell its owner where it is."""
    now = now or timezone.now()
    request = DataRequest.objects.copies_to_make().select_related("account").filter(pk=pk).first()
    if request is None or not isinstance(request.account, User):
        return "there is nothing to do any more"
    document = json.dumps(content_of(request.account, now), cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
    with transaction.atomic():
        waiting = DataRequest.objects.open().filter(pk=pk)
        if not waiting.update(state=DataRequest.State.DONE, done_at=now, document=document, handler="portal"):
            return "there is nothing to do any more"
        older = DataRequest.objects.filter(account=request.account, kind=DataRequest.Kind.COPY).exclude(pk=pk)
        older.update(document="")
    url = settings.PORTAL_BASE_URL + reverse("community:data_copy", args=[request.uuid])
    data_letters.send("data_copy", address_of(request.account), url=url)
    return "the copy was made"


def content_of(user: User, now: datetime) -> dict[str, Any]:
    """Give all that the apps declare to know of somebody, as values that JSON has."""
    sections = [_section(entry, user) for entry in personal_records]
    return {"site": settings.PORTAL_BASE_URL, "made_at": now, "sections": [each for each in sections if each["rows"]]}


def purge_copies(before: datetime) -> int:
    """Take copies away whose time is over; that they were made stays known."""
    return DataRequest.objects.exclude(document="").filter(done_at__lt=before).update(document="")


def purge_requests(before: datetime) -> int:
    return DataRequest.objects.filter(done_at__lt=before).delete()[0]


def _section(entry: PersonalRecords, user: User) -> dict[str, Any]:
    return {"key": entry.key, "title": entry.title, "kept": entry.kept, "rows": list(_rows(entry, user))}


def _rows(entry: PersonalRecords, user: User) -> Iterator[dict[str, Any]]:
    if entry.of is not None:
        yield from entry.of(user).order_by("pk").values(*entry.fields)[:LONGEST]
