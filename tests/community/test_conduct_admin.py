"""What staff do with the code of conduct: write, look, publish, and take proof away."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from community import agreeing
from community.agreement_export import harmless
from community.models import Agreement, PolicyVersion, Reminder
from tests.support.made_conduct import DAY, a_draft, a_member, a_version, agreed
from tests.support.staff import a_person, logged_in

pytestmark = pytest.mark.django_db

POLICY, AGREEMENT, REMINDER = (f"/admin/community/{name}/" for name in ("policyversion", "agreement", "reminder"))
WRITTEN = {
    "kind": "conduct",
    "number": "1",
    "locale": "en",
    "title": "Our code",
    "markdown": "Be kind.",
    "material": "on",
}


@pytest.fixture
def team() -> Client:
    return logged_in(a_person("jane", "conduct team"))


@pytest.fixture
def officer() -> Client:
    return logged_in(a_person("otto", "member officer"))


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def exported(client: Client, kind: str) -> str:
    response: Any = client.post(f"{AGREEMENT}export/", {"format": kind})
    assert response.streaming
    assert f".{kind}" in response["Content-Disposition"]
    return b"".join(response.streaming_content).decode()


def test_a_version_is_written_looked_at_and_published_by_two_people(team: Client) -> None:
    team.post(f"{POLICY}add/", {**WRITTEN, "markdown": "# Our code\r\n\r\nBe kind. <script>x</script>"})
    draft = PolicyVersion.objects.get()
    assert (draft.author, draft.markdown) == ("jane", "# Our code\n\nBe kind. <script>x</script>\n")
    page = team.get(f"{POLICY}{draft.pk}/preview/")
    assert "<p>Be kind. &lt;script&gt;x&lt;/script&gt;</p>" in text(page)
    assert page["Content-Security-Policy"].startswith("sandbox;")
    assert "You wrote its text" not in text(team.get(f"{POLICY}{draft.pk}/publish/"))  # nobody else may
    other = logged_in(a_person("joan", "conduct team"))
    assert "You wrote its text" in text(team.get(f"{POLICY}{draft.pk}/publish/"))
    team.post(f"{POLICY}{draft.pk}/publish/")
    assert not PolicyVersion.objects.get().is_published
    assert draft.sha256 in text(other.get(f"{POLICY}{draft.pk}/publish/"))
    other.post(f"{POLICY}{draft.pk}/publish/")
    published = PolicyVersion.objects.get()
    assert (published.author, published.approved_by) == ("jane", "joan")
    assert published.sha256 in LogEntry.objects.latest("pk").change_message


def test_publishing_says_how_many_people_are_asked(team: Client) -> None:
    first = a_version(1)
    a_member("one", first)
    a_member("two", first)
    page = text(team.get(f"{POLICY}{a_draft(2, author='x').pk}/publish/"))
    assert "2 people who agreed to an earlier version are asked" in page
    PolicyVersion.objects.filter(number=2).update(material=False)
    page = text(team.get(f"{POLICY}{PolicyVersion.objects.get(number=2).pk}/publish/"))
    assert "carry over" in page


def test_what_is_published_can_only_be_read(team: Client) -> None:
    version = a_version(1)
    page = text(team.get(f"{POLICY}{version.pk}/change/"))
    assert '<textarea name="markdown"' not in page
    assert "publish/" not in page
    assert team.post(f"{POLICY}{version.pk}/change/", WRITTEN).status_code == 403
    assert team.post(f"{POLICY}{version.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_faulty_draft_is_shown_again(team: Client) -> None:
    a_version(1)
    for wrong in ({}, {"number": "2", "markdown": " \n"}, {"number": "0"}, {"number": "2", "locale": "x y"}):
        page = team.post(f"{POLICY}add/", WRITTEN | wrong)
        assert page.status_code == 200
        assert page.context["adminform"].form.errors, wrong
    assert PolicyVersion.objects.count() == 1


def test_a_draft_that_somebody_published_meanwhile_is_refused_in_words(team: Client) -> None:
    draft = a_draft(1, author="jane")
    page = team.get(f"{POLICY}{draft.pk}/change/")
    assert page.status_code == 200
    a_person("joan", "conduct team")
    logged_in(a_person("judy", "conduct team")).post(f"{POLICY}{draft.pk}/publish/")
    assert team.post(f"{POLICY}{draft.pk}/change/", WRITTEN).status_code == 403
    assert PolicyVersion.objects.get().title == "Code of Conduct"


def test_agreements_are_found_by_version_act_method_and_person(officer: Client) -> None:
    first = a_version(1)
    member = a_member("member", first)
    agreeing.withdraw(a_member("other", first))
    agreed(member, a_version(2))
    for query, count in (
        ("", 5), (f"?version__id__exact={first.pk}", 4), ("?act__exact=withdrawn", 1), ("?method__exact=paper", 0),
        ("?q=other@example.org", 2), (f"?q={Agreement.objects.of(member.person)[0].subject}", 3),
    ):  # fmt: skip
        page = officer.get(AGREEMENT + query)
        assert page.context["cl"].result_count == count, query


def test_the_export_has_every_row_of_every_version_and_is_noted(officer: Client) -> None:
    first = a_version(1)
    member = a_member("member", first)
    agreed(member, a_version(2))
    agreeing.withdraw(member)
    member.delete()
    rows = list(csv.DictReader(io.StringIO(exported(officer, "csv"))))
    assert [(row["act"], row["version"]) for row in rows] == [
        ("agreed", "1"), ("superseded", "1"), ("agreed", "2"), ("withdrawn", "2"),
    ]  # fmt: skip
    assert len({row["subject"] for row in rows}) == 1
    assert {row["account"] for row in rows} == {""}
    assert rows[0]["text_sha256"] == first.sha256
    objects = json.loads(exported(officer, "json"))
    assert [(row["act"], row["version"], row["label"]) for row in objects] == [
        (row["act"], int(row["version"]), row["label"]) for row in rows
    ]
    notes = list(LogEntry.objects.order_by("pk").values_list("user__username", "change_message"))
    assert notes == [("otto", "Exported all 4 rows as csv."), ("otto", "Exported all 4 rows as json.")]


def test_an_empty_export_is_whole(officer: Client) -> None:
    assert exported(officer, "csv").count("\n") == 1
    assert json.loads(exported(officer, "json")) == []


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_no_cell_is_a_formula(officer: Client, name: str) -> None:
    assert harmless(name) == f"'{name}"
    member = a_member("member", a_version(1))
    member.username = name
    member.save()
    (row,) = csv.DictReader(io.StringIO(exported(officer, "csv"), newline=""))
    assert row["account"] == f"'{name}"
    assert json.loads(exported(officer, "json"))[0]["account"] == name


def test_what_is_no_formula_stays_as_it_is() -> None:
    assert harmless("jane=doe") == "jane=doe"
    assert harmless(None) == ""
    assert harmless(3) == "3"


def test_an_export_asks_few_questions(officer: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    first = a_version(1)
    for number in range(20):
        a_member(f"member-{number}", first)
    with django_assert_max_num_queries(14):
        exported(officer, "csv")


def test_the_first_page_counts_who_has_to_agree_again(officer: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    first = a_version(1)
    members = [a_member(f"member-{number}", first) for number in range(4)]
    newer = a_version(2)
    agreed(members[0], newer)
    Reminder.objects.create(account=members[1], version=newer, sent_at=timezone.now())
    Reminder.objects.create(account=members[2], version=newer, sent_at=timezone.now() - 31 * DAY)
    page = text(officer.get("/admin/"))
    assert "3 to version 2: 1 not asked yet, 1 lapsed" in page
    assert "Set PORTAL_EMAIL_URL" in page
    assert "Re-agreements due" not in text(logged_in(a_person("edith", "editor")).get("/admin/"))


def test_an_officer_has_a_lost_mail_sent_again(officer: Client) -> None:
    version = a_version(1)
    member = a_member("member", version)
    fields: Any = {"account": member, "version": version}
    lost = Reminder.objects.create(**fields, claimed_at=timezone.now() - DAY)
    left = Reminder.objects.create(**fields, number=2, claimed_at=timezone.now() - DAY, sent_at=timezone.now() - DAY)
    assert "Mails that may not have left" in text(officer.get("/admin/"))
    assert officer.get(f"{REMINDER}?sent=no").context["cl"].result_count == 1
    officer.post(REMINDER, {"action": "send_again", "_selected_action": [lost.pk, left.pk]})
    assert list(Reminder.objects.all()) == [left]
