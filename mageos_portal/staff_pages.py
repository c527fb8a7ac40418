"""What all pages of the staff have in common: what the system writes is read-only, and who did what is kept."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    from unfold.admin import ModelAdmin  # has no types


class SystemKeptAdmin(ModelAdmin):
    """Rows that only the system writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        refuse_foreign_actions(self, request)
        return super().changelist_view(request, extra_context)


def actor(request: HttpRequest) -> str:
    return request.user.get_username()


def note_history(request: HttpRequest, rows: Iterable[Model], sentence: str) -> None:
    """Write into the history of each row who did what to it, as ``sentence`` says, and when."""
    person = cast("User", request.user)
    LogEntry.objects.log_actions(person.pk, list(rows), CHANGE, change_message=sentence)


def refuse_without(request: HttpRequest, permission: str) -> None:
    """Answer 403 to who may not do what they ask for. Raises: PermissionDenied."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def refuse_foreign_actions(model_admin: ModelAdmin, request: HttpRequest) -> None:
    """Answer 403 to an action of a list that the person is not offered. Raises: PermissionDenied."""
    chosen = request.POST.get("action", "")
    if chosen and chosen not in model_admin.get_actions(request):
        raise PermissionDenied
