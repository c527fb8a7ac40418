"""Ways into Discord: to be looked at, revoked, and noted as made by hand. No page shows a code."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from community import inviting, joining_tasks, presences, revoking
from community.invitation_states import ASKED, LIVE
from community.models import Invitation, Presence
from mageos_portal import marks
from mageos_portal.asking import AskingAdmin, Question, ask, forget_rows, go_to
from mageos_portal.staff_pages import note_history, refuse_without

REVOKE, MAKE, CLOSE = (f"community.{name}" for name in ("revoke_invitation", "make_invitation", "close_presence"))
STATES = {
    "Asked": "warning", "Issued": "info", "Used": "success", "Failed": "danger", "Revoked": "danger",
}  # fmt: skip
SECRET = ("sealed_code", "code_digest")
LONGEST_REASON = 500  # characters


class ReasonForm(forms.Form):
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        max_length=LONGEST_REASON,
        help_text="Kept in the history, which staff read; not sent to Discord, nor to the person.",
    )


@admin.register(Invitation)
class InvitationAdmin(AskingAdmin):
    list_display = ("created_at", "who", "kind", "standing", "last_four", "expires_at", "ended_at", "what_went_wrong")
    list_filter = ("state", "kind", "created_at")
    list_select_related = ("account",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("account__username", "account__email", "last_four")
    search_help_text = "User name, e-mail address, or the last four of a code"
    actions_detail = ("revoke_page", "made_page")
    fields = readonly_fields = (
        "who", "address", "kind", "standing", "last_four", "channel", "created_at", "issued_at", "expires_at",
        "ended_at", "what_went_wrong",
    )  # fmt: skip

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let nobody guess a secret by filters."""
        return not lookup.startswith(SECRET) and super().lookup_allowed(lookup, value, request)

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(REVOKE)

    def has_make_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(MAKE)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer only what can be done."""
        row = self.get_object(request, str(object_id))
        offered = {"revoke_page": _is_live(row), "made_page": _waits_for_a_person(row)}
        found: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc] # of unfold
        return [each for each in found if offered[each.method.original_function_name]]

    @marks.page_of_row("Revoke…", path="revoke", permission="revoke", icon="block")
    def revoke_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        refuse_without(request, REVOKE)
        row = self.found(request, object_id)
        form = ReasonForm(request.POST or None)
        if not _is_live(row) or not form.is_valid():
            return ask(self, request, _revocation(row, form), row)
        if revoking.revoke(row, timezone.now()):
            joining_tasks.take_back_all([row.pk])
            note_history(request, [row], f"Revoked: {form.cleaned_data['reason']}")
            self.message_user(request, "It is revoked: nobody sees it any more, and Discord is told.", messages.SUCCESS)
        forget_rows(request)
        return go_to(row)

    @marks.page_of_row("Sent by hand…", path="made", permission="make", icon="outgoing_mail")
    def made_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        refuse_without(request, MAKE)
        row = self.found(request, object_id)
        if request.method != "POST" or not _waits_for_a_person(row):
            return ask(self, request, _by_hand(row), row)
        if inviting.mark_made(row, timezone.now()):
            note_history(request, [row], "Sent by hand.")
            self.message_user(request, "Noted: their page says that they were invited.", messages.SUCCESS)
        forget_rows(request)
        return go_to(row)

    @admin.display(description="Who", ordering="account__username")
    def who(self, invitation: Invitation) -> str:
        return marks.shown(invitation.account.get_username()) if invitation.account else "no account any more"

    @admin.display(description="E-mail address")
    def address(self, invitation: Invitation) -> str:
        return marks.shown(invitation.account.email) if invitation.account else ""

    @marks.coloured("State", STATES, ordering="state")
    def standing(self, invitation: Invitation) -> str:
        return str(invitation.get_state_display())

    @admin.display(description="What went wrong")
    def what_went_wrong(self, invitation: Invitation) -> str:
        return marks.shown(invitation.failure)


@admin.register(Presence)
class PresenceAdmin(AskingAdmin):
    list_display = ("who", "discord_id", "by_link", "joined_at", "left_at", "parted_at", "remove_since", "failure")
    list_filter = (
        ("remove_since", admin.EmptyFieldListFilter),
        ("parted_at", admin.EmptyFieldListFilter),
        ("left_at", admin.EmptyFieldListFilter),
        "by_link",
    )
    list_select_related = ("person__user",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("discord_id", "person__name", "person__user__username", "person__user__email")
    search_help_text = "Number on Discord, name, user name or e-mail address"
    ordering = ("-pk",)
    actions_detail = ("removed_page",)
    fields = readonly_fields = (
        "who", "discord_id", "by_link", "joined_at", "left_at", "parted_at", "remove_since", "checked_at", "failure",
    )  # fmt: skip

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(CLOSE)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer only what can be done."""
        row = self.get_object(request, str(object_id))
        found: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc] # of unfold
        return found if row and row.remove_since else []

    @marks.page_of_row("Removed by hand…", path="removed", permission="close", icon="person_remove")
    def removed_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        refuse_without(request, CLOSE)
        row = self.found(request, object_id)
        if request.method != "POST" or row.remove_since is None:
            return ask(self, request, _removal(row), row)
        if presences.close(row, timezone.now()):
            note_history(request, [row], "Removed from Discord by hand.")
            self.message_user(request, "Noted.", messages.SUCCESS)
        forget_rows(request)
        return go_to(row)

    @admin.display(description="Who", ordering="person__user__username")
    def who(self, presence: Presence) -> str:
        user = presence.person.user
        return marks.shown(user.get_username()) if user else str(presence.person)


def _is_live(row: Invitation | None) -> bool:
    return row is not None and row.state in LIVE


def _waits_for_a_person(row: Invitation | None) -> bool:
    return row is not None and row.state == ASKED and row.kind == Invitation.Kind.HAND


def _revocation(row: Invitation, form: forms.Form) -> Question:
    title = f"Revoke {row}?"
    if not _is_live(row):
        return Question(title, [f"There is nothing to revoke: it is {row.get_state_display().lower()}."], "")
    says = [
        "Their page stops showing it at once, and Discord is told to let nobody in by it.",
        "They may ask for another one. To keep somebody out, suspend them.",
    ]
    return Question(title, says, "Revoke", form)


def _by_hand(row: Invitation) -> Question:
    title = "Did you send an invitation?"
    if not _waits_for_a_person(row):
        return Question(title, ["Nobody waits for this one any more."], "")
    says = [
        "Make an invitation on Discord that works once and for seven days at most, and send it to the address that "
        "their page here shows. Then note it.",
        "The portal does not learn whether it was used, so if their membership ends, somebody has to look for them.",
    ]
    return Question(title, says, "It is sent")


def _removal(row: Presence) -> Question:
    title = "Did you remove them from Discord?"
    if row.remove_since is None:
        return Question(title, ["There is nobody to remove."], "")
    says = [
        "They are no member any more, and the portal could not take their roles away itself: it does not know as which "
        "account they came, or Discord refused it.",
        "Look for them on the server; their name and address are on the page of their account.",
    ]
    return Question(title, says, "They are gone")
