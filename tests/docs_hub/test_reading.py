"""Documents in git: what they are called, what they say, and where their links lead."""

from datetime import UTC, datetime
from typing import Any

import pytest

from docs_hub import page_texts
from docs_hub.models import Document
from mageos_portal.models import SearchEntry
from tests.support.clones import HOST, PAGES, Clones, codes, pages_of, picture
from tests.support.repositories import FIRST_TIME, HOUR, Symlink

GUIDE = "docs/guide.md"


def pages(clones: Clones, files: dict[str, Any]) -> None:
    clones.commit("handbook", {f"{PAGES}/{path}": content for path, content in files.items()})


@pytest.mark.parametrize(
    ("path", "content", "title", "body"),
    [
        ("a.md", "# A guide\n\nWords.", "A guide", "\nWords."),
        ("a.md", "Intro.\n\n## The *second* [level](x) #\n", "The second level", "Intro.\n\n"),
        ("a.md", "A guide\n=======\n\nWords.", "A guide", "\nWords."),
        ("a.md", "---\ntitle: By hand\n---\n# Another\n", "By hand", "# Another\n"),
        ("a.md", "---\ntitle: The same\n---\n# The same\nWords.", "The same", "Words."),
        ("getting-started_now.md", "Only words.", "Getting started now", "Only words."),
        ("a.md", "```\n# a comment\n```\n", "A", "```\n# a comment\n```\n"),
        ("a.adoc", "= A book\n\n== Part", "A book", "\n== Part"),
        ("a.txt", "Words.\n", "A", "Words.\n"),
        ("a.md", "---\nWords after a rule.", "A", "---\nWords after a rule."),
        ("a.md", "", "A", ""),
        ("a.md", "#\n\n# \n", "A", "#\n\n# \n"),
    ],
)
def test_a_document_is_called_what_its_heading_or_its_file_says(path: str, content: str, title: str, body: str) -> None:
    page = page_texts.read(path, content.encode())
    assert (page.title, page.body, page.findings) == (title, body, ())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"# T\n\xff", "not-utf-8"),
        (b"\0\x01binary", "not-text"),
        (b"x" * (1024 * 1024 + 1), "too-large"),
        (b"---\ntitle: [\n---\nWords.", "front-matter"),
    ],
)
def test_a_document_that_is_odd_is_said_to_be(content: bytes, code: str) -> None:
    assert [finding.code for finding in page_texts.read("a.md", content).findings] == [code]


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("setup.md", ("docs/a/setup.md", "")),
        ("../b.md#part", ("docs/b.md", "part")),
        ("/top.md", ("top.md", "")),
        ("a%20b.md", ("docs/a/a b.md", "")),
        ("../../../out.md", ("", "")),
        ("https://example.org/x", ("", "")),
        ("#part", ("", "")),
        ("http://[", ("", "")),
    ],
)
def test_a_link_means_a_path_of_the_repository(link: str, found: tuple[str, str]) -> None:
    assert page_texts.path_of(link, "docs/a/page.md") == found


@pytest.mark.django_db
def test_the_text_files_below_the_directory_are_documents_with_folders_and_dates(clones: Clones) -> None:
    collection = pages_of()
    first: dict[Any, Any] = {GUIDE: "# Guide\n\nWords.", "docs/minutes/2024/may.txt": "Hello.", "other/x.md": "No."}
    more: dict[Any, Any] = {"docs/pic.png": picture(), "docs/link.md": Symlink("guide.md")}
    clones.commit("handbook", first | more)
    clones.commit("handbook", first | more | {GUIDE: "# Guide\n\nMore words."})
    assert sorted(clones.report(collection)["created"]) == [GUIDE, "docs/minutes/2024/may.txt"]
    guide, may = Document.objects.order_by("external_id")
    assert (guide.slug, guide.title, guide.folder, guide.text) == ("guide", "Guide", "", "More words.")
    assert guide.html == "<p>More words.</p>\n"
    assert guide.url == f"{HOST}/handbook/blob/HEAD/docs/guide.md"
    assert (guide.created_at, guide.changed_at) == (
        datetime.fromtimestamp(FIRST_TIME + HOUR, UTC), datetime.fromtimestamp(FIRST_TIME + 2 * HOUR, UTC),
    )  # fmt: skip
    assert (may.folder, may.kind, may.text, may.html, may.media_type) == (
        "minutes/2024", "minutes", "Hello.", "", "text/plain",
    )  # fmt: skip
    assert {entry.title for entry in SearchEntry.objects.all()} == {"Guide", "May"}


