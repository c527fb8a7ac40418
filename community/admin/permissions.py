"""The page Permissions: what checks find, what an export would change, and the export itself; and past states."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from community import permission_exporting
from community.admin.lists import KeptAdmin, WhyForm
from community.models import PermissionState
from community.permission_exporting import NOTHING, Draft, NotExportedError
from community.planning import plan
from community.terraform_reading import TFVARS
from community.terraform_writing import write_preview
from mageos_portal import marks
from mageos_portal.asking import go_to
from mageos_portal.staff_pages import actor, note_history, refuse_without

EXPORT, VIEW = "community.export_permissionstate", "community.view_permissionstate"
KINDS = {"Imported": "info", "Exported": "success"}
MOST_SHOWN = 300  # sentences of a plan
TONES = {"error": "bad", "warning": "warn", "note": "busy"}


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences of a plan, as many as a page shows."""

    all: Sequence[str]

    @property
    def count(self) -> int:
        return len(self.all)

    @property
    def shown(self) -> Sequence[str]:
        return self.all[:MOST_SHOWN]

    @property
    def more(self) -> int:
        return max(0, len(self.all) - MOST_SHOWN)


@admin.register(PermissionState)
class PermissionStateAdmin(KeptAdmin):
    list_display = ("at", "standing", "actor", "reason", "short_sha256", "has_pull_request", "applied_at")
    list_filter = ("kind", ("applied_at", admin.EmptyFieldListFilter))
    search_fields = ("reason", "actor", "sha256", "pull_request")
    search_help_text = "Reason, user name, SHA-256 or pull request"
    date_hierarchy = "at"
    actions_list = ("now_page",)
    actions_detail = ("file_page",)
    known = ("at", "standing", "actor", "reason", "overlooked", "sha256", "differences")
    fields = (*known, "pull_request", "applied_at")
    readonly_fields = known

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_export_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(EXPORT)

    @marks.page_of_list("Permissions now", path="now", permission="view", icon="rule")
    def now_page(self, request: HttpRequest) -> HttpResponse:
        """Show what would be exported and what is wrong with it; a POST exports it."""
        refuse_without(request, EXPORT if request.method == "POST" else VIEW)
        draft = permission_exporting.draft(timezone.now())
        form = WhyForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            return self._export(request, form.cleaned_data["reason"])
        context = {
            **self.admin_site.each_context(request),
            **_shown(draft),
            "title": "Permissions",
            "opts": self.opts,
            "form": form,
            "may_export": self.has_export_permission(request) and draft.is_changed and not draft.errors(),
        }
        return TemplateResponse(request, "community/admin/permissions.html", context)

    def _export(self, request: HttpRequest, reason: str) -> HttpResponse:
        try:
            state, is_new = permission_exporting.export(
                actor=actor(request), reason=reason, now=timezone.now(), seen=request.POST.get("seen", "")
            )
        except NotExportedError as error:
            self.message_user(request, f"Nothing was exported: {error}", messages.ERROR)
            return HttpResponseRedirect(request.path)
        if is_new:
            note_history(request, [state], f"Exported: {reason} SHA-256 {state.sha256}.")
        self.message_user(request, "Exported. Download the file, and bring it to GitHub with a pull request.")
        return go_to(state)

    @marks.page_of_row(f"Download {TFVARS}", path="file", permission="view", icon="download")
    def file_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the file of a state, byte by byte as it was kept."""
        refuse_without(request, VIEW)
        response = HttpResponse(self.found(request, object_id).content, content_type="application/json")
        response.headers["Content-Disposition"] = f'attachment; filename="{TFVARS}"'
        return response

    @marks.coloured("Kind", KINDS, ordering="kind")
    def standing(self, state: PermissionState) -> str:
        return state.get_kind_display()

    @admin.display(description="SHA-256")
    def short_sha256(self, state: PermissionState) -> SafeString | str:
        return marks.code(state.sha256[: marks.SHORT])

    @admin.display(description="Pull request", boolean=True)
    def has_pull_request(self, state: PermissionState) -> bool:
        return bool(state.pull_request)

    @admin.display(description="What it changed")
    def differences(self, state: PermissionState) -> SafeString | str:
        before = PermissionState.objects.before(state)
        found = plan(before.organization if before else NOTHING, state.organization)
        sentences = Sentences([str(each) for each in found.sentences])
        more = [f"and {sentences.more} more"] if sentences.more else []
        return marks.bullets([*sentences.shown, *more]) if sentences.count else "nothing"


def _shown(draft: Draft) -> dict[str, Any]:
    radius = draft.plan.radius
    return {
        "draft": draft,
        "errors": draft.errors(),
        "findings": [(each, TONES[each.level]) for each in draft.findings],
        "sentences": Sentences([str(each) for each in draft.plan.sentences]),
        "touched": [
            ("People whose access changes", len(radius.people)),
            ("Join the organization", ", ".join(radius.joining)),
            ("Leave the organization", ", ".join(radius.leaving)),
            ("Repositories", len(radius.repositories)),
            ("Accesses gained and lost", f"{radius.accesses_gained} and {radius.accesses_lost}"),
            ("OpenTofu refuses", ", ".join(draft.plan.work.refused)),
        ],
        "preview": write_preview(draft.organization),
        "file": TFVARS,
    }
