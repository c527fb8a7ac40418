"""What teams and permissions keep about people, and what becomes of it when somebody is erased."""

from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser

from community import rostering
from community.models import Administrator, AdministratorChange, Approval, Grant, PermissionState, Person, TeamMember
from mageos_portal.registry import (
    ErasureStep,
    PersonalRecords,
    RetentionRule,
    erasure_steps,
    personal_records,
    retention_rules,
)

WITH_ACCOUNT = "As long as you have the account, also after you left."
EVIDENCE = "As long as the portal runs: who decided what is proof. When the account is erased, no name is left in it."


def register() -> None:
    """Declare what is kept, and take who is erased out of all teams."""
    for entry in RECORDS:
        personal_records.register(entry)
    title = "older states of permissions"
    retention_rules.register(RetentionRule("permission_states", title, purge_states, order=30))
    erasure_steps.register(ErasureStep("teams", leave_teams, order=10))


def leave_teams(user: AbstractBaseUser, now: datetime) -> int:
    """Take somebody out of teams and grants. Raises: StillAdministratorError."""
    return rostering.leave_everything(Person.objects.of(user), "The account was erased.")


def purge_states(before: datetime) -> int:
    """Delete what was proposed long ago; the newest state stays, because the next one is compared with it."""
    newest = PermissionState.objects.latest_state()
    if newest is None:
        return 0
    return PermissionState.objects.filter(at__lt=before).exclude(pk=newest.pk).delete()[0]


def _history(number: int, model: str, what: str) -> PersonalRecords:
    return PersonalRecords(
        f"community.historical{model}",
        f"How {what} changed",
        EVIDENCE + " The copy is that of the records themselves.",
        order=50 + number,
    )


HISTORIES = (
    ("team", "teams"),
    ("teammember", "members of teams"),
    ("repository", "repositories"),
    ("grant", "permissions on repositories"),
    ("administrator", "administrators"),
    ("variable", "other variables of the configuration"),
)

RECORDS = (
    PersonalRecords(
        "community.teammember",
        "Your teams",
        WITH_ACCOUNT,
        order=40,
        of=lambda user: TeamMember.objects.filter(person__user_id=user.pk),
        fields=("team__key", "role", "since", "until"),
    ),
    PersonalRecords(
        "community.grant",
        "Your permissions on repositories",
        WITH_ACCOUNT,
        order=41,
        of=lambda user: Grant.objects.filter(person__user_id=user.pk),
        fields=("repository__name", "level"),
    ),
    PersonalRecords(
        "community.administrator",
        "That you administer the organization on GitHub",
        "Until two others approve the end of it.",
        order=42,
        of=lambda user: Administrator.objects.filter(person__user_id=user.pk),
        fields=("pk",),
    ),
    PersonalRecords(
        "community.administratorchange",
        "Changes of administrators about you",
        EVIDENCE,
        order=43,
        of=lambda user: AdministratorChange.objects.filter(person__user_id=user.pk),
        fields=("kind", "reason", "state", "proposed_at", "decided_at"),
    ),
    PersonalRecords(
        "community.approval",
        "Changes of administrators that you approved",
        EVIDENCE,
        order=44,
        of=lambda user: Approval.objects.filter(approver_id=user.pk),
        fields=("change", "at"),
    ),
    PersonalRecords(
        "community.permissionstate",
        "Permissions that you imported or exported",
        "Three years. The file in it has the logins of its time; it is the proof of what was proposed to GitHub.",
        order=45,
        of=lambda user: PermissionState.objects.filter(actor=user.get_username()),
        fields=("kind", "at", "reason"),
        names=("actor",),
        rule="permission_states",
    ),
    *(_history(number, model, what) for number, (model, what) in enumerate(HISTORIES)),
)