@pytest.mark.django_db
def test_a_second_sync_changes_nothing_and_a_new_file_only_adds(clones: Clones) -> None:
    collection = pages_of()
    files = {f"{number}.md": f"# Page {number}" for number in range(5)}
    pages(clones, files)
    clones.sync(collection)
    before = list(Document.objects.order_by("pk").values_list())
    report = clones.report(collection)
    assert (report["same"], report["created"], report["updated"]) == (5, [], [])
    assert list(Document.objects.order_by("pk").values_list()) == before
    pages(clones, files | {"new.md": "# New"})
    report = clones.report(collection)
    assert (report["same"], report["created"], report["updated"]) == (5, ["docs/new.md"], [])


@pytest.mark.django_db
def test_links_lead_to_documents_of_the_collection_or_to_the_repository(clones: Clones) -> None:
    collection = pages_of()
    body = "[a](setup/install.md#first) [b](setup) [c](../LICENSE) [d](gone.md) [e](https://example.org/) [f](#here)"
    clones.commit(
        "handbook",
        {GUIDE: body, "docs/setup/install.md": "# I", "docs/setup/README.md": "# S", "LICENSE": "x"},
    )
    clones.sync(collection)
    html = Document.objects.get(slug="guide").html
    for address in (
        "/docs/handbook/install/#first", "/docs/handbook/readme/", f"{HOST}/handbook/blob/HEAD/LICENSE",
        "https://example.org/", "#here",
    ):  # fmt: skip
        assert f'href="{address}"' in html
    assert "gone.md" not in html


@pytest.mark.django_db
def test_a_link_to_a_document_that_came_later_leads_there(clones: Clones) -> None:
    collection = pages_of()
    pages(clones, {"guide.md": "[later](later.md)"})
    clones.sync(collection)
    pages(clones, {"guide.md": "[later](later.md)", "later.md": "# Later"})
    report = clones.report(collection)
    assert report["updated"] == [GUIDE]
    assert 'href="/docs/handbook/later/"' in Document.objects.get(slug="guide").html


@pytest.mark.django_db
def test_pictures_beside_a_document_are_copied(clones: Clones) -> None:
    pages(clones, {"guide.md": "![Red](img/red.png) ![Gone](img/gone.png)", "img/red.png": picture()})
    report = clones.report(pages_of())
    assert codes(report, GUIDE) == ["image-missing"]
    assert 'src="/media/updates/' in Document.objects.get().html


@pytest.mark.django_db
def test_addresses_stay_when_titles_change_and_no_two_are_one(clones: Clones) -> None:
    collection = pages_of()
    pages(clones, {"a/readme.md": "# A", "b/readme.md": "# B", "c.d/b/readme.md": "# C"})
    clones.sync(collection)
    named = dict(Document.objects.values_list("external_id", "slug"))
    assert list(named.values()) == ["readme", "b-readme", "b-readme-2"]
    pages(clones, {"a/readme.md": "# Another", "0/readme.md": "# First"})
    clones.sync(collection)
    document = Document.objects.get(external_id="docs/a/readme.md")
    assert (document.slug, document.title) == ("readme", "Another")
    assert Document.objects.get(external_id="docs/0/readme.md").slug == "0-readme"


@pytest.mark.django_db
def test_hostile_documents_show_nothing_that_runs(clones: Clones) -> None:
    pages(
        clones, {"a.md": "# <script>x</script>T\n<img src=x onerror=alert(1)>[a](javascript:alert(1))", "b.adoc": "<b>"}
    )
    clones.report(pages_of())
    html = "".join(Document.objects.values_list("html", flat=True))
    assert not {"script", "onerror", "javascript"} & set(html.replace("<", " ").replace(":", " ").split())
    assert Document.objects.get(slug="b").html == ""
