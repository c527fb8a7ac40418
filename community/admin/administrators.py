"""Who administers the organization on GitHub, and proposals to change that, which two others approve."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from community import administering
from community.admin.lists import HistoryAdmin, KeptAdmin
from community.lint_people import APPROVALS
from community.models import Administrator, AdministratorChange
from mageos_portal import marks
from mageos_portal.asking import Question, ask, forget_rows, go_to
from mageos_portal.staff_pages import note_history, refuse_without

APPROVE = "community.approve_administratorchange"
STATES = {"Open": "warning", "Applied": "success", "Rejected": "danger", "Expired": "info"}


@admin.register(Administrator)
class AdministratorAdmin(HistoryAdmin):
    list_display = ("person", "login")
    list_select_related = ("person",)
    search_fields = ("person__name", "person__github_login")
    search_help_text = "Name or login on GitHub"
    fields = ("person", "login")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="Login on GitHub", ordering="person__github_login")
    def login(self, row: Administrator) -> str:
        return row.person.github_login


class ProposalForm(ModelForm):  # type: ignore[type-arg] # its base takes none at run time
    class Meta:
        model = AdministratorChange
        fields = ("kind", "person", "reason")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        kind, person = cleaned.get("kind"), cleaned.get("person")
        if kind and person:
            words = administering.refusal(kind, person) or administering.waiting(person, timezone.now())
            if words:
                self.add_error("person", words)
        return cleaned


@admin.register(AdministratorChange)
class AdministratorChangeAdmin(KeptAdmin):
    form = ProposalForm
    list_display = ("change", "standing", "approved", "author", "proposed_at", "expires_at", "reason")
    list_filter = ("state", "kind")
    list_select_related = ("person", "proposed_by")
    search_fields = ("person__name", "person__github_login", "reason")
    search_help_text = "Name, login on GitHub, or reason"
    autocomplete_fields = ("person",)
    actions_detail = ("approve_page", "reject_page")
    decided = ("standing", "author", "proposed_at", "expires_at", "approvers", "decided_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AdministratorChange]:
        found: QuerySet[AdministratorChange] = super().get_queryset(request)
        return found.annotate(number_of_approvals=Count("approvals"))

    def get_fields(self, request: HttpRequest, obj: AdministratorChange | None = None) -> tuple[str, ...]:
        return ("kind", "person", "reason", *(self.decided if obj else ()))

    def get_readonly_fields(self, request: HttpRequest, obj: AdministratorChange | None = None) -> tuple[str, ...]:
        return self.decided if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(APPROVE)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer to decide only what is open."""
        change = self.get_object(request, str(object_id))
        is_open = change is not None and change.state == AdministratorChange.State.OPEN
        return super().get_actions_detail(request, object_id) if is_open else []  # type: ignore[misc] # of unfold

    def save_model(self, request: HttpRequest, obj: AdministratorChange, form: Any, change: Any) -> None:
        administering.propose(obj, cast("User", request.user), timezone.now())

    @marks.page_of_row("Approve…", path="approve", permission="approve", icon="how_to_vote")
    def approve_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        refuse_without(request, APPROVE)
        change = self.found(request, object_id)
        if request.method != "POST":
            says = [f"Why: {change.reason}", f"It counts when {APPROVALS} approved who did not propose it."]
            return ask(self, request, Question(f"Approve: {change}?", says, "Approve", is_grave=True), change)
        try:
            kept = administering.approve(change, cast("User", request.user), timezone.now())
        except administering.AdministeringError as error:
            self.message_user(request, str(error), messages.ERROR)
            return go_to(change)
        is_applied = kept.state == AdministratorChange.State.APPLIED
        said = "Approved, and it counts now; export the permissions." if is_applied else "Approved; one more has to."
        note_history(request, [kept], said)
        self.message_user(request, said, messages.SUCCESS)
        forget_rows(request)
        return go_to(kept)

    @marks.page_of_row("Reject…", path="reject", permission="approve", icon="block")
    def reject_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        refuse_without(request, APPROVE)
        change = self.found(request, object_id)
        if request.method != "POST":
            says = ["Nothing changes, and it has to be proposed anew."]
            return ask(self, request, Question(f"Reject: {change}?", says, "Reject"), change)
        try:
            administering.reject(change, timezone.now())
        except administering.AdministeringError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            note_history(request, [change], "Rejected.")
            self.message_user(request, "Rejected.", messages.SUCCESS)
        return go_to(change)

    @admin.display(description="Change", ordering="person__github_login")
    def change(self, change: AdministratorChange) -> str:
        return marks.shown(str(change))

    @marks.coloured("State", STATES, ordering="state")
    def standing(self, change: AdministratorChange) -> str:
        is_over = change.state == AdministratorChange.State.OPEN and change.expires_at <= timezone.now()
        return "Expired" if is_over else change.get_state_display()

    @admin.display(description="Proposed by", ordering="proposed_by__username")
    def author(self, change: AdministratorChange) -> str:
        return marks.shown(change.proposed_by.get_username()) if change.proposed_by else "an account that is gone"

    @admin.display(description="Approvals")
    def approved(self, change: Any) -> str:
        return f"{change.number_of_approvals} of {APPROVALS}"

    @admin.display(description="Approved by")
    def approvers(self, change: AdministratorChange) -> SafeString | str:
        rows = change.approvals.select_related("approver")
        said = [f"{row.approver or 'an account that is gone'}, {row.at:%Y-%m-%d %H:%M}" for row in rows]
        return marks.bullets(map(marks.shown, said)) if said else "nobody yet"
