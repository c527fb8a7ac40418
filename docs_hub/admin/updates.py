"""Updates: those that are imported, to be looked at, hidden and approved, and those that are written here."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from docs_hub import approving, writing
from docs_hub.admin import previewing
from docs_hub.admin.findings import of_rows
from docs_hub.admin.lists import WhyForm, WrittenAdmin, shortened
from docs_hub.admin.update_form import UpdateForm, VisibleTo
from docs_hub.admin.update_lists import (
    SCHEDULED,
    STAGES,
    FindingsFilter,
    OriginFilter,
    StageFilter,
    YearFilter,
    stage_of,
)
from docs_hub.indexing import index_updates
from docs_hub.models import SourceFile, Update
from mageos_portal import marks
from mageos_portal.asking import Question, ask, forget_rows, go_to
from mageos_portal.staff_pages import actor, note_history

APPROVE = "docs_hub.approve_update"
MOST_NAMED = 10  # updates in one sentence
CONSEQUENCES = (
    "Everybody whom it is meant for can read it then, in its feeds and by search, too.",
    "“Preview” on its page shows it. Does it name people? Ask them before it is shown again.",
)
LONG = ("body", "html", "text", "headings", "findings")
WRITTEN = (
    (None, {"fields": ("title", "slug", "published_at", "category", "author", "description")}),
    ("Text", {"fields": ("body", "pictures", "lead", "image_alt", "read_at")}),
    ("Readers", {"fields": ("visibility", "team")}),
)
STANDING = ("stage", "reason", "address", "all_findings", "approved_by", "changed_at")
IMPORTED = (
    (None, {"fields": ("safe_title", "stage", "reason", "address", "published_at", "category", "author", "words")}),
    ("Readers", {"fields": ("visibility", "team")}),
    ("Where it comes from", {"fields": ("sources", "all_findings", "approved_by", "hidden_by", "changed_at")}),
)


@admin.register(Update)
class UpdateAdmin(WrittenAdmin):
    list_display = ("name", "stage", "published_at", "category", "origin", "visibility", "found_count")
    list_filter = (StageFilter, OriginFilter, FindingsFilter, "category", "visibility", YearFilter)
    list_select_related = ("category",)
    search_fields = ("title", "slug", "author", "description")
    search_help_text = "Title, name in the address, author or description"
    date_hierarchy = "published_at"
    ordering = ("-published_at", "-pk")
    prepopulated_fields = {"slug": ("title",)}
    actions = ("approve",)
    actions_detail = ("approve_page", "hide_page", "restore_page")
    change_form_template = "docs_hub/admin/update_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Update]:
        fields = ("update", "path", "commit", "is_gone", "findings", "collection__slug", "collection__repository")
        files = SourceFile.objects.select_related("collection").only(*fields)
        found: QuerySet[Update] = super().get_queryset(request)
        return found.defer(*LONG[:-1]).select_related("category").prefetch_related(Prefetch("files", files))

    def learn(self, row: Update) -> None:
        row.refresh_from_db(fields=LONG)
        if not row.is_written_here:  # then these are not saved from here
            for name in ("title", "author", "approved_by", "hidden_by"):
                setattr(row, name, marks.shown(getattr(row, name)))

    def get_form(self, request: HttpRequest, obj: Any = None, change: Any = False, **kwargs: Any) -> Any:  # noqa: FBT002 - Django's
        is_written = obj is None or (obj.is_written_here and self.has_change_permission(request, obj))
        return super().get_form(request, obj, change, form=UpdateForm if is_written else VisibleTo, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Update | None = None) -> Any:
        if obj is None:
            return WRITTEN
        if not obj.is_written_here:
            return IMPORTED
        return (
            (*WRITTEN, ("Where it stands", {"fields": STANDING}))
            if self.has_change_permission(request, obj)
            else IMPORTED
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Update | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        if obj.is_written_here:
            return STANDING
        shown = (name for _, options in IMPORTED for name in options["fields"])
        return tuple(name for name in shown if name not in {"visibility", "team"})

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else self.prepopulated_fields

    def has_delete_permission(self, request: HttpRequest, obj: Update | None = None) -> bool:
        return (obj is None or obj.is_written_here) and super().has_delete_permission(request, obj)

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(APPROVE)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("preview/", view(require_POST(self.preview_view)), name="docs_hub_update_preview"),
            path("<int:pk>/preview/", view(require_safe(self.shown_view)), name="docs_hub_update_shown"),
        ]
        return [*own, *super().get_urls()]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer only what can be done in the update's state."""
        update = self.get_object(request, str(object_id))
        offered: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc] # of unfold
        state = update.state if update else ""
        possible = {
            "approve_page": state == Update.State.REVIEW,
            "hide_page": bool(update) and can_be_hidden(update),
            "restore_page": state == Update.State.HIDDEN,
        }
        return [action for action in offered if possible[action.method.original_function_name]]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the form again with its text if somebody else saved since it was read; the form says so."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except writing.ConflictError:
            forget_rows(request)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Update, form: Any, change: Any) -> None:
        if not isinstance(form, UpdateForm):
            obj.changed_at = timezone.now()
            obj.save(update_fields=["visibility", "team", "changed_at"])
            index_updates([obj.pk])
            return
        findings = writing.save(obj, read_at=form.when_read if change else None)
        for finding in findings:
            self.message_user(request, f"{marks.shown(finding.message)} [{finding.code}]", messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: Update) -> None:
        writing.remove(obj)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[Any]]:
        """Say what goes with an update; redirects that were imported with it would otherwise keep it."""
        sentences = [f"“{shortened(update.title)}”, its address and {_led_from(update)}" for update in objs]
        return sentences, {}, set(), []

    def response_add(self, request: HttpRequest, obj: Update, post_url_continue: str | None = None) -> HttpResponse:
        return self._saved(request, obj)

    def response_change(self, request: HttpRequest, obj: Update) -> HttpResponse:
        return self._saved(request, obj)

    def _saved(self, request: HttpRequest, update: Update) -> HttpResponseRedirect:
        self.message_user(request, outcome(update), messages.SUCCESS)
        return go_to(update)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        update = self.get_object(request, object_id)
        is_ours = bool(update and update.is_written_here)
        more = {"is_ours": is_ours, "stage": stage_of(update) if update else "", "show_save_and_add_another": False}
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        more = {"is_ours": True, "stage": "new", "title": "Write an update"}
        return super().add_view(request, form_url, {**more, **(extra_context or {})})

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show how an update that is being written will look; nothing is saved."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        update = previewing.written(request.POST)
        return previewing.page(request, update, update.findings)

    def shown_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show an update as people would read it, whether they may or not."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        update = self.found(request, str(pk))
        return previewing.page(request, update, findings_of(update))

    @admin.action(description="Approve", permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Update]) -> None:
        approved = approving.approve(queryset, actor=actor(request))
        note_history(request, approved, "Approved.")
        self._tell(request, approved, "can be read now", "None of them waits for approval.")

    @marks.page_of_row("Approve…", path="approve", permission="approve", icon="verified")
    def approve_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        update = self.found(request, object_id)
        form = WhyForm(request.POST or None)
        if form.is_valid():
            approved = approving.approve([update], actor=actor(request))
            note_history(request, approved, f"Approved: {form.cleaned_data['reason']}")
            self._tell(request, approved, "can be read now", "It does not wait any more.")
            return go_to(update)
        says = [f"Why it waits: {marks.shown(update.because)}", *CONSEQUENCES]
        return ask(self, request, Question(f"Approve “{shortened(update.title)}”?", says, "Approve", form), update)

    @marks.page_of_row("Hide…", path="hide", permission="approve", icon="visibility_off")
    def hide_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        update = self.found(request, object_id)
        form = WhyForm(request.POST or None)
        if form.is_valid():
            hidden = approving.hide([update], actor=actor(request), reason=form.cleaned_data["reason"])
            note_history(request, hidden, f"Hidden: {form.cleaned_data['reason']}")
            self._tell(request, hidden, "is hidden", "It cannot be hidden any more; look at its state.")
            return go_to(update)
        says = ["It leaves the site, its feeds and its search at once; its address says that it is gone."]
        question = Question(f"Hide “{shortened(update.title)}”?", says, "Hide", form, is_grave=True)
        return ask(self, request, question, update)

    @marks.page_of_row("Restore…", path="restore", permission="approve", icon="visibility")
    def restore_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        update = self.found(request, object_id)
        if request.method == "POST":
            restored = approving.restore([update])
            note_history(request, restored, "Restored.")
            update.refresh_from_db(fields=["state"])
            self._tell(request, restored, f"is {stage_of(update)}", "It is not hidden.")
            return go_to(update)
        says = [f"It is hidden: {marks.shown(update.because)}", "It comes back at its address, in feeds and search."]
        if approving.needs_approval(update):
            says.append("It was never approved, so it waits for that first.")
        return ask(self, request, Question(f"Restore “{shortened(update.title)}”?", says, "Restore"), update)

    def _tell(self, request: HttpRequest, changed: list[Update], outcome: str, else_: str) -> None:
        names = ", ".join(f"“{shortened(update.title)}”" for update in changed[:MOST_NAMED])
        more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
        sentence = f"{names}{more}: {outcome}." if changed else else_
        self.message_user(request, sentence, messages.SUCCESS if changed else messages.WARNING)

    @admin.display(description="Title", ordering="title")
    def name(self, update: Update) -> str:
        return shortened(update.title)

    @admin.display(description="Title")
    def safe_title(self, update: Update) -> str:
        return marks.shown(update.title)

    @marks.coloured("State", STAGES, ordering="state")
    def stage(self, update: Update) -> str:
        return stage_of(update)

    @admin.display(description="Why")
    def reason(self, update: Update) -> str:
        by = f" ({marks.shown(update.hidden_by)})" if update.hidden_by else ""
        return f"{marks.shown(update.because)}{by}" if update.because else "-"

    @admin.display(description="Address")
    def address(self, update: Update) -> SafeString | str:
        url = update.get_absolute_url()
        return marks.link(url, url) if stage_of(update) == Update.State.PUBLISHED else marks.code(url)

    @admin.display(description="From")
    def origin(self, update: Update) -> str:
        if update.is_written_here:
            return "written here"
        found = dict.fromkeys(file.collection.slug for file in update.files.all() if not file.is_gone)
        return ", ".join(found) or "no file any more"

    @admin.display(description="Findings")
    def found_count(self, update: Update) -> int | str:
        return len(findings_of(update)) or "-"

    @admin.display(description="Files")
    def sources(self, update: Update) -> SafeString | str:
        files = update.files.all()
        gone = " (gone)"
        lines = [marks.link(file.address, marks.shown(file.path) + gone * file.is_gone) for file in files]
        return marks.bullets(lines) if lines else "-"

    @admin.display(description="Findings")
    def all_findings(self, update: Update) -> SafeString | str:
        found = of_rows(findings_of(update))
        return marks.bullets(found) if found else "-"


def findings_of(update: Update) -> list[dict[str, Any]]:
    """Give what the importer or the renderer had to say, whoever read the update."""
    if update.is_written_here:
        return list(update.findings)
    return [finding for file in update.files.all() if not file.is_gone for finding in file.findings]


def _led_from(update: Update) -> str:
    count = update.aliases.count()
    return "the old address that leads to it" if count == 1 else f"the {count} old addresses that lead to it"


def can_be_hidden(update: Update) -> bool:
    """Tell whether it can be read now, or whether nobody has said yet that it is gone for good."""
    if update.state == Update.State.HIDDEN:
        return not update.hidden_by
    return update.state in {Update.State.PUBLISHED, Update.State.REVIEW}


def outcome(update: Update) -> str:
    """Say who can read an update now."""
    stage = stage_of(update)
    if stage == SCHEDULED:
        return f"Saved. It appears on {update.published_at:%-d %B %Y at %H:%M} UTC."
    if stage == Update.State.PUBLISHED:
        return f"Saved. It can be read at {update.get_absolute_url()}"
    return f"Saved. It is {stage}, so only staff see it."
