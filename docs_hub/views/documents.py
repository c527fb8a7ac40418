"""Pages of documents: the index, and what is known of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from docs_hub import folders
from docs_hub.addresses import whole
from docs_hub.folders import Folder
from docs_hub.headings import needs_contents
from docs_hub.models import Collection, Document, TextVersion
from docs_hub.models.documents import DocumentQuerySet
from mageos_portal.audience import Audience, Visibility, audience_of

DOCUMENTS_A_PAGE = 50
LISTED = (
    "title", "slug", "folder", "kind", "status", "superseded_by_id", "visibility", "team", "url", "changed_at",
    "collection__slug", "collection__title", "collection__synced_at",
)  # fmt: skip
READERS: Mapping[str, str] = {Visibility.PUBLIC: "Public", Visibility.MEMBERS: "Members", Visibility.TEAM: "Team"}
FILTERS: Mapping[str, tuple[str, Mapping[str, str]]] = {  # title, and words for values that are not shown as they are
    "visibility": ("Who may see it", READERS),
    "kind": ("Kind", dict(Document.Kind.choices)),
    "status": ("Status", dict(Document.Status.choices)),
    "team": ("Team", {}),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list can be narrowed by: only what somebody sees anyway."""

    name: str
    title: str
    chosen: str
    options: tuple[tuple[str, str], ...]  # value, words

    @property
    def is_useful(self) -> bool:
        return len(self.options) > 1 or bool(self.chosen)


@dataclass(frozen=True, slots=True)
class Branch:
    """A collection with the folders that are shown of it."""

    collection: Collection
    root: Folder
    is_current: bool


@require_safe
def documents(request: HttpRequest, collection: str = "") -> HttpResponse:
    """List the documents that this person may see: all, or those of a collection or a folder."""
    audience = audience_of(request)
    collections = list(Collection.objects.visible_to(audience).only("slug", "title").order_by("title", "pk"))
    chosen = _chosen(collections, collection or request.GET.get("collection", ""))
    seen = Document.objects.visible_to(audience).order_by()
    counts = _counts(seen)
    folder = _folder(request, counts.get(chosen.pk, {}) if chosen else {})
    scope = _scope(seen, chosen, folder)
    filters = _filters(request, scope)
    page = _page(request, _filtered(scope, filters))
    context = {
        "collection": chosen,
        "folder": folder,
        "folder_title": folder.rpartition("/")[2],
        "crumbs": crumbs_of(chosen, folder) if chosen else [],
        "branches": [_branch(each, counts.get(each.pk, {}), chosen, folder) for each in collections],
        "chips": filters[0],
        "filters": filters[1:],
        "offers_filters": any(each.is_useful for each in filters[1:]),
        "is_filtered": any(each.chosen for each in filters),
        "page": page,
        "rows": _rows(page, audience),
        "canonical_url": whole(reverse("docs_hub:collection", args=[chosen.slug]) if chosen else request.path),
    }
    return render(request, "docs_hub/documents.html", context)


@require_safe
def document(request: HttpRequest, collection: str, slug: str) -> HttpResponse:
    """Show what is known of a document, and its text or the way to it."""
    audience = audience_of(request)
    seen = Document.objects.visible_to(audience).select_related("collection").defer("text", "findings", "audience")
    shown = get_object_or_404(seen, collection__slug=collection, slug=slug)
    context = {
        "document": shown,
        "crumbs": crumbs_of(shown.collection, shown.folder),
        "readers": READERS[shown.visibility],
        "successor": _successors([shown], audience).get(shown.superseded_by_id or 0),
        "source": _source(shown),
        "has_history": TextVersion.objects.visible_to(audience).filter(document=shown).exists(),
        "host": urlsplit(_source(shown)).netloc,
        "has_contents": needs_contents(shown.headings),
        "canonical_url": whole(shown.get_absolute_url()),
    }
    return render(request, "docs_hub/document.html", context)


