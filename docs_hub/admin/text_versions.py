"""Former texts of documents: who may still read each, and forgetting one that nobody should read any more."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from docs_hub.admin.lists import WrittenAdmin, shortened
from docs_hub.models import TextVersion
from mageos_portal import marks
from mageos_portal.audience import Visibility


@admin.register(TextVersion)
class TextVersionAdmin(WrittenAdmin):
    list_display = ("name", "number", "changed_at", "replaced_at", "readers", "size")
    list_filter = ("visibility", ("document__collection", admin.RelatedOnlyFieldListFilter))
    search_fields = ("document__title", "document__slug")
    search_help_text = "Title of the document"
    ordering = ("-replaced_at", "-pk")
    fields = ("of", "number", "changed_at", "replaced_at", "readers", "size", "checksum", "whole_text")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[TextVersion]:
        found: QuerySet[TextVersion] = super().get_queryset(request)
        heavy = ("text", "html", "headings", "findings", "audience")
        return found.select_related("document").defer("text", *(f"document__{name}" for name in heavy))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TextVersion | None = None) -> bool:
        return False

    @admin.display(description="Document", ordering="document__title")
    def name(self, version: TextVersion) -> str:
        return shortened(version.document.title)

    @admin.display(description="Document")
    def of(self, version: TextVersion) -> SafeString:
        return marks.link_to(version.document)

    @admin.display(description="Could be read by", ordering="visibility")
    def readers(self, version: TextVersion) -> str:
        label = str(Visibility(version.visibility).label)
        return f"{label} {version.team}" if version.visibility == Visibility.TEAM else label

    @admin.display(description="SHA-256")
    def checksum(self, version: TextVersion) -> SafeString | str:
        return marks.code(version.sha256)

    @admin.display(description="Text")
    def whole_text(self, version: TextVersion) -> Any:
        return marks.lines(version.text)
