"""Releases: what each lacks, and approving them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from mageos_portal import marks
from mageos_portal.asking import AskingAdmin, Question, ask, go_to
from mageos_portal.staff_pages import ModelAdmin, actor, note_history
from mirror import approving, lifecycle, tasks
from mirror.approving import ApprovalError
from mirror.models import Build, Distribution, Release

APPROVE = "mirror.approve_release"
MOST_MISSING = 300  # requirements that a page shows
STATES = {"installable": "success", "waiting": "info", "incomplete": "warning"}


class WaitingFilter(admin.SimpleListFilter):
    """What a release waits for."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("approval", "Waits for approval"), ("build", "Approved, not published"), ("published", "Published")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Release]) -> QuerySet[Release]:
        match self.value():
            case "approval":
                return queryset.filter(published_at=None, approved_at=None)
            case "build":
                return queryset.filter(published_at=None).exclude(approved_at=None)
            case "published":
                return queryset.exclude(published_at=None)
        return queryset


@admin.register(Release)
class ReleaseAdmin(AskingAdmin):
    list_display = ("version", "distribution", "stage", "lacking", "held", "approved_by", "published_at")
    list_filter = ("distribution", WaitingFilter, "complete", "confirmed")
    list_select_related = ("distribution",)
    list_per_page = 50
    search_fields = ("version", "approved_by", "held_because")
    actions = ("approve",)
    actions_detail = ("approve_page", "revoke_page")
    change_form_outer_after_template = "mirror/admin/release_missing.html"
    fieldsets = (
        (None, {"fields": ("version", "distribution", "product", "stage", "held_text", "packages", "confirmed")}),
        ("Approval", {"fields": ("approved_by", "approved_at", "published_at", "checked_at")}),
        ("Origin", {"fields": ("commit_code",)}),
    )
    readonly_fields = ("stage", "held_text", "commit_code")

    @marks.coloured("State", STATES)
    def stage(self, release: Release) -> str:
        return release.state

    @admin.display(description="Missing")
    def lacking(self, release: Release) -> int | str:
        return len(release.missing) or "-"

    @admin.display(description="Held because")
    def held(self, release: Release) -> str:
        return marks.shown(_held(release)) or "-"

    @admin.display(description="Held because")
    def held_text(self, release: Release) -> SafeString | str:
        return marks.lines(_held(release))

    @admin.display(description="Commit")
    def commit_code(self, release: Release) -> SafeString | str:
        return marks.code(release.commit)

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(APPROVE)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer only what can be done in the release's state."""
        release = self.get_object(request, str(object_id))
        offered: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc] # of unfold
        possible = {"approve_page": _can_be_approved(release), "revoke_page": _can_be_revoked(release)}
        return [action for action in offered if possible[action.method.original_function_name]]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        release = self.get_object(request, object_id)
        missing = release.missing if release else []
        rows = [
            [marks.shown(entry.get(key, "")) for key in ("name", "constraint", "required_by", "origin")]
            for entry in missing
        ]
        headers = ["Package", "Constraint", "Required by", "Where it would come from"]
        more = {
            "missing": {"headers": headers, "rows": rows[:MOST_MISSING]},
            "unseen": max(len(rows) - MOST_MISSING, 0),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    @admin.action(description="Approve", permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Release]) -> None:
        self._approve(request, list(queryset.select_related("distribution")))

    @marks.page_of_row("Approve…", path="approve", permission="approve", icon="verified")
    def approve_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        release = self.found(request, object_id)
        if request.method == "POST":
            self._approve(request, [release])
            return go_to(release)
        question = Question(f"Approve release {release}?", list(_consequences(request, release)), "Approve")
        return ask(self, request, question, release)

    @marks.page_of_row("Revoke approval…", path="revoke", permission="approve", icon="undo")
    def revoke_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        release = self.found(request, object_id)
        if request.method == "POST":
            self._revoke(request, release)
            return go_to(release)
        says = [f"{release.approved_by} approved it. Without approval the next build keeps it back again."]
        return ask(self, request, Question(f"Revoke the approval of {release}?", says, "Revoke approval"), release)

    def _approve(self, request: HttpRequest, releases: list[Release]) -> None:
        approved = approving.approve(releases, actor=actor(request))
        note_history(request, approved, "Approved.")
        level = messages.SUCCESS if approved else messages.WARNING
        names = ", ".join(release.version for release in approved) or "Nothing new"
        self.message_user(request, f"{names}: approved. {_publishing_build(request, approved)}", level)

    def _revoke(self, request: HttpRequest, release: Release) -> None:
        try:
            approving.revoke(release)
        except ApprovalError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        note_history(request, [release], "Approval revoked.")
        self.message_user(request, f"The approval of {release} is revoked; it waits again.", messages.SUCCESS)


def _held(release: Release) -> str:
    if release.published_at is None and release.approved_at is not None and not _judged_since(release):
        return "approved; the next build judges and publishes it"
    return release.held_because


def _judged_since(release: Release) -> bool:
    """Tell whether a build looked at it after it was approved."""
    return bool(release.checked_at and release.approved_at and release.checked_at >= release.approved_at)


def _can_be_approved(release: Release | None) -> bool:
    return release is not None and release.approved_at is None


def _can_be_revoked(release: Release | None) -> bool:
    return release is not None and release.approved_at is not None and release.published_at is None


def _consequences(request: HttpRequest, release: Release) -> list[str]:
    says = ["Your name and the time are noted, and staff can read them."]
    if release.approved_at:
        return [f"{release.approved_by} approved it already.", *says]
    if release.missing and not release.distribution.publish_incomplete:
        says.append(f"It lacks {len(release.missing)} packages, so it stays held until it is complete.")
    if not release.confirmed:
        says.append("Its third-party extensions are carried over from the release before; you confirm them.")
    queued = request.user.has_perm("mirror.start_build")
    says.append("A build that publishes it is queued at once." if queued else "The next build publishes it.")
    return says


def _publishing_build(request: HttpRequest, approved: list[Release]) -> str:
    """Queue a build of each distribution for what was approved, and say so."""
    if not approved:
        return ""
    if not request.user.has_perm("mirror.start_build"):
        return "The next build publishes what is approved."
    found = {release.distribution_id: release.distribution for release in approved}
    return " ".join(_queued(distribution, actor(request)) for distribution in found.values())


def _queued(distribution: Distribution, person: str) -> str:
    build = lifecycle.queue_once(distribution, kind=Build.Kind.BUILD, trigger=Build.Trigger.PERSON, actor=person)
    if build is None:
        return f"A build of {distribution} waits already and will publish it."
    tasks.enqueue(build)
    return f"Build {build.pk} of {distribution} was queued and will publish it."
