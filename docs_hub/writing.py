"""Updates written here: rendered when they are saved, and found under the addresses that they had before."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from django.core.files.storage import storages
from django.db import transaction
from django.urls import Resolver404, resolve
from django.utils import timezone

from docs_hub import linking, media
from docs_hub.cleaning import storable
from docs_hub.findings import Finding
from docs_hub.indexing import index_updates
from docs_hub.models import Alias, Update
from docs_hub.rendering import render

MEDIA = "/media/"
KEPT_PICTURE = re.compile(r"/media/(?P<name>updates/[0-9a-f]{2}/[0-9a-f]{32}\.(?:png|jpg|gif|webp))")


class ConflictError(Exception):
    """Somebody changed the update since its writer began; nothing was saved. Holds what is saved now."""

    def __init__(self, saved: Update) -> None:
        self.saved = saved
        super().__init__(
            f"Somebody changed this update at {saved.changed_at:%H:%M:%S} UTC on {saved.changed_at:%-d %B %Y}, while "
            "you wrote. Nothing was saved; your text is kept below. Bring what is saved now into it, then save again."
        )


def save(update: Update, *, read_at: datetime | None = None) -> tuple[Finding, ...]:
    """Render an update and save it; gives what the renderer has to say.

    ``read_at`` is its `changed_at` when its writer began; None for a new one.

    Raises:
        ConflictError: it was changed since.
    """
    findings = rendered(update)
    with transaction.atomic():
        before = Update.objects.select_for_update().filter(pk=update.pk).first()
        if before and before.changed_at != read_at:
            raise ConflictError(before)
        update.is_written_here = True
        update.changed_at = timezone.now()
        update.save()
        if before:
            _keep_old_address(before, update)
        Alias.objects.filter(path=linking.normal(update.get_absolute_url())).delete()
    index_updates([update.pk])
    return findings


def remove(update: Update) -> None:
    """Delete an update for good, and what the search knows of it."""
    Update.objects.filter(pk=update.pk).update(state=Update.State.HIDDEN)
    index_updates([update.pk])
    update.delete()


def rendered(update: Update) -> tuple[Finding, ...]:
    """Bring what follows from the text of an update up to date, without saving; gives what there is to say."""
    update.body = storable(update.body.replace("\r\n", "\n").replace("\r", "\n"))
    update.year = update.published_at.year
    known = _known_addresses()
    made = render(update.body, lambda link: _new_address(link, known), kept_picture)
    update.html, update.text, update.words = made.html, made.text, made.words
    update.headings = [[heading.level, heading.id, heading.text] for heading in made.headings]
    update.findings = [asdict(finding) for finding in made.findings]
    return made.findings


def keep_picture(content: bytes) -> str:
    """Keep a picture and give its address. Raises: media.PictureError."""
    return f"{MEDIA}{media.keep(content).name}"


def kept_picture(address: str) -> str | None:
    """Give the address of a picture that is kept here; None if there is no such."""
    found = KEPT_PICTURE.fullmatch(address)
    return address if found and storages["media"].exists(found["name"]) else None


def _keep_old_address(before: Update, update: Update) -> None:
    """Lead from where people could read it to where it is now."""
    old = before.get_absolute_url()
    was_read = before.state == Update.State.PUBLISHED and before.published_at <= timezone.now()
    if was_read and old != update.get_absolute_url():
        fields = {"update": update, "target": "", "is_handmade": False}
        Alias.objects.update_or_create(path=linking.normal(old), defaults=fields)


def _known_addresses() -> Mapping[str, str]:
    """Lead from what updates are and were called to where they are."""
    places = {
        pk: (year, slug, f"{linking.UPDATES}{year}/{slug}/")
        for pk, year, slug in Update.objects.order_by("published_at").values_list("pk", "year", "slug")
    }
    known = {slug: address for _, slug, address in places.values()}
    known |= {linking.normal(address): address for _, _, address in places.values()}
    aliases = Alias.objects.values_list("path", "update", "target")
    return known | {path: places[pk][2] if pk else target for path, pk, target in aliases}


def _new_address(link: str, known: Mapping[str, str]) -> str | None:
    """Give where a link leads; our own pages stay what they are."""
    found = linking.resolve(link, known)
    if not link.startswith("/") or link.startswith("//"):
        return found if found != linking.JOIN or is_page(found) else link
    return link if is_page(link) and linking.normal(link) not in known else found


def is_page(address: str) -> bool:
    """Tell whether a path is one that this site answers."""
    path = re.split(r"[?#]", address, maxsplit=1)[0]
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
