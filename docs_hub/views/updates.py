"""Pages of updates."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from docs_hub.addresses import whole
from docs_hub.headings import needs_contents
from docs_hub.models import Category, SourceFile, Update
from docs_hub.models.updates import UpdateQuerySet
from mageos_portal.audience import EVERYBODY, audience_of
from mageos_portal.structured_data import as_script

UPDATES_A_PAGE = 20
UPDATES_ON_HOME = 3
LISTED = ("title", "slug", "year", "published_at", "description", "visibility", "category__slug", "category__title")
LINKED = ("title", "slug", "year")


@require_safe
def updates(request: HttpRequest, year: int | None = None, category: str = "") -> HttpResponse:
    """List updates, newest first: all, of a year, or of a category."""
    readable = _readable(request)
    categories = Category.objects.filter(updates__in=readable).distinct()
    chosen = get_object_or_404(categories, slug=category) if category else None
    found = readable.filter(category=chosen) if chosen else readable
    found = found.filter(year=year) if year else found
    page = Paginator(found.select_related("category").only(*LISTED).newest_first(), UPDATES_A_PAGE).get_page(
        request.GET.get("page")
    )
    if year and not page.object_list:
        raise Http404(f"There is no update of {year}.")
    context = {
        "page": page,
        "year": year,
        "category": chosen,
        "years": readable.order_by("-year").values_list("year", flat=True).distinct(),
        "categories": categories,
        "feed": reverse("docs_hub:category_feed", args=[category]) if _has_feed(chosen) else reverse("docs_hub:feed"),
        "canonical_url": whole(request.path) + (f"?page={page.number}" if page.number > 1 else ""),
    }
    return render(request, "docs_hub/updates.html", context)


@require_safe
def update(request: HttpRequest, year: int, slug: str) -> HttpResponse:
    """Show an update, with its neighbours; one that a person took back is gone."""
    readable = _readable(request)
    shown = readable.select_related("category").defer("body", "text").filter(year=year, slug=slug).first()
    if shown is None:
        return _absent(request, year, slug)
    context = {
        "update": shown,
        "older": readable.older_than(shown).only(*LINKED).first(),
        "newer": readable.newer_than(shown).only(*LINKED).first(),
        "sources": [_source(file) for file in _files(shown)],
        "has_contents": needs_contents(shown.headings),
        "canonical_url": whole(shown.get_absolute_url()),
        "image_url": whole(shown.image) if shown.image else "",
        "structured": _structured(shown),
    }
    return render(request, "docs_hub/update.html", context)


def home_card(request: HttpRequest) -> Mapping[str, Any]:
    return {"updates": _readable(request).only(*LINKED, "published_at").newest_first()[:UPDATES_ON_HOME]}


def _readable(request: HttpRequest) -> UpdateQuerySet:
    return Update.objects.published(timezone.now(), audience_of(request))


def _absent(request: HttpRequest, year: int, slug: str) -> HttpResponse:
    """Answer 410 to those who may have read it, 404 to all others. Raises: Http404."""
    taken_back = Update.objects.taken_back(timezone.now(), audience_of(request))
    if not taken_back.filter(year=year, slug=slug).exists():
        raise Http404("There is no such update.")
    return render(request, "docs_hub/gone.html", status=HTTPStatus.GONE)


def _has_feed(category: Category | None) -> bool:
    """Say whether a category has updates for everybody: feeds have no others."""
    return (
        category is not None and Update.objects.published(timezone.now(), EVERYBODY).filter(category=category).exists()
    )


def _files(update: Update) -> list[SourceFile]:
    """Give where an update comes from, the file whose text it is first."""
    there = update.files.filter(is_gone=False).select_related("collection").defer("content", "findings", "extra")
    return list(there.order_by("-collection__preference", "path"))


def _source(file: SourceFile) -> Mapping[str, str]:
    """Give what is shown of a file; a repository that browsers cannot open has no link."""
    address = file.address if file.address.startswith("https://") else ""
    return {"path": file.path, "commit": file.commit[:12], "address": address}


def _structured(update: Update) -> SafeString:
    """Describe an update to search engines (schema.org), as JSON that can stand in a page."""
    said = {
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": update.title,
        "description": update.description,
        "datePublished": update.published_at.isoformat(),
        "dateModified": max(update.published_at, update.changed_at).isoformat(),
        "author": {"@type": "Person" if update.author else "Organization", "name": update.author or "Mage-OS"},
        "articleSection": update.category.title if update.category else None,
        "image": whole(update.image) if update.image else None,
        "wordCount": update.words,
        "mainEntityOfPage": whole(update.get_absolute_url()),
    }
    known = {name: value for name, value in said.items() if value}
    return as_script(known)
