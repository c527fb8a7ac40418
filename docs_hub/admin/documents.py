"""Documents: what staff say of them, and links that are kept by hand."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from docs_hub import curating
from docs_hub.admin.findings import of_rows
from docs_hub.admin.lists import WrittenAdmin, one_printable_line, shortened
from docs_hub.models import Collection, Document
from docs_hub.sharing import Stand, differences
from mageos_portal import marks
from mageos_portal.audience import Visibility, narrowest
from mageos_portal.staff_pages import actor, note_history

TROUBLES = {"lost": "danger", "trashed": "danger", "permission": "warning"}
HANDMADE = ("collection", "title", "url", "folder", "text")
DECIDED = ("kind", "status", "superseded_by", "narrowed_to", "narrowed_team", "is_hidden")
KNOWN = ("safe_title", "collection", "source", "safe_folder", "media_type", "created_at", "changed_at", "synced_at")
STANDING = ("visible_to", "trouble_told", "shared_with", "former_texts", "all_findings")
FORMER = "number_of_former_texts"  # on the row


class DocumentForm(forms.ModelForm):  # type: ignore[type-arg] # its base takes none at run time
    """What staff decide about a document; of a link that is kept by hand, all of it."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if "collection" in self.fields:
            by_hand = Collection.objects.filter(kind=Collection.Kind.LINKS)
            self.fields["collection"].queryset = by_hand  # type: ignore[attr-defined] # of a choice of rows
            self.fields["url"].validators = [URLValidator(schemes=["https", "http"])]
        if "narrowed_to" in self.fields:
            self.fields[
                "narrowed_to"
            ].help_text = "Narrower than its source and its collection allow; empty: as they do."

    def clean_title(self) -> str:
        return one_printable_line(self.cleaned_data["title"])

    def clean_folder(self) -> str:
        return "/".join(part.strip() for part in str(self.cleaned_data["folder"]).split("/") if part.strip())

    def clean_superseded_by(self) -> Document | None:
        newer: Document | None = self.cleaned_data["superseded_by"]
        if newer and newer.pk == self.instance.pk:
            raise ValidationError("A document cannot take its own place; choose the newer one.")
        return newer

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        wanted, team = cleaned.get("narrowed_to"), cleaned.get("narrowed_team")
        if cleaned.get("superseded_by") and cleaned.get("status") != Document.Status.SUPERSEDED:
            self.add_error("status", "Something takes its place, so choose “superseded”, or take that out.")
        if wanted and narrowest([wanted, self._allowed(cleaned)]) != wanted:
            allowed = Visibility(self._allowed(cleaned)).label
            self.add_error(
                "narrowed_to", f"Its source and its collection show it to {allowed}; choose something narrower."
            )
        if wanted == Visibility.TEAM and not team:
            self.add_error("narrowed_team", "Name the team that may see it.")
        if team and wanted != Visibility.TEAM:
            self.add_error("narrowed_team", "A team counts only if it is narrowed to “team”.")
        return cleaned

    def _allowed(self, cleaned: dict[str, Any]) -> str:
        collection: Collection | None = cleaned.get("collection")
        return str(collection.visibility if collection else self.instance.allowed)


class ShownFilter(admin.SimpleListFilter):
    """Documents in the index, and those that staff took out."""

    title = "index"
    parameter_name = "index"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("in", "in the index"), ("out", "taken out")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        wanted = {"in": False, "out": True}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(is_hidden=wanted)


class TroubleFilter(admin.SimpleListFilter):
    """Documents that need to be looked at."""

    title = "trouble"
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("new", "not seen yet"), *((value, str(label)) for value, label in Document.Trouble.choices)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        value = self.value()
        if value == "new":
            return queryset.filter(trouble_seen_by="").exclude(trouble="")
        return queryset.filter(trouble=value) if value else queryset


