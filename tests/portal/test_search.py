"""The site's search: what is put into it, who finds what, and the same on both databases."""

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mageos_portal import finding
from mageos_portal.audience import EVERYBODY, Audience
from mageos_portal.finding import UnfindableError, Written, keep_only, put, rebuild, remove, replace
from mageos_portal.models import SearchEntry
from mageos_portal.registry import Findable, SearchSource, search_sources
from mageos_portal.schedules import declared
from mageos_portal.searching import Results, results_of
from mageos_portal.words import read_question
from tests.support.databases import another_database, as_default
from tests.support.postgresql import PostgresqlCluster
from tests.support.staff import a_person, logged_in

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BOTH = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
]
MEMBER, OF_DOCS = Audience(is_member=True), Audience(is_member=True, teams=frozenset({"docs"}))


@pytest.fixture(scope="module", params=BOTH)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: Any, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Any]:
    """A connection to a database of this module's own."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('search')}/search.sqlite3"
    else:
        cluster: PostgresqlCluster = request.getfixturevalue("postgresql")
        url = cluster.create_database("search")
    with django_db_blocker.unblock(), another_database(url) as connection:
        yield connection


@pytest.fixture
def index(database: Any, django_db_blocker: Any) -> Iterator[None]:
    """An empty index of which nothing stays."""
    with django_db_blocker.unblock(), as_default(database), transaction.atomic():
        yield
        transaction.set_rollback(True)


def a_findable(key: str, title: str, text: str = "", **more: Any) -> Findable:
    return Findable(**{"key": key, "kind": "document", "title": title, "url": f"/docs/{key}/", "text": text} | more)


CORPUS = (
    a_findable("vision", "Product vision", "Where Mage-OS wants to be in five years. Naïve über-goals, 2.4.3-p1."),
    a_findable("statutes", "Statutes of the association", "Members meet once a year. The product belongs to all."),
    a_findable("week-8", "Weeks 8 and 9 of 2022", "A mirror that installs 2.4.3-p1; it’s a vision.", kind="update"),
    a_findable("framework", "magento/framework", "The framework of the shop", kind="package"),
    a_findable("inventory", "magento/inventory-metapackage", "Stock in many places", kind="package"),
    a_findable("quotes", "Quotes \" and ' and * or ^", "col:umn NEAR(a b) AND NOT {x} 50% _under_ \\ back"),
    a_findable("japanese", "製品ビジョン", "コミュニティのための製品"),
    a_findable("russian", "Магазин", "Ёлка и Й"),
    a_findable("empty", "", ""),
    a_findable("script", "<script>alert(1)</script>", "<img src=x onerror=alert(1)> &amp; marked"),
)
QUESTIONS = {
    "vision": {"vision", "week-8"},
    "VISION": {"vision", "week-8"},
    "visi": {"vision", "week-8"},
    "vi": set(),
    "product vision": {"vision"},
    '"product vision"': {"vision"},
    '"vision product"': set(),
    "product": {"vision", "statutes"},
    "product -vision": {"statutes"},
    "statutes or framework": {"statutes", "framework"},
    "product vision or framework": {"vision", "framework"},
    "naive": {"vision"},
    "UBER": {"vision"},
    "mage-os": {"vision"},
    "mage os": {"vision"},
    "2.4.3-p1": {"vision", "week-8"},
    "2.4.3": {"vision", "week-8"},
    "2.4": {"vision", "week-8"},
    "4.2": set(),
    "2022 mirror": {"week-8"},
    "it's": {"week-8"},
    "magento/framework": {"framework"},
    "magento": {"framework", "inventory"},
    "framework": {"framework"},
    "magento/inv": {"inventory"},
    "製品": {"japanese"},
    "ビジョン": {"japanese"},
    "елка": {"russian"},
    "near(a b)": {"quotes"},
    "under back": {"quotes"},
    "script": {"script"},
    "the or a": {"statutes", "framework", "week-8", "quotes"},
    "absent": set(),
    "-vision": set(),
}
HOSTILE = [
    '"', "'", '"""', "''", "*", "^", "(", ")", "a)", "NEAR(", "AND", "OR", "or or or", "NOT x", "title:x", "- -", "-",
    "--", "\0", "a\0b", "\\", "'; DROP TABLE x; --", "' | !x", "a:*", "<->", "&|!", "%s", "%(x)s", "{x}", "\U0001f600",
    "\U0001f600 vision", "\ufffd", "\u202e", "x" * 10_000, "x " * 10_000, '"' * 10_000, "\ufdfa" * 200, "-a " * 5_000,
    "\u0301", "\u3099", "ß", "İ", "\u00ad", "१२३ हिन्दी", "한국어", "𝔳𝔦𝔰𝔦𝔬𝔫", "²", "1e5", "0x1f", "-1.5e-10", "a@b.c",
    "http://x.y/z?a=b", "/etc/passwd", "\ue000", "\U000e0001", "ꭰ", "\u1e030",
]  # fmt: skip


