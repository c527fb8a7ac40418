"""Former texts of a document: which there are, one of them, and what changed between two."""

import re
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from docs_hub.addresses import whole
from docs_hub.models import Document, TextVersion
from docs_hub.models.text_versions import TextVersionQuerySet
from docs_hub.views.documents import crumbs_of
from mageos_portal.audience import audience_of
from mageos_portal.word_diff import word_diff

LONGEST = 200_000  # characters of a text that are compared: a quarter of a second
NUMBER = re.compile(r"[0-9]{1,9}")
LINE_BREAKS = re.compile(r"\n+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A former text, and the one that took its place as far as somebody may see it."""

    version: TextVersion
    next_number: int | None  # None: the text of today


@require_safe
def history(request: HttpRequest, collection: str, slug: str) -> HttpResponse:
    """List the former texts that this person may read, the newest first."""
    document = _document(request, collection, slug)
    versions = list(_versions(request, document).light())
    numbers = [None, *(version.number for version in versions)]
    entries = [Entry(version, number) for version, number in zip(versions, numbers, strict=False)]
    return render(request, "docs_hub/history.html", _context(request, document) | {"entries": entries})


@require_safe
def former_text(request: HttpRequest, collection: str, slug: str, number: int) -> HttpResponse:
    """Show a text as it was."""
    document = _document(request, collection, slug)
    version = _version(request, document, number)
    blocks = [block for block in version.text.split("\n") if block.strip()]
    context = {"version": version, "blocks": blocks}
    return render(request, "docs_hub/former_text.html", _context(request, document) | context)


@require_safe
def changes(request: HttpRequest, collection: str, slug: str) -> HttpResponse:
    """Show what changed from one text to another, or to the one of today."""
    document = _document(request, collection, slug)
    numbers = sorted(_number(request.GET[name]) for name in ("from", "to") if request.GET.get(name))
    if not numbers:
        return redirect("docs_hub:history", collection, slug)
    older = _version(request, document, numbers[0])
    newer = _version(request, document, numbers[1]) if len(numbers) > 1 else None
    texts = older.text, newer.text if newer else document.text
    context = {
        "older": older,
        "newer": newer,
        "comparison": word_diff(*(_as_paragraphs(text[:LONGEST]) for text in texts)),
        "is_cut": any(len(text) > LONGEST for text in texts),
        "longest": LONGEST,
    }
    return render(request, "docs_hub/text_changes.html", _context(request, document) | context)


def _document(request: HttpRequest, collection: str, slug: str) -> Document:
    """Give a document that this person may see and whose text is here. Raises: Http404."""
    readable = Document.objects.visible_to(audience_of(request)).exclude(text="").select_related("collection")
    return get_object_or_404(readable.light(), collection__slug=collection, slug=slug)


def _versions(request: HttpRequest, document: Document) -> TextVersionQuerySet:
    return TextVersion.objects.visible_to(audience_of(request)).filter(document=document)


def _version(request: HttpRequest, document: Document, number: int) -> TextVersion:
    """Give a former text that this person may read. Raises: Http404."""
    return get_object_or_404(_versions(request, document), number=number)


def _number(typed: str) -> int:
    """Read the number of a former text. Raises: Http404."""
    if not NUMBER.fullmatch(typed):
        raise Http404("No text has such a number.")
    return int(typed)


def _as_paragraphs(text: str) -> str:
    """Give a text, which has a block on each line, so that blocks are compared with each other."""
    return LINE_BREAKS.sub("\n\n", text)


def _context(request: HttpRequest, document: Document) -> dict[str, object]:
    here = (document.title, document.get_absolute_url())
    return {
        "document": document,
        "crumbs": [*crumbs_of(document.collection, document.folder), here],
        "canonical_url": whole(request.path),
    }
