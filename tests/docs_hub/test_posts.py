"""Files of both layouts become one kind of value, or errors that say what is wrong with the file."""

from datetime import UTC, date, datetime

import pytest

from docs_hub import posts
from docs_hub.findings import Finding
from docs_hub.pictures import ImageRef
from docs_hub.posts import Post
from tests.support.made_posts import NEWER, OLDER, newer, older


def read(content: str, path: str = NEWER, authors: frozenset[str] | None = None) -> Post:
    found = posts.read(path, content.encode(), authors)
    assert isinstance(found, Post), found
    return found


def errors(content: bytes, path: str = NEWER) -> tuple[Finding, ...]:
    found = posts.read(path, content)
    assert not isinstance(found, Post)
    return found


def codes(post: Post) -> list[str]:
    return [finding.code for finding in post.findings]


def test_a_post_of_the_newer_layout_is_read_whole() -> None:
    post = read(
        newer(
            category='"Case Studies"',
            author="jane-doe",
            tags="[Updates, Shops]",
            excerpt='"All is well."',
            image="~/assets/images/blog/2024/a.png",
            imageAlt="A shop",
            body="Words.",
        )
    )

    assert post == Post(
        path=NEWER,
        layout="post",
        title="A title",
        day=date(2024, 5, 7),
        published_at=datetime(2024, 5, 7, tzinfo=UTC),
        description="",
        excerpt="All is well.",
        category="Case Studies",
        author="jane-doe",
        tags=("Updates", "Shops"),
        draft=False,
        image=ImageRef("~/assets/images/blog/2024/a.png", "A shop"),
        body="Words.",
        extra={},
        findings=(),
    )


def test_a_post_of_the_older_layout_is_read_whole() -> None:
    post = read(older(description="What happened last week", body="Words.\n"), OLDER)

    assert (post.layout, post.title, post.day) == ("blog", "A title", date(2022, 3, 4))
    assert post.published_at == datetime(2022, 3, 4, tzinfo=UTC)
    assert (post.description, post.excerpt) == ("What happened last week", "Words.")
    assert (post.category, post.author, post.findings) == ("Updates", "", ())


def test_marks_and_line_ends_of_other_systems_do_not_matter() -> None:
    content = "\ufeff" + newer(body="a\nb").replace("\n", "\r\n")

    assert read(content).body == "a\nb"


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2024-05-07", datetime(2024, 5, 7, tzinfo=UTC)),
        ('"2024-05-07"', datetime(2024, 5, 7, tzinfo=UTC)),
        ('"2024-05-07T00:00:00.000Z"', datetime(2024, 5, 7, tzinfo=UTC)),
        ("2024-05-07T09:30:00Z", datetime(2024, 5, 7, 9, 30, tzinfo=UTC)),
        ('"2024-05-07T01:00:00+02:00"', datetime(2024, 5, 6, 23, tzinfo=UTC)),
    ],
)
def test_dates_are_read_in_every_form_that_says_its_zone(written: str, moment: datetime) -> None:
    post = read(newer(publishDate=written), "src/data/post/free-name.md")

    assert (post.published_at, post.day, post.findings) == (moment, moment.date(), ())


@pytest.mark.parametrize("written", ["2024-05-07T20:55:00", '"2024-05-07T20:55:00"'])
def test_a_time_without_a_zone_is_utc_and_warned_of(written: str) -> None:
    post = read(newer(publishDate=written))

    assert post.published_at == datetime(2024, 5, 7, 20, 55, tzinfo=UTC)
    assert codes(post) == ["naive-date"]


def test_a_day_that_is_not_the_file_names_is_kept_and_warned_of() -> None:
    post = read(newer(publishDate="2024-05-06"))

    assert post.day == date(2024, 5, 6)
    assert codes(post) == ["day-differs"]
    assert "2024-05-06" in post.findings[0].message
    assert "2024-05-07" in post.findings[0].message


@pytest.mark.parametrize("path", ["src/data/post/2024-05-07-a.md", "src/pages/blog/20240507-a.md"])
def test_a_missing_date_is_taken_from_the_file_name(path: str) -> None:
    post = read("---\ntitle: A\n---\nWords.", path)

    assert post.day == date(2024, 5, 7)
    assert codes(post) == ["date-missing"]


