"""Uploads of archives: checked at once, imported by a worker, our own only with a second person."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from unfold.widgets import UnfoldAdminSelectWidget

from mageos_portal import marks
from mageos_portal.asking import AskingAdmin, go_to
from mageos_portal.staff_pages import actor, note_history, refuse_without
from mirror import tasks, uploading
from mirror.admin.archive_handler import ArchiveHandler
from mirror.inbox import Inbox
from mirror.models import Distribution, Upload
from mirror.uploading import UploadError

IMPORT = "mirror.import_archives"
MOST_PERSONS = 20  # who may confirm, by name
STATES: Mapping[str, str] = {
    Upload.State.CHECKED: "info",
    Upload.State.WAITING: "warning",
    Upload.State.REFUSED: "danger",
    Upload.State.ACCEPTED: "success",
}


class UploadForm(forms.Form):
    """Where the archives are to go; the archives themselves never come into memory whole."""

    distribution = forms.ModelChoiceField(
        Distribution.objects.filter(follows="", is_sample=False),
        widget=UnfoldAdminSelectWidget(),
        empty_label=None,
        help_text="Followers copy another portal and the sample is made up, so neither takes archives.",
    )


@admin.register(Upload)
class UploadAdmin(AskingAdmin):
    list_display = ("number", "distribution", "stage", "files", "bytes", "actor", "created_at", "confirmed_by", "run")
    list_filter = ("distribution", "state")
    list_select_related = ("distribution", "build__distribution")
    list_per_page = 50
    search_fields = ("actor", "confirmed_by")
    date_hierarchy = "created_at"
    change_form_outer_before_template = "mirror/admin/upload_next.html"
    change_form_outer_after_template = "mirror/admin/upload_result.html"
    fields = ("distribution", "stage", "files", "bytes", "actor", "created_at", "confirmed_by", "confirmed_at", "run")
    readonly_fields = fields

    @admin.display(description="Upload", ordering="pk")
    def number(self, upload: Upload) -> str:
        return f"#{upload.pk}"

    @marks.coloured("State", STATES, ordering="state")
    def stage(self, upload: Upload) -> str:
        return upload.state

    @admin.display(description="Size", ordering="size")
    def bytes(self, upload: Upload) -> str:
        return filesizeformat(upload.size)

    @admin.display(description="Import")
    def run(self, upload: Upload) -> SafeString | str:
        build = upload.build
        return marks.link_to(build, f"{build}: {build.state}") if build else "-"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(IMPORT)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:upload_pk>/import/", view(self.import_view), name="mirror_upload_import"),
            path("<int:upload_pk>/withdraw/", view(self.withdraw_view), name="mirror_upload_withdraw"),
        ]
        return own + super().get_urls()

    @method_decorator(csrf_exempt)  # the token is checked once the files are on their way to the disk
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        refuse_without(request, IMPORT)
        if request.method != "POST":
            return self._form(request, UploadForm())
        arriving = Inbox(uploading.limits())
        request.upload_handlers = [ArchiveHandler(arriving)]
        try:
            return self._receive(request, arriving)
        except TooManyFilesSent:
            self.message_user(request, f"Choose at most {arriving.limits.files} archives at once.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:mirror_upload_add"))
        finally:
            if not Upload.objects.filter(directory=arriving.name).exists():
                arriving.discard()

    @method_decorator(csrf_protect)
    def _receive(self, request: HttpRequest, arriving: Inbox) -> HttpResponse:
        form = UploadForm(request.POST)
        if arriving.fault or not form.is_valid():
            return self._form(request, form, arriving.fault)
        try:
            upload = uploading.receive(form.cleaned_data["distribution"], arriving, actor=actor(request))
        except UploadError as error:
            return self._form(request, form, str(error))
        note_history(request, [upload], f"Uploaded {upload.files} archives for {upload.distribution}.")
        return go_to(upload)

    def _form(self, request: HttpRequest, form: UploadForm, fault: str = "") -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Upload archives",
            "opts": self.opts,
            "form": form,
            "fault": fault,
            "limits": uploading.limits(),
            "has_target": form.fields["distribution"].queryset.exists(),  # type: ignore[attr-defined]
        }
        status = 400 if fault or form.errors else 200
        return TemplateResponse(request, "mirror/admin/upload_form.html", context, status=status)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        upload = self.get_object(request, object_id)
        more = _result(request, upload) if upload else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def import_view(self, request: HttpRequest, upload_pk: int) -> HttpResponse:
        """Queue the import of an upload; of our own names it is the second person's confirmation."""
        return self._act(request, upload_pk, self._import)

    def withdraw_view(self, request: HttpRequest, upload_pk: int) -> HttpResponse:
        """Give an upload up."""
        return self._act(request, upload_pk, self._withdraw)

    def _act(self, request: HttpRequest, upload_pk: int, act: Any) -> HttpResponse:
        refuse_without(request, IMPORT)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        upload = Upload.objects.select_related("distribution").filter(pk=upload_pk).first()
        if upload is None:
            self.message_user(request, f"There is no upload {upload_pk}.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:mirror_upload_changelist"))
        try:
            act(request, upload)
        except UploadError as error:
            self.message_user(request, str(error), messages.ERROR)
        return go_to(upload)

    def _import(self, request: HttpRequest, upload: Upload) -> None:
        build = uploading.accept(upload, actor=actor(request))
        tasks.enqueue(build)
        note_history(request, [upload], "Confirmed and imported." if upload.confirmed_by else "Imported.")
        self.message_user(request, f"{build} was queued; a build that publishes it follows.", messages.SUCCESS)

    def _withdraw(self, request: HttpRequest, upload: Upload) -> None:
        uploading.withdraw(upload)
        note_history(request, [upload], "Withdrawn.")
        self.message_user(request, f"{upload} is withdrawn; its files are removed.", messages.SUCCESS)


def _result(request: HttpRequest, upload: Upload) -> dict[str, Any]:
    """Say what was found and what this person can do next."""
    may = request.user.has_perm(IMPORT)
    is_own = upload.actor == actor(request)
    waits = upload.state == Upload.State.WAITING
    is_open = upload.state in uploading.OPEN
    report = upload.report
    return {
        "good": _table(report.get("imported", ()), "Will be served at"),
        "there": _table(report.get("already_there", ()), "Is served at"),
        "refused": [_readable(row) for row in report.get("refused", ())],
        "upload": upload,
        "waits": waits,
        "is_own": is_own,
        "can_import": may and is_open and not (waits and is_own),
        "can_withdraw": may and is_open,
        "persons": _persons(upload) if waits else [],
    }


def _readable(row: Any) -> dict[str, Any]:
    return {"sent_as": marks.shown(row["sent_as"]), "faults": [marks.shown(fault) for fault in row["faults"]]}


def _table(rows: Any, where: str) -> dict[str, Any]:
    cells = [
        [
            marks.shown(row["sent_as"]),
            f"{row['package']} {row['version']}",
            row["path"],
            marks.code(row["sha256"][: marks.SHORT]),
        ]
        for row in rows
    ]
    return {"headers": ["File", "Package", where, "sha256"], "rows": cells}


def _persons(upload: Upload) -> list[str]:
    """Name those who may confirm an upload: everybody who may import but the uploader."""
    staff = get_user_model().objects.with_perm(IMPORT).filter(is_staff=True).exclude(username=upload.actor)
    return list(staff.order_by("username").values_list("username", flat=True)[:MOST_PERSONS])
