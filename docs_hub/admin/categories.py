"""Categories of updates."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from docs_hub.admin.lists import WrittenAdmin, shortened
from docs_hub.models import Category


@admin.register(Category)
class CategoryAdmin(WrittenAdmin):
    list_display = ("name", "slug", "update_count")
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    fields = ("title", "slug")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        found: QuerySet[Category] = super().get_queryset(request).annotate(update_count=Count("updates"))
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Category | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else self.prepopulated_fields

    @admin.display(description="Title", ordering="title")
    def name(self, category: Category) -> str:
        return shortened(category.title)

    @admin.display(description="Updates", ordering="update_count")
    def update_count(self, category: Category) -> int:
        return int(category.update_count)  # type: ignore[attr-defined] # annotated above
