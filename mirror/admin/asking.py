"""Asking once more before something is done: what it will do, and what a person has to say to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from mirror.admin.kept import ModelAdmin, SystemKeptAdmin
from mirror.differences import Part


class AskingAdmin(SystemKeptAdmin):
    """Rows with pages of their own, which ask for the row several times."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        known = vars(request).setdefault("rows_of_admin", {})
        key = (self.model, str(object_id))
        if key not in known:
            known[key] = super().get_object(request, object_id, from_field)
            if known[key] is not None:
                self.learn(known[key])
        return known[key]

    def learn(self, row: Any) -> None:
        """Note on a row what its page will show several times."""

    def found(self, request: HttpRequest, object_id: str) -> Any:
        """Give the row. Raises: Http404."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return row


@dataclass(frozen=True, slots=True)
class Question:
    """A page that says what will be done when its button is pressed."""

    title: str
    says: Sequence[str]  # sentences
    button: str  # empty: there is nothing to do
    form: forms.Form | None = None
    lists: Sequence[tuple[str, Part]] = ()
    hidden: Sequence[tuple[str, str]] = field(default=())  # more that is posted
    is_grave: bool = False


class ReasonForm(forms.Form):
    """Why something is done that the public will see."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=1000,
        help_text="Shown to the public, for ever: what is wrong, and what to use instead.",
    )


class NamedForm(ReasonForm):
    """The same, with the name of the thing typed, so that nothing is done to another one by mistake."""

    name = forms.CharField(label="Its name", widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))

    def __init__(self, data: Mapping[str, Any] | None, expected: str) -> None:
        super().__init__(data)
        self._expected = expected
        self.fields["name"].help_text = "Type the name that stands above, to the letter."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self._expected:
            raise forms.ValidationError(f"This is not {self._expected}; type that, or go back.")
        return name


def ask(model_admin: ModelAdmin, request: HttpRequest, question: Question, row: Any = None) -> TemplateResponse:
    """Show the question; its answer is a POST to the same address."""
    back = _changelist(model_admin) if row is None else address(row)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question.title,
        "opts": model_admin.opts,
        "original": row,
        "question": question,
        "back": back,
    }
    return TemplateResponse(request, "mirror/admin/ask.html", context)


def address(row: Model) -> str:
    """Give the address of a row's page."""
    return reverse(f"admin:mirror_{type(row).__name__.lower()}_change", args=[row.pk])


def go_to(row: Model) -> HttpResponseRedirect:
    return HttpResponseRedirect(address(row))


def _changelist(model_admin: ModelAdmin) -> str:
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
