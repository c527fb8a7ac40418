"""Sources and their tags: what was fetched when, and which tags upstream moved or removed."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from mageos_portal import marks
from mageos_portal.staff_pages import ModelAdmin, SystemKeptAdmin
from mirror.findings import printable
from mirror.models import Source, SourceTag

MOVED = Q(moved_to__gt="")
LONGEST_ERROR = 120  # characters of an error that a list shows


class TroubleFilter(admin.SimpleListFilter):
    """Sources that need to be looked at."""

    title = "trouble"
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("failed", "Last fetch failed"), ("never", "Never fetched"), ("tags", "Tags moved or gone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Source]) -> QuerySet[Source]:
        troubled = SourceTag.objects.filter(MOVED | Q(gone=True)).values("source")
        wanted = {"failed": ~Q(last_error=""), "never": Q(fetched_at=None), "tags": Q(pk__in=troubled)}
        return queryset.filter(wanted.get(self.value() or "", Q()))


@admin.register(Source)
class SourceAdmin(SystemKeptAdmin):
    list_display = ("key", "distribution", "fetched_at", "tag_count", "moved", "gone", "error")
    list_filter = ("distribution", TroubleFilter)
    list_select_related = ("distribution",)
    search_fields = ("key", "url", "last_error")
    fields = ("key", "distribution", "address", "fetched_at", "full_error", "all_tags", "odd_tags")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        counts = {
            "tags_seen": Count("tags"),
            "tags_moved": Count("tags", filter=~Q(tags__moved_to="")),
            "tags_gone": Count("tags", filter=Q(tags__gone=True)),
        }
        sources: QuerySet[Source] = super().get_queryset(request).annotate(**counts)
        return sources

    @admin.display(description="Tags", ordering="tags_seen")
    def tag_count(self, source: Source) -> int:
        return self._count(source, "seen")

    @admin.display(description="Moved", ordering="tags_moved")
    def moved(self, source: Source) -> SafeString | str:
        return self._tags(source, "moved")

    @admin.display(description="Gone", ordering="tags_gone")
    def gone(self, source: Source) -> SafeString | str:
        return self._tags(source, "gone")

    @admin.display(description="Last error")
    def error(self, source: Source) -> str:
        first, _, rest = source.last_error.strip().partition("\n")
        return printable(first + " …" * bool(rest))[:LONGEST_ERROR] or "-"

    @admin.display(description="Last error")
    def full_error(self, source: Source) -> SafeString | str:
        return marks.lines(source.last_error)

    @admin.display(description="Address")
    def address(self, source: Source) -> SafeString | str:
        return marks.code(source.url)

    @admin.display(description="Tags")
    def all_tags(self, source: Source) -> SafeString:
        return marks.link(_tags_page(source), f"{self._count(source, 'seen')} tags")

    @admin.display(description="Moved or gone")
    def odd_tags(self, source: Source) -> SafeString:
        parts = (f"{self._count(source, kind)} {kind}" for kind in ("moved", "gone"))
        return marks.link(_tags_page(source, "odd"), ", ".join(parts))

    def _tags(self, source: Source, kind: str) -> SafeString | str:
        count = self._count(source, kind)
        return marks.link(_tags_page(source, kind), str(count)) if count else "-"

    def _count(self, source: Source, kind: str) -> int:
        count: int = getattr(source, f"tags_{kind}")
        return count


def _tags_page(source: Source, kind: str = "") -> str:
    address = f"{reverse('admin:mirror_sourcetag_changelist')}?source__id__exact={source.pk}"
    return f"{address}&state={kind}" if kind else address


class TagStateFilter(admin.SimpleListFilter):
    """Tags as they were seen first, and those that upstream changed since."""

    title = "state"
    parameter_name = "state"
    wanted: ClassVar = {"moved": MOVED, "gone": Q(gone=True), "odd": MOVED | Q(gone=True)}

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("moved", "Moved"), ("gone", "Gone"), ("odd", "Moved or gone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SourceTag]) -> QuerySet[SourceTag]:
        return queryset.filter(self.wanted.get(self.value() or "", Q()))


@admin.register(SourceTag)
class SourceTagAdmin(SystemKeptAdmin):
    list_display = ("tag", "source", "state", "commit_seen", "commit_now", "first_seen")
    list_filter = (TagStateFilter, "source__distribution")
    list_select_related = ("source",)
    search_fields = ("name", "source__key", "commit", "moved_to")
    ordering = ("-pk",)
    list_per_page = 50
    show_full_result_count = False
    fields = ("tag", "source", "state", "commit_seen", "commit_now", "first_seen")
    readonly_fields = fields

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> SourceTag | None:
        """Spell out for every part of a page what upstream put into a name; nothing is saved from here."""
        tag: SourceTag | None = super().get_object(request, object_id, from_field)
        if tag:
            tag.name = printable(tag.name)
        return tag

    @admin.display(description="Tag", ordering="name")
    def tag(self, tag: SourceTag) -> str:
        return printable(tag.name)

    @marks.coloured("State", {"moved": "warning", "gone": "danger"})
    def state(self, tag: SourceTag) -> str:
        return "gone" if tag.gone else "moved" if tag.moved_to else "as first seen"

    @admin.display(description="Commit, as seen first")
    def commit_seen(self, tag: SourceTag) -> SafeString | str:
        return marks.commit(tag.source.url, tag.commit, marks.SHORT)

    @admin.display(description="Commit now, not taken")
    def commit_now(self, tag: SourceTag) -> SafeString | str:
        return marks.commit(tag.source.url, tag.moved_to, marks.SHORT) or "-"