@admin.register(Document)
class DocumentAdmin(WrittenAdmin):
    form = DocumentForm
    list_display = ("name", "collection", "safe_folder", "kind", "status", "readers", "flag", "changed_at", "is_listed")
    list_filter = ("collection", "kind", "status", "visibility", TroubleFilter, ShownFilter)
    list_select_related = ("collection",)
    search_fields = ("title", "folder", "external_id")
    search_help_text = "Title, folder, path or id"
    ordering = ("-changed_at", "-pk")
    actions = ("take_out", "put_back", "seen")
    autocomplete_fields = ("superseded_by",)
    formfield_overrides: ClassVar = {models.URLField: {"assume_scheme": "https"}}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        found: QuerySet[Document] = super().get_queryset(request)
        heavy = ("text", "html", "headings", "findings", "audience", "collection__report", "collection__audience")
        return found.select_related("collection", "superseded_by").defer(
            *heavy, "superseded_by__text", "superseded_by__html"
        )

    def learn(self, row: Document) -> None:
        row.refresh_from_db(fields=["text", "findings", "audience"])
        vars(row)[FORMER] = row.versions.count()
        if not is_kept_by_hand(row):  # then neither is saved from here
            row.title, row.folder = marks.shown(row.title), marks.shown(row.folder)

    def get_fieldsets(self, request: HttpRequest, obj: Document | None = None) -> Any:
        decided = ("What staff say", {"fields": DECIDED})
        if obj is None:
            return ((None, {"fields": HANDMADE}), decided)
        if is_kept_by_hand(obj) and self.has_change_permission(request, obj):
            return ((None, {"fields": HANDMADE}), decided, ("Where it stands", {"fields": ("visible_to", "synced_at")}))
        return ((None, {"fields": KNOWN}), decided, ("Where it stands", {"fields": STANDING}))

    def get_readonly_fields(self, request: HttpRequest, obj: Document | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("visible_to", "synced_at") if is_kept_by_hand(obj) else (*KNOWN, *STANDING)

    def has_delete_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return (obj is None or is_kept_by_hand(obj)) and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Document, form: Any, change: Any) -> None:
        if is_kept_by_hand(obj):
            curating.keep_link(obj)
        else:
            curating.curate(obj)

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        curating.remove_link(obj)

    @admin.action(description="Take out of the index", permissions=["change"])
    def take_out(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        changed = curating.show(queryset, shown=False)
        note_history(request, changed, "Taken out of the index.")
        self._tell(request, changed, "taken out of the index")

    @admin.action(description="Put back into the index", permissions=["change"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        changed = curating.show(queryset, shown=True)
        note_history(request, changed, "Put back into the index.")
        self._tell(request, changed, "put back")

    @admin.action(description="Note trouble as seen", permissions=["change"])
    def seen(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        changed = curating.note_seen(queryset, actor=actor(request))
        note_history(request, changed, "Trouble seen.")
        self._tell(request, changed, "noted as seen")

    def _tell(self, request: HttpRequest, changed: list[Document], outcome: str) -> None:
        count = "1 document was" if len(changed) == 1 else f"{len(changed)} documents were"
        level = messages.SUCCESS if changed else messages.WARNING
        self.message_user(request, f"{count} {outcome}." if changed else "Nothing of that was to be done.", level)

    @admin.display(description="Title", ordering="title")
    def name(self, document: Document) -> str:
        return shortened(document.title)

    @admin.display(description="Title")
    def safe_title(self, document: Document) -> str:
        return marks.shown(document.title)

    @admin.display(description="Folder", ordering="folder")
    def safe_folder(self, document: Document) -> str:
        return shortened(document.folder) or "-"

    @admin.display(description="Visible to", ordering="visibility")
    def readers(self, document: Document) -> str:
        return _readers(document)

    @marks.coloured("Trouble", TROUBLES, ordering="trouble")
    def flag(self, document: Document) -> str:
        return document.trouble if document.trouble and not document.trouble_seen_by else "-"

    @admin.display(description="In the index", boolean=True, ordering="-is_hidden")
    def is_listed(self, document: Document) -> bool:
        return not document.is_hidden

    @admin.display(description="Where it lies")
    def source(self, document: Document) -> SafeString | str:
        is_web = document.url.startswith(("https://", "http://"))
        return marks.link(document.url, marks.shown(document.url)) if is_web else marks.code(document.url)

    @admin.display(description="Visible to")
    def visible_to(self, document: Document) -> str:
        reasons = "taken out of the index: nobody" if document.is_hidden else _readers(document)
        allowed = Visibility(document.allowed).label
        return f"{reasons} (its source and its collection allow {allowed})"

    @admin.display(description="Trouble")
    def trouble_told(self, document: Document) -> str:
        seen = f", seen by {marks.shown(document.trouble_seen_by)}" if document.trouble_seen_by else ""
        return f"{document.get_trouble_display()}{seen}" if document.trouble else "-"

    @admin.display(description="Shared with")
    def shared_with(self, document: Document) -> SafeString | str:
        if document.collection.kind != Collection.Kind.DRIVE:
            return "-"
        collection = document.collection
        lines = [str(line) for line in document.audience]
        stand = Stand.read(collection.members_are, collection.team_is)
        faults = differences(lines, collection.visibility, stand) if lines else ()
        return marks.bullets(map(marks.shown, (*lines, *faults))) if lines else "not known"

    @admin.display(description="Former texts")
    def former_texts(self, document: Document) -> SafeString | str:
        count = vars(document)[FORMER]
        page = f"{reverse('admin:docs_hub_textversion_changelist')}?document__id__exact={document.pk}"
        return marks.link(page, str(count)) if count else "none"

    @admin.display(description="Findings")
    def all_findings(self, document: Document) -> SafeString | str:
        found = of_rows(document.findings)
        return marks.bullets(found) if found else "-"


def is_kept_by_hand(document: Document) -> bool:
    return document.collection.kind == Collection.Kind.LINKS


def _readers(document: Document) -> str:
    label = str(Visibility(document.visibility).label)
    return f"{label} {document.team}" if document.visibility == Visibility.TEAM else label
