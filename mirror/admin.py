"""The staff's view of the mirror. What the system writes is read-only; each action calls one verb."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mirror import building, publishing, tasks
from mirror.models import (
    Build,
    Change,
    Distribution,
    InstallCount,
    Package,
    PackageVersion,
    Publication,
    Release,
    Source,
)

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

FINDINGS_SHOWN = 200


class SystemKeptAdmin(ModelAdmin):
    """Rows that only the system writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Distribution)
class DistributionAdmin(ModelAdmin):
    list_display = ("slug", "title", "is_default", "address", "publication", "approve_releases")
    list_select_related = ("publication__distribution",)
    search_fields = ("slug", "title")
    readonly_fields = ("address", "repository_url", "is_sample", "publication")
    actions = ("build_now",)
    formfield_overrides: ClassVar = {models.URLField: {"assume_scheme": "https"}}

    def has_delete_permission(self, request: HttpRequest, obj: Distribution | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Distribution | None = None) -> tuple[str, ...]:
        fixed = ("slug",) if obj else ()
        return (*fixed, *self.readonly_fields)

    @admin.display(description="Address")
    def address(self, distribution: Distribution) -> str:
        return distribution.url if distribution.slug else "-"

    def has_build_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mirror.add_build")

    @admin.action(description="Build now", permissions=["build"])
    def build_now(self, request: HttpRequest, queryset: QuerySet[Distribution]) -> None:
        for distribution in queryset:
            build = building.queue(distribution, actor=actor(request), options={})
            tasks.enqueue(build)
            self.message_user(request, f"Build {build.pk} of {distribution} waits for a worker.")


@admin.register(Source)
class SourceAdmin(SystemKeptAdmin):
    list_display = ("key", "distribution", "url", "fetched_at", "last_error")
    list_filter = ("distribution",)
    list_select_related = ("distribution",)
    search_fields = ("key", "url", "last_error")


@admin.register(Build)
class BuildAdmin(SystemKeptAdmin):
    list_display = (
        "number", "distribution", "state", "progress", "found", "actor", "created_at", "ended_at",
    )  # fmt: skip
    list_filter = ("state", "distribution")
    list_select_related = ("distribution", "publication__distribution")
    search_fields = ("actor", "failure")
    date_hierarchy = "created_at"
    fieldsets = (
        (None, {"fields": ("distribution", "state", "progress", "failure", "publication")}),
        ("What it found", {"fields": ("errors", "warnings")}),
        ("What it made", {"fields": ("built", "reused", "version_set", "inputs")}),
        ("Course", {"fields": ("actor", "options", "created_at", "started_at", "ended_at")}),
    )

    @admin.display(description="Build", ordering="pk")
    def number(self, build: Build) -> int:
        return build.pk

    @admin.display(description="Progress")
    def progress(self, build: Build) -> str:
        amount = f" {build.done} of {build.total}" if build.total else ""
        item = f": {build.item}" if build.item else ""
        return f"{build.step}{amount}{item}" or "-"

    @admin.display(description="Errors, warnings")
    def found(self, build: Build) -> str:
        return ", ".join(str(len(build.report.get(kind, ()))) for kind in ("errors", "warnings"))

    @admin.display(description="Errors")
    def errors(self, build: Build) -> SafeString:
        return findings(build.report.get("errors", ()))

    @admin.display(description="Warnings")
    def warnings(self, build: Build) -> SafeString:
        return findings(build.report.get("warnings", ()))


def findings(rows: Sequence[dict[str, str]]) -> SafeString:
    """List findings of a report so that a person can read them."""
    if not rows:
        return format_html("{}", "None")
    shown = ((row.get("subject", ""), row.get("message", ""), row.get("code", "")) for row in rows[:FINDINGS_SHOWN])
    more = len(rows) - FINDINGS_SHOWN
    items = format_html_join("", "<li><strong>{}</strong>: {} <code>{}</code></li>", shown)
    rest = format_html("<p>and {} more</p>", more) if more > 0 else ""
    return format_html("<ul>{}</ul>{}", items, rest)


