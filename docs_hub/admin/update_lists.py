"""How the list of updates is narrowed down."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from docs_hub.models import Collection, SourceFile, Update
from mageos_portal.staff_pages import ModelAdmin

SCHEDULED, WAITS = "scheduled", "waits for approval"
STAGES = {"published": "success", SCHEDULED: "info", "draft": "info", WAITS: "warning", "hidden": "danger"}
HERE = "here"
MOST_YEARS = 30


def stage_of(update: Update) -> str:
    """Say how far an update is, in a word."""
    if update.state == Update.State.REVIEW:
        return WAITS
    is_to_come = update.state == Update.State.PUBLISHED and update.published_at > timezone.now()
    return SCHEDULED if is_to_come else update.state


class StageFilter(admin.SimpleListFilter):
    """How far updates are; those that are scheduled are published at a later time."""

    title = "state"
    parameter_name = "state__exact"  # so that links of notices and panels are Django's own

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [*((value, str(label)) for value, label in Update.State.choices), (SCHEDULED, "scheduled")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Update]) -> QuerySet[Update]:
        now, value = timezone.now(), self.value()
        if value == SCHEDULED:
            return queryset.filter(state=Update.State.PUBLISHED, published_at__gt=now)
        if value == Update.State.PUBLISHED:
            return queryset.filter(state=value, published_at__lte=now)
        return queryset.filter(state=value) if value in Update.State.values else queryset


class OriginFilter(admin.SimpleListFilter):
    """Where updates come from."""

    title = "origin"
    parameter_name = "origin"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        found = Collection.objects.filter(kind=Collection.Kind.UPDATES)
        return [(HERE, "written here"), *((slug, slug) for slug in found.values_list("slug", flat=True))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Update]) -> QuerySet[Update]:
        value = self.value()
        if value == HERE:
            return queryset.filter(is_written_here=True)
        files = SourceFile.objects.filter(collection__slug=value)
        return queryset.filter(pk__in=files.values("update")) if value else queryset


class FindingsFilter(admin.SimpleListFilter):
    """Updates of which the importer or the renderer has something to say."""

    title = "findings"
    parameter_name = "findings"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("some", "with findings"), ("none", "without")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Update]) -> QuerySet[Update]:
        files = SourceFile.objects.filter(is_gone=False).exclude(findings=[])
        found = Q(pk__in=files.exclude(update=None).values("update")) | ~Q(findings=[])
        wanted: dict[Any, Q] = {"some": found, "none": ~found}
        return queryset.filter(wanted.get(self.value(), Q()))


class YearFilter(admin.SimpleListFilter):
    """The year in the address."""

    title = "year"
    parameter_name = "year"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        years = Update.objects.order_by("-year").values_list("year", flat=True).distinct()
        return [(str(year), str(year)) for year in years[:MOST_YEARS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Update]) -> QuerySet[Update]:
        value = self.value() or ""
        return queryset.filter(year=int(value)) if value.isascii() and value.isdigit() and len(value) < 5 else queryset  # noqa: PLR2004
