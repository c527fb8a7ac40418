"""Links to elsewhere: which are looked after, what counts as dead, and whom nobody asks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from docs_hub import link_asking, link_checking, link_gathering, schedules, tasks
from docs_hub.link_asking import Verdict, opened
from docs_hub.link_checking import check_links
from docs_hub.link_gathering import gather_links
from docs_hub.link_standing import DEAD_AFTER, NEXT_LOOK, NEXT_TRY, Standing
from docs_hub.models import CheckedLink, Document, Update
from docs_hub.models.checked_links import digest_of
from mageos_portal.reach import Reach
from tests.support.elsewhere import Elsewhere, running_elsewhere
from tests.support.made_documents import a_collection, a_document, an_update
from tests.support.staff import a_person, logged_in
from tests.support.staff_documents import HOSTILE, act, address, page_of, queries, said, text_of

Settings = Any
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOST = "127.0.0.1"
INSIDE = Reach(loopback=True, plain=True)


@pytest.fixture
def site(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    monkeypatch.setattr(link_asking, "PACE", 0.0)
    settings.PORTAL_LINK_CHECK_HOSTS = frozenset({HOST})
    settings.PORTAL_BASE_URL = "http://127.0.0.1:8000"
    with running_elsewhere() as running:
        yield running


@pytest.fixture
def editor(db: None) -> Client:
    return logged_in(a_person("ed", "editor"))


def asked(site: Elsewhere, path: str, reach: Reach = INSIDE, hosts: frozenset[str] = frozenset({HOST})) -> Any:
    with opened(hosts, reach) as asker:
        return asker.ask(site.at(path))


def a_link(address: str = "https://example.org/", **fields: Any) -> CheckedLink:
    usual = {"digest": digest_of(address), "host": HOST, "next_at": NOW - DAY, "places": [["update", 1]]}
    return CheckedLink.objects.create(address=address, **{**usual, **fields})


def a_dead_link(address: str = "https://example.org/", **fields: Any) -> CheckedLink:
    usual = {"is_dead": True, "failures": 3, "failing_since": NOW, "outcome": "404 Not Found", "checked_at": NOW}
    return a_link(address, **{**usual, **fields})


def linking(*links: str, **fields: Any) -> Update:
    html = "".join(f'<p><a href="{link}">x</a></p>' for link in links)
    return an_update(**{"html": html, "published_at": NOW - DAY, **fields})


@pytest.mark.parametrize(
    ("pages", "verdict", "words"),
    [
        ({"/a": (200, "")}, Verdict.ANSWERS, "200 OK"),
        ({"/a": (204, "")}, Verdict.ANSWERS, "204"),
        ({"HEAD /a": (405, ""), "GET /a": (200, "")}, Verdict.ANSWERS, "200 OK"),
        ({"HEAD /a": (404, ""), "GET /a": (200, "")}, Verdict.ANSWERS, "200 OK"),
        ({"HEAD /a": (0, ""), "GET /a": (200, "")}, Verdict.ANSWERS, "200 OK"),
        ({"/a": (403, "")}, Verdict.ANSWERS, "not for everybody"),
        ({"/a": (401, "")}, Verdict.ANSWERS, "not for everybody"),
        ({"/a": (404, "")}, Verdict.FAILS, "404 Not Found"),
        ({"/a": (410, "")}, Verdict.FAILS, "410 Gone"),
        ({"/a": (500, "")}, Verdict.FAILS, "500"),
        ({"/a": (799, "")}, Verdict.FAILS, "799"),
        ({"/a": (0, "")}, Verdict.FAILS, "no answer"),
        ({"/a": (429, "")}, Verdict.LATER, "429"),
        ({"/a": (503, "")}, Verdict.LATER, "503"),
        ({"/a": (301, "/b"), "/b": (302, "?c"), "/b?c": (200, "")}, Verdict.ANSWERS, "200 OK"),
        ({"/a": (301, "/b")}, Verdict.FAILS, "404 Not Found"),
        ({"/a": (302, "/a")}, Verdict.FAILS, "leads on more than 5 times"),
        ({"/a": (301, "https://elsewhere.example/x")}, Verdict.ANSWERS, "leads on to elsewhere.example"),
        ({"/a": (301, "javascript:alert(1)")}, Verdict.FAILS, ""),
        ({"/a": (301, "http://[")}, Verdict.FAILS, "is no address"),
        ({"/a": (301, "file:///etc/passwd")}, Verdict.FAILS, "is no address"),
        ({"/a": (301, "")}, Verdict.ANSWERS, "301"),
    ],
)
def test_what_an_answer_means(site: Elsewhere, pages: dict[str, Any], verdict: Verdict, words: str) -> None:
    site.pages = pages
    outcome = asked(site, "/a")
    assert (outcome.verdict, words in outcome.words) == (verdict, True), outcome


def test_a_page_that_answers_is_asked_for_its_head_only(site: Elsewhere) -> None:
    site.pages = {"/a": (200, "")}
    asked(site, "/a")
    assert site.paths == ["HEAD /a"]


def test_a_server_that_is_not_there_does_not_answer(site: Elsewhere) -> None:
    with opened(frozenset({HOST}), INSIDE) as asker:
        outcome = asker.ask("http://127.0.0.1:1/")
    assert (outcome.verdict, "no answer" in outcome.words) == (Verdict.FAILS, True)


def test_nobody_is_asked_who_was_not_named(site: Elsewhere) -> None:
    site.pages = {"/a": (301, site.at("/b", "localhost")), "/b": (200, "")}
    assert "not asked" in asked(site, "/a").words
    assert site.paths == ["HEAD /a"]
    asked(site, "/a", hosts=frozenset({"example.org"}))
    assert site.paths == ["HEAD /a"]


def test_no_network_of_our_own_is_asked(site: Elsewhere) -> None:
    outcome = asked(site, "/a", Reach(plain=True))
    assert (outcome.verdict, site.asked) == (Verdict.FAILS, [])
    assert "no public address" in outcome.words
    named = frozenset({"169.254.169.254", "10.0.0.1"})
    with opened(named, INSIDE) as asker:
        assert all("no public address" in asker.ask(f"http://{host}/").words for host in named)


def test_a_name_that_leads_elsewhere_a_moment_later_is_no_answer(
    site: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages = {"/a": (200, "")}
    monkeypatch.setattr(link_asking, "check_reach", lambda *_: False)
    assert "private address" in asked(site, "/a", Reach()).words


def test_a_host_is_not_asked_twice_at_once(site: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_asking, "PACE", 0.1)
    site.pages = {"/a": (301, "/b"), "/b": (200, "")}
    asked(site, "/a")
    first, second = (at for _, _, at in site.asked)
    assert second - first >= 0.09


def test_a_link_is_dead_when_it_failed_on_three_days() -> None:
    standing = Standing()
    for hours, failures in ((0, 1), (1, 1), (11, 1), (12, 2), (30, 2), (36, 3), (60, 4)):
        standing = standing.after_a_failure(NOW + timedelta(hours=hours))
        assert (standing.failures, standing.is_dead) == (failures, failures >= DEAD_AFTER)
        assert standing.failing_since == NOW
        assert standing.next_at(NOW) == NOW + (NEXT_LOOK if standing.is_dead else NEXT_TRY)
    assert standing.after_an_answer() == Standing()
    assert Standing().next_at(NOW) == NOW + NEXT_LOOK


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=30))
def test_a_link_that_answered_was_never_dead_before_three_more_days(days: list[tuple[bool, int]]) -> None:
    standing, failed = Standing(), set[Any]()
    for answers, hours in days:
        at = NOW + timedelta(hours=hours)
        standing = standing.after_an_answer() if answers else standing.after_a_failure(at)
        failed = set() if answers else failed | {at.date()}
        assert not standing.is_dead or standing.failures >= DEAD_AFTER
        assert bool(standing.failures) is bool(failed)


@pytest.mark.django_db
def test_links_that_people_can_click_on_are_looked_after(settings: Settings) -> None:
    settings.PORTAL_LINK_CHECK_HOSTS = frozenset({"example.org", "docs.example"})
    update = linking("https://example.org/a#part", "https://example.org/a", "https://other.example/", "/updates/")
    linking("https://example.org/draft", state="draft")
    linking("https://example.org/tomorrow", published_at=NOW + DAY)
    linking("https://example.org/staff", visibility="staff")
    member = linking("https://example.org/a", "https://example.org/b", visibility="members")
    page = a_document("guide", html='<a href="https://docs.example/x">x</a>', url="https://example.org/source")
    a_document("secret", html='<a href="https://docs.example/secret">x</a>', visibility="staff")
    a_document("lost", html='<a href="https://docs.example/lost">x</a>', trouble="lost")
    by_hand = a_document("by-hand", collection=a_collection("links", kind="links"), url="https://docs.example/by-hand")
    assert gather_links(NOW) == "4 links are looked after: 4 new, 0 gone"
    assert dict(CheckedLink.objects.values_list("address", "places")) == {
        "https://example.org/a": [["update", update.pk], ["update", member.pk]],
        "https://example.org/b": [["update", member.pk]],
        "https://docs.example/x": [["document", page.pk]],
        "https://docs.example/by-hand": [["document", by_hand.pk]],
    }
    assert gather_links(NOW) == "4 links are looked after: 0 new, 0 gone"
    Update.objects.filter(pk=update.pk).update(html="")
    Document.objects.filter(pk=page.pk).update(html="")
    assert gather_links(NOW) == "3 links are looked after: 0 new, 1 gone"
    assert CheckedLink.objects.get(address="https://example.org/a").places == [["update", member.pk]]
    settings.PORTAL_LINK_CHECK_HOSTS = frozenset()
    assert gather_links(NOW) == "0 links are looked after: 0 new, 3 gone"


@pytest.mark.django_db
def test_no_more_links_are_looked_after_than_can_be(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PORTAL_LINK_CHECK_HOSTS = frozenset({"example.org"})
    monkeypatch.setattr(link_gathering, "MOST", 3)
    for _ in range(30):
        linking(*(f"https://example.org/{'x' * 900}{number}é" for number in range(5)))
    gather_links(NOW)
    assert [len(places) for places in CheckedLink.objects.values_list("places", flat=True)] == [20] * 3


@pytest.mark.django_db
def test_a_run_notes_what_it_found_and_when_to_look_again(site: Elsewhere) -> None:
    site.pages = {"/a": (200, "")}
    fine, broken = a_link(site.at("/a")), a_link(site.at("/b"))
    a_link(site.at("/later"), next_at=NOW + DAY)
    assert check_links(NOW) == "1 answers, 1 fails, 0 later"
    fine.refresh_from_db()
    broken.refresh_from_db()
    assert (fine.outcome, fine.checked_at, fine.next_at, fine.failures) == ("200 OK", NOW, NOW + NEXT_LOOK, 0)
    assert (broken.outcome, broken.failing_since, broken.next_at) == ("404 Not Found", NOW, NOW + NEXT_TRY)
    assert check_links(NOW) == "0 answers, 0 fails, 0 later"


@pytest.mark.django_db
def test_a_link_dies_after_three_days_and_lives_when_it_answers(site: Elsewhere) -> None:
    link = a_link(site.at("/a"))
    deaths = []
    for day in range(3):
        check_links(NOW + day * DAY)
        link.refresh_from_db()
        deaths.append(link.is_dead)
    assert (deaths, link.failures, link.failing_since) == ([False, False, True], 3, NOW)
    CheckedLink.objects.update(told_at=NOW, seen_by="kim")
    site.pages = {"/a": (200, "")}
    check_links(NOW + 3 * DAY + NEXT_LOOK)
    link.refresh_from_db()
    assert (link.is_dead, link.failing_since, link.told_at, link.seen_by) == (False, None, None, "")


@pytest.mark.django_db
def test_a_host_that_wants_to_be_left_alone_is(site: Elsewhere) -> None:
    site.pages = {f"/{number}": (429, "") for number in range(3)}
    links = [a_link(site.at(f"/{number}"), failures=1, failing_since=NOW) for number in range(3)]
    assert check_links(NOW) == "0 answers, 0 fails, 1 later"
    assert len(site.asked) == 1
    links[0].refresh_from_db()
    assert (links[0].failures, links[0].next_at) == (1, NOW + NEXT_TRY)


@pytest.mark.django_db
def test_a_run_looks_at_a_few_links_of_many_hosts_and_stops_in_time(
    site: Elsewhere, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PORTAL_LINK_CHECK_HOSTS = frozenset({HOST, "localhost"})
    monkeypatch.setattr(link_checking, "MOST", 4)
    for number in range(9):
        a_link(site.at(f"/{number}"))
    a_link(site.at("/first", "localhost"), host="localhost", next_at=NOW - 2 * DAY)
    check_links(NOW)
    assert site.paths[:2] == ["HEAD /first", "GET /first"]
    assert len(site.asked) == 8
    monkeypatch.setattr(link_checking, "SECONDS", -1)
    assert check_links(NOW) == "0 answers, 0 fails, 0 later"


@pytest.mark.django_db
def test_a_link_that_killed_its_worker_is_not_the_next_one_again(
    site: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = a_link(site.at("/a"))

    def killed(*_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(link_asking.Asker, "ask", killed)
    with pytest.raises(SystemExit):
        check_links(NOW)
    link.refresh_from_db()
    assert (link.next_at, link.failures) == (NOW + NEXT_TRY, 0)


@pytest.mark.django_db
def test_links_of_hosts_that_are_named_no_more_are_not_asked(site: Elsewhere, settings: Settings) -> None:
    a_link(site.at("/a"))
    settings.PORTAL_LINK_CHECK_HOSTS = frozenset({"example.org"})
    assert check_links(NOW) == "0 answers, 0 fails, 0 later"
    assert site.asked == []


@pytest.mark.django_db
def test_nothing_is_scheduled_without_hosts(settings: Settings) -> None:
    settings.PORTAL_LINK_CHECK_HOSTS = frozenset()
    assert not any("links" in task.key for task in schedules.scheduled())
    settings.PORTAL_LINK_CHECK_HOSTS = frozenset({"example.org"})
    assert [task.key for task in schedules.scheduled()][-2:] == ["docs_hub.gather_links", "docs_hub.check_links"]


@pytest.mark.django_db
def test_the_first_run_gathers_what_there_is(site: Elsewhere) -> None:
    site.pages = {"/a": (200, "")}
    linking(site.at("/a"))
    assert tasks.check_links() == "1 answers, 0 fails, 0 later"
    assert "1 links are looked after" in tasks.gather_links()


@pytest.mark.django_db
def test_staff_are_told_once_of_dead_links(site: Elsewhere, settings: Settings) -> None:
    settings.PORTAL_NOTICE_EMAILS = ("staff@example.org",)
    for number in range(25):
        a_dead_link(f"https://example.org/{number}", next_at=datetime.now(UTC) + DAY)
    a_link(site.at("/a"), failures=2, failing_since=NOW)
    for _ in range(2):
        tasks.check_links()
    (message,) = mail.outbox
    assert message.subject == "Documents: 26 links lead nowhere"
    assert "and 6 more" in message.body
    assert "standing=new" in message.body


@pytest.mark.django_db
def test_staff_see_which_links_are_dead_and_where_they_stand(editor: Client) -> None:
    update, document = an_update(title=HOSTILE), a_document("guide")
    link = a_dead_link(places=[["update", update.pk], ["document", document.pk], ["update", 999]])
    page = page_of(editor, link)
    for part in (f"/admin/docs_hub/update/{update.pk}/change/", "Paper guide", "404 Not Found", "dead"):
        assert part in page, part
    assert "<script>alert(1)" not in page
    assert "1</a>" in text_of(editor.get("/admin/"))
    assert "1 link is noted as seen" in act(editor, "seen", link)
    assert "Nothing of that was to be done" in act(editor, "seen", link)
    assert said(link) == ["ed: Seen."]
    link.refresh_from_db()
    assert link.seen_by == "ed"


@pytest.mark.django_db
def test_a_person_can_have_links_looked_at_again(editor: Client) -> None:
    link = a_dead_link(next_at=datetime.now(UTC) + DAY)
    assert "1 link is looked at by the next run" in act(editor, "check_soon", link)
    link.refresh_from_db()
    assert link.next_at <= datetime.now(UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("standing", "found"),
    [("new", ["b"]), ("dead", ["a", "b"]), ("doubt", ["c"]), ("answers", ["d"]), ("", list("abcde"))],
)
def test_the_list_is_narrowed_by_standing(editor: Client, standing: str, found: list[str]) -> None:
    a_dead_link("https://example.org/a", seen_by="kim")
    a_dead_link("https://example.org/b")
    a_link("https://example.org/c", failures=1)
    a_link("https://example.org/d", checked_at=NOW)
    a_link("https://example.org/e")
    page = text_of(editor.get(address(CheckedLink), {"standing": standing}))
    assert [letter for letter in "abcde" if f"https://example.org/{letter}<" in page] == found


@pytest.mark.django_db
def test_the_list_takes_as_many_queries_for_many_links(editor: Client) -> None:
    a_dead_link()
    before = queries(editor, address(CheckedLink))
    for number in range(40):
        a_dead_link(f"https://example.org/{number}")
    assert queries(editor, address(CheckedLink)) == before <= 12
