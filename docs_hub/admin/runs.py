"""Syncs: when each collection was read, and what became of its files."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from docs_hub.admin.findings import of_report
from docs_hub.admin.lists import STATES, shortened
from docs_hub.models import Run
from mageos_portal import marks
from mageos_portal.asking import AskingAdmin


@admin.register(Run)
class RunAdmin(AskingAdmin):
    list_display = ("number", "collection", "stage", "started_at", "lasted", "by", "why")
    list_filter = ("state", "collection")
    list_select_related = ("collection",)
    list_per_page = 50
    search_fields = ("actor", "failure")
    search_help_text = "Name of who started it, or words of the failure"
    show_full_result_count = False
    date_hierarchy = "started_at"
    fields = ("number", "collection", "stage", "full_failure", "by", "started_at", "ended_at", "lasted", "at_commit")
    readonly_fields = fields
    change_form_outer_after_template = "docs_hub/admin/run_report.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        runs: QuerySet[Run] = super().get_queryset(request)
        return runs.select_related("collection").defer("report", "collection__report", "collection__audience")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        more = {"lists": of_report(run.report), "same": run.report.get("same")} if run else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    @admin.display(description="Sync", ordering="pk")
    def number(self, run: Run) -> str:
        return f"#{run.pk}"

    @marks.coloured("State", STATES, ordering="state")
    def stage(self, run: Run) -> str:
        return run.state

    @admin.display(description="By", ordering="actor")
    def by(self, run: Run) -> str:
        return marks.shown(run.actor) or "itself"

    @admin.display(description="Took")
    def lasted(self, run: Run) -> str:
        seconds = max(((run.ended_at or timezone.now()) - run.started_at).total_seconds(), 0)
        return f"{int(seconds // 60)}:{int(seconds % 60):02} min"

    @admin.display(description="Failure")
    def why(self, run: Run) -> str:
        return shortened(run.failure) or "-"

    @admin.display(description="Failure")
    def full_failure(self, run: Run) -> SafeString | str:
        return marks.lines(run.failure) or "-"

    @admin.display(description="Commit")
    def at_commit(self, run: Run) -> SafeString | str:
        return marks.commit(run.collection.repository, run.commit) or "-"
