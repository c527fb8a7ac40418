"""What is evidence stays as it is, on both databases, whoever asks for something else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import RequestFactory

from community import agreeing, consenting
from community.models import Agreement, Consent, Person, PolicyVersion
from tests.support.made_conduct import FIRST, a_draft, a_member, a_version
from tests.support.staff import a_person

pytestmark = pytest.mark.usefixtures("both")


@pytest.fixture
def version(both: Any) -> PolicyVersion:
    return a_version(1)


@pytest.fixture
def member(version: PolicyVersion) -> User:
    member = a_member("jane", version)
    consenting.grant(member, "newsletter", wording="Send me news.", wording_version=1)
    return member


def refused(change: Callable[[], object]) -> None:
    """Hold that a change is refused by the database, and that no row of any table is another one then."""
    before = rows()
    with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic():
        change()
    assert rows() == before


def rows() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (PolicyVersion, Agreement, Consent)]


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


COLUMNS = [
    ("community_policyversion", "markdown", "'x'"),
    ("community_policyversion", "html", "'x'"),
    ("community_policyversion", "published_at", "NULL"),
    ("community_policyversion", "effective_at", "'2030-01-01 00:00:00'"),
    ("community_policyversion", "number", "9"),
    ("community_policyversion", "material", "false"),
    ("community_agreement", "act", "'withdrawn'"),
    ("community_agreement", "label", "'x'"),
    ("community_agreement", "at", "'2030-01-01 00:00:00'"),
    ("community_agreement", "id", "id + 1000"),
    ("community_agreement", "request_id", "'x'"),
    ("community_consent", "act", "'withdrawn'"),
    ("community_consent", "wording", "'x'"),
]


@pytest.mark.parametrize(("table", "column", "value"), COLUMNS)
def test_sql_changes_no_column(member: User, table: str, column: str, value: str) -> None:
    refused(lambda: execute(f"UPDATE {table} SET {column} = {value}"))  # noqa: S608


@pytest.mark.parametrize("table", ["community_policyversion", "community_agreement", "community_consent"])
def test_sql_deletes_no_row(member: User, table: str) -> None:
    refused(lambda: execute(f"DELETE FROM {table}"))  # noqa: S608


@pytest.mark.parametrize("table", ["community_policyversion", "community_agreement", "community_consent"])
def test_sql_neither_replaces_a_row_nor_empties_a_table(member: User, table: str) -> None:
    if connection.vendor == "postgresql":
        execute("SET CONSTRAINTS ALL IMMEDIATE")  # what waits would keep the table from being emptied anyway
        refused(lambda: execute(f"TRUNCATE {table} CASCADE"))
    else:
        refused(lambda: execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))  # noqa: S608
        refused(lambda: execute(f"UPDATE {table} SET rowid = rowid + 1000"))  # noqa: S608


def test_sql_links_nobody_else_to_an_agreement(member: User) -> None:
    other = a_person("other")
    refused(lambda: execute(f"UPDATE community_agreement SET account_id = {other.pk}"))  # noqa: S608
    refused(lambda: execute("UPDATE community_agreement SET account_id = NULL, label = 'x'"))


@pytest.mark.parametrize("model", [PolicyVersion, Agreement, Consent])
def test_neither_a_row_nor_a_queryset_is_deleted_or_saved(member: User, model: Any) -> None:
    refused(lambda: Agreement.objects.all().delete())
    refused(lambda: model.objects.get()._meta.base_manager.all()._raw_delete("default"))
    row = model.objects.get()
    refused(row.save)
    refused(lambda: model.objects.bulk_update([row], ["uuid" if hasattr(row, "uuid") else "title"]))
    refused(lambda: model.objects.update(id=F("id") + 5))
    if model is not PolicyVersion:
        refused(row.delete)


def test_a_published_version_without_agreements_is_not_deleted_either(version: PolicyVersion) -> None:
    refused(version.delete)
    refused(lambda: PolicyVersion.objects.all().delete())


def test_a_published_version_is_not_upserted(version: PolicyVersion) -> None:
    twin = PolicyVersion(**{name: getattr(version, name) for name in ("kind", "number", "locale")}, title="x")
    fields: Any = {"update_conflicts": True, "update_fields": ["title"], "unique_fields": ["kind", "number", "locale"]}
    refused(lambda: PolicyVersion.objects.bulk_create([twin], **fields))


def test_drafts_are_changed_and_deleted(version: PolicyVersion) -> None:
    draft = a_draft(2)
    draft.title = "Another title"
    draft.save()
    PolicyVersion.objects.filter(pk=draft.pk).update(markdown="Another text")
    assert PolicyVersion.objects.get(pk=draft.pk).markdown == "Another text"
    PolicyVersion.objects.filter(pk=draft.pk).delete()
    assert list(PolicyVersion.objects.all()) == [version]


def test_an_account_that_goes_leaves_its_proof_behind_without_a_name(member: User) -> None:
    key = Person.objects.of(member).key
    member.delete()
    for row in (Agreement.objects.get(), Consent.objects.get()):
        assert (row.subject, row.account) == (key, None)


def test_the_link_to_the_account_can_be_cut(member: User) -> None:
    assert Agreement.objects.update(account=None) == 1
    assert Consent.objects.update(account=None) == 1


def test_rows_can_be_added(member: User) -> None:
    agreeing.withdraw(member, now=FIRST + timedelta(days=2))
    consenting.withdraw(member, "newsletter")
    assert (Agreement.objects.count(), Consent.objects.count()) == (2, 2)


@pytest.mark.parametrize("model", [PolicyVersion, Agreement, Consent])
def test_the_admin_of_a_superuser_changes_and_deletes_none(member: User, model: Any) -> None:
    request = RequestFactory().get("/admin/")
    request.user = a_person("root", superuser=True)
    model_admin, row = site._registry[model], model.objects.get()
    assert not model_admin.has_change_permission(request, row)
    assert not model_admin.has_delete_permission(request, row)
    assert "delete_selected" not in model_admin.get_actions(request)
    assert model is PolicyVersion or not model_admin.has_add_permission(request)
