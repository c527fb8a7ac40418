"""What the community keeps about people, declared for copies, erasure and the nightly purge."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from community import barring, data_copies, data_tasks, retaining
from community.facts import FactSource, fact_sources
from community.models import (
    Agreement,
    Consent,
    DataRequest,
    Invitation,
    Membership,
    OpenRole,
    Person,
    Presence,
    Reminder,
    Sanction,
    VerifiedAddress,
)
from mageos_portal.registry import (
    AccountLink,
    PersonalRecords,
    RetentionRule,
    ScheduleSource,
    StaffLink,
    account_links,
    personal_records,
    retention_rules,
    schedule_sources,
    staff_links,
)

WITH_ACCOUNT = "As long as you have the account."
PROOF = "It stays as proof; when the account is erased it is under a pseudonym, and after three more years under none."
STAFF = "It stays with what it describes; when the account is erased, a pseudonym takes the place of the name."

Found = Callable[[AbstractBaseUser], "QuerySet[Any]"]


def register() -> None:
    """Declare records, rules and pages."""
    for entry in RECORDS:
        personal_records.register(entry)
    for order, (key, title, purge) in enumerate(RULES, start=10):
        retention_rules.register(RetentionRule(key, title, purge, order))
    fact_sources.register(FactSource("sanctions", barring.facts, order=20))
    schedule_sources.register(ScheduleSource("community.data", data_tasks.scheduled, order=45))
    says = "What you agreed to and when; withdraw it."
    account_links.register(AccountLink("agreement", "Your agreement", "community:agreement", says, order=50))
    account_links.register(
        AccountLink("profile", "Your name", "community:profile", "What you are called here, and who sees it.", order=60)
    )
    account_links.register(
        AccountLink("data", "Your data", "community:data", "See, take with you or delete what is kept.", order=70)
    )
    staff_links.register(
        StaffLink(
            "community.datarequest",
            "Community",
            "Data requests",
            "privacy_tip",
            "admin:community_datarequest_changelist",
            "community.view_datarequest",
            order=58,
        )
    )


def _of_account(model: Any) -> Found:
    return lambda user: model.objects.filter(account_id=user.pk)


def _of_person(model: Any) -> Found:
    return lambda user: model.objects.filter(person__user_id=user.pk)


RULES = (
    ("data_copies", "copies of people's data", data_copies.purge_copies),
    ("data_requests", "data requests that were done", data_copies.purge_requests),
    ("invitations", "invitations that ended", retaining.purge_invitations),
    ("declined_memberships", "memberships that were declined", retaining.purge_declined),
    ("memberships", "memberships that ended", retaining.purge_memberships),
    ("sanctions", "sanctions that ended", retaining.purge_sanctions),
    ("pseudonyms", "pseudonyms of people who were erased", retaining.purge_pseudonyms),
)

RECORDS = (
    PersonalRecords(
        "community.person",
        "Who you are here",
        WITH_ACCOUNT + " An erased one keeps a pseudonym for three more years, and no name.",
        order=20,
        of=lambda user: Person.objects.filter(user_id=user.pk),
        fields=("key", "name", "github_login", "github_id", "is_public", "created_at"),
        rule="pseudonyms",
    ),
    PersonalRecords(
        "community.verifiedaddress",
        "When your addresses were confirmed",
        WITH_ACCOUNT,
        order=21,
        of=_of_account(VerifiedAddress),
        fields=("email", "verified_at", "is_exact"),
    ),
    PersonalRecords(
        "community.agreement",
        "Your agreements to the code of conduct",
        PROOF,
        order=22,
        of=_of_account(Agreement),
        fields=(
            "uuid",
            "subject",
            "act",
            "version__number",
            "text_sha256",
            "label",
            "method",
            "at",
            "address_verified_at",
        ),
        rule="pseudonyms",
    ),  # fmt: skip
    PersonalRecords(
        "community.consent",
        "What you allowed",
        PROOF,
        order=23,
        of=_of_account(Consent),
        fields=("uuid", "subject", "purpose", "act", "wording_version", "wording", "channel", "at"),
        rule="pseudonyms",
    ),
    PersonalRecords(
        "community.reminder",
        "Mails about new versions of the code of conduct",
        WITH_ACCOUNT,
        order=24,
        of=_of_account(Reminder),
        fields=("version__number", "number", "claimed_at", "sent_at"),
    ),
    PersonalRecords(
        "community.invitation",
        "Your invitations to Discord",
        "Three months after they ended; the code itself only as long as it works.",
        order=25,
        of=_of_account(Invitation),
        fields=("kind", "state", "last_four", "created_at", "expires_at", "ended_at"),
        rule="invitations",
    ),
    PersonalRecords(
        "community.presence",
        "Your account on Discord",
        WITH_ACCOUNT,
        order=26,
        of=_of_person(Presence),
        fields=("discord_id", "joined_at", "left_at"),
    ),
    PersonalRecords(
        "community.membership",
        "Your membership of the association",
        "Five years after it ended, as an association has to; one year if it was declined.",
        order=27,
        of=_of_person(Membership),
        fields=(
            "kind",
            "declared_on",
            "decision",
            "decided_on",
            "decided_by",
            "minutes",
            "active_from",
            "active_to",
            "end_reason",
        ),
        rule="memberships",
    ),  # fmt: skip
    PersonalRecords(
        "community.historicalmembership",
        "How the record of your membership changed",
        "As long as the membership itself. Its copy is that of the membership: who changed it is about others.",
        order=28,
        rule="memberships",
    ),
    PersonalRecords(
        "community.sanction",
        "Sanctions",
        "Three years after they ended. Their grounds are not in the copy, as they may tell about others; ask us.",
        order=29,
        of=_of_person(Sanction),
        fields=("kind", "since", "until", "decision", "appeal", "lifted_at"),
        rule="sanctions",
    ),
    PersonalRecords(
        "community.datarequest",
        "What you asked about your data",
        "One year after it was done; a copy itself for a day.",
        order=30,
        of=_of_account(DataRequest),
        fields=("uuid", "kind", "state", "channel", "received_at", "done_at", "answer"),
        rule="data_requests",
    ),
    PersonalRecords(
        "community.openrole",
        "Open roles that you wrote",
        STAFF,
        order=80,
        of=lambda user: OpenRole.objects.filter(author=user.get_username()),
        fields=("title", "state"),
        names=("author",),
    ),
    PersonalRecords(
        "community.historicalopenrole",
        "How open roles changed",
        STAFF + " The copy is that of the roles.",
        order=81,
        names=("author",),
    ),
    PersonalRecords(
        "community.policyversion",
        "Versions of the code of conduct that you wrote or published",
        "As long as the portal runs: who wrote and who approved a version is part of it, and the database refuses to "
        "change it. It is public work of the staff, so it is in no copy.",
        order=82,
    ),
)