def found(question: str, audience: Audience = EVERYBODY, at: datetime = NOW) -> set[str]:
    entries = SearchEntry.objects.visible_to(audience, at).matching(read_question(question))
    return set(entries.values_list("key", flat=True))


def results(typed: str, audience: Audience = EVERYBODY, kind: str = "", page: str = "") -> Results:
    return results_of(audience, NOW, typed, kind, page)


def test_both_databases_find_the_same(index: None) -> None:
    put("test", CORPUS)
    assert {question: found(question) for question in QUESTIONS} == QUESTIONS


@pytest.mark.parametrize("typed", HOSTILE, ids=lambda typed: ascii(typed[:20]))
def test_nothing_that_is_typed_makes_it_fail(index: None, typed: str) -> None:
    put("test", CORPUS)
    shown = results(typed, kind=typed, page=typed)
    assert len(shown.found) <= 20
    for text in (each.snippet + each.title for each in shown.found):
        assert "<" not in text.replace("<mark>", "").replace("</mark>", "")


@pytest.mark.parametrize("text", HOSTILE, ids=lambda typed: ascii(typed[:20]))
def test_whatever_a_text_has_is_put_there_and_found_by_its_words(index: None, text: str) -> None:
    put("test", [a_findable("odd", text, f"{text} \0 \ud800 vision")])
    assert put("test", [a_findable("odd", text, f"{text} \0 \ud800 vision")]) == Written(same=1)
    assert found("vision") == {"odd"}
    asked = read_question(text)
    if all(word.isalnum() and word.isascii() for term in asked.sought for word in term.words):
        assert found(text) == ({"odd"} if asked.alternatives else set())


def test_a_title_counts_more_than_a_text(index: None) -> None:
    put("test", [a_findable("text", "Another", "vision vision vision"), a_findable("title", "Vision", "of another")])
    keys = SearchEntry.objects.matching(read_question("vision")).values_list("key", flat=True)
    assert list(keys) == ["title", "text"]


def test_what_changes_is_found_by_its_new_words_only(index: None) -> None:
    put("test", [a_findable("one", "First", "old words")])
    assert put("test", [a_findable("one", "First", "new words")]) == Written(written=1)
    assert (found("old"), found("new"), found("first")) == (set(), {"one"}, {"one"})
    assert put("test", [a_findable("one", "First", "new words", visibility="members")]) == Written(written=1)
    assert (found("new"), found("new", MEMBER)) == (set(), {"one"})


def test_putting_the_same_again_writes_nothing(index: None) -> None:
    assert put("test", CORPUS) == Written(written=len(CORPUS))
    before = set(SearchEntry.objects.values_list("pk", "changed_at"))
    with CaptureQueriesContext(connection) as captured:
        assert put("test", CORPUS) == Written(same=len(CORPUS))
    assert {query["sql"].split()[0] for query in captured.captured_queries} == {"SELECT"}
    assert set(SearchEntry.objects.values_list("pk", "changed_at")) == before


def test_only_what_is_new_or_changed_is_written(index: None) -> None:
    put("test", CORPUS)
    changed = [*CORPUS[1:], a_findable("vision", "Product vision", "Another"), a_findable("new", "New")]
    assert put("test", changed) == Written(written=2, same=len(CORPUS) - 1)


