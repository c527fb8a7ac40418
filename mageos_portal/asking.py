"""Asking once more before something is done: what it will do, and what a person has to say to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django import forms
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from mageos_portal.marks import address
from mageos_portal.staff_pages import ModelAdmin, SystemKeptAdmin

ROWS = "rows_of_admin"  # on the request


class Part(Protocol):
    """Names, as many as a page shows, and how many there are."""

    @property
    def count(self) -> int: ...

    @property
    def shown(self) -> Sequence[str]: ...

    @property
    def more(self) -> int: ...


class ReadOnceAdmin(ModelAdmin):
    """Rows whose pages ask for the row several times, though it is read once."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        known = vars(request).setdefault(ROWS, {})
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


class AskingAdmin(ReadOnceAdmin, SystemKeptAdmin):
    """Rows that only the system writes, with pages of their own that ask something."""


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


def forget_rows(request: HttpRequest) -> None:
    """Have the rows of a request read anew when they are asked for again."""
    vars(request).pop(ROWS, None)


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
    return TemplateResponse(request, "mageos_portal/ask.html", context)


def go_to(row: Model) -> HttpResponseRedirect:
    return HttpResponseRedirect(address(row))


def _changelist(model_admin: ModelAdmin) -> str:
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