@pytest.mark.parametrize(
    ("content", "path", "code", "reason"),
    [
        (b"\xff\xfe", NEWER, "not-utf-8", "byte 0"),
        (b"---\n" + b"a" * posts.LARGEST, NEWER, "too-large", "1024 KiB"),
        (b"Words only.", NEWER, "front-matter", "first line"),
        (b"---\ntitle: [\n---\n", NEWER, "front-matter", "not valid YAML"),
        (b"---\nlayout: x\n---\n", NEWER, "title-missing", "has no title"),
        (b"---\ntitle: '  '\n---\n", NEWER, "title-missing", "has no title"),
        (b"---\ntitle: [a]\n---\n", NEWER, "title-missing", "has no title"),
        (b"---\ntitle: " + b"a" * 301 + b"\n---\n", NEWER, "title-too-long", "300 characters"),
        (b"---\ntitle: A\n---\n", "src/pages/blog/free.md", "date-missing", "publishDate"),
        (b"---\ntitle: A\ndate: soon\n---\n", NEWER, "date-unreadable", "'soon' is no date"),
        (b"---\ntitle: A\ndate: [1]\n---\n", NEWER, "date-unreadable", "is no date"),
        (b"---\ntitle: A\ndate: 0001-01-01T00:00:00+14:00\n---\n", NEWER, "date-unreadable", "between 1990"),
        (b"---\ntitle: A\n---\n", "src/data/post/2024-13-45-a.md", "date-missing", "publishDate"),
    ],
)
def test_a_file_that_gives_no_post_says_its_name_and_why(content: bytes, path: str, code: str, reason: str) -> None:
    (found,) = errors(content, path)

    assert (found.level, found.code) == ("error", code)
    assert path in found.message
    assert reason in found.message


def test_all_errors_of_a_file_are_told_at_once() -> None:
    assert [found.code for found in errors(b"---\ndate: soon\n---\n")] == ["date-unreadable", "title-missing"]


def test_an_entity_in_a_title_is_resolved_and_warned_of() -> None:
    post = read(newer(title='"Acme &amp; Sons"'))

    assert post.title == "Acme & Sons"
    assert codes(post) == ["entity-in-title"]


def test_no_break_spaces_of_the_front_matter_become_spaces() -> None:
    post = read(newer(title='"Ever after\\_- a shop"', excerpt='"All\\_is well."'))

    assert (post.title, post.excerpt) == ("Ever after - a shop", "All is well.")
    assert [(found.code, found.count) for found in post.findings] == [("nbsp", 2)]


def test_a_cut_off_excerpt_is_taken_from_the_text_instead() -> None:
    body = (
        "# Head\n\n![x](y.png)\n\n**Bold**\n\nThe *first* words [here](https://example.org), and `code`.\n\n- an entry"
    )
    post = read(newer(excerpt='"The first words here, and..."', body=body))

    assert post.excerpt == "The first words here, and code. an entry"
    assert codes(post) == ["excerpt-truncated"]


def test_an_excerpt_with_markdown_becomes_words() -> None:
    assert read(newer(excerpt='"![x](y.png) Some *words*."')).excerpt == "Some words."


def test_a_long_beginning_ends_with_a_sentence_or_a_word() -> None:
    sentences = read(newer(body="A sentence of some forty characters is it. " * 20)).excerpt
    words = read(newer(body="word, " * 200)).excerpt

    assert len(sentences) <= 240
    assert sentences.endswith("characters is it.")
    assert len(words) <= 242
    assert words.endswith("word …")


@pytest.mark.parametrize(("written", "draft"), [("true", True), ("false", False), ("", False)])
def test_drafts_are_drafts(written: str, draft: bool) -> None:
    post = read(newer(draft=written))

    assert (post.draft, post.findings) == (draft, ())


@pytest.mark.parametrize("written", ['"false"', "0", "[]", "nope"])
def test_what_is_unclear_stays_a_draft(written: str) -> None:
    post = read(newer(draft=written))

    assert post.draft
    assert codes(post) == ["draft-unclear"]


def test_unknown_categories_and_authors_are_kept_and_warned_of() -> None:
    post = read(newer(category="Gossip", author="nobody"), authors=frozenset({"jane-doe"}))

    assert (post.category, post.author) == ("Gossip", "nobody")
    assert codes(post) == ["unknown-category", "unknown-author"]


def test_unknown_keys_are_kept_and_listed() -> None:
    post = read(newer(groupId="7", updateDate="2024-06-01", mood="good", more="{a: [1, .inf]}"))

    assert post.extra == {"updateDate": "2024-06-01", "mood": "good", "more": {"a": [1, "inf"]}}
    assert [(found.code, found.count) for found in post.findings] == [("unknown-key", 2)]
    assert "mood, more" in post.findings[0].message


def test_values_of_a_wrong_kind_are_left_out_and_warned_of() -> None:
    post = read(newer(excerpt="[a]", tags="{a: b}", image="[x]", category="{a: b}"))

    assert (post.tags, post.image, post.category) == ((), None, "Updates")
    assert codes(post) == ["not-text"] * 4


def test_wrongly_decoded_letters_are_reported_and_left_as_they_are() -> None:
    post = read(newer(body="Well, itâ€™s here."))

    assert post.body == "Well, itâ€™s here."
    assert codes(post) == ["mojibake"]


def test_control_characters_are_left_out() -> None:
    post = read(newer(body="a\x00b\x1b[0m"))

    assert post.body == "ab[0m"
    assert codes(post) == ["controls-removed"]


def test_a_list_that_may_be_of_peoples_names_is_reported() -> None:
    names = "".join(f"- Person {number} @ Acme\n" for number in range(501))

    assert [(found.code, found.count) for found in read(newer(body=names)).findings] == [("long-list", 501)]
    assert read(newer(body=names.partition("\n")[2])).findings == ()
