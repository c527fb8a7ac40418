"""Distributions: what we serve, and how."""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from mageos_portal.schedules import sync_schedules
from mageos_portal.staff_pages import ModelAdmin, actor, note_history, refuse_foreign_actions, refuse_without
from mirror import publishing
from mirror.admin.course import number_in
from mirror.admin.ordering import queue_if_free, refusal_of
from mirror.admin.telling import told
from mirror.building import load_recipe
from mirror.lifecycle import NotPossibleError
from mirror.models import Build, Distribution
from mirror.origin import AddressError, address_of
from mirror.reporting import BuildRefusedError

SHORTEST_INTERVAL, LONGEST_INTERVAL = 5, 10_080  # minutes: five, and a week
PUBLISH = "mirror.publish_publication"


class DistributionForm(forms.ModelForm):  # type: ignore[type-arg] # its base takes none at run time
    """The settings of a distribution, each fault told at its field."""

    def clean_interval(self) -> int:
        interval: int = self.cleaned_data["interval"]
        if interval and not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
            raise ValidationError(
                f"{interval} minutes cannot be kept: write 0 for never, "
                f"or {SHORTEST_INTERVAL} to {LONGEST_INTERVAL} (a week)."
            )
        return interval

    def clean_recipe(self) -> str:
        recipe: str = self.cleaned_data["recipe"]
        try:
            load_recipe(Distribution(slug=self.instance.slug, recipe=recipe))
        except BuildRefusedError as error:
            raise ValidationError(str(error)) from error
        return recipe

    def clean_follows(self) -> str:
        follows: str = self.cleaned_data["follows"]
        if not follows:
            return ""
        try:
            address = address_of(follows)
        except AddressError as error:
            raise ValidationError(str(error)) from error
        if address == self.instance.url:
            raise ValidationError(f"{address} is this distribution itself; name the one that it should copy.")
        return address

    def clean_sources_dir(self) -> str:
        directory: str = self.cleaned_data["sources_dir"]
        if directory and not Path(directory).is_dir():
            raise ValidationError(f"{directory}: there is no such directory; leave it empty to use the recipe's URLs.")
        return directory


@admin.register(Distribution)
class DistributionAdmin(ModelAdmin):
    form = DistributionForm
    list_display = ("slug", "title", "is_default", "address", "publication", "looks", "approve_releases")
    list_select_related = ("publication__distribution",)
    list_filter = ("approve_releases", "is_sample")
    search_fields = ("slug", "title")
    readonly_fields = ("address", "repository_url", "is_sample", "publication", "followed_at", "failing_since")
    fieldsets = (
        (None, {"fields": ("slug", "title", "notice", "is_default", "base_url", "address", "publication")}),
        ("What is built", {"fields": ("recipe", "sources_dir", "interval", "approve_releases", "publish_incomplete")}),
        ("Following another mirror", {"fields": ("follows", "followed_at")}),
        ("Kept by the system", {"fields": ("repository_url", "is_sample", "failing_since")}),
    )
    actions = ("build_now",)
    formfield_overrides: ClassVar = {models.URLField: {"assume_scheme": "https"}}
    change_form_outer_before_template = "mirror/admin/_distribution.html"

    def has_delete_permission(self, request: HttpRequest, obj: Distribution | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Distribution | None = None) -> tuple[str, ...]:
        fixed = ("slug",) if obj else ()
        return (*fixed, *self.readonly_fields)

    def get_urls(self) -> list[URLPattern]:
        publish = self.admin_site.admin_view(require_POST(self.publish_view))
        return [path("<int:pk>/publish/", publish, name="mirror_distribution_publish"), *super().get_urls()]

    @admin.display(description="Address")
    def address(self, distribution: Distribution) -> str:
        return distribution.url if distribution.slug else "-"

    @admin.display(description="Looks for something new")
    def looks(self, distribution: Distribution) -> str:
        often = f"every {distribution.interval} minutes" if distribution.interval else "when asked"
        return f"{often}, follows {distribution.follows}" if distribution.follows else often

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        refuse_foreign_actions(self, request)
        return super().changelist_view(request, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the settings below links to what the distribution has, and buttons for what can be done with it."""
        distribution = Distribution.objects.filter(pk=number_in(object_id) or 0).first()
        context = {
            "distribution": distribution,
            "refusal": refusal_of(distribution) if distribution else "",
            "may_build": self.has_build_permission(request),
            "may_publish": request.user.has_perm(PUBLISH),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Distribution, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        sync_schedules()  # how often it looks for something new may have changed

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Serve the result of the newest build that succeeded."""
        refuse_without(request, PUBLISH)
        distribution = get_object_or_404(Distribution, pk=pk)
        newest = partial(publishing.publish_newest_build, distribution, actor=actor(request))
        sentence, level = told(distribution, newest)
        if level == messages.SUCCESS:
            note_history(request, [distribution], "Published the newest build's result.")
        self.message_user(request, sentence, level)
        return HttpResponseRedirect(reverse("admin:mirror_distribution_change", args=[pk]))

    def has_build_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mirror.start_build")

    @admin.action(description="Build now", permissions=["build"])
    def build_now(self, request: HttpRequest, queryset: QuerySet[Distribution]) -> None:
        for distribution in queryset:
            kind = Build.Kind.SYNC if distribution.follows else Build.Kind.BUILD
            try:
                build = queue_if_free(distribution, actor(request), kind, {})
            except NotPossibleError as error:
                self.message_user(request, str(error), messages.WARNING)
            else:
                note_history(request, [build, distribution], f"Queued {build}.")
                self.message_user(request, f"{capfirst(str(build))} was queued.", messages.SUCCESS)
