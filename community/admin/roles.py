"""Open roles: writing them, and taking them through their life."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from community import advancing
from community.admin.lists import HistoryAdmin
from community.indexing import index_roles
from community.models import OpenRole
from community.role_states import NEEDS_PUBLISHER, Step, steps_from
from mageos_portal import marks
from mageos_portal.asking import Question, ask, go_to
from mageos_portal.staff_pages import actor, refuse_without

PUBLISH, CHANGE = "community.publish_openrole", "community.change_openrole"
STATES = {"draft": "info", "in review": "warning", "published": "success"}
SAYS = {
    Step.SUBMIT: "Another person reads it and publishes it, or sends it back.",
    Step.SEND_BACK: "Its author can change it and hand it in again.",
    Step.PUBLISH: "Everybody sees it, the search finds it, and search engines are told that it is open.",
    Step.FILL: "Its page says that it is filled; search engines are told nothing of it any more.",
    Step.CLOSE: "Its page says that nobody is sought for it any more.",
    Step.REOPEN: "It becomes a draft again and goes off the site until it is published anew.",
}


def _page(step: Step, icon: str) -> Any:
    """Make the page of a step, which asks before it is taken."""

    def page(self: "OpenRoleAdmin", request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_page(request, object_id, step)

    page.__name__ = step.name.lower()
    words = step.value.capitalize()
    permission = "publish" if step in NEEDS_PUBLISHER else "change"
    return marks.page_of_row(words, path=step.name.lower().replace("_", "-"), permission=permission, icon=icon)(page)


@admin.register(OpenRole)
class OpenRoleAdmin(HistoryAdmin):
    list_display = ("title", "standing", "employment", "deadline", "published_at", "author", "approved_by")
    list_filter = ("state", "employment", "is_remote")
    search_fields = ("title", "summary")
    search_help_text = "Title or summary"
    readonly_fields = ("standing", "author", "approved_by", "published_at", "ended_at")
    actions_detail = ("submit", "send_back", "publish", "fill", "close", "reopen")
    fieldsets = (
        (None, {"fields": ("title", "slug", "summary", "standing")}),
        ("Text", {"fields": ("why", "core_tasks", "added_tasks", "must_have", "nice_to_have", "how_to_apply")}),
        ("Terms", {"fields": ("employment", "hours_a_week", "schedule", "pay", "reports_to", "team")}),
        ("Place and time", {"fields": ("is_remote", "location", "country", "deadline")}),
        ("Who and when", {"fields": ("author", "approved_by", "published_at", "ended_at")}),
    )
    submit = _page(Step.SUBMIT, "outbox")
    send_back = _page(Step.SEND_BACK, "undo")
    publish = _page(Step.PUBLISH, "publish")
    fill = _page(Step.FILL, "how_to_reg")
    close = _page(Step.CLOSE, "block")
    reopen = _page(Step.REOPEN, "replay")

    def get_readonly_fields(self, request: HttpRequest, obj: OpenRole | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "slug") if obj and obj.published_at else self.readonly_fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: OpenRole | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else {"slug": ("title",)}

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = self.get_object(request, str(object_id))
        offered = {step.name.lower() for step in steps_from(row.state)} if row else set()
        return [
            each for each in super().get_actions_detail(request, object_id) if each.path.replace("-", "_") in offered
        ]

    def has_publish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(PUBLISH)

    def save_model(self, request: HttpRequest, obj: OpenRole, form: Any, change: Any) -> None:
        if not change:
            obj.author = actor(request)
        super().save_model(request, obj, form, change)
        index_roles(OpenRole.objects.filter(pk=obj.pk))

    def step_page(self, request: HttpRequest, object_id: str, step: Step) -> HttpResponse:
        """Ask, then take the step."""
        refuse_without(request, PUBLISH if step in NEEDS_PUBLISHER else CHANGE)
        role = self.found(request, object_id)
        if request.method != "POST":
            title = f"{step.value.capitalize()}: {role}"
            return ask(self, request, Question(title, [SAYS[step]], step.value.capitalize()), role)
        try:
            advancing.advance(role, step, actor(request), timezone.now())
        except advancing.NotAdvancedError as failure:
            self.message_user(request, str(failure), messages.ERROR)
        else:
            self.message_user(request, f"{role} is {role.get_state_display()} now.")
        return go_to(role)

    @marks.coloured("State", STATES, ordering="state")
    def standing(self, role: OpenRole) -> str:
        return role.get_state_display()
