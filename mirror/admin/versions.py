"""Packages and their versions: where each came from, which releases have it, and taking it out."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString

from mageos_portal import marks
from mageos_portal.asking import AskingAdmin, Question, ask, go_to
from mageos_portal.second_factor import recently_authenticated
from mageos_portal.staff_pages import ModelAdmin, actor, note_history
from mirror import publishing
from mirror.admin.reasons import NamedForm, ReasonForm
from mirror.admin.telling import told
from mirror.differences import Part
from mirror.findings import printable
from mirror.membership import releases_with
from mirror.models import Distribution, Package, PackageVersion, Publication, Source, VersionSet

WITHDRAW, PURGE = "mirror.withdraw_packageversion", "mirror.purge_packageversion"
MOST_AT_ONCE = 200  # versions that one action takes out
MOST_VERSIONS = 300  # of a package that its page shows
STATES = {"served": "success", "not served": "info", "withdrawn": "warning", "purged": "danger"}
LEAVES = (
    "They leave the metadata at once, so nobody can newly install them. Their archives stay at their addresses, "
    "for the lock files that name them. The withdrawal and its reason are public."
)
PURGES = (
    "It leaves the metadata at once and its archive is deleted for good: its address answers 410 from now on, and "
    "projects whose lock file names it can no longer be installed. Meant for malware and licences. It is public."
)


class StageFilter(admin.SimpleListFilter):
    """How far a version came."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("new", "Not published yet"),
            ("published", "Was published"),
            ("out", "Withdrawn"),
            ("purged", "Purged"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PackageVersion]) -> QuerySet[PackageVersion]:
        out = Q(withdrawn_at__isnull=False)
        wanted = {
            "new": Q(published_at=None) & ~out,
            "published": Q(published_at__isnull=False) & ~out,
            "out": out & Q(purged_at=None),
            "purged": Q(purged_at__isnull=False),
        }
        return queryset.filter(wanted.get(self.value() or "", Q()))


@admin.register(Package)
class PackageAdmin(AskingAdmin):
    list_display = ("name", "distribution", "version_count")
    list_filter = ("distribution",)
    list_select_related = ("distribution",)
    search_fields = ("name",)
    ordering = ("name",)
    show_full_result_count = False
    fields = ("name", "distribution")
    change_form_outer_after_template = "mirror/admin/package_versions.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Package]:
        versions = PackageVersion.objects.filter(package=OuterRef("pk")).order_by().values("package")
        count = Subquery(versions.annotate(found=Count("pk")).values("found"))
        packages: QuerySet[Package] = super().get_queryset(request).annotate(version_count=Coalesce(count, 0))
        return packages

    @admin.display(description="Versions")
    def version_count(self, package: Package) -> int:
        count: int = package.version_count  # type: ignore[attr-defined] # annotated above
        return count

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        rows = (
            PackageVersion.objects.filter(package=self.get_object(request, object_id))
            .select_related("package__distribution")
            .defer("metadata")
        )
        versions = list(rows.order_by("-pk")[:MOST_VERSIONS])
        mark_served(versions)
        table = [[marks.link_to(v, v.version), state_of(v), v.origin, filesizeformat(v.size)] for v in versions]
        more = {"versions": {"headers": ["Version", "State", "Origin", "Size"], "rows": table}, "most": MOST_VERSIONS}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})


