"""Publications: what is and was served, what each changed, and rolling back."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from mageos_portal import marks
from mageos_portal.asking import AskingAdmin, Question, ask, go_to
from mageos_portal.staff_pages import actor, note_history
from mirror import publishing
from mirror.admin.telling import told
from mirror.differences import Difference, before, difference, of_rollback
from mirror.models import Publication

PUBLISH = "mirror.publish_publication"
CAUSES = {
    "build": "info", "sync": "info", "rollback": "warning", "withdrawal": "warning", "purge": "danger",
    "publish": "info",
}  # fmt: skip


@admin.register(Publication)
class PublicationAdmin(AskingAdmin):
    list_display = (
        "name", "distribution", "is_served", "why", "packages", "versions", "actor", "created_at",
    )  # fmt: skip
    list_filter = ("distribution", "cause")
    list_select_related = ("distribution",)
    list_per_page = 50
    search_fields = ("number", "actor", "manifest_sha256")
    date_hierarchy = "created_at"
    show_full_result_count = False
    actions_detail = ("roll_back",)
    change_form_outer_after_template = "mirror/admin/publication_changes.html"
    fieldsets = (
        (None, {"fields": ("name", "distribution", "is_served", "why", "restored", "packages", "versions")}),
        ("Course", {"fields": ("actor", "created_at", "made_by", "base_url", "manifest")}),
    )
    readonly_fields = ("name", "is_served", "why", "restored", "made_by", "manifest")

    @admin.display(description="Publication", ordering="number")
    def name(self, publication: Publication) -> str:
        return f"#{publication.number}"

    @admin.display(description="Served now", boolean=True)
    def is_served(self, publication: Publication) -> bool:
        return publication.distribution.publication_id == publication.pk

    @marks.coloured("Cause", CAUSES, ordering="cause")
    def why(self, publication: Publication) -> str:
        return publication.cause

    @admin.display(description="Restores")
    def restored(self, publication: Publication) -> SafeString | str:
        return marks.link_to(publication.restores) if publication.restores else "-"

    @admin.display(description="Made by")
    def made_by(self, publication: Publication) -> SafeString | str:
        builds = vars(publication).get("made_by_builds")
        return marks.bullets(marks.link_to(build) for build in builds) if builds else "-"

    @admin.display(description="Manifest (sha256)")
    def manifest(self, publication: Publication) -> SafeString | str:
        return marks.code(publication.manifest_sha256)

    def has_publish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(PUBLISH)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Publication]:
        publications: QuerySet[Publication] = super().get_queryset(request).select_related("distribution")
        return publications

    def learn(self, row: Publication) -> None:
        vars(row)["made_by_builds"] = list(row.builds.select_related("distribution")[:5])

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer to serve again only what is not served."""
        publication = self.get_object(request, str(object_id))
        offered: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc] # of unfold
        return offered if publication and not self.is_served(publication) else []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        publication = self.get_object(request, object_id)
        more = _changes(publication) if publication else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    @marks.page_of_row("Roll back to this…", path="roll-back", permission="publish", icon="history")
    def roll_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        publication = self.found(request, object_id)
        if request.method != "POST":
            return ask(self, request, _question(publication), publication)
        sentence, level = told(
            publication.distribution, partial(publishing.roll_back, publication, actor=actor(request))
        )
        if level == messages.SUCCESS:
            note_history(request, [publication, publication.distribution], f"Rolled back to #{publication.number}.")
        self.message_user(request, sentence, level)
        return go_to(publication)


def _changes(publication: Publication) -> dict[str, Any]:
    old = before(publication)
    found = difference(old, publication)
    return {"old": old, "parts": _parts(found, "Added", "Removed"), "is_same": not any(p.count for p in _all(found))}


def _parts(found: Difference, added: str, removed: str) -> list[tuple[str, Any]]:
    return [(added, found.added), (removed, found.removed), ("Links corrected", found.amended)]


def _all(found: Difference) -> tuple[Any, ...]:
    return found.added, found.removed, found.amended


def _question(publication: Publication) -> Question:
    """Ask, saying what clients would see change."""
    served = publication.distribution.publication
    title = f"Serve {publication} again?"
    if served is None or served.pk == publication.pk:
        return Question(title, [f"{publication} is served now; there is nothing to roll back."], "")
    says = [
        f"{served} is served now. A new publication with the set of {publication} takes its place in one step.",
        "What was withdrawn or purged since stays out. The rollback is public, with your name for staff only.",
    ]
    found = of_rollback(served, publication)
    lists = [("Served again", found.added), ("Served no more", found.removed)]
    return Question(title, says, f"Roll back to #{publication.number}", lists=lists)
