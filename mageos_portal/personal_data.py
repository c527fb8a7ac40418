"""What accounts keep about people, and which accounts go by themselves."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from mageos_portal.registry import PersonalRecords, RetentionRule, personal_records, retention_rules

WITH_ACCOUNT = "As long as you have the account."
EVIDENCE = "As long as the portal runs: it is proof of who did what. When the account is erased, no name is left in it."


def register() -> None:
    """Declare what the site itself keeps."""
    for entry in RECORDS:
        personal_records.register(entry)
    title = "accounts whose address was never confirmed"
    retention_rules.register(RetentionRule("unverified_accounts", title, purge_unverified_accounts, order=0))


def purge_unverified_accounts(before: datetime) -> int:
    """Delete accounts that somebody signed up for and never confirmed; those of the staff stay."""
    addresses = EmailAddress.objects.filter(user=OuterRef("pk"))
    signed_up = User.objects.filter(Exists(addresses), is_staff=False, is_superuser=False, date_joined__lt=before)
    unconfirmed = signed_up.exclude(Exists(addresses.filter(verified=True)))
    return sum(user.delete()[1].get("auth.User", 0) for user in unconfirmed.filter(last_login=None))


RECORDS = (
    PersonalRecords(
        "auth.user",
        "Your account",
        WITH_ACCOUNT + " One whose address is never confirmed goes by itself.",
        order=0,
        of=lambda user: User.objects.filter(pk=user.pk),
        fields=("username", "email", "first_name", "last_name", "date_joined", "last_login", "is_active", "is_staff"),
        rule="unverified_accounts",
    ),
    PersonalRecords(
        "auth.user_groups",
        "Your roles on the staff",
        WITH_ACCOUNT,
        order=1,
        of=lambda user: User.groups.through.objects.filter(user_id=user.pk),
        fields=("group__name",),
    ),
    PersonalRecords(
        "auth.user_user_permissions",
        "Your single permissions",
        WITH_ACCOUNT,
        order=2,
        of=lambda user: User.user_permissions.through.objects.filter(user_id=user.pk),
        fields=("permission__codename",),
    ),
    PersonalRecords(
        "account.emailaddress",
        "Your e-mail addresses",
        WITH_ACCOUNT,
        order=3,
        of=lambda user: EmailAddress.objects.filter(user_id=user.pk),
        fields=("email", "verified", "primary"),
    ),
    PersonalRecords(
        "mfa.authenticator",
        "Your passkeys, apps and recovery codes",
        WITH_ACCOUNT + " Their secrets are in no copy.",
        order=4,
        of=lambda user: Authenticator.objects.filter(user_id=user.pk),
        fields=("type", "created_at", "last_used_at"),
    ),
    PersonalRecords(
        "admin.logentry",
        "What you did as a member of staff",
        EVIDENCE,
        order=90,
        of=lambda user: LogEntry.objects.filter(user_id=user.pk),
        fields=("action_time", "content_type__model", "object_repr", "change_message"),
    ),
)