@admin.register(PackageVersion)
class PackageVersionAdmin(AskingAdmin):
    list_display = ("name", "version", "state", "origin", "bytes", "commit_code", "added_at", "published_at")
    list_filter = ("package__distribution", StageFilter, "origin")
    list_select_related = ("package__distribution",)
    list_per_page = 50
    search_fields = ("package__name", "version", "path", "sha1", "sha256", "reference")
    search_help_text = "Name, version, path, commit or checksum"
    ordering = ("-pk",)
    show_full_result_count = False
    actions = ("withdraw",)
    actions_detail = ("withdraw_page", "purge_page")
    change_form_outer_after_template = "mirror/admin/version_releases.html"
    fieldsets = (
        (None, {"fields": ("package", "version", "state", "reason", "origin", "kind")}),
        ("Dist", {"fields": ("address", "bytes", "sha256_code", "sha1_code")}),
        ("Source", {"fields": ("source_key", "tag_name", "full_commit")}),
        ("Course", {"fields": ("added_at", "published_at", "withdrawn_at", "purged_at")}),
    )
    readonly_fields = (
        "state", "reason", "address", "bytes", "sha256_code", "sha1_code", "source_key", "tag_name", "full_commit",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackageVersion]:
        versions: QuerySet[PackageVersion] = super().get_queryset(request).defer("metadata")
        return versions.select_related("package__distribution")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        mark_served(changes.result_list)
        return changes

    def learn(self, row: PackageVersion) -> None:
        mark_served([row])
        sources = Source.objects.filter(distribution=row.package.distribution_id, key=row.source)
        vars(row)["source_row"] = sources.first()

    @admin.display(description="Package", ordering="package__name")
    def name(self, version: PackageVersion) -> str:
        return version.package.name

    @marks.coloured("State", STATES)
    def state(self, version: PackageVersion) -> str:
        return state_of(version)

    @admin.display(description="Withdrawn because")
    def reason(self, version: PackageVersion) -> SafeString | str:
        return marks.lines(version.withdrawn_because)

    @admin.display(description="Size", ordering="size")
    def bytes(self, version: PackageVersion) -> str:
        return filesizeformat(version.size)

    @admin.display(description="Address")
    def address(self, version: PackageVersion) -> SafeString | str:
        url = version.package.distribution.url + version.path
        return marks.code(url) if version.purged_at else marks.link(url, url)

    @admin.display(description="sha256")
    def sha256_code(self, version: PackageVersion) -> SafeString | str:
        return marks.code(version.sha256)

    @admin.display(description="sha1")
    def sha1_code(self, version: PackageVersion) -> SafeString | str:
        return marks.code(version.sha1)

    @admin.display(description="Commit")
    def commit_code(self, version: PackageVersion) -> SafeString | str:
        return marks.code(version.reference[: marks.SHORT]) if version.source else "-"

    @admin.display(description="Source")
    def source_key(self, version: PackageVersion) -> SafeString | str:
        source = vars(version).get("source_row")
        return marks.link_to(source) if source else version.source or "-"

    @admin.display(description="Tag")
    def tag_name(self, version: PackageVersion) -> str:
        return printable(version.tag) or "-"

    @admin.display(description="Commit")
    def full_commit(self, version: PackageVersion) -> SafeString | str:
        source = vars(version).get("source_row")
        return marks.commit(source.url if source else "", version.reference) if version.source else "-"

    def has_withdraw_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(WITHDRAW)

    def has_purge_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(PURGE)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer only what can be done in the version's state."""
        version = self.get_object(request, str(object_id))
        offered: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc] # of unfold
        if version is None or version.purged_at:
            return []
        gone = {"withdraw_page"} if version.withdrawn_at else set()
        return [action for action in offered if action.method.original_function_name not in gone]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        found = releases_with(version) if version else []
        rows = [[marks.link_to(one.release), one.constraint or "is its product", one.release.state] for one in found]
        table = {"headers": ["Release", "Required as", "State"], "rows": rows}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "releases": table})

    @admin.action(description="Withdraw…", permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[PackageVersion]) -> HttpResponse | None:
        found = queryset.filter(withdrawn_at=None).select_related("package__distribution")
        versions = list(found.order_by("package__name", "pk")[: MOST_AT_ONCE + 1])
        chosen = [("action", "withdraw"), ("confirmed", "yes")]
        chosen += [(ACTION_CHECKBOX_NAME, str(version.pk)) for version in versions]
        if len(versions) > MOST_AT_ONCE:
            self.message_user(request, f"Choose at most {MOST_AT_ONCE} versions at once.", messages.ERROR)
            return None
        form = ReasonForm(request.POST if "confirmed" in request.POST else None)
        if not versions or not form.is_valid():
            return ask(self, request, _withdrawal(versions, form, chosen))
        self._withdraw(request, versions, form.cleaned_data["reason"])
        return None

    @marks.page_of_row("Withdraw…", path="withdraw", permission="withdraw", icon="block")
    def withdraw_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self.found(request, object_id)
        form = ReasonForm(request.POST or None)
        if version.withdrawn_at or not form.is_valid():
            return ask(self, request, _withdrawal([version] if not version.withdrawn_at else [], form), version)
        self._withdraw(request, [version], form.cleaned_data["reason"])
        return go_to(version)

    @marks.page_of_row("Purge…", path="purge", permission="purge", icon="delete_forever")
    @method_decorator(recently_authenticated)
    def purge_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self.found(request, object_id)
        form = NamedForm(request.POST or None, str(version))
        if version.purged_at or not form.is_valid():
            return ask(self, request, _purge(version, form), version)
        reason = form.cleaned_data["reason"]
        purge = partial(publishing.purge, [version], reason=reason, actor=actor(request))
        self._take_out(request, [version], purge, f"Purged: {reason}")
        return go_to(version)

    def _withdraw(self, request: HttpRequest, versions: list[PackageVersion], reason: str) -> None:
        by_distribution: dict[int, list[PackageVersion]] = defaultdict(list)
        for version in versions:
            by_distribution[version.package.distribution_id].append(version)
        for chosen in by_distribution.values():
            withdrawal = partial(publishing.withdraw, chosen, reason=reason, actor=actor(request))
            self._take_out(request, chosen, withdrawal, f"Withdrawn: {reason}")

    def _take_out(
        self,
        request: HttpRequest,
        versions: list[PackageVersion],
        take_out: Callable[[], Publication | None],
        sentence: str,
    ) -> None:
        said, level = told(versions[0].package.distribution, take_out)
        if level != messages.ERROR:
            note_history(request, versions, sentence)
        self.message_user(request, said, level)


def mark_served(versions: Iterable[PackageVersion]) -> None:
    """Learn of rows whether their distribution serves them now."""
    rows = list(versions)
    wanted = {row.package.distribution_id for row in rows}
    sets = VersionSet.objects.filter(publication__in=Distribution.objects.filter(pk__in=wanted).values("publication"))
    served = frozenset[int]().union(*(found.members for found in sets))
    for row in rows:
        vars(row)["is_served"] = row.pk in served


def state_of(version: PackageVersion) -> str:
    """Say in a word what clients find; for rows that were marked."""
    if version.purged_at:
        return "purged"
    if version.withdrawn_at:
        return "withdrawn"
    return "served" if vars(version).get("is_served") else "not served"


def _withdrawal(versions: list[PackageVersion], form: ReasonForm, hidden: Sequence[tuple[str, str]] = ()) -> Question:
    title = "Withdraw package versions"
    if not versions:
        return Question(title, ["All of these versions are withdrawn already."], "")
    part = Part(len(versions), tuple(map(str, versions)))
    return Question(title, [LEAVES], "Withdraw", form, [("Versions", part)], hidden, is_grave=True)


def _purge(version: PackageVersion, form: NamedForm) -> Question:
    if version.purged_at:
        return Question(f"Purge {version}?", ["It is purged already."], "")
    return Question(f"Purge {version}?", [PURGES], "Purge for good", form, is_grave=True)