@admin.register(Publication)
class PublicationAdmin(SystemKeptAdmin):
    list_display = (
        "number", "distribution", "cause", "packages", "versions", "actor", "created_at", "is_served",
    )  # fmt: skip
    list_filter = ("distribution", "cause")
    list_select_related = ("distribution", "restores__distribution")
    search_fields = ("actor", "manifest_sha256")
    date_hierarchy = "created_at"
    actions = ("publish_again",)

    @admin.display(description="Served", boolean=True)
    def is_served(self, publication: Publication) -> bool:
        return publication.distribution.publication_id == publication.pk

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mirror.add_publication")

    @admin.action(description="Publish this one again (roll back)", permissions=["publish"])
    def publish_again(self, request: HttpRequest, queryset: QuerySet[Publication]) -> None:
        if queryset.count() != 1:
            self.message_user(request, "Choose exactly one publication.", messages.ERROR)
            return
        publication = queryset.get()
        again = partial(publishing.roll_back, publication, actor=actor(request))
        self.message_user(request, *told(publication.distribution, again))


@admin.register(Package)
class PackageAdmin(SystemKeptAdmin):
    list_display = ("name", "distribution")
    list_filter = ("distribution",)
    list_select_related = ("distribution",)
    search_fields = ("name",)


class WithdrawalForm(forms.Form):
    """Why versions are withdrawn."""

    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=1000,
        help_text="Shown to the public, for ever: what is wrong, and what to use instead.",
    )


@admin.register(PackageVersion)
class PackageVersionAdmin(SystemKeptAdmin):
    list_display = ("package", "version", "origin", "size", "published_at", "withdrawn_at")
    list_filter = ("package__distribution", "origin", "kind", "withdrawn_at")
    list_select_related = ("package",)
    search_fields = ("package__name", "version", "sha1", "sha256", "reference")
    show_full_result_count = False
    actions = ("withdraw",)

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mirror.change_packageversion")

    @admin.action(description="Withdraw…", permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[PackageVersion]) -> HttpResponse | None:
        versions = queryset.filter(withdrawn_at=None).select_related("package__distribution")
        form = WithdrawalForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self._ask_why(request, form, versions)
        reason = form.cleaned_data["reason"]
        for distribution in Distribution.objects.filter(packages__versions__in=versions).distinct():
            chosen = versions.filter(package__distribution=distribution)
            withdrawal = partial(publishing.withdraw, chosen, reason=reason, actor=actor(request))
            self.message_user(request, *told(distribution, withdrawal))
        return None

    def _ask_why(self, request: HttpRequest, form: WithdrawalForm, versions: QuerySet[PackageVersion]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Withdraw package versions",
            "opts": self.opts,
            "form": form,
            "versions": versions,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "mirror/admin/withdraw.html", context)


@admin.register(Release)
class ReleaseAdmin(SystemKeptAdmin):
    list_display = (
        "version", "distribution", "state", "missing_packages", "confirmed", "approved_at", "published_at",
    )  # fmt: skip
    list_filter = ("distribution", "complete", "confirmed")
    list_select_related = ("distribution",)
    search_fields = ("version", "approved_by")
    actions = ("approve",)

    @admin.display(description="Missing")
    def missing_packages(self, release: Release) -> int:
        return len(release.missing)

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mirror.change_release")

    @admin.action(description="Approve", permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Release]) -> None:
        waiting = queryset.filter(approved_at=None)
        approved = waiting.update(approved_at=timezone.now(), approved_by=actor(request))
        self.message_user(request, f"{approved} approved. The next build publishes what is approved.")


@admin.register(Change)
class ChangeAdmin(SystemKeptAdmin):
    list_display = ("at", "distribution", "action", "subject", "reason", "actor")
    list_filter = ("distribution", "action")
    list_select_related = ("distribution",)
    search_fields = ("subject", "reason")
    date_hierarchy = "at"


@admin.register(InstallCount)
class InstallCountAdmin(SystemKeptAdmin):
    list_display = ("day", "distribution", "name", "version", "count")
    list_filter = ("distribution",)
    list_select_related = ("distribution",)
    search_fields = ("name",)
    date_hierarchy = "day"


def actor(request: HttpRequest) -> str:
    return request.user.get_username()


def told(distribution: Distribution, publish: Callable[[], Publication | None]) -> tuple[str, int]:
    """Publish, and say how it went: a sentence and its level."""
    try:
        publication = publish()
    except publishing.PublishingError as error:
        return str(error), messages.ERROR
    if publication is None:
        return f"What is served of {distribution} did not change.", messages.WARNING
    return f"{publication} is served now.", messages.SUCCESS
