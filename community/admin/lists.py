"""What the lists of the community have in common: nothing is deleted, and what is done is noted."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from mageos_portal.asking import ReadOnceAdmin
from mageos_portal.staff_pages import refuse_foreign_actions

LONGEST_REASON = 100  # characters that the history keeps


class KeptAdmin(ReadOnceAdmin):
    """Rows that staff write and nobody deletes."""

    list_per_page = 50
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        refuse_foreign_actions(self, request)
        return super().changelist_view(request, extra_context)


class HistoryAdmin(SimpleHistoryAdmin, KeptAdmin):
    """Rows whose every change is kept, with its reason."""

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show what was, but go back to nothing: that would be a change without a reason."""
        return True

    def history_form_view(self, request: HttpRequest, *arguments: Any, **more: Any) -> Any:
        """Refuse what the library would save from here, even of people who may only look."""
        if request.method == "POST":
            raise PermissionDenied
        return super().history_form_view(request, *arguments, **more)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        obj._change_reason = form.cleaned_data.get("reason", "")[:LONGEST_REASON]  # noqa: SLF001 - as simple_history documents it
        super().save_model(request, obj, form, change)


class WhyForm(forms.Form):
    """Why something is done, for the history."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        max_length=LONGEST_REASON,
        help_text="Kept in the history, which staff read.",
    )


class ReasonForm(forms.ModelForm):  # type: ignore[type-arg] # its base takes none at run time
    """A change says why."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        max_length=LONGEST_REASON,
        help_text="Why this is changed; kept in the history, which staff read.",
    )