def test_many_are_written_in_batches(index: None) -> None:
    many = [a_findable(str(number), f"Number {number}", "same words", day=date(2026, 1, 1)) for number in range(205)]
    assert put("test", iter(many)) == Written(written=205)
    assert len(found("same")) == 205
    assert replace("test", iter(many[:7])) == Written(same=7, removed=198)
    assert found("same") == {str(number) for number in range(7)}


def test_what_is_gone_is_taken_out(index: None) -> None:
    put("test", CORPUS)
    put("other", CORPUS)
    assert remove("test", ["vision", "never-there"]) == 1
    assert keep_only("test", ["statutes", "week-8"]) == len(CORPUS) - 3
    assert keep_only("test", []) == 2
    assert SearchEntry.objects.count() == len(CORPUS)
    assert found("vision") == {"vision", "week-8"}  # the other's


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"key": "k" * 201}, "the key is longer than 200 characters"),
        ({"key": "a\0"}, "the key is longer than 200 characters or has a NUL"),
        ({"kind": "k" * 51}, "the kind is longer than 50 characters"),
        ({"visibility": "member"}, "take one of public, members, team, staff"),
        ({"url": "https://elsewhere.example/"}, "is no path on this site"),
        ({"url": "javascript:alert(1)"}, "is no path on this site"),
        ({"url": "//elsewhere.example/"}, "begin it with one slash"),
        ({"url": "/\\elsewhere.example/"}, "begin it with one slash"),
    ],
)
def test_what_cannot_be_shown_safely_is_refused(index: None, more: dict[str, str], says: str) -> None:
    with pytest.raises(UnfindableError, match=re.escape(says)):
        put("test", [a_findable("good", "Vision"), a_findable(**{"key": "bad", "title": "Bad"} | more)])
    assert not SearchEntry.objects.exists()


def test_a_text_of_any_length_is_found_by_its_beginning(index: None) -> None:
    words = " ".join(chr(0x20000 + number) + chr(0x4E00 + number % 20_000) for number in range(90_000))
    put("test", [a_findable("long", "T" * 1000, "vision " + words + " omega" + "\ufdfa" * 400_000)])
    assert found("vision") == {"long"}
    assert found("omega") == set()


SECRETS = (
    a_findable("open", "Vision for everybody", "vision openword"),
    a_findable("inner", "Vision for members", "vision innerword", visibility="members"),
    a_findable("docs", "Vision of docs", "vision docsword", visibility="team", team="docs"),
    a_findable("infra", "Vision of infrastructure", "vision infraword", visibility="team", team="infra"),
    a_findable("staff", "Vision of staff", "vision staffword", visibility="staff"),
    a_findable("later", "Vision of tomorrow", "vision laterword", appears_at=NOW + timedelta(hours=1)),
    a_findable("late", "Vision of today", "vision lateword", appears_at=NOW, kind="update"),
)
SEES = {
    "anonymous": (EVERYBODY, {"open", "late"}),
    "member": (MEMBER, {"open", "late", "inner"}),
    "member of a team": (OF_DOCS, {"open", "late", "inner", "docs"}),
}


@pytest.mark.parametrize("who", SEES)
def test_nobody_finds_or_counts_more_than_they_may_see(index: None, who: str) -> None:
    audience, keys = SEES[who]
    put("test", SECRETS)
    shown = results("vision", audience)
    assert {each.entry.key for each in shown.found} == keys
    assert (shown.everything, shown.counts) == (len(keys), {"document": len(keys) - 1, "update": 1})
    for key in {findable.key for findable in SECRETS} - keys:
        hidden = results(f"{key}word", audience)
        assert hidden.asked is not hidden.answered or not hidden.found
        assert key not in {each.entry.key for each in hidden.found}


