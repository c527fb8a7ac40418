"""Teams and their people: each change says why, and nobody who was there is forgotten."""

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from community import team_saving
from community.admin.lists import HistoryAdmin, ReasonForm
from community.lint_text import LONGEST_DESCRIPTION
from community.models import Repository, Team, TeamMember
from community.models.teams import as_text
from community.permissions import Data, hold_extras
from community.permissions import Team as TeamData
from mageos_portal import marks

ROLES = {"Lead": "success", "Member": "info", "Alumni": "warning"}


class EntryForm(ReasonForm):
    """What teams and repositories have in common: a line that describes them, and keys that nobody understands."""

    KNOWN: frozenset[str] = frozenset()  # keys that have a field of their own

    description = forms.CharField(
        max_length=LONGEST_DESCRIPTION,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="One line; everybody sees it here and on GitHub.",
    )
    extras = forms.CharField(
        label="Other keys",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "class": "font-mono"}),
        help_text="A JSON object; exported as it is, though the configuration does not read it.",
    )

    def clean_description(self) -> str:
        text = str(self.cleaned_data["description"])
        if not text.isprintable():
            raise forms.ValidationError("Write one line, without control characters.")
        return text

    def clean_extras(self) -> str:
        try:
            held = json.loads(self.cleaned_data["extras"] or "{}")
            extras: Data = held if isinstance(held, dict) else {"": None}
            hold_extras(extras)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError("Write a JSON object without null, or leave it empty.") from error
        if taken := sorted(self.KNOWN & extras.keys()):
            raise forms.ValidationError(f"{', '.join(taken)} has a field of its own; write it there.")
        return as_text(extras)


class TeamForm(EntryForm):
    KNOWN = frozenset(TeamData.model_fields)

    class Meta:
        model = Team
        fields = "__all__"


@admin.register(Team)
class TeamAdmin(HistoryAdmin):
    form = TeamForm
    list_display = ("key", "name", "leads", "size", "repositories", "is_archived")
    list_filter = ("is_archived",)
    search_fields = ("key", "name", "description")
    search_help_text = "Key, name or description"
    fields = ("key", "name", "description", "purpose", "is_archived", "extras", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        found: QuerySet[Team] = super().get_queryset(request)
        people = TeamMember.objects.active().select_related("person")
        held = Repository.objects.sources().only("pk")
        return found.prefetch_related(
            Prefetch("memberships", people, to_attr="people"), Prefetch("grants__repository", held)
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Team | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: Any) -> None:
        team_saving.save_team(obj, form.cleaned_data["reason"], timezone.now().date())

    @admin.display(description="Leads")
    def leads(self, team: Any) -> str:
        return marks.shown(", ".join(str(row.person) for row in team.people if row.role == TeamMember.Role.LEAD)) or "-"

    @admin.display(description="People")
    def size(self, team: Any) -> int:
        return len(team.people)

    @admin.display(description="Grants")
    def repositories(self, team: Team) -> int:
        return len(team.grants.all())


class TeamMemberForm(ReasonForm):
    class Meta:
        model = TeamMember
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        """Have alumni leave today if no day is given, and nobody else."""
        cleaned: dict[str, Any] = super().clean() or {}
        is_over = cleaned.get("role") == TeamMember.Role.ALUMNI
        cleaned["until"] = (cleaned.get("until") or timezone.now().date()) if is_over else None
        return cleaned


@admin.register(TeamMember)
class TeamMemberAdmin(HistoryAdmin):
    form = TeamMemberForm
    list_display = ("whom", "team", "standing", "since", "until")
    list_filter = ("role", "team")
    list_select_related = ("person", "team")
    search_fields = ("person__name", "person__github_login", "team__key", "team__name")
    search_help_text = "Name, login on GitHub, or team"
    autocomplete_fields = ("team", "person")
    fields = ("team", "person", "role", "since", "until", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: TeamMember | None = None) -> tuple[str, ...]:
        return ("team", "person") if obj else ()

    def save_model(self, request: HttpRequest, obj: TeamMember, form: Any, change: Any) -> None:
        team_saving.save_membership(obj, form.cleaned_data["reason"])

    @admin.display(description="Person", ordering="person__github_login")
    def whom(self, row: TeamMember) -> SafeString | str:
        return marks.shown(str(row.person))

    @marks.coloured("Role", ROLES, ordering="role")
    def standing(self, row: TeamMember) -> str:
        return row.get_role_display()
