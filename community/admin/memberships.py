"""Members of the association, as the board decided."""

from django.contrib import admin

from community.admin.lists import HistoryAdmin, KeptAdmin, ReasonForm
from community.models import Membership, Person


class MembershipForm(ReasonForm):
    class Meta:
        model = Membership
        fields = "__all__"


@admin.register(Membership)
class MembershipAdmin(HistoryAdmin):
    form = MembershipForm
    list_display = ("person", "kind", "declared_on", "decision", "decided_on", "active_from", "active_to")
    list_filter = ("kind", "decision", ("active_to", admin.EmptyFieldListFilter))
    list_select_related = ("person",)
    search_fields = ("person__name", "person__github_login", "minutes")
    search_help_text = "Name, login on GitHub, or where a decision is written down"
    autocomplete_fields = ("person",)
    fieldsets = (
        (None, {"fields": ("person", "kind", "declared_on")}),
        ("Decision", {"fields": ("decision", "decided_on", "decided_by", "minutes")}),
        ("Membership", {"fields": ("active_from", "active_to", "end_reason")}),
        (None, {"fields": ("reason",)}),
    )


@admin.register(Person)
class PersonAdmin(KeptAdmin):
    list_display = ("__str__", "github_login", "github_id", "is_bot", "is_public", "created_at")
    list_filter = (
        "is_bot",
        "is_public",
        ("user", admin.EmptyFieldListFilter),
        ("erased_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("user",)
    search_fields = ("name", "github_login", "user__email")
    search_help_text = "Name, login on GitHub, or e-mail address"
    readonly_fields = ("key", "user", "is_public", "created_at", "erased_at")
