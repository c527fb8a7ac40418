"""Repositories, and who is granted what on them: each change says why."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextareaWidget

from community import team_saving
from community.admin.lists import HistoryAdmin, ReasonForm, WhyForm
from community.admin.teams import EntryForm
from community.lint_text import BRANCH, MOST_TOPICS, TOPIC
from community.models import Grant, Repository, Team
from community.permissions import Repository as RepositoryData
from mageos_portal import marks
from mageos_portal.asking import Question, ask
from mageos_portal.staff_pages import refuse_without

REMOVE = "community.delete_grant"
OPTIONS = ("default_branch", "homepage_url", "archived", "is_part_of_monorepo", "release_please_branch")


class RepositoryForm(EntryForm):
    KNOWN = frozenset(RepositoryData.model_fields)

    topics = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=f"One a line, at most {MOST_TOPICS}; lower-case letters, digits and hyphens.",
    )

    class Meta:
        model = Repository
        fields = "__all__"

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.initial["topics"] = "\n".join(self.instance.topics or ())

    def clean_topics(self) -> list[str] | None:
        """Give the topics; none at all are absent, as long as an import did not have an empty list."""
        topics = self.cleaned_data["topics"].split()
        if wrong := [topic for topic in topics if not TOPIC.match(topic)]:
            raise forms.ValidationError(f"{wrong[0]!r} is no topic: lower-case letters, digits and hyphens.")
        if len(set(topics)) < len(topics) or len(topics) > MOST_TOPICS:
            raise forms.ValidationError(f"List each topic once, and at most {MOST_TOPICS}.")
        return topics or ([] if self.instance.topics == [] else None)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for option in ("default_branch", "release_please_branch"):
            if cleaned.get(option) and not BRANCH.match(cleaned[option]):
                self.add_error(option, "Write a branch as git names it.")
        kind = cleaned.get("kind", self.instance.kind)
        if kind == Repository.Kind.MIRROR and any(cleaned.get(option) is not None for option in OPTIONS):
            self.add_error(None, "A mirror has a description and topics, and no other option.")
        return cleaned


@admin.register(Repository)
class RepositoryAdmin(HistoryAdmin):
    form = RepositoryForm
    list_display = ("name", "kind", "granted_to", "archived", "is_managed")
    list_filter = (
        "kind",
        "is_managed",
        "archived",
        "is_part_of_monorepo",
        ("grants__team", admin.RelatedOnlyFieldListFilter),
    )
    search_fields = ("name", "description")
    search_help_text = "Name or description"
    fields = ("name", "kind", "description", "topics", *OPTIONS, "is_managed", "extras", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Repository]:
        found: QuerySet[Repository] = super().get_queryset(request)
        return found.prefetch_related("grants__team", "grants__person")

    def get_readonly_fields(self, request: HttpRequest, obj: Repository | None = None) -> tuple[str, ...]:
        return ("name", "kind") if obj else ()

    def save_model(self, request: HttpRequest, obj: Repository, form: Any, change: Any) -> None:
        team_saving.save_repository(obj, form.cleaned_data["reason"])

    @admin.display(description="Granted to")
    def granted_to(self, repository: Repository) -> str:
        return marks.shown(", ".join(_holder(grant) for grant in repository.grants.all())) or "-"


class GrantForm(ReasonForm):
    class Meta:
        model = Grant
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        """Say what level it is: the configuration knows one for teams and one for persons."""
        cleaned: dict[str, Any] = super().clean() or {}
        repository, team, person = cleaned.get("repository"), cleaned.get("team"), cleaned.get("person")
        if repository and bool(team) == bool(person):
            self.add_error(None, "Choose a team or a person, and not both.")
        elif repository:
            self._check(repository, team, person)
            is_mirror = repository.kind == Repository.Kind.MIRROR
            of_team = Grant.Level.LISTED if is_mirror else Grant.Level.PUSH
            self.instance.level = of_team if team else Grant.Level.ALLOWANCE
        return cleaned

    def _check(self, repository: Repository, team: Team | None, person: Any) -> None:
        if not repository.is_managed or repository.archived:
            self.add_error("repository", "It is archived or not managed any more, and gets no new grants.")
        if team and team.is_archived:
            self.add_error("team", "The team has ended.")
        if person and repository.kind == Repository.Kind.MIRROR:
            self.add_error("person", "Only the machine account writes to mirrors.")
        if person and not person.github_login:
            self.add_error("person", "The person has no login on GitHub.")


@admin.register(Grant)
class GrantAdmin(HistoryAdmin):
    form = GrantForm
    list_display = ("repository", "team", "whom", "level")
    list_filter = ("level", ("team", admin.RelatedOnlyFieldListFilter), "repository__kind")
    list_select_related = ("repository", "team", "person")
    search_fields = ("repository__name", "team__key", "person__github_login")
    search_help_text = "Repository, team, or login on GitHub"
    autocomplete_fields = ("repository", "team", "person")
    actions_detail = ("remove_page",)

    def get_fields(self, request: HttpRequest, obj: Grant | None = None) -> tuple[str, ...]:
        return ("repository", "team", "person", "level") if obj else ("repository", "team", "person", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Grant | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_remove_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(REMOVE)

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: Any) -> None:
        team_saving.add_grant(obj, form.cleaned_data["reason"])

    @marks.page_of_row("Remove…", path="remove", permission="remove", icon="key_off")
    def remove_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, then take the grant back; its history stays."""
        refuse_without(request, REMOVE)
        grant = self.found(request, object_id)
        form = WhyForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            says = [f"{_holder(grant)} loses {grant.get_level_display()} on {grant.repository} with the next export."]
            return ask(self, request, Question("Remove this grant?", says, "Remove", form, is_grave=True), grant)
        team_saving.remove_grant(grant, form.cleaned_data["reason"])
        self.message_user(request, "The grant is removed.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:community_grant_changelist"))

    @admin.display(description="Person", ordering="person__github_login")
    def whom(self, grant: Grant) -> str:
        return marks.shown(grant.person.github_login) if grant.person else "-"


def _holder(grant: Grant) -> str:
    """Name who holds a grant: the key of a team, or a login."""
    if grant.team:
        return grant.team.key
    return grant.person.github_login or str(grant.person) if grant.person else "nobody"
