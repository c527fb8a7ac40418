"""What the lists have in common: nothing is deleted in bulk, and text of others is text."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from docs_hub.cleaning import one_line
from mageos_portal.asking import ReadOnceAdmin
from mageos_portal.marks import shown
from mageos_portal.staff_pages import refuse_foreign_actions

LONGEST = 90  # characters of a title that a list shows
STATES = {"running": "info", "succeeded": "success", "failed": "danger"}  # of a sync


class WrittenAdmin(ReadOnceAdmin):
    """Rows that staff may write, one at a time."""

    list_per_page = 50
    show_full_result_count = False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        refuse_foreign_actions(self, request)
        return super().changelist_view(request, extra_context)


class WhyForm(forms.Form):
    """Why something is done, for the history."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=300,
        help_text="Kept in the history; only staff read it.",
    )


def shortened(text: str) -> str:
    """Give text of others as a list shows it."""
    plain = " ".join(shown(text).split())
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}…"


def one_printable_line(text: str) -> str:
    """Give what somebody typed as a title, without what would turn it round or hide a part of it."""
    return "".join(letter for letter in one_line(text) if letter.isprintable())
