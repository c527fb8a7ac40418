"""Collections: where updates and documents come from, how the last sync went, and syncing now."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from redis.exceptions import RedisError

from docs_hub import curating, tasks
from docs_hub.admin.collection_form import CollectionForm
from docs_hub.admin.findings import of_report
from docs_hub.admin.lists import STATES, WrittenAdmin, shortened
from docs_hub.indexing import index_documents
from docs_hub.models import Collection, Document, Run, Update
from docs_hub.sharing import Stand, differences, should_be
from mageos_portal import marks
from mageos_portal.asking import go_to
from mageos_portal.staff_pages import actor, note_history, refuse_without

SYNC = "docs_hub.sync_collection"
SEEN_BY = ("visibility", "team", "is_active")  # what decides who finds its documents


@admin.register(Collection)
class CollectionAdmin(WrittenAdmin):
    form = CollectionForm
    list_display = ("name", "kind", "visibility", "team", "synced_at", "result", "error", "is_active")
    list_filter = ("kind", "visibility", "is_active")
    search_fields = ("slug", "title", "repository", "folder")
    actions = ("sync_now",)
    readonly_fields = ("synced_at", "result", "full_error")
    fieldsets = (
        (None, {"fields": ("slug", "title", "kind", "visibility", "team", "is_active")}),
        ("Git repository", {"fields": ("repository", "branch", "path", "public_path", "preference")}),
        ("Google Drive", {"fields": ("folder", "resource_key", "members_are", "team_is")}),
        ("Last sync", {"fields": ("synced_at", "result", "full_error")}),
    )
    change_form_outer_before_template = "docs_hub/admin/collection_next.html"
    change_form_outer_after_template = "docs_hub/admin/run_report.html"
    delete_confirmation_template = "docs_hub/admin/collection_delete.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        newest = Run.objects.filter(collection=OuterRef("pk")).order_by("-pk").values("state")[:1]
        found: QuerySet[Collection] = super().get_queryset(request)
        return found.defer("report").annotate(newest=Subquery(newest))

    def get_readonly_fields(self, request: HttpRequest, obj: Collection | None = None) -> tuple[str, ...]:
        fixed = ("slug", "kind") if obj else ()
        return (*fixed, *self.readonly_fields)

    def get_urls(self) -> list[URLPattern]:
        sync = self.admin_site.admin_view(require_POST(self.sync_view))
        return [path("<int:pk>/sync/", sync, name="docs_hub_collection_sync"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        collection = self.get_object(request, object_id)
        more = self._state(request, collection) if collection else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def save_model(self, request: HttpRequest, obj: Collection, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if change and {*form.changed_data} & {*SEEN_BY}:
            index_documents(Document.objects.filter(collection=obj))

    def delete_model(self, request: HttpRequest, obj: Collection) -> None:
        curating.remove_collection(obj)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[Any]]:
        """Say what goes and what stays, without listing thousands of documents."""
        sentences = [sentence for collection in objs for sentence in _consequences(collection)]
        return sentences, {}, set(), []

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SYNC)

    @admin.action(description="Sync now", permissions=["sync"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[Collection]) -> None:
        self._sync(request, list(queryset))

    def sync_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have one collection synced."""
        refuse_without(request, SYNC)
        collection = get_object_or_404(Collection, pk=pk)
        self._sync(request, [collection])
        return go_to(collection)

    def _sync(self, request: HttpRequest, collections: list[Collection]) -> None:
        try:
            handed = tasks.enqueue(collections, actor=actor(request))
        except (RedisError, OSError):
            self.message_user(request, "The queue does not answer; see that it runs, then try again.", messages.ERROR)
            return
        note_history(request, handed, "Asked for a sync.")
        if handed:
            names = ", ".join(collection.slug for collection in handed)
            self.message_user(request, f"{names}: handed to the workers; the report is here when it is done.")
        if left := [collection.slug for collection in collections if collection not in handed]:
            sentence = f"{', '.join(left)}: nothing to sync; it is not active, or its links are kept by hand."
            self.message_user(request, sentence, messages.WARNING)

    @admin.display(description="Collection", ordering="slug")
    def name(self, collection: Collection) -> str:
        return shortened(collection.title) or collection.slug

    @marks.coloured("Result", {**STATES, "never synced": "warning"})
    def result(self, collection: Collection) -> str:
        if collection.kind == Collection.Kind.LINKS:
            return "kept by hand"
        newest: str | None = collection.newest  # type: ignore[attr-defined] # annotated above
        return newest or ("succeeded" if collection.synced_at else "never synced")

    @admin.display(description="Error")
    def error(self, collection: Collection) -> str:
        return shortened(collection.last_error) or "-"

    @admin.display(description="Error")
    def full_error(self, collection: Collection) -> SafeString | str:
        return marks.lines(collection.last_error) or "-"

    def _state(self, request: HttpRequest, collection: Collection) -> dict[str, Any]:
        run = collection.runs.exclude(state=Run.State.RUNNING).first()
        return {
            "collection": collection,
            "counts": _counts(collection),
            "may_sync": self.has_sync_permission(request) and collection.kind != Collection.Kind.LINKS,
            "run": run,
            "lists": of_report(run.report) if run else [],
            "same": run.report.get("same") if run else None,
            "sharing": _sharing(collection) if collection.kind == Collection.Kind.DRIVE else None,
        }


def _sharing(collection: Collection) -> dict[str, Any]:
    """Set with whom a folder is shared beside with whom it should be."""
    stand = Stand.read(collection.members_are, collection.team_is)
    lines = [str(line) for line in collection.audience]
    return {
        "is": [marks.shown(line) for line in lines],
        "should": should_be(collection.visibility, stand),
        "faults": [marks.shown(fault) for fault in differences(lines, collection.visibility, stand)] if lines else [],
    }


def _counts(collection: Collection) -> dict[str, int]:
    return {
        "updates": Update.objects.filter(files__collection=collection).distinct().count(),
        "documents": collection.documents.count(),
    }


def _consequences(collection: Collection) -> list[str]:
    counts = _counts(collection)
    return [
        f"{counts['documents']} documents leave the index with their addresses. What they point to stays where it is.",
        f"{counts['updates']} updates stay, as they are, at their addresses. Those that no other collection gives "
        "can be edited here from then on; hide them first if they should go.",
        "The reports of its syncs.",
    ]
