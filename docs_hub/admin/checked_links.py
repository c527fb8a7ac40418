"""Links to elsewhere: which are dead, since when, and on which pages they stand."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from docs_hub import link_checking
from docs_hub.admin.lists import shortened
from docs_hub.models import CheckedLink, Document, Update
from mageos_portal import marks
from mageos_portal.asking import AskingAdmin
from mageos_portal.staff_pages import actor, note_history

STANDINGS = {"answers": "success", "in doubt": "warning", "dead": "danger", "not asked yet": "info"}
MODELS = {"update": Update, "document": Document}


class StandingFilter(admin.SimpleListFilter):
    """Links that staff should look at, and the others."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("new", "dead, nobody has seen it"), ("dead", "dead"), ("doubt", "in doubt"), ("answers", "answers")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CheckedLink]) -> QuerySet[CheckedLink]:
        wanted: dict[str, dict[str, Any]] = {
            "new": {"is_dead": True, "seen_by": ""},
            "dead": {"is_dead": True},
            "doubt": {"is_dead": False, "failures__gt": 0},
            "answers": {"failures": 0, "checked_at__isnull": False},
        }
        return queryset.filter(**wanted.get(self.value() or "", {}))


@admin.register(CheckedLink)
class CheckedLinkAdmin(AskingAdmin):
    list_display = ("short_address", "stage", "safe_outcome", "failing_since", "checked_at", "known_to")
    list_filter = (StandingFilter,)
    search_fields = ("address", "outcome")
    list_per_page = 50
    show_full_result_count = False
    actions = ("check_soon", "seen")
    fields = ("link", "stage", "safe_outcome", "failing_since", "checked_at", "next_at", "known_to", "pages")
    readonly_fields = fields

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("docs_hub.change_checkedlink")

    @admin.action(description="Look again soon", permissions=["decide"])
    def check_soon(self, request: HttpRequest, queryset: QuerySet[CheckedLink]) -> None:
        count = link_checking.check_soon(queryset, timezone.now())
        self._tell(request, count, "looked at by the next run")

    @admin.action(description="Note dead ones as seen", permissions=["decide"])
    def seen(self, request: HttpRequest, queryset: QuerySet[CheckedLink]) -> None:
        changed = link_checking.note_seen(queryset, actor=actor(request))
        note_history(request, changed, "Seen.")
        self._tell(request, len(changed), "noted as seen")

    def _tell(self, request: HttpRequest, number: int, outcome: str) -> None:
        count = "1 link is" if number == 1 else f"{number} links are"
        level = messages.SUCCESS if number else messages.WARNING
        self.message_user(request, f"{count} {outcome}." if number else "Nothing of that was to be done.", level)

    @admin.display(description="Link", ordering="address")
    def short_address(self, link: CheckedLink) -> str:
        return shortened(link.address)

    @admin.display(description="Link")
    def link(self, link: CheckedLink) -> SafeString:
        return marks.link(link.address, marks.shown(link.address))

    @marks.coloured("Standing", STANDINGS, ordering="failures")
    def stage(self, link: CheckedLink) -> str:
        if link.is_dead:
            return "dead"
        if link.failures:
            return "in doubt"
        return "answers" if link.checked_at else "not asked yet"

    @admin.display(description="Last look")
    def safe_outcome(self, link: CheckedLink) -> str:
        return marks.shown(link.outcome) or "-"

    @admin.display(description="Seen by")
    def known_to(self, link: CheckedLink) -> str:
        return marks.shown(link.seen_by) or "-"

    @admin.display(description="On these pages")
    def pages(self, link: CheckedLink) -> SafeString | str:
        lines = [line for name, model in MODELS.items() for line in _lines(name, model, link)]
        return marks.bullets(lines) if lines else "no page any more"


def _lines(name: str, model: Any, link: CheckedLink) -> list[SafeString]:
    pks = [pk for where, pk in link.places if where == name]
    titles = model.objects.filter(pk__in=pks).values_list("pk", "title")
    return [marks.link(reverse(f"admin:docs_hub_{name}_change", args=[pk]), shortened(title)) for pk, title in titles]
