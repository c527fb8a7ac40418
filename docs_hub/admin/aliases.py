"""Redirects from addresses that something once had; those that were imported are only looked at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from docs_hub.admin import redirects
from docs_hub.admin.lists import WrittenAdmin, shortened
from docs_hub.linking import normal
from docs_hub.models import Alias
from mageos_portal import marks


class AliasForm(forms.ModelForm):  # type: ignore[type-arg] # its base takes none at run time
    def clean_path(self) -> str:
        path = str(self.cleaned_data["path"]).strip()
        if fault := redirects.path_fault(path):
            raise forms.ValidationError(fault)
        return normal(path)

    def clean_target(self) -> str:
        target = str(self.cleaned_data["target"]).strip()
        if target and (fault := redirects.target_fault(target)):
            raise forms.ValidationError(fault)
        return target

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        path, target = cleaned.get("path"), cleaned.get("target")
        if path and target and redirects.goes_round(path, target):
            self.add_error("target", "This leads back to where it begins.")
        return cleaned


@admin.register(Alias)
class AliasAdmin(WrittenAdmin):
    form = AliasForm
    list_display = ("name", "leads_to", "origin")
    list_filter = ("is_handmade",)
    list_select_related = ("update",)
    search_fields = ("path", "target", "update__title", "update__slug")
    fields = ("path", "update", "target")
    autocomplete_fields = ("update",)

    def get_queryset(self, request: HttpRequest) -> Any:
        heavy = ("body", "html", "text", "headings", "findings", "description", "tags")
        return super().get_queryset(request).select_related("update").defer(*(f"update__{name}" for name in heavy))

    def has_change_permission(self, request: HttpRequest, obj: Alias | None = None) -> bool:
        return (obj is None or obj.is_handmade) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Alias | None = None) -> bool:
        return (obj is None or obj.is_handmade) and super().has_delete_permission(request, obj)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Alias | None:
        """Spell out for every part of a page what others put into an address that was imported."""
        alias: Alias | None = super().get_object(request, object_id, from_field)
        if alias and not alias.is_handmade:
            alias.path = marks.shown(alias.path)
        return alias

    def save_model(self, request: HttpRequest, obj: Alias, form: Any, change: Any) -> None:
        obj.is_handmade = True
        super().save_model(request, obj, form, change)

    @admin.display(description="Old address", ordering="path")
    def name(self, alias: Alias) -> str:
        return shortened(alias.path)

    @admin.display(description="Leads to")
    def leads_to(self, alias: Alias) -> SafeString | str:
        address = alias.update.get_absolute_url() if alias.update else alias.target
        return marks.code(address)

    @admin.display(description="From", ordering="is_handmade")
    def origin(self, alias: Alias) -> str:
        return "staff" if alias.is_handmade else "an update"
