"""Pages of former texts: who reads them, what they show, and what staff do with them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from docs_hub.models import Document, TextVersion
from tests.support.made_documents import AROUND, OURS, PEOPLE, a_document, a_version, somebody
from tests.support.staff import a_person, logged_in
from tests.support.staff_documents import page_of

pytestmark = pytest.mark.django_db

DAY = datetime(2024, 5, 7, tzinfo=UTC)
# By the visibility of a document now and of its former text: who reads that.
READERS = {
    ("public", "public"): set(PEOPLE),
    ("public", "members"): {"member", "of another team", "of the team", "staff"},
    ("public", "team"): {"of the team"},
    ("public", "staff"): set(),
    ("members", "public"): {"member", "of another team", "of the team", "staff"},
    ("members", "team"): {"of the team"},
    ("team", "public"): {"of the team"},
    ("team", "members"): {"of the team"},
    ("staff", "public"): set(),
}


@pytest.mark.parametrize(("now", "then"), READERS)
def test_a_former_text_is_read_by_who_could_then_and_can_now(now: str, then: str) -> None:
    document = a_document("plan", visibility=now, team=OURS if now == "team" else "")
    a_version(document, text="Only then.", visibility=then, team=OURS if then == "team" else "")
    here = document.get_absolute_url()
    for kind in PEOPLE:
        client = somebody(kind)
        pages = [client.get(f"{here}history/{page}") for page in ("1/", "changes/?from=1")]
        expected = 200 if kind in READERS[now, then] else 404
        assert [page.status_code for page in pages] == [expected] * 2, kind
        offers = b"What changed, and when" in client.get(here).content
        assert offers is (expected == 200), kind


@pytest.mark.parametrize("fields", [{"is_hidden": True}, {"trouble": "lost"}, {"trouble": "trashed"}, {"text": ""}])
def test_a_document_that_is_not_shown_has_no_past(client: Client, fields: dict[str, Any]) -> None:
    document = a_document("plan")
    a_version(document)
    Document.objects.update(**fields)
    for page in ("", "1/", "changes/?from=1"):
        assert client.get(f"{document.get_absolute_url()}history/{page}").status_code == 404


def test_the_history_lists_former_texts_with_their_days(client: Client) -> None:
    document = a_document("plan")
    a_version(document, 1, changed_at=DAY)
    a_version(document, 4, replaced_at=DAY + timedelta(days=2))
    page = client.get(f"{document.get_absolute_url()}history/").content.decode()
    for part in ("2024-05-07 00:00", "2024-05-09 00:00", "changes/?from=1&amp;to=4", "changes/?from=4", "noindex"):
        assert part in page, part
    assert page.index("history/4/") < page.index("history/1/")


def test_a_document_without_a_past_says_so(client: Client) -> None:
    page = client.get(f"{a_document('plan').get_absolute_url()}history/")
    assert "No former text is kept." in page.content.decode()


def test_two_texts_are_compared_block_by_block(client: Client) -> None:
    document = a_document("plan", text="First block.\nSecond block, as it is now.\nThird block.")
    a_version(document, 1, "First block.\nSecond block, as it was once.\nThird block.")
    a_version(document, 2, "First block.\nThird block.")
    here = f"{document.get_absolute_url()}history/changes/"
    page = client.get(here, {"from": 1}).content.decode()
    assert "is now" in page
    assert re.findall(r"<del>.*?</span>(.*?)<span", page) == ["was once"]
    assert "First block." in page
    assert ">First block.</p>" in page  # a paragraph of its own
    assert client.get(here, {"from": 2, "to": 1}).content == client.get(here, {"from": 1, "to": 2}).content


@pytest.mark.parametrize("query", ["from=9", "from=x", "from=1&to=9", "from=-1", "from=1&to=%00", "to=²"])
def test_texts_that_are_not_there_are_no_page(client: Client, query: str) -> None:
    document = a_document("plan")
    a_version(document)
    assert client.get(f"{document.get_absolute_url()}history/changes/?{query}").status_code == 404


@pytest.mark.parametrize("query", ["", "?from=", "?from=&to="])
def test_no_texts_at_all_lead_to_the_history(client: Client, query: str) -> None:
    document = a_document("plan")
    a_version(document)
    answer = client.get(f"{document.get_absolute_url()}history/changes/{query}")
    assert answer.headers["Location"] == f"{document.get_absolute_url()}history/"


def test_texts_of_others_are_not_compared(client: Client) -> None:
    a_version(a_document("other"), 7)
    document = a_document("plan")
    a_version(document)
    assert client.get(f"{document.get_absolute_url()}history/changes/?from=1&to=7").status_code == 404


def test_very_long_texts_are_compared_as_far_as_pages_go(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docs_hub.views.history.LONGEST", 20)
    document = a_document("plan", text="The same beginning.\nThen something else.")
    a_version(document, text="The same beginning.\nThen this.")
    page = client.get(f"{document.get_absolute_url()}history/changes/?from=1").content.decode()
    assert "Only the first 20 characters are compared." in page
    assert "something" not in page


def test_what_others_wrote_is_text(client: Client) -> None:
    document = a_document("plan", title="<b>Plan</b>", text="<script>now</script>")
    a_version(document, text="<script>then</script>\n\u202etrick")
    for page in ("", "1/", "changes/?from=1"):
        content = client.get(f"{document.get_absolute_url()}history/{page}").content.decode()
        assert "<script>now" not in content
        assert "<script>then" not in content
        assert "<b>Plan" not in content


def test_pages_take_few_queries_and_lists_read_no_text() -> None:
    document = a_document("plan")
    for number in range(1, 51):
        a_version(document, number)
    here = f"{document.get_absolute_url()}history/"
    for client, around in ((Client(), 0), (somebody("of the team"), AROUND)):
        for page, most in (("", 2), ("1/", 2), ("changes/?from=1&to=2", 3)):
            with CaptureQueriesContext(connection) as captured:
                client.get(here + page)
            assert len(captured) <= most + around <= 12, page
            assert page or not any('"text",' in each["sql"] for each in captured.captured_queries)


@pytest.fixture
def version() -> TextVersion:
    return a_version(a_document("plan"), visibility="staff", text="Only\x07 staff \u202eread this.")


def test_staff_read_what_nobody_else_may(version: TextVersion) -> None:
    page = page_of(logged_in(a_person("ann", "auditor")), version)
    assert "Only\\x07 staff \\x202eread this." in page
    assert "staff only" in page


def test_a_document_names_its_former_texts(version: TextVersion) -> None:
    page = page_of(logged_in(a_person("ann", "auditor")), version.document)
    assert f"?document__id__exact={version.document_id}" in page


@pytest.mark.parametrize(("role", "is_gone"), [("editor", True), ("auditor", False)])
def test_editors_forget_a_text_that_nobody_should_read(version: TextVersion, role: str, is_gone: bool) -> None:
    client = logged_in(a_person("kim", role))
    client.post(f"/admin/docs_hub/textversion/{version.pk}/delete/", {"post": "yes"})
    assert TextVersion.objects.exists() is not is_gone


def test_nobody_writes_one(version: TextVersion) -> None:
    client = logged_in(a_person("root", superuser=True))
    assert client.get("/admin/docs_hub/textversion/add/").status_code == 403
    assert client.post(f"/admin/docs_hub/textversion/{version.pk}/change/", {}).status_code == 403
