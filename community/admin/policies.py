"""Versions of policies: drafting, looking at them, publishing them for good."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from community import policy_publishing
from community.models import Agreement, PolicyVersion
from community.policy_publishing import PUBLISH, PublishingError
from community.policy_texts import LONGEST, canonical, html_of
from community.views.conduct import page_context
from mageos_portal import marks
from mageos_portal.asking import Question, ReadOnceAdmin, ask, go_to
from mageos_portal.staff_pages import actor, note_history, refuse_foreign_actions

STATES = {"draft": "info", "published, not in force yet": "warning", "in force or past": "success"}
WRITTEN = ("kind", "number", "locale", "title", "markdown", "material", "change_note", "effective_at", "source_commit")
SYSTEM = ("author", "approved_by", "published_at", "sha256")
SANDBOX = "sandbox; default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"


class DraftForm(forms.ModelForm):  # type: ignore[type-arg] # its base takes none at run time
    """A version that nobody has agreed to yet."""

    markdown = forms.CharField(
        label="Text",
        strip=False,
        max_length=LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 30, "class": "font-mono", "spellcheck": "true"}),
        help_text="Markdown: headings, lists, links, tables, no HTML and no pictures. It cannot be changed once it is "
        "published.",
    )

    def clean_title(self) -> str:
        return " ".join(marks.shown(self.cleaned_data["title"]).split())

    def clean_markdown(self) -> str:
        text = canonical(self.cleaned_data["markdown"])
        if not text.strip():
            raise forms.ValidationError("Write the text.")
        return text

    def clean_change_note(self) -> str:
        return canonical(self.cleaned_data["change_note"]).strip()


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnceAdmin):
    form = DraftForm
    list_display = ("name", "state", "locale", "material", "published_at", "effective_at", "author", "approved_by")
    list_filter = ("kind", "locale", "material", ("published_at", admin.EmptyFieldListFilter))
    search_fields = ("title", "markdown", "change_note", "sha256")
    search_help_text = "Title, text, change note or hash"
    actions = ()
    actions_detail = ("preview_page", "publish_page")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        refuse_foreign_actions(self, request)
        return super().changelist_view(request, extra_context)

    def get_fields(self, request: HttpRequest, obj: PolicyVersion | None = None) -> Any:
        return WRITTEN if obj is None else (*WRITTEN, *SYSTEM)

    def get_readonly_fields(self, request: HttpRequest, obj: PolicyVersion | None = None) -> tuple[str, ...]:
        return SYSTEM

    def has_change_permission(self, request: HttpRequest, obj: PolicyVersion | None = None) -> bool:
        return (obj is None or not obj.is_published) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: PolicyVersion | None = None) -> bool:
        return (obj is None or not obj.is_published) and super().has_delete_permission(request, obj)

    def has_publish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(PUBLISH)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer to publish only what is a draft."""
        version = self.get_object(request, str(object_id))
        offered: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc] # of unfold
        is_draft = version is not None and not version.is_published
        return [each for each in offered if is_draft or each.method.original_function_name != "publish_page"]

    def save_model(self, request: HttpRequest, obj: PolicyVersion, form: Any, change: Any) -> None:
        try:
            policy_publishing.save_draft(obj, author=actor(request))
        except PublishingError as error:  # somebody published it while this person wrote
            self.message_user(request, str(error), messages.ERROR)

    @marks.page_of_row("Preview", path="preview", permission="view", icon="visibility")
    def preview_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a version as the public page does; nothing in it can run."""
        version = self.found(request, object_id)
        version.html = html_of(version.markdown, version.title)
        context = {**page_context(version), "address": version.get_absolute_url()}
        response = render(request, "community/admin/preview.html", context)
        response.headers["Content-Security-Policy"] = SANDBOX
        return response

    @marks.page_of_row("Publish…", path="publish", permission="publish", icon="publish")
    def publish_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version, person = self.found(request, object_id), cast("User", request.user)
        if request.method == "POST":
            return self._publish(request, version, person)
        may = not version.is_published and policy_publishing.may_approve(version, person)
        button = "Publish for good" if may else ""
        return ask(self, request, Question(f"Publish {version}?", _says(version, person), button), version)

    def _publish(self, request: HttpRequest, version: PolicyVersion, person: User) -> HttpResponse:
        try:
            published = policy_publishing.publish(version, actor=person)
        except PublishingError as error:
            self.message_user(request, str(error), messages.ERROR)
            return go_to(version)
        note_history(request, [published], f"Published, to count from {published.day} on; SHA-256 {published.sha256}.")
        self.message_user(request, f"{published} is published and counts from {published.day} on.", messages.SUCCESS)
        return go_to(published)

    @admin.display(description="Version", ordering="number")
    def name(self, version: PolicyVersion) -> str:
        return str(version)

    @marks.coloured("State", STATES, ordering="published_at")
    def state(self, version: PolicyVersion) -> str:
        if not version.is_published:
            return "draft"
        is_to_come = version.effective_at is None or version.effective_at > timezone.now()
        return "published, not in force yet" if is_to_come else "in force or past"


def _says(version: PolicyVersion, person: User) -> list[str]:
    """Say what publishing does, or why it cannot be done by this person."""
    if version.is_published:
        return ["It is published already."]
    if not policy_publishing.may_approve(version, person):
        return [f"You wrote its text, so one of the {policy_publishing.approvers() - 1} others who may publish does."]
    effect = f"It counts from {version.day} on." if version.effective_at else "It counts at once."
    standing = Agreement.objects.standing().filter(version__number__lt=version.number).count()
    asked = f"It is material: {standing} people who agreed to an earlier version are asked by mail to agree again."
    carried = "It changes wording only: agreements to the version before carry over."
    is_conduct = version.kind == PolicyVersion.Kind.CONDUCT
    return [
        "Neither the text nor anything else of it can be changed or deleted then, by nobody.",
        effect,
        *([asked if version.material else carried] if is_conduct else []),
        f"SHA-256 of its text: {version.sha256}",
        *([] if version.author != person.get_username() else ["You wrote it, and nobody else here may publish."]),
    ]
