"""What people said: to be looked at and exported, never changed."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget

from community import agreement_export, reminding
from community.models import Agreement, Consent, Reminder
from mageos_portal import marks
from mageos_portal.asking import Question, ask
from mageos_portal.staff_pages import SystemKeptAdmin, note_history, refuse_without

EXPORT = "community.export_agreement"
ACTS = {"agreed": "success", "withdrawn": "danger", "superseded": "info", "granted": "success"}
FORMATS = {
    "csv": ("CSV, for a spreadsheet", "text/csv; charset=utf-8", agreement_export.as_csv),
    "json": ("JSON, for a program", "application/json", agreement_export.as_json),
}


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        choices=[(key, label) for key, (label, _, _) in FORMATS.items()], widget=UnfoldAdminSelectWidget()
    )


@admin.register(Agreement)
class AgreementAdmin(SystemKeptAdmin):
    list_display = ("at", "who", "kind_of_act", "version", "method", "address_verified_at", "short_subject")
    list_filter = ("version", "act", "method")
    list_select_related = ("version", "account")
    search_fields = ("account__username", "account__email", "subject", "uuid", "text_sha256")
    search_help_text = "User name, e-mail address, pseudonym or hash"
    date_hierarchy = "at"
    show_full_result_count = False
    actions_list = ("export_page",)
    fields = (
        "uuid", "subject", "who", "act", "version", "text_sha256", "label", "method", "at", "address_verified_at",
        "request_id",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agreement]:
        found: QuerySet[Agreement] = super().get_queryset(request)
        return found.defer("version__markdown", "version__html")

    def has_export_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(EXPORT)

    @marks.page_of_list("Export…", path="export", permission="export", icon="download")
    def export_page(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Ask for the format, then send every row of every version, and note who took them."""
        refuse_without(request, EXPORT)
        form = ExportForm(request.POST or None)
        if not form.is_valid():
            says = [
                "Everything that was said to every version, with names and addresses, whatever the list shows.",
                "It is noted in the history that you took it. Keep it only as long as you need it.",
            ]
            return ask(self, request, Question("Export all agreements?", says, "Export", form))
        return self._export(request, form.cleaned_data["format"])

    def _export(self, request: HttpRequest, chosen: str) -> StreamingHttpResponse:
        _, media_type, lines = FORMATS[chosen]
        content_type = ContentType.objects.get_for_model(Agreement).pk
        LogEntry.objects.create(
            user=cast("User", request.user),
            content_type_id=content_type,
            object_repr="all agreements",
            action_flag=CHANGE,
            change_message=f"Exported all {Agreement.objects.count()} rows as {chosen}.",
        )
        response = StreamingHttpResponse(lines(), content_type=media_type)
        response.headers["Content-Disposition"] = (
            f'attachment; filename="agreements-{timezone.now():%Y-%m-%d}.{chosen}"'
        )
        return response

    @admin.display(description="Who", ordering="account__username")
    def who(self, agreement: Agreement) -> str:
        return marks.shown(agreement.account.get_username()) if agreement.account else "no account any more"

    @marks.coloured("Act", ACTS, ordering="act")
    def kind_of_act(self, agreement: Agreement) -> str:
        return agreement.act

    @admin.display(description="Pseudonym", ordering="subject")
    def short_subject(self, agreement: Agreement) -> str:
        return str(agreement.subject)[:8]


@admin.register(Consent)
class ConsentAdmin(SystemKeptAdmin):
    list_display = ("at", "who", "purpose", "kind_of_act", "wording_version", "channel")
    list_filter = ("purpose", "act", "channel", "wording_version")
    list_select_related = ("account",)
    search_fields = ("account__username", "account__email", "subject")
    search_help_text = "User name, e-mail address or pseudonym"
    show_full_result_count = False
    fields = readonly_fields = (
        "uuid", "subject", "who", "purpose", "act", "wording_version", "wording", "channel", "at",
    )  # fmt: skip

    @admin.display(description="Who", ordering="account__username")
    def who(self, consent: Consent) -> str:
        return marks.shown(consent.account.get_username()) if consent.account else "no account any more"

    @marks.coloured("Act", ACTS, ordering="act")
    def kind_of_act(self, consent: Consent) -> str:
        return consent.act


class SentFilter(admin.SimpleListFilter):
    """Mails that left, and those of which nobody knows."""

    title = "sent"
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "sent"), ("no", "not known to have left")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Reminder]) -> QuerySet[Reminder]:
        wanted = {"yes": False, "no": True}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(sent_at__isnull=wanted)


@admin.register(Reminder)
class ReminderAdmin(SystemKeptAdmin):
    list_display = ("claimed_at", "who", "version", "number", "sent_at")
    fields = readonly_fields = ("who", "version", "number", "claimed_at", "sent_at")
    list_filter = ("version", "number", SentFilter)
    list_select_related = ("account", "version")
    search_fields = ("account__username", "account__email")
    search_help_text = "User name or e-mail address"
    show_full_result_count = False
    actions = ("send_again",)

    @admin.display(description="Who", ordering="account__username")
    def who(self, reminder: Reminder) -> str:
        return marks.shown(reminder.account.get_username())

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("community.change_reminder")

    @admin.action(description="Send again what did not leave", permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Reminder]) -> None:
        now = timezone.now()
        lost = [each for each in reminding.uncertain(now) if each in set(queryset)]
        note_history(request, lost, "Is sent again: it did not leave.")
        count = reminding.send_again(lost, now)
        sentence = f"{count} of them are sent again with the next run." if count else "All of them left, or just do."
        self.message_user(request, sentence, messages.SUCCESS if count else messages.WARNING)