def test_a_mistyped_word_does_not_tell_the_words_of_hidden_titles(index: None) -> None:
    put("test", [a_findable("inner", "Acquisition", visibility="members"), a_findable("open", "Statutes")])
    assert results("aquisition").answered.typed == "aquisition"
    assert results("aquisition", MEMBER).answered.typed == "acquisition"
    assert results("aquisition", MEMBER).is_another
    assert [each.entry.key for each in results("statuets").found] == ["open"]


def test_what_appears_later_is_found_from_then_on(index: None) -> None:
    put("test", SECRETS)
    assert found("laterword", at=NOW + timedelta(minutes=59)) == set()
    assert found("laterword", at=NOW + timedelta(hours=1)) == {"later"}


def test_results_come_in_pages_of_twenty(index: None) -> None:
    kinds = ("update", "document", "document")
    put("test", [a_findable(str(number), "Vision", kind=kinds[number % 3]) for number in range(61)])
    pages = [results("vision", page=str(number)) for number in (1, 2, 3, 4)]
    assert [len(page.found) for page in pages] == [20, 20, 20, 1]
    assert len({each.entry.pk for page in pages for each in page.found}) == 61
    assert (pages[0].previous, pages[0].next, pages[3].next) == ("", "?q=vision&page=2", "")
    assert {results("vision", page=odd).page for odd in ("", "0", "-1", "x", "1.5", "²", "9" * 5000)} == {1}
    assert results("vision", page="9").page == 4


def test_one_kind_can_be_looked_at_alone(index: None) -> None:
    put("test", CORPUS)
    shown = results("vision", kind="update")
    assert [each.entry.key for each in shown.found] == ["week-8"]
    assert shown.kinds == [
        ("", 2, "?q=vision"), ("update", 1, "?q=vision&in=update"), ("document", 1, "?q=vision&in=document"),
    ]  # fmt: skip
    assert results("vision", kind="package").kinds[1] == ("package", 0, "?q=vision&in=package")


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Findable]]:
    """Give the lists of what two apps have, which are the only ones."""
    had: dict[str, list[Findable]] = {"first": [], "second": []}
    monkeypatch.setattr(search_sources, "_entries", {})
    for key, findables in had.items():
        search_sources.register(SearchSource(key, partial(iter, findables), order=0))
    return had


def test_a_rebuild_makes_the_index_what_the_apps_have(index: None, sources: dict[str, list[Findable]]) -> None:
    put("first", [a_findable("gone", "Gone vision")])
    put("of an app that is no more", CORPUS)
    sources["first"] += CORPUS
    sources["second"].append(a_findable("vision", "A second vision"))
    done = rebuild()
    assert done == {"first": Written(written=len(CORPUS), removed=1), "second": Written(written=1)}
    assert set(SearchEntry.objects.values_list("source", flat=True)) == {"first", "second"}
    assert finding.rebuild_by_itself() == "The search knows 11 entries from 2 sources: 0 written, 0 removed."


def test_what_was_hidden_during_a_rebuild_is_not_brought_back(index: None, monkeypatch: pytest.MonkeyPatch) -> None:
    had = [a_findable("secret", "Vision"), a_findable("open", "Vision")]

    def read() -> Iterator[Findable]:
        yield from list(had)
        if len(had) > 1:  # meanwhile, the app itself takes it out
            had.pop(0)
            remove("first", ["secret"])

    monkeypatch.setattr(search_sources, "_entries", {})
    search_sources.register(SearchSource("first", read, order=0))
    rebuild()
    assert found("vision") == {"open"}


def test_the_command_says_what_it_did(
    db: None, sources: dict[str, list[Findable]], capsys: pytest.CaptureFixture[str]
) -> None:
    sources["first"] += CORPUS
    call_command("rebuild_search")
    assert capsys.readouterr().out == "The search knows 10 entries from 2 sources: 10 written, 0 removed.\n"
    call_command("rebuild_search", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "first": {"written": 0, "same": 10, "removed": 0}, "second": {"written": 0, "same": 0, "removed": 0},
    }  # fmt: skip
    sources["second"].append(a_findable("k" * 300, "Vision"))
    with pytest.raises(CommandError, match="second 'k+': the key is longer"):
        call_command("rebuild_search")


