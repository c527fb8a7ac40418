"""Builds: what runs, what ran and what it said; starting, canceling and retrying them."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Func, IntegerField, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_POST, require_safe

from mageos_portal.staff_pages import SystemKeptAdmin, actor, note_history, refuse_without
from mirror import lifecycle, observing
from mirror.admin import course, ordering
from mirror.dashboard import TONES
from mirror.models import Build, Distribution
from mirror.permits import may_cancel, may_retry, may_start
from mirror.spans import clock

RAW = "mirror.read_raw_log"


class ListLength(Func):
    """Count the entries of a list in a JSON field, in the database: reports may be long."""

    output_field: ClassVar = IntegerField()
    arity = 1

    def __init__(self, field: str, key: str) -> None:
        super().__init__(F(field), key=key)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "COALESCE(json_array_length(%(expressions)s, '$.%(key)s'), 0)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "COALESCE(jsonb_array_length(%(expressions)s -> '%(key)s'), 0)"
        return self.as_sql(compiler, connection, template=template, **context)


@admin.register(Build)
class BuildAdmin(SystemKeptAdmin):
    list_display = (
        "number", "distribution", "kind", "state", "found", "actor", "trigger", "created_at", "lasted",
    )  # fmt: skip
    list_filter = ("state", "kind", "trigger", "distribution")
    list_select_related = ("distribution",)
    list_per_page = 50
    search_fields = ("actor", "failure")
    search_help_text = "Name of who started it, or words of the failure"
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mirror.start_build")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Build]:
        lengths = {f"{key}_found": ListLength("report", key) for key in ("errors", "warnings")}
        found: QuerySet[Build] = super().get_queryset(request)
        return found.defer("report").annotate(**lengths)

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, Callable[..., HttpResponseBase]] = {
            "progress/": require_safe(self.progress_view),
            "log.txt": require_safe(self.log_view),
            "cancel/": require_POST(self.cancel_view),
            "retry/": require_POST(self.retry_view),
            "start/": require_POST(self.start_view),
        }
        own = [
            path(
                f"<int:pk>/{page}",
                self.admin_site.admin_view(view),
                name=f"mirror_build_{page.rstrip('/').partition('.')[0]}",
            )
            for page, view in pages.items()
        ]
        return [*own, *super().get_urls()]

    @admin.display(description="Build", ordering="pk")
    def number(self, build: Build) -> int:
        return build.pk

    @admin.display(description="Errors, warnings")
    def found(self, build: Any) -> str:
        return f"{build.errors_found}, {build.warnings_found}"

    @admin.display(description="Took")
    def lasted(self, build: Build) -> str:
        return clock(build.started_at, build.ended_at or timezone.now()) if build.started_at else ""

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask which distribution to build and how, and queue the build or its plan."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if "approve" in request.POST:
            refuse_without(request, "mirror.approve_release")
        order = ordering.order_of(request)
        if request.method == "POST" and order.form.is_valid() and not order.refusal:
            kind, options = order.form.wanted()
            return self._queue(request, order.distribution, kind, options)
        return self._page(request, "new_build", {"title": "New build", "opts": None, "order": order})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a build: how far it is, what it said, what it made."""
        if request.method == "POST":
            raise PermissionDenied
        build = self._build(request, course.number_in(object_id) or 0)
        context = self._course(request, build) | {"title": str(build), "original": build, "object": build}
        return self._page(request, "build", context)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give the part of the page that changes while a build runs."""
        return TemplateResponse(request, "mirror/admin/_progress.html", self._course(request, self._build(request, pk)))

    def log_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        build = self._build(request, pk)
        lines = observing.log_lines(build, raw=request.user.has_perm(RAW))
        response = StreamingHttpResponse(observing.log_text(lines), content_type="text/plain; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="build-{build.pk}.txt"'
        return response

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        build = self._build(request, pk)
        if not request.user.has_perm("mirror.start_build"):
            raise PermissionDenied
        try:
            lifecycle.cancel(build, actor=actor(request))
        except lifecycle.NotPossibleError as error:
            messages.error(request, f"{capfirst(str(error))}; nothing was changed.")
        else:
            note_history(request, [build], "Canceled.")
            messages.success(request, f"{capfirst(str(build))} is being canceled; what is served stays as it is.")
        return _to(build)

    def retry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        build = self._build(request, pk)
        if not may_start(request, build.kind, build.options):
            raise PermissionDenied
        try:
            again = ordering.retry_once(build, actor(request))
        except lifecycle.NotPossibleError as error:
            messages.error(request, f"{capfirst(str(error))}; nothing was changed.")
            return _to(build)
        note_history(request, [build, again], f"Retried build {build.pk} as build {again.pk}.")
        messages.success(request, f"{capfirst(str(again))} was queued.")
        return _to(again)

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Queue the build that a plan was made for."""
        plan = self._build(request, pk)
        if not may_start(request, Build.Kind.BUILD, plan.options):
            raise PermissionDenied
        if plan.kind != Build.Kind.PLAN:
            raise Http404
        return self._queue(request, plan.distribution, Build.Kind.BUILD, plan.options)

    def _queue(self, request: HttpRequest, distribution: Distribution, kind: str, options: Any) -> HttpResponse:
        if not may_start(request, kind, options):
            raise PermissionDenied
        try:
            build = ordering.queue_if_free(distribution, actor(request), kind, options)
        except lifecycle.NotPossibleError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:mirror_build_changelist"))
        note_history(request, [build], f"Queued a {kind} of {distribution}.")
        messages.success(request, f"{capfirst(str(build))} was queued.")
        return _to(build)

    def _build(self, request: HttpRequest, pk: int) -> Build:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Build.objects.select_related("distribution", "publication__distribution", "parent")
        build = rows.filter(pk=pk).first()
        if build is None:
            raise Http404("There is no such build.")
        return build

    def _course(self, request: HttpRequest, build: Build) -> dict[str, Any]:
        line = course.number_in(request.GET.get("line", ""))
        lines = observing.log_lines(build, raw=request.user.has_perm(RAW))
        steps = course.steps(build, timezone.now())
        return {
            "build": build,
            "line": line,
            "before": observing.before_in_line([build], timezone.now()).get(build.pk),
            "tone": TONES[build.state],
            "facts": list(course.facts(build, build.retries.defer("report"))),
            "results": list(course.results(build)),
            "steps": steps,
            "announcement": course.announcement(build, steps),
            "log": course.log(lines, line),
            "first_error": course.first_error(build),
            "failure": course.shown(build.failure),
            "findings": course.findings(build.report),
            "is_planned": _is_plan(build),
            "planned": course.planned(build.report),
            "releases": course.releases(build.report),
            "may_cancel": may_cancel(request, build),
            "may_retry": may_retry(request, build),
            "may_start": _is_plan(build) and may_start(request, Build.Kind.BUILD, build.options),
            "refusal": ordering.refusal_of(build.distribution) if _is_plan(build) else "",
        }

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        shared = self.admin_site.each_context(request)
        return TemplateResponse(request, f"mirror/admin/{name}.html", {**shared, "opts": self.opts, **context})


def _is_plan(build: Build) -> bool:
    return build.kind == Build.Kind.PLAN and build.state == Build.State.SUCCEEDED


def _to(build: Build) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:mirror_build_change", args=[build.pk]))
