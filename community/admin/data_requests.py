"""What people ask about their data: those who did it here are answered by the portal, the others by staff."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from community import data_copies, erasing
from community.admin.lists import KeptAdmin
from community.models import DataRequest
from mageos_portal import marks
from mageos_portal.asking import Question, ask, go_to
from mageos_portal.staff_pages import actor, note_history, refuse_without

HANDLE = "community.handle_datarequest"
STATES = {"open": "warning", "done": "success", "canceled": "info", "declined": "danger"}


class AnswerForm(forms.Form):
    answer = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Why, and what was done; the person finds it in their copy.",
    )


class OverdueFilter(admin.SimpleListFilter):
    title = "time to answer"
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "over a month ago")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DataRequest]) -> QuerySet[DataRequest]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(pk__in=DataRequest.objects.overdue(timezone.now()).values("pk"))


@admin.register(DataRequest)
class DataRequestAdmin(KeptAdmin):
    list_display = ("received_at", "kind", "who", "coloured_state", "channel", "answer_by", "done_at", "handler")
    list_filter = ("state", "kind", "channel", OverdueFilter)
    list_select_related = ("account",)
    search_fields = ("account__username", "account__email", "note")
    search_help_text = "User name, e-mail address or note"
    autocomplete_fields = ("account",)
    fields = ("kind", "account", "received_at", "note")
    kept_fields = (
        "kind", "who", "coloured_state", "channel", "received_at", "answer_by", "note", "done_at", "handler", "answer",
    )  # fmt: skip
    actions_detail = ("carry_out_page", "close_page")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.kept_fields if obj else self.fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[DataRequest]:
        found: QuerySet[DataRequest] = super().get_queryset(request)
        return found.defer("document")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_handle_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(HANDLE)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        obj.channel = DataRequest.Channel.STAFF
        super().save_model(request, obj, form, change)

    @marks.page_of_row("Carry out…", path="carry-out", permission="handle", icon="task_alt")
    def carry_out_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do at once what was asked: make the copy, or erase the account."""
        return self._answer(request, object_id, self._carry_out, "Carry out")

    @marks.page_of_row("Close…", path="close", permission="handle", icon="block")
    def close_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close what staff did by hand, or what there is no right to."""
        return self._answer(request, object_id, self._close, "Close")

    def _answer(self, request: HttpRequest, object_id: str, verb: Any, button: str) -> HttpResponse:
        refuse_without(request, HANDLE)
        row: DataRequest = self.found(request, object_id)
        form = AnswerForm(request.POST or None)
        if row.state == DataRequest.State.OPEN and form.is_valid():
            verb(request, row, form.cleaned_data["answer"])
            return go_to(row)
        is_open = row.state == DataRequest.State.OPEN
        says = self._says(row, button) if is_open else ["It is closed already."]
        title = f"{button} “{row}”?"
        question = Question(title, says, button if is_open else "", form if is_open else None, is_grave=True)
        return ask(self, request, question, row)

    def _says(self, row: DataRequest, button: str) -> list[str]:
        if button == "Close":
            return ["Nothing is done to any data by this. Say what you did by hand, or why there is nothing to do."]
        return {
            DataRequest.Kind.ERASURE: [
                "The account is erased at once, without a way back. Make sure who asked for it."
            ],
            DataRequest.Kind.COPY: [
                "The copy is made; its owner gets a mail and finds it in the account. Staff do not see it."
            ],
            DataRequest.Kind.CORRECTION: ["Corrections are made by hand, where the record is. This only notes it."],
        }[DataRequest.Kind(row.kind)]

    def _carry_out(self, request: HttpRequest, row: DataRequest, answer: str) -> None:
        if row.kind == DataRequest.Kind.CORRECTION:
            self._close(request, row, answer)
            return
        try:
            if row.kind == DataRequest.Kind.ERASURE:
                is_done = erasing.carry_out(row, handler=actor(request), answer=answer)
            else:
                is_done = "was made" in data_copies.make_copy(row.pk)
        except erasing.AccountNeededError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        sentence = "It is done." if is_done else "Nothing was done: there is no account any more."
        self.message_user(request, sentence, messages.SUCCESS if is_done else messages.WARNING)
        note_history(request, [row], "Carried out.")

    def _close(self, request: HttpRequest, row: DataRequest, answer: str) -> None:
        is_done = row.kind == DataRequest.Kind.CORRECTION
        state = DataRequest.State.DONE if is_done else DataRequest.State.DECLINED
        waiting = DataRequest.objects.open().filter(pk=row.pk)
        waiting.update(state=state, done_at=timezone.now(), handler=actor(request), answer=answer)
        note_history(request, [row], "Closed.")

    @admin.display(description="Who", ordering="account__username")
    def who(self, row: DataRequest) -> str:
        return marks.shown(row.account.get_username()) if row.account else "no account"

    @marks.coloured("State", STATES, ordering="state")
    def coloured_state(self, row: DataRequest) -> str:
        return row.state

    @admin.display(description="To be answered by", ordering="received_at")
    def answer_by(self, row: DataRequest) -> str:
        return f"{row.due_on:%Y-%m-%d}"
