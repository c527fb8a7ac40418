"""Files that are one update."""

import pytest

from docs_hub import merging
from docs_hub.posts import Post
from tests.support.made_posts import newer, older, post


@pytest.fixture
def new_file() -> Post:
    content = newer(title='"Week 8 and 9 of 2022"', publishDate="2022-03-04", body="The newer text.")
    return post("src/data/post/2022-03-04-week-8-and-9-of-2022.md", content)


@pytest.fixture
def old_file() -> Post:
    content = older(title="Week 8 and  9 of 2022!", description="What happened", body="The older text.")
    return post("src/pages/blog/mage-os-update-2022-week-9.md", content)


def test_files_of_one_day_and_title_are_one_update(new_file: Post, old_file: Post) -> None:
    (merged,) = merging.merge([old_file, new_file])

    assert merged.files == (new_file, old_file)
    assert merged.post.body == "The newer text."
    assert merged.post.description == "What happened"
    assert merged.address == "/updates/2022/week-8-and-9-of-2022/"
    assert merged.old_addresses == (
        "/updates/2022-03-04-week-8-and-9-of-2022",
        "/updates/week-8-and-9-of-2022",
        "/blog/mage-os-update-2022-week-9",
    )
    assert merged.findings == ()


def test_the_order_of_files_does_not_matter(new_file: Post, old_file: Post) -> None:
    assert merging.merge([new_file, old_file]) == merging.merge([old_file, new_file])


def test_a_description_of_the_newer_file_is_kept(old_file: Post) -> None:
    content = newer(title="Week 8 and 9 of 2022", publishDate="2022-03-04", description="Its own")
    (merged,) = merging.merge([old_file, post("src/data/post/2022-03-04-a.md", content)])

    assert merged.post.description == "Its own"


def test_an_older_file_alone_is_an_update(old_file: Post) -> None:
    (merged,) = merging.merge([old_file])

    assert (merged.post, merged.address) == (old_file, "/updates/2022/mage-os-update-2022-week-9/")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, World!", "hello world"),
        ('"Fish &amp; Chips"', "Fish & Chips"),
        ('"Ever\\_after"', "Ever after"),
        ("Ｗide", "Wide"),
        ('"???"', '"???"'),
    ],
)
def test_titles_are_compared_by_their_words(one: str, other: str) -> None:
    assert merging.key(post(content=newer(title=one))) == merging.key(post(content=newer(title=other)))


def test_other_days_and_other_titles_are_other_updates() -> None:
    files = [
        post("src/data/post/2024-05-07-a.md", newer(title="A")),
        post("src/data/post/2024-05-07-b.md", newer(title="B")),
        post("src/data/post/2024-05-08-c.md", newer(title="A", publishDate="2024-05-08")),
    ]

    assert [merged.files for merged in merging.merge(reversed(files))] == [(file,) for file in files]


def test_no_two_updates_have_one_address() -> None:
    files = [
        post("src/data/post/2024-05-07-news.md", newer(title="A")),
        post("src/data/post/2024-06-01-news.md", newer(title="B", publishDate="2024-06-01")),
        post("other/2024-06-01-news.md", newer(title="C", publishDate="2024-06-01")),
        post("src/data/post/2025-06-01-news.md", newer(title="D", publishDate="2025-06-01")),
    ]
    merged = merging.merge(files)

    assert [update.address for update in merged] == [
        "/updates/2024/news/",
        "/updates/2024/news-06-01/",
        "/updates/2024/news-06-01-2/",
        "/updates/2025/news/",
    ]
    assert [[finding.code for finding in update.findings] for update in merged] == [
        [],
        ["address-taken"],
        ["address-taken"],
        [],
    ]