def test_it_is_scheduled(db: None) -> None:
    assert declared()["portal: portal.search"].function is finding.rebuild_by_itself


@pytest.fixture
def corpus(db: None) -> None:
    put("test", [*CORPUS, *SECRETS])


def page(client: Client, query: str) -> str:
    response = client.get(f"/search/{query}")
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_the_page_shows_what_was_found_with_its_words_marked(corpus: None, client: Client) -> None:
    shown = page(client, "?q=product+vision")
    assert '<a href="/docs/vision/"><mark>Product</mark> <mark>vision</mark></a>' in shown
    assert '<link rel="canonical" href="http://127.0.0.1:8000/search/">' in shown
    assert '<meta name="robots" content="noindex">' in shown
    assert 'value="product vision"' in shown


def test_each_state_of_the_page_says_what_to_do(corpus: None, client: Client) -> None:
    assert "How to search" in page(client, "")
    assert "too little to search for" in page(client, "?q=a")
    assert "Nothing was found" in page(client, "?q=zzzzzz")
    assert "This is what was found for <strong>framework</strong>" in page(client, "?q=framewrok")
    assert "Nothing of the kind package" in page(client, "?q=statutes&in=package")


def test_nothing_typed_or_found_becomes_markup(corpus: None, client: Client) -> None:
    for typed in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "alert"):
        shown = client.get("/search/", {"q": typed, "in": typed}).content.decode()
        assert "<img src=x" not in shown
        assert "<script>" not in shown
        assert 'value=""><img' not in shown


def test_the_title_stays_short(corpus: None, client: Client) -> None:
    shown = page(client, "?q=" + "vision+" * 20)
    title = re.search(r"<title>(.*?)</title>", shown)
    assert title
    assert len(title[1]) <= 60


@pytest.mark.parametrize("typed", ["\0", "vision\0", "x" * 10_000, "'\"*", "\U0001f600"])
def test_the_page_answers_whatever_is_asked(corpus: None, client: Client, typed: str) -> None:
    assert client.get("/search/", {"q": typed, "in": typed, "page": typed}).status_code == 200


def test_it_cannot_be_posted_to(client: Client) -> None:
    assert client.post("/search/").status_code == 405


@pytest.mark.parametrize(
    ("groups", "is_staff", "keys"),
    [
        ((), False, {"open", "late"}),
        (("member",), False, {"open", "late", "inner"}),
        (("team docs",), False, {"open", "late", "inner", "docs"}),
        ((), True, {"open", "late", "inner"}),
    ],
)
def test_pages_of_those_who_are_logged_in_are_theirs_alone(
    corpus: None, client: Client, groups: tuple[str, ...], is_staff: bool, keys: set[str]
) -> None:
    person = a_person("jane", staff=is_staff)
    person.groups.set([Group.objects.create(name=name) for name in groups])
    logged_in(person, client)
    SearchEntry.objects.filter(key="later").update(appears_at=timezone.now() + timedelta(hours=1))
    response = client.get("/search/?q=vision+-weeks")
    shown = response.content.decode()
    assert set(re.findall(r'<h2><a href="/docs/([\w-]+)/">', shown)) == keys | {"vision"}
    assert re.findall(r'All <span class="quiet">(\d+)</span>', shown) == [str(len(keys) + 1)]
    assert response["Cache-Control"] == "private"


def test_pages_for_everybody_differ_by_cookie(corpus: None, client: Client) -> None:
    response = client.get("/search/?q=vision")
    assert "Cookie" in response["Vary"]
    assert "innerword" not in response.content.decode()


@pytest.mark.parametrize("query", ["?q=vision", "?q=vision&in=update", "?q=framewrok", "?q=zzzzzz", "?q=a", ""])
def test_a_page_asks_the_database_little(corpus: None, client: Client, query: str) -> None:
    logged_in(a_person("jane"), client)
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/search/{query}")
    assert len(captured) <= 12


def test_every_page_has_the_box(client: Client, db: None) -> None:
    assert '<form class="search-box" role="search" action="/search/">' in client.get("/").content.decode()
