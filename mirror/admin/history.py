"""Who did what in these pages, and when: Django's own history, to be read only."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.safestring import SafeString

from mageos_portal import marks
from mageos_portal.staff_pages import SystemKeptAdmin

KINDS = {1: "added", 2: "changed", 3: "deleted"}
LONGEST = 300  # characters of a sentence that a list shows


@admin.register(LogEntry)
class LogEntryAdmin(SystemKeptAdmin):
    list_display = ("action_time", "user", "subject", "content_type", "sentence")
    list_display_links = ("action_time",)
    list_filter = ("action_time", "action_flag", "content_type")
    list_per_page = 50
    list_select_related = ("user", "content_type")
    search_fields = ("user__username", "object_repr", "change_message")
    show_full_result_count = False
    fields = ("action_time", "person", "kind", "subject", "content_type", "full_sentence")
    readonly_fields = fields

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> LogEntry | None:
        """Spell out for every part of a page what people and upstream put into names; nothing is saved from here."""
        entry: LogEntry | None = super().get_object(request, object_id, from_field)
        if entry:
            said = entry.get_change_message()
            entry.object_repr, entry.change_message = marks.shown(entry.object_repr), marks.shown(said)
        return entry

    @admin.display(description="Who")
    def person(self, entry: LogEntry) -> str:
        return entry.user.get_username()

    @admin.display(description="What")
    def subject(self, entry: LogEntry) -> SafeString | str:
        name = marks.shown(entry.object_repr) or "-"
        try:
            address = entry.get_admin_url()
        except NoReverseMatch:
            address = None
        return marks.link(address, name) if address and not entry.is_deletion() else name

    @admin.display(description="Kind")
    def kind(self, entry: LogEntry) -> str:
        return KINDS.get(entry.action_flag, str(entry.action_flag))

    @admin.display(description="What was done")
    def sentence(self, entry: LogEntry) -> str:
        return self._said(entry)[:LONGEST]

    @admin.display(description="What was done")
    def full_sentence(self, entry: LogEntry) -> SafeString | str:
        return marks.lines(self._said(entry))

    def _said(self, entry: LogEntry) -> str:
        return marks.shown(entry.get_change_message()) or KINDS.get(entry.action_flag, "")
