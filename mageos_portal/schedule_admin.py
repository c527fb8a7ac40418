"""The page of what the queue does by itself: when it ran, how that went, and when it runs next."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import truncatechars
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from django_q.models import Schedule, Task
from redis.exceptions import RedisError

from mageos_portal.registry import ScheduledTask
from mageos_portal.schedules import PREFIX, declared, own_rows, run_now

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList

    ModelAdmin = admin.ModelAdmin[Any]
else:
    from unfold.admin import ModelAdmin  # has no types
    from unfold.views import ChangeList

LONGEST_RESULT = 200  # characters
RUN = "admin:django_q_schedule_run"
BUTTON = (
    '<button type="submit" formaction="{}" class="border border-base-200 dark:border-base-700 cursor-pointer '
    'rounded-default px-3 py-1 whitespace-nowrap" aria-label="Run now: {}">Run now</button>'
)


class ScheduleList(ChangeList):
    """Rows with what was declared of them, and whether this person may have them run."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        tasks = declared()
        rows: Any = list(self.result_list)
        for row in rows:
            row.declared = tasks.get(row.name)
            row.may_be_run = row.declared is not None and may_run(request, row.declared)
        self.result_list = rows


def may_run(request: HttpRequest, task: ScheduledTask) -> bool:
    return request.user.has_perm(task.permission) if task.permission else request.user.is_superuser


admin.site.unregister(Schedule)


@admin.register(Schedule)
class ScheduleAdmin(ModelAdmin):
    """Declared in code and kept by `sync_schedules`: nobody changes them here, all staff may look."""

    list_display = ("key", "description", "rhythm", "last_run", "last_result", "next_time", "button")
    list_display_links = None
    ordering = ("name",)
    list_per_page = 200
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Schedules", **(extra_context or {})})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ScheduleList

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Schedule]":
        runs = Task.objects.filter(group=OuterRef("name")).order_by("-stopped")
        newest = {f"newest_{key}": Subquery(runs.values(key)[:1]) for key in ("stopped", "success", "result")}
        rows: QuerySet[Schedule] = own_rows().annotate(**newest)
        return rows

    def get_urls(self) -> list[URLPattern]:
        run = self.admin_site.admin_view(self.run)
        return [path("<int:pk>/run/", run, name="django_q_schedule_run"), *super().get_urls()]

    @method_decorator(require_POST)
    def run(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have a task done at once, besides its schedule."""
        row = own_rows().filter(pk=pk).first()
        task = declared().get(row.name) if row else None
        if row is None or task is None:
            raise Http404
        if not may_run(request, task):
            raise PermissionDenied
        try:
            run_now(row.name)
        except (RedisError, OSError):
            self.message_user(request, "The queue does not answer; see that it runs, then try again.", messages.ERROR)
        else:
            self.log_change(request, row, "Run now")
            self.message_user(request, f"{task.key} was handed to the queue; its result is shown here when it is done.")
        return HttpResponseRedirect(reverse("admin:django_q_schedule_changelist"))

    @admin.display(description="Task", ordering="name")
    def key(self, row: Schedule) -> str:
        return str(row.name).removeprefix(PREFIX)

    @admin.display(description="What it does")
    def description(self, row: Any) -> str:
        return row.declared.description if row.declared else "It is not declared any more; run sync_schedules."

    @admin.display(description="How often")
    def rhythm(self, row: Schedule) -> str:
        return _rhythm(row.minutes) if row.minutes else f"daily at {row.next_run:%H:%M} UTC"

    @admin.display(ordering="newest_stopped")
    def last_run(self, row: Any) -> Any:
        return row.newest_stopped

    @admin.display(description="How that went")
    def last_result(self, row: Any) -> str:
        if row.newest_stopped is None:
            return "-"
        said = truncatechars(str(row.newest_result or ""), LONGEST_RESULT)
        return said or "done" if row.newest_success else f"failed: {said}"

    @admin.display(description="Next run", ordering="next_run")
    def next_time(self, row: Schedule) -> Any:
        return row.next_run

    @admin.display(description="")
    def button(self, row: Any) -> str:
        return format_html(BUTTON, reverse(RUN, args=[row.pk]), self.key(row)) if row.may_be_run else ""


def _rhythm(minutes: int) -> str:
    whole_hours, rest = divmod(minutes, 60)
    if rest or not whole_hours:
        return "every minute" if minutes == 1 else f"every {minutes} minutes"
    return "every hour" if whole_hours == 1 else f"every {whole_hours} hours"
