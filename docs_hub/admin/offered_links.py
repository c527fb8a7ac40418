"""Links from updates: documents that the index lacks, to be taken in or passed over."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from docs_hub import offering
from docs_hub.admin.lists import one_printable_line, shortened
from docs_hub.document_links import title_of
from docs_hub.models import Collection, OfferedLink
from mageos_portal import marks
from mageos_portal.asking import AskingAdmin, Question, ask, forget_rows, go_to
from mageos_portal.staff_pages import actor, note_history

STATES = {"offered": "warning", "accepted": "success", "dismissed": "info"}
MOST_SHOWN = 20  # updates
SAYS = (
    "It becomes a document of a collection that is kept by hand, and is shown to whom that collection is shown. "
    "The link itself opens for those only whom its owner lets in."
)


class AcceptForm(forms.Form):
    """How a document is called here, and where it is listed."""

    title = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget())
    collection = forms.ModelChoiceField(
        Collection.objects.active().filter(kind=Collection.Kind.LINKS), widget=UnfoldAdminSelectWidget()
    )

    def clean_title(self) -> str:
        return one_printable_line(self.cleaned_data["title"])


@admin.register(OfferedLink)
class OfferedLinkAdmin(AskingAdmin):
    list_display = ("address", "safe_words", "stage", "times", "found_at", "by")
    list_filter = ("state",)
    search_fields = ("url", "words")
    list_per_page = 50
    show_full_result_count = False
    actions = ("dismiss", "offer_again")
    actions_detail = ("accept_page",)
    fields = ("link", "safe_words", "stage", "found_in", "found_at", "by", "decided_at", "accepted_as")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[OfferedLink]:
        found: QuerySet[OfferedLink] = super().get_queryset(request)
        return found.annotate(count=Count("updates")).select_related("document").defer("document__text")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("docs_hub.change_offeredlink")

    def has_accept_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_decide_permission(request) and request.user.has_perm("docs_hub.add_document")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer only what can be done in the link's state."""
        link = self.get_object(request, str(object_id))
        offered: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc] # of unfold
        return offered if link and link.state == OfferedLink.State.OFFERED else []

    @admin.action(description="Dismiss", permissions=["decide"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[OfferedLink]) -> None:
        changed = offering.dismiss(queryset, actor=actor(request))
        note_history(request, changed, "Dismissed.")
        self._tell(request, changed, "dismissed")

    @admin.action(description="Offer again", permissions=["decide"])
    def offer_again(self, request: HttpRequest, queryset: QuerySet[OfferedLink]) -> None:
        changed = offering.offer_again(queryset)
        note_history(request, changed, "Offered again.")
        self._tell(request, changed, "offered again")

    @marks.page_of_row("Accept…", path="accept", permission="accept", icon="library_add")
    def accept_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        link = self.found(request, object_id)
        form = AcceptForm(request.POST or None, initial={"title": title_of(link.url) or link.words})
        if form.is_valid():
            return self._accept(request, link, form.cleaned_data)
        question = Question("Take this document into the index?", [marks.shown(link.url), SAYS], "Accept", form)
        return ask(self, request, question, link)

    def _accept(self, request: HttpRequest, link: OfferedLink, values: dict[str, Any]) -> HttpResponse:
        try:
            document = offering.accept(link, values["collection"], values["title"], actor=actor(request))
        except offering.DecidedError as error:
            self.message_user(request, str(error), messages.WARNING)
            return go_to(link)
        forget_rows(request)
        note_history(request, [link, document], "Accepted from the links of updates.")
        self.message_user(request, f"“{shortened(document.title)}” is in the index.", messages.SUCCESS)
        return go_to(link)

    def _tell(self, request: HttpRequest, changed: list[OfferedLink], outcome: str) -> None:
        count = "1 link was" if len(changed) == 1 else f"{len(changed)} links were"
        level = messages.SUCCESS if changed else messages.WARNING
        self.message_user(request, f"{count} {outcome}." if changed else "Nothing of that was to be done.", level)

    @admin.display(description="Link", ordering="url")
    def address(self, link: OfferedLink) -> str:
        return shortened(link.url)

    @admin.display(description="Link")
    def link(self, link: OfferedLink) -> SafeString:
        return marks.link(link.url, marks.shown(link.url))

    @admin.display(description="Words")
    def safe_words(self, link: OfferedLink) -> str:
        return shortened(link.words) or "-"

    @marks.coloured("State", STATES, ordering="state")
    def stage(self, link: OfferedLink) -> str:
        return link.state

    @admin.display(description="Updates", ordering="count")
    def times(self, link: OfferedLink) -> int:
        count: int = link.count  # type: ignore[attr-defined] # annotated above
        return count

    @admin.display(description="By", ordering="decided_by")
    def by(self, link: OfferedLink) -> str:
        return marks.shown(link.decided_by) or "-"

    @admin.display(description="Found in")
    def found_in(self, link: OfferedLink) -> SafeString | str:
        updates = link.updates.only("title", "year", "slug").order_by("-published_at", "-pk")[:MOST_SHOWN]
        lines = [marks.link_to(update, shortened(update.title)) for update in updates]
        return marks.bullets(lines) if lines else "no update any more"

    @admin.display(description="Document")
    def accepted_as(self, link: OfferedLink) -> SafeString | str:
        return marks.link_to(link.document, shortened(link.document.title)) if link.document else "-"
