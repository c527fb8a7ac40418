"""Atom feeds of public updates, with their whole text."""

import hashlib
import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import condition, require_safe

from docs_hub.addresses import whole
from docs_hub.cleaning import storable
from docs_hub.models import Category, Update
from docs_hub.models.updates import UpdateQuerySet

UPDATES_IN_FEED = 30
WRITTEN_AS = 1  # one more when entries are written in another way, so that readers fetch them anew
TAG = re.compile(r'<(?:a|img)\s(?:[^<>"]|"[^"]*")*>')  # as the renderer writes them: quoted twice, " is &quot; within
ADDRESS = re.compile(r' (?P<name>href|src)="(?P<start>/(?!/)|#)')


class WholeTextFeed(Atom1Feed):
    """Atom with the content of each entry, not only its summary; XML takes fewer characters than texts may have."""

    def add_item(self, *arguments: Any, **fields: Any) -> None:
        super().add_item(*arguments, **{name: _writable(value) for name, value in fields.items()})

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


class UpdateFeed(Feed):  # type: ignore[type-arg]  # generic for the type checker only
    """The newest updates, all or of one category."""

    feed_type = WholeTextFeed
    language = "en"

    def get_object(self, request: HttpRequest, category: str = "") -> Category | None:
        """Give the category. Raises: Http404: there is no public update of it, so nobody is told that it exists."""
        if not category:
            return None
        found = _updates(category).select_related("category").only("category").first()
        if found is None:
            raise Http404(f"There is no update of the category {category}.")
        return found.category

    def title(self, category: Category | None) -> str:
        return storable(f"Mage-OS updates: {category.title}") if category else "Mage-OS updates"

    def subtitle(self, category: Category | None) -> str:
        return "What happened in the project."

    def link(self, category: Category | None) -> str:
        path = reverse("docs_hub:category", args=[category.slug]) if category else reverse("docs_hub:updates")
        return whole(path)

    def feed_url(self, category: Category | None) -> str:
        path = reverse("docs_hub:category_feed", args=[category.slug]) if category else reverse("docs_hub:feed")
        return whole(path)

    def items(self, category: Category | None) -> list[Update]:
        found = _updates(category.slug if category else "").select_related("category")
        return list(found.defer("body", "text", "headings").newest_first()[:UPDATES_IN_FEED])

    def item_title(self, item: Update) -> str:
        return item.title

    def item_description(self, item: Update) -> str:
        return item.description

    def item_link(self, item: Update) -> str:
        return whole(item.get_absolute_url())

    def item_guid(self, item: Update) -> str:
        """Name an update for ever (RFC 4151), whatever becomes of its address and its day."""
        host = settings.PORTAL_BASE_URL.partition("://")[2].partition(":")[0]
        return f"tag:{host},2021:update-{item.pk}"

    def item_pubdate(self, item: Update) -> datetime:
        return item.published_at

    def item_updateddate(self, item: Update) -> datetime:
        return max(item.published_at, item.changed_at)

    def item_categories(self, item: Update) -> list[str]:
        return [item.category.title] if item.category else []

    def item_author_name(self, item: Update) -> str:
        return item.author or "Mage-OS"

    def item_extra_kwargs(self, item: Update) -> dict[str, Any]:
        return {"content": _lead_picture(item) + whole_addresses(item.html, item.get_absolute_url())}


def whole_addresses(html: str, path: str) -> str:
    """Write links and pictures of a page so that they lead from anywhere; ``path`` is that page's."""

    def complete(found: re.Match[str]) -> str:
        start = whole("/") if found["start"] == "/" else f"{whole(path)}#"
        return f' {found["name"]}="{start}'

    return TAG.sub(lambda tag: ADDRESS.sub(complete, tag[0]), html)


def _etag(request: HttpRequest, category: str = "") -> str:
    """Name what the feed says: which updates, and in what state."""
    said = _updates(category).newest_first().values_list("pk", "changed_at", "category__title")[:UPDATES_IN_FEED]
    digest = hashlib.sha256(repr((WRITTEN_AS, settings.PORTAL_BASE_URL, list(said))).encode())
    return f'"{digest.hexdigest()[:32]}"'


def _last_modified(request: HttpRequest, category: str = "") -> datetime | None:
    """Say when anything last appeared, changed, or was taken out."""
    past = Update.objects.filter(published_at__lte=timezone.now())
    times = past.aggregate(changed=Max("changed_at"), published=Max("published_at")).values()
    return max((time for time in times if time), default=None)


@require_safe
@condition(etag_func=_etag, last_modified_func=_last_modified)
def feed(request: HttpRequest, category: str = "") -> HttpResponseBase:
    """Answer readers, who ask often: by a 304 where nothing is new."""
    answer: HttpResponse = UpdateFeed()(request, category=category)
    del answer.headers["Last-Modified"]  # of the newest entry; one that was taken out counts, too
    patch_cache_control(answer, no_cache=True)
    return answer


def _updates(category: str) -> UpdateQuerySet:
    found = Update.objects.published(timezone.now())
    return found.filter(category__slug=category) if category else found


def _lead_picture(update: Update) -> str:
    if not update.image:
        return ""
    return format_html('<p><img src="{}" alt="{}"></p>\n', whole(update.image), update.image_alt)


def _writable(value: Any) -> Any:
    """Leave out the characters that XML does not take, of a text or a list of texts."""
    if isinstance(value, list | tuple):
        return [_writable(each) for each in value]
    return storable(value) if isinstance(value, str) else value
