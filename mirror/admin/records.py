"""What was changed after it had been published, and what was installed."""

from django.contrib import admin
from django.utils.safestring import SafeString

from mageos_portal import marks
from mageos_portal.staff_pages import SystemKeptAdmin
from mirror.models import Change, InstallCount


@admin.register(Change)
class ChangeAdmin(SystemKeptAdmin):
    list_display = ("at", "distribution", "kind", "subject", "why", "actor")
    list_filter = ("distribution", "action")
    list_select_related = ("distribution",)
    search_fields = ("subject", "reason", "actor")
    date_hierarchy = "at"
    show_full_result_count = False
    fields = ("at", "distribution", "kind", "subject", "full_reason", "what", "actor")
    readonly_fields = fields

    @marks.coloured("Action", {"purged": "danger", "withdrawn": "warning", "rolled back": "info"}, ordering="action")
    def kind(self, change: Change) -> str:
        return change.action

    @admin.display(description="Reason")
    def why(self, change: Change) -> str:
        return marks.shown(change.reason)[:200]

    @admin.display(description="Reason")
    def full_reason(self, change: Change) -> SafeString | str:
        return marks.lines(change.reason)

    @admin.display(description="Detail")
    def what(self, change: Change) -> SafeString | str:
        parts = (f"{key}: {value}" for key, value in change.detail.items())
        return marks.bullets(map(marks.shown, parts)) if change.detail else "-"


@admin.register(InstallCount)
class InstallCountAdmin(SystemKeptAdmin):
    list_display = ("day", "distribution", "name", "version", "count")
    list_filter = ("distribution", "day")
    list_select_related = ("distribution",)
    list_per_page = 50
    search_fields = ("name", "version")
    ordering = ("-pk",)
    show_full_result_count = False
