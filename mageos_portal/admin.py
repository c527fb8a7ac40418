"""Accounts in the admin, and what the queue did. Superusers only: no role has permissions for them."""

from typing import Any, cast

from allauth.account import admin as account_admin
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa import admin as second_factor_admin
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django_q import admin as queue_admin
from django_q.models import Failure, OrmQ, Success
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from mageos_portal import schedule_admin
from mageos_portal.second_factor import FACTORS, recently_authenticated

# What the libraries registered in their own look, or would show secrets of.
for model in (User, Group, EmailAddress, EmailConfirmation, Authenticator, Success, Failure, OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
REGISTERED_BY = (account_admin, second_factor_admin, auth_admin, queue_admin, schedule_admin)


@admin.register(User)
class PersonAdmin(auth_admin.UserAdmin, ModelAdmin):  # type: ignore[type-arg] # cannot be subscripted when it runs
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_staff", "is_superuser", "second_factor", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")
    add_fieldsets = ((None, {"fields": ("username", "email", "usable_password", "password1", "password2")}),)
    actions = ("remove_second_factor",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
        people: QuerySet[User] = super().get_queryset(request).annotate(has_second_factor=Exists(factors))
        return people

    def get_form(self, request: HttpRequest, obj: User | None = None, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, *args, **kwargs)
        form.base_fields["email"].required = True
        form.base_fields["email"].help_text = "Confirmed at the first login; passwords are reset with it."
        return form

    @admin.display(description="Second factor", boolean=True, ordering="has_second_factor")
    def second_factor(self, user: Any) -> bool:
        return bool(user.has_second_factor)

    @method_decorator(recently_authenticated)
    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().user_change_password(request, *args, **kwargs)

    def has_superuser_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    @admin.action(description="Remove the second factor (they enrol anew)", permissions=["superuser"])
    @method_decorator(recently_authenticated)
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let somebody in again who lost app and recovery codes: their next login leads to enrolment."""
        people = list(queryset)
        Authenticator.objects.filter(user__in=people).delete()
        LogEntry.objects.log_actions(
            cast("User", request.user).pk, people, CHANGE, change_message="Removed the second factor"
        )
        self.message_user(request, f"{len(people)} enrol a second factor at their next login.")


@admin.register(Group)
class RoleAdmin(auth_admin.GroupAdmin, ModelAdmin):
    pass


class ReadOnlyTasks(ModelAdmin):
    """What the queue keeps is looked at, not edited."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Success)
class SuccessAdmin(ReadOnlyTasks, queue_admin.TaskAdmin):
    pass


@admin.register(Failure)
class FailureAdmin(ReadOnlyTasks, queue_admin.FailAdmin):
    pass


@admin.register(OrmQ)
class WaitingAdmin(ReadOnlyTasks, queue_admin.QueueAdmin):
    pass
