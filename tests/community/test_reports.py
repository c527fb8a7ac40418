"""Reports to the conduct team: taken from everybody, read by few, and who reads is noted."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from community import erasing, evidence, reporting
from community.models import ConductReport, Person, ReportAccess, Sanction
from mageos_portal import retention
from tests.support.staff import a_person, logged_in

ADDRESS = "/code-of-conduct/report/"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
ID = "a" * 32

pytestmark = pytest.mark.django_db


def sent(client: Client, **fields: object) -> str:
    answer = client.post(ADDRESS, {"request_id": ID, "what": "He shouted.", **fields})
    assert answer.status_code == 200
    return answer.content.decode()


def a_report(**fields: str) -> ConductReport:
    return reporting.report(reporting.Told("He shouted.", **fields), [], request_id=ID)[0]


def test_a_report_needs_no_account_and_no_name(client: Client) -> None:
    page = sent(client, evidence=[SimpleUploadedFile("a.png", PNG), SimpleUploadedFile("b.txt", b"what he said")])
    row = ConductReport.objects.get()
    assert str(row.reference)[:8] in page
    assert row.reporter is None
    assert [each.media_type for each in row.attachments.all()] == ["image/png", "text/plain"]


def test_a_name_goes_along_only_if_somebody_says_so() -> None:
    jane = a_person("jane", staff=False)
    client = logged_in(jane)
    sent(client)
    sent(client, request_id="b" * 32, with_name="on")
    assert [row.reporter for row in ConductReport.objects.order_by("pk")] == [None, jane]


def test_the_same_form_twice_is_one_report(client: Client) -> None:
    sent(client)
    sent(client)
    assert ConductReport.objects.count() == 1


def test_a_program_that_fills_everything_in_is_thanked_and_forgotten(client: Client) -> None:
    assert "Thank you" in sent(client, website="https://spam.example")
    assert not ConductReport.objects.exists()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([("a.exe", b"MZ\x00\x01")], "a.exe is neither a picture"),
        ([("a.svg", b"\x00<svg>")], "neither a picture"),
        ([("big.png", PNG + bytes(evidence.LARGEST_FILE))], "more than 5 MB"),
        ([(f"{n}.txt", b"x") for n in range(6)], "send at most 5"),
        ([("good.png", PNG), ("empty.txt", b"")], ""),
    ],
)
def test_what_is_not_taken_is_named_and_nothing_is_kept(
    client: Client, files: list[tuple[str, bytes]], says: str
) -> None:
    page = sent(client, evidence=[SimpleUploadedFile(name, content) for name, content in files])
    assert says in page
    assert "not sent yet" in page
    assert not ConductReport.objects.exists()


@pytest.mark.parametrize(
    ("name", "harmless"),
    [("../../etc/passwd", "etc-passwd"), ('a"\r\nX: y.png', "a-X-y.png"), ("…", "file"), ("a b.png", "a-b.png")],
)
def test_names_of_files_are_made_harmless(name: str, harmless: str) -> None:
    assert evidence.taken(name, PNG).name == harmless


def test_too_many_reports_from_one_address_are_refused(client: Client) -> None:
    for number in range(10):
        sent(client, request_id=f"{number:032x}")
    assert client.post(ADDRESS, {"request_id": ID, "what": "x"}).status_code == 429


def test_the_mail_to_the_team_says_nothing_of_what_happened() -> None:
    row = a_report(about="John", contact="jane@example.org")
    reporting.tell_team(row.pk)
    (letter,) = mail.outbox
    for word in ("shouted", "John", "jane@"):
        assert word not in f"{letter.subject} {letter.body}"
    assert f"/admin/community/conductreport/{row.pk}/change/" in letter.body


def test_each_look_is_noted() -> None:
    row = a_report()
    kept = [evidence.taken("a.png", PNG)]
    other, _ = reporting.report(reporting.Told("x"), kept, request_id="b" * 32)
    client = logged_in(a_person("judge", "conduct team"))
    page = client.get(f"/admin/community/conductreport/{row.pk}/change/")
    assert "He shouted." in page.content.decode()
    answer = client.get(f"/admin/community/conductreport/{other.pk}/file/{other.attachments.get().pk}/")
    assert answer.content == PNG
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.png"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    seen = list(ReportAccess.objects.order_by("pk").values_list("report_id", "who__username", "what"))
    assert seen == [(row.pk, "judge", "opened it"), (other.pk, "judge", "took the file a.png")]


def test_who_may_not_read_leaves_no_trace_and_sees_nothing() -> None:
    row = a_report()
    client = logged_in(a_person("officer", "member officer"))
    assert client.get(f"/admin/community/conductreport/{row.pk}/change/").status_code == 403
    assert not ReportAccess.objects.exists()


def test_a_file_belongs_to_its_report() -> None:
    row = a_report()
    other, _ = reporting.report(reporting.Told("x"), [evidence.taken("a.png", PNG)], request_id="b" * 32)
    client = logged_in(a_person("judge", "conduct team"))
    address = f"/admin/community/conductreport/{row.pk}/file/{other.attachments.get().pk}/"
    assert client.get(address).status_code == 404


def test_the_list_tells_nothing_of_what_happened() -> None:
    a_report(about="John", contact="jane@example.org")
    page = logged_in(a_person("judge", "conduct team")).get("/admin/community/conductreport/").content.decode()
    for word in ("shouted", "John", "jane@"):
        assert word not in page


def test_a_report_is_noted_decided_and_opened_again() -> None:
    row, judge = a_report(), a_person("judge")
    reporting.note(row, judge, "spoke to both")
    row.refresh_from_db()
    assert row.state == "open"
    assert reporting.close(row, judge, "a warning")
    assert not reporting.close(row, judge, "again")
    assert reporting.reopen(row, judge, "an appeal")
    assert not reporting.reopen(row, judge, "again")
    row.refresh_from_db()
    assert (row.state, row.closed_at, row.decision) == ("open", None, "a warning")
    assert [each.text for each in row.notes.all()] == ["spoke to both", "Closed: a warning", "Opened again: an appeal"]


def test_a_report_goes_when_its_time_is_over() -> None:
    row, judge = a_report(), a_person("judge")
    reporting.close(row, judge, "x", now=datetime.now(UTC) - timedelta(days=1094))
    assert "reports that were decided: 0" in retention.purge()
    assert "reports that were decided: 1" in retention.purge(datetime.now(UTC) + timedelta(days=2))
    assert not ConductReport.objects.exists()


def test_an_erased_sender_leaves_the_report() -> None:
    jane = a_person("jane", staff=False)
    told = reporting.Told("x", contact="jane@example.org")
    reporting.report(told, [], request_id=ID, reporter=jane)
    erasing.ask_to_erase(jane, datetime.now(UTC) - timedelta(days=8))
    assert erasing.erase_due() == 1
    row = ConductReport.objects.get()
    assert (row.reporter, row.contact, row.what) == (None, "", "x")


def test_the_code_of_conduct_leads_to_the_form(client: Client) -> None:
    assert client.get(ADDRESS).status_code == 200
    assert "no-store" in client.get(ADDRESS).headers["Cache-Control"]


def test_sanctions_are_the_conduct_teams() -> None:
    Sanction.objects.create(person=Person.objects.create(name="John"), ground="insults", decision="minutes 3")
    address = "/admin/community/sanction/"
    assert logged_in(a_person("officer", "member officer")).get(address).status_code == 403
    page = logged_in(a_person("judge", "conduct team")).get(address).content.decode()
    assert "John" in page
    assert "insults" not in page
    assert not User.objects.get(username="judge").has_perm("community.delete_sanction")