def _chosen(collections: Iterable[Collection], slug: str) -> Collection | None:
    """Give the collection that was asked for. Raises: Http404: there is none that this person may see."""
    if not slug:
        return None
    found = next((each for each in collections if each.slug == slug), None)
    if found is None:
        raise Http404("There is no such collection.")
    return found


def _counts(seen: DocumentQuerySet) -> dict[int, dict[str, int]]:
    """Count the documents of each folder, by collection; no document itself is read."""
    counts: dict[int, dict[str, int]] = {}
    for collection, folder, count in seen.values_list("collection", "folder").annotate(count=Count("pk")):
        counts.setdefault(collection, {})[folder] = count
    return counts


def _folder(request: HttpRequest, counts: Mapping[str, int]) -> str:
    """Give the folder that was asked for. Raises: Http404: there is none that this person may see."""
    asked = request.GET.get("folder", "")
    if asked and not any(asked in folders.ancestry(each) for each in counts):
        raise Http404("There is no such folder.")
    return asked


def _scope(seen: DocumentQuerySet, collection: Collection | None, folder: str) -> DocumentQuerySet:
    within = seen.filter(collection=collection) if collection else seen
    return within.within(folder) if folder else within


def _filters(request: HttpRequest, scope: DocumentQuerySet) -> list[Filter]:
    """Offer what the documents here differ in."""
    combinations = list(scope.values_list(*FILTERS).distinct())
    filters = []
    for number, (name, (title, words)) in enumerate(FILTERS.items()):
        there = {combination[number] for combination in combinations} - {""}
        ordered = [value for value in words if value in there] if words else sorted(there)
        options = tuple((value, words.get(value, value)) for value in ordered)
        filters.append(Filter(name, title, request.GET.get(name, ""), options))
    return filters


def _filtered(scope: DocumentQuerySet, filters: Iterable[Filter]) -> DocumentQuerySet:
    """Keep what was chosen; what is not offered is nowhere."""
    chosen = [each for each in filters if each.chosen]
    if any(each.chosen not in dict(each.options) for each in chosen):
        return scope.none()
    return scope.filter(**{each.name: each.chosen for each in chosen})


def _page(request: HttpRequest, found: DocumentQuerySet) -> Page[Document]:
    ordered = found.select_related("collection").only(*LISTED)
    ordered = ordered.order_by("collection__title", "collection", "folder", "title", "pk")
    return Paginator(ordered, DOCUMENTS_A_PAGE).get_page(request.GET.get("page"))


def _rows(page: Page[Document], audience: Audience) -> list[dict[str, Any]]:
    successors = _successors(page.object_list, audience)
    return [
        {
            "document": each,
            "readers": READERS[each.visibility],
            "successor": successors.get(each.superseded_by_id or 0),
            "source": _source(each),
        }
        for each in page.object_list
    ]


def _successors(superseded: Iterable[Document], audience: Audience) -> dict[int, Document]:
    """Give the documents that took the place of others, by number: only what this person may see."""
    wanted = {each.superseded_by_id for each in superseded if each.superseded_by_id}
    if not wanted:
        return {}
    seen = Document.objects.visible_to(audience).select_related("collection").filter(pk__in=wanted)
    return {each.pk: each for each in seen.only("title", "slug", "collection__slug")}


def _branch(collection: Collection, counts: Mapping[str, int], chosen: Collection | None, folder: str) -> Branch:
    is_chosen = collection == chosen
    root = folders.tree(counts, folder if is_chosen else "")
    return Branch(collection, root, is_chosen and not folder)


def crumbs_of(collection: Collection, folder: str) -> list[tuple[str, str]]:
    """Give words and address of the index, the collection and the folders on the way, the outermost first."""
    here = reverse("docs_hub:collection", args=[collection.slug])
    way = [(each.rpartition("/")[2], f"{here}?{urlencode({'folder': each})}") for each in folders.ancestry(folder)]
    return [("Docs", reverse("docs_hub:documents")), (collection.title, here), *way]


def _source(document: Document) -> str:
    """Give where a document lies, if that is an address that a page may lead to."""
    return document.url if document.url.startswith(("https://", "http://")) else ""
