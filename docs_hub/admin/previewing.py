"""How an update will look: the public page, shown to staff below the admin, where it can do nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import make_aware

from docs_hub.addresses import whole
from docs_hub.admin.findings import of_rows
from docs_hub.admin.update_form import LONGEST_BODY
from docs_hub.cleaning import one_line
from docs_hub.headings import needs_contents
from docs_hub.models import Category, Update
from docs_hub.writing import kept_picture, rendered

LONGEST_TITLE = 300  # characters
SANDBOX = (
    "sandbox; default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def written(data: Mapping[str, str]) -> Update:
    """Give an update as its form has it now, whatever is missing there; nothing is saved."""
    update = Update(
        title=one_line(data.get("title", ""))[:LONGEST_TITLE] or "Without a title",
        slug="preview",
        published_at=_moment(data),
        category=_category(data.get("category", "")),
        author=one_line(data.get("author", "")),
        description=data.get("description", ""),
        body=data.get("body", "")[:LONGEST_BODY],
        image=kept_picture(data.get("lead", "").strip()) or "",
        image_alt=one_line(data.get("image_alt", "")),
    )
    rendered(update)
    return update


def page(request: HttpRequest, update: Update, findings: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """Show an update as the public page does; its scripts and forms, if it had any, would not run."""
    context = {
        "update": update,
        "has_contents": needs_contents(update.headings),
        "canonical_url": whole(update.get_absolute_url()),
        "findings": of_rows(findings),
    }
    response = render(request, "docs_hub/admin/preview.html", context)
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _moment(data: Mapping[str, str]) -> Any:
    try:
        found = parse_datetime(f"{data.get('published_at_0', '')}T{data.get('published_at_1', '') or '00:00'}")
    except ValueError:
        found = None
    return make_aware(found) if found and found.tzinfo is None else timezone.now()


def _category(value: str) -> Category | None:
    is_number = value.isascii() and value.isdigit() and len(value) < 19  # noqa: PLR2004 - digits of a key
    return Category.objects.filter(pk=int(value)).first() if is_number else None
