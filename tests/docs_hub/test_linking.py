"""Where posts are, where they were, and where the links inside them lead."""

import pytest

from docs_hub import linking
from docs_hub.linking import Index
from tests.support.made_posts import newer, older, post


@pytest.fixture
def known() -> Index:
    return linking.index(
        [
            post("src/data/post/2022-03-04-week-8-and-9-of-2022.md", newer(publishDate="2022-03-04")),
            post("src/data/post/2023-09-15-a-meetup.md", newer(category="Events", publishDate="2023-09-15")),
            post("src/data/post/2024-08-30-august-update.md", newer(publishDate="2024-08-30")),
            post("src/data/post/2025-08-30-august-update.md", newer(publishDate="2025-08-30")),
            post("src/pages/blog/introducing-us.md", older(date="2021-09-28")),
        ]
    )


@pytest.mark.parametrize(
    ("path", "date", "address"),
    [
        ("src/data/post/2022-03-04-week-8-and-9-of-2022.md", "2022-03-04", "/updates/2022/week-8-and-9-of-2022/"),
        ("src/data/post/2026-01-20-two-one.md", "2025-12-31T23:00:00Z", "/updates/2025/two-one/"),
        ("src/pages/blog/20221011-new-release.md", "2022-10-11", "/updates/2022/new-release/"),
        ("src/pages/blog/Été & more.md", "2022-10-11", "/updates/2022/ete-more/"),
        ("src/data/post/2022-10-11-日本.md", "2022-10-11", "/updates/2022/a-title/"),
    ],
)
def test_an_update_is_below_its_year(path: str, date: str, address: str) -> None:
    assert linking.canonical(post(path, newer(publishDate=date))) == address


def test_a_newer_file_was_below_its_category_and_below_updates_with_its_day_and_without() -> None:
    made = post("src/data/post/2024-05-07-open-shop.md", newer(category='"Case Studies"'))

    assert linking.old_addresses(made) == (
        "/case-studies/2024-05-07-open-shop",
        "/case-studies/open-shop",
        "/updates/2024-05-07-open-shop",
        "/updates/open-shop",
    )


def test_an_older_file_was_in_the_blog() -> None:
    made = post("src/pages/blog/20221102-repositories-and-more.md", older())

    assert linking.old_addresses(made) == ("/blog/20221102-repositories-and-more",)


def test_a_file_of_a_week_was_in_the_blog_before_it_was_renamed() -> None:
    made = post("src/pages/blog/mage-os-update-2022-week-36-announcement.md", older())

    assert linking.old_addresses(made) == (
        "/blog/mage-os-update-2022-week-36-announcement",
        "/blog/mage-os-update-2022-week-36",
    )


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/updates/2022-03-04-week-8-and-9-of-2022", "/updates/2022/week-8-and-9-of-2022/"),
        ("/updates/week-8-and-9-of-2022/", "/updates/2022/week-8-and-9-of-2022/"),
        ("/updates/2022/week-8-and-9-of-2022", "/updates/2022/week-8-and-9-of-2022/"),
        ("/updates/2023-09-15-a-meetup", "/updates/2023/a-meetup/"),
        ("/releases/a-meetup/#talks", "/updates/2023/a-meetup/#talks"),
        ("/ecommerce-insights/2020-01-01-a-meetup", "/updates/2023/a-meetup/"),
        ("https://mage-os.org/blog/introducing-us", "/updates/2021/introducing-us/"),
        ("http://www.mage-os.org/blog/introducing-us.html#newsletter", "/updates/2021/introducing-us/#newsletter"),
        ("/updates/2024-08-30-august-update", "/updates/2024/august-update/"),
        ("/updates/august-update", "/updates/2025/august-update/"),
        ("introducing-us.md", "/updates/2021/introducing-us/"),
        ("../post/2023-09-15-a-meetup.md", "/updates/2023/a-meetup/"),
        ("/blog/introducing%2Dus", "/updates/2021/introducing-us/"),
    ],
)
def test_a_link_to_a_post_leads_to_it_whatever_day_and_category_it_says(known: Index, link: str, target: str) -> None:
    assert linking.resolve(link, known) == target


@pytest.mark.parametrize(
    "link",
    [
        "http://chat.mage-os.org",
        "http://chat.mage-os.org/",
        "https://discord.gg/abc",
        "https://discord.com/invite/abc",
        "/discord-channel",
        "https://mage-os.org/discord-channel/",
    ],
)
def test_invitations_to_the_chat_lead_to_joining(known: Index, link: str) -> None:
    assert linking.resolve(link, known) == "/join/"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/community/partners", "https://mage-os.org/community/partners"),
        ("/community#involved", "https://mage-os.org/community#involved"),
        ("http://www.mage-os.org/statutes/?a=b", "https://mage-os.org/statutes/?a=b"),
        ("/events/2024-no-such-post", "https://mage-os.org/events/2024-no-such-post"),
        ("https://mage-os.org", "https://mage-os.org"),
        ("https://mage-os.org/blog", "/updates/"),
        ("/category/updates/", "/updates/"),
        ("https://mage-os.org/category/case-studies/", "/updates/category/case-studies/"),
        ("https://mage-os.org/category/unheard-of/", "https://mage-os.org/category/unheard-of/"),
    ],
)
def test_other_pages_of_the_website_stay_there(known: Index, link: str, target: str) -> None:
    assert linking.resolve(link, known) == target


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("http://example.org", "http://example.org"),
        ("//example.org/a", "https://example.org/a"),
        (" https://example.org ", "https://example.org"),
        ("https://discord.com/channels/1/2", "https://discord.com/channels/1/2"),
        ("https://repo.mage-os.org/updates/a-meetup", "https://repo.mage-os.org/updates/a-meetup"),
        ("mailto:someone@example.org", "mailto:someone@example.org"),
        ("#part", "#part"),
    ],
)
def test_links_elsewhere_stay_as_they_are(known: Index, link: str, target: str) -> None:
    assert linking.resolve(link, known) == target


@pytest.mark.parametrize(
    "link",
    ["", "#", "javascript:x", "data:text/html,x", "ftp://example.org", "https://[::1", "no-such-post.md", "//a:b/"],
)
def test_a_link_that_leads_nowhere_has_no_target(known: Index, link: str) -> None:
    assert linking.resolve(link, known) is None


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/blog/introducing-us/", "/updates/2021/introducing-us/"),
        ("/initiatives/2023-09-15-a-meetup", "/updates/2023/a-meetup/"),
        ("/product/a-meetup", ""),
        ("/a-meetup", ""),
        ("/", ""),
        ("/" + "a" * 5_000, ""),
    ],
)
def test_an_address_of_this_site_is_looked_up_where_posts_were_only(known: Index, path: str, target: str) -> None:
    assert linking.find(path, known) == target


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("https://youtu.be/Abc_def-123?t=4", "https://www.youtube.com/watch?v=Abc_def-123"),
        ("http://m.youtube.com/watch?list=x&v=Abc_def-123", "https://www.youtube.com/watch?v=Abc_def-123"),
        ("https://www.youtube.com/embed/Abc_def-123", "https://www.youtube.com/watch?v=Abc_def-123"),
        ("https://www.youtube.com/", ""),
        ("https://example.org/watch?v=Abc_def-123", ""),
        ("https://youtu.be/%3Cscript%3E", ""),
    ],
)
def test_a_videos_address_is_written_one_way(link: str, address: str) -> None:
    assert linking.video(link) == address
