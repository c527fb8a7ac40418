"""Reports and sanctions: for the conduct team only, and who looks is noted."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import path, reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from community import reporting
from community.admin.lists import KeptAdmin
from community.membership_listeners import tell_changed
from community.models import ConductReport, Sanction
from mageos_portal import marks
from mageos_portal.asking import AskingAdmin, Question, ask, go_to
from mageos_portal.staff_pages import refuse_without

HANDLE = "community.handle_conductreport"
VIEW = "community.view_conductreport"
STATES = {"new": "warning", "open": "info", "closed": "success"}
CLOSED = ConductReport.State.CLOSED


class TextForm(forms.Form):
    text = forms.CharField(max_length=20_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}))


@admin.register(ConductReport)
class ConductReportAdmin(AskingAdmin):
    list_display = ("received_at", "short_reference", "coloured_state", "files", "closed_at")
    list_filter = ("state",)
    search_fields = ("reference",)
    search_help_text = "Reference"
    show_full_result_count = False
    list_per_page = 50
    fields = readonly_fields = (
        "reference", "received_at", "sender", "contact", "what_was_told", "place", "about", "attached",
        "coloured_state", "noted", "decision", "closed_at", "looked",
    )  # fmt: skip
    actions_detail = ("note_page", "close_page", "reopen_page")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("reporter").annotate(file_count=Count("attachments"))

    def has_handle_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(HANDLE)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show a report, and note who looked."""
        row = self.get_object(request, object_id) if request.user.has_perm(VIEW) else None
        if row is not None and request.method == "GET":
            reporting.note_access(row, cast("User", request.user), "opened it")
        answer: HttpResponse = super().change_view(request, object_id, *args, **kwargs)
        return answer

    def get_urls(self) -> Any:
        own = path(
            "<int:report_pk>/file/<int:attachment_pk>/",
            self.admin_site.admin_view(self.file_view),
            name="community_conductreport_file",
        )
        return [own, *super().get_urls()]

    def file_view(self, request: HttpRequest, report_pk: int, attachment_pk: int) -> HttpResponse:
        """Send a file as something to keep, never to show; and note who took it."""
        refuse_without(request, VIEW)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        row: ConductReport = self.found(request, str(report_pk))
        attachment = row.attachments.filter(pk=attachment_pk).first()
        if attachment is None:
            raise Http404("The report has no such file")
        reporting.note_access(row, cast("User", request.user), f"took the file {attachment.name}")
        response = HttpResponse(bytes(attachment.content), content_type="application/octet-stream")
        response.headers["Content-Disposition"] = f'attachment; filename="{attachment.name}"'
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @marks.page_of_row("Add a note…", path="note", permission="handle", icon="edit_note")
    def note_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Add what somebody found out, or what was agreed on."""
        says = ["Only the conduct team reads it. A note is never changed or deleted."]
        return self._ask(request, object_id, "Add a note", says, reporting.note)

    @marks.page_of_row("Close…", path="close", permission="handle", icon="gavel")
    def close_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Decide a report."""
        says = ["Say what was decided and why. A sanction is entered by itself, under Sanctions."]
        return self._ask(request, object_id, "Close", says, reporting.close)

    @marks.page_of_row("Open again…", path="reopen", permission="handle", icon="undo")
    def reopen_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Look into a report again, as after an appeal."""
        return self._ask(request, object_id, "Open again", ["Say why."], reporting.reopen)

    def _ask(self, request: HttpRequest, object_id: str, title: str, says: list[str], verb: Any) -> HttpResponse:
        refuse_without(request, HANDLE)
        row: ConductReport = self.found(request, object_id)
        form = TextForm(request.POST or None)
        if form.is_valid():
            if verb(row, cast("User", request.user), form.cleaned_data["text"]) is False:
                self.message_user(request, "Somebody did so already; nothing was changed.", messages.WARNING)
            return go_to(row)
        return ask(self, request, Question(f"{title}: {row}", says, title, form), row)

    @admin.display(description="Reference", ordering="reference")
    def short_reference(self, row: ConductReport) -> str:
        return str(row.reference)[:8]

    @marks.coloured("State", STATES, ordering="state")
    def coloured_state(self, row: ConductReport) -> str:
        return row.state

    @admin.display(description="Files")
    def files(self, row: ConductReport) -> int:
        return int(row.file_count)  # type: ignore[attr-defined] # annotated

    @admin.display(description="Sent by")
    def sender(self, row: ConductReport) -> str:
        return marks.shown(row.reporter.get_username()) if row.reporter else "somebody without a name"

    @admin.display(description="What happened")
    def what_was_told(self, row: ConductReport) -> str:
        return marks.lines(row.what)

    @admin.display(description="Files")
    def attached(self, row: ConductReport) -> str:
        found = row.attachments.defer("content")
        return marks.bullets(
            marks.link(
                reverse("admin:community_conductreport_file", args=[row.pk, each.pk]),
                f"{each.name} ({each.media_type}, {each.size} bytes)",
            )
            for each in found
        )

    @admin.display(description="Notes")
    def noted(self, row: ConductReport) -> str:
        notes = row.notes.select_related("author")
        return marks.bullets(
            marks.lines(f"{each.at:%Y-%m-%d %H:%M} {_name(each.author)}: {each.text}") for each in notes
        )

    @admin.display(description="Who looked")
    def looked(self, row: ConductReport) -> str:
        accesses = row.accesses.select_related("who")[:200]
        return marks.bullets(f"{each.at:%Y-%m-%d %H:%M} {_name(each.who)} {each.what}" for each in accesses)


@admin.register(Sanction)
class SanctionAdmin(KeptAdmin):
    list_display = ("since", "person", "kind", "until", "lifted_at")
    list_filter = ("kind", ("lifted_at", admin.EmptyFieldListFilter))
    list_select_related = ("person",)
    search_fields = ("person__name", "person__github_login", "decision")
    search_help_text = "Name, login on GitHub, or where a decision is written down"
    autocomplete_fields = ("person",)
    fields = ("person", "kind", "since", "until", "ground", "decision", "appeal", "lifted_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Write a sanction, and have whoever is shut out by it, or no more, found out of or into everything at once."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if obj.person.user:
                tell_changed(obj.person.user, timezone.now())


def _name(user: Any) -> str:
    return marks.shown(user.get_username()) if user else "a former member"
