"""Markdown as posts are written in it becomes HTML that is safe and that everybody can read."""

import time

import pytest
from hypothesis import HealthCheck, given, settings

from docs_hub.findings import Finding
from docs_hub.headings import Heading, are_stepwise, stepwise
from docs_hub.pictures import ImageRef, repository_paths
from docs_hub.rendering import Rendered, render
from tests.support.hostile_posts import FILES, PATHS, check, faults


def rendered(text: str) -> Rendered:
    """Render with all links as they are and with pictures where their name does not say "missing"."""
    return render(text, lambda link: link, lambda image: None if "missing" in image else f"/media/{image[-5:]}")


def found(text: str) -> dict[str, int]:
    return {finding.code: finding.count for finding in rendered(text).findings}


def test_a_text_is_rendered_with_its_words_headings_links_and_pictures() -> None:
    text = "Hello *you* [there](/a).\n\n## Part &amp; more\n\n![A shop](~/assets/a.png)\n"

    assert rendered(text) == Rendered(
        html='<p>Hello <em>you</em> <a href="/a">there</a>.</p>\n<h2 id="part--more">Part &amp; more</h2>\n'
        '<p><img src="/media/a.png" alt="A shop" loading="lazy"></p>\n',
        text="Hello you there.\nPart & more",
        headings=(Heading(2, "part--more", "Part & more"),),
        images=(ImageRef("~/assets/a.png", "A shop"),),
        links=("/a",),
        words=6,
        findings=(),
    )


def test_rendering_an_empty_text_gives_nothing() -> None:
    assert rendered("") == Rendered("", "", (), (), (), 0, ())


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ([2, 3, 3, 2], [2, 3, 3, 2]),
        ([1, 2, 1], [2, 3, 2]),
        ([3, 3, 2, 3], [2, 2, 2, 3]),
        ([2, 4, 6, 4, 2], [2, 3, 4, 3, 2]),
        ([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 6]),
        ([6], [2]),
        ([], []),
    ],
)
def test_headings_go_in_steps_from_the_second_level_on(written: list[int], shown: list[int]) -> None:
    assert stepwise(written) == shown
    assert are_stepwise(shown)


def test_a_text_never_has_a_heading_of_the_first_level() -> None:
    text = "# One\n\nTwo\n===\n\n<h1>Three</h1>\n\n#### Four\n"

    assert rendered(text).html.count("<h2") == 3
    assert [heading.level for heading in rendered(text).headings] == [2, 2, 2, 3]
    assert found(text) == {"heading-levels": 1}


@pytest.mark.parametrize("text", ["## A\n\n### B\n\n## C", "no heading"])
def test_headings_that_go_in_steps_are_not_reported(text: str) -> None:
    assert found(text) == {}


def test_ids_of_headings_are_unique_and_none_of_the_pages_own() -> None:
    ids = [heading.id for heading in rendered("## A b!\n\n## A b\n\n## Content\n\n## 👻\n\n## Été\n").headings]

    assert ids == ["a-b", "a-b-1", "content-1", "section", "été"]


def test_an_empty_heading_is_left_out() -> None:
    assert "<h" not in rendered("##\n\n## <span></span>\n\nx").html


def test_odd_spaces_become_spaces_outside_code() -> None:
    text = "a\u00a0b&nbsp;c\u200b ![x\u00a0y](z.png)\n\n    co\u00a0de\n\n`i\u00a0n`\n"
    html = rendered(text).html

    assert "<p>a b c " in html
    assert 'alt="x y"' in html
    assert html.count("co&nbsp;de") == html.count("i&nbsp;n") == 1
    assert found(text) == {"nbsp": 3}


def test_entities_are_characters_in_words_and_stay_in_code() -> None:
    html = rendered("Acme &amp; Sons `a &amp; b`").html

    assert html == "<p>Acme &amp; Sons <code>a &amp;amp; b</code></p>\n"


def test_a_missing_picture_becomes_a_placeholder_and_a_warning() -> None:
    text = "![A shop](missing-1.png) ![](missing-2.png)"

    assert rendered(text).html == (
        '<p><span class="missing-image">Missing image: A shop</span>'
        ' <span class="missing-image">Missing image: without a description</span></p>\n'
    )
    assert found(text) == {"image-missing": 2, "alt-empty": 1}


def test_a_picture_without_words_is_decoration_and_warned_of() -> None:
    assert 'src="/media/a.png" alt="" loading' in rendered("![](a.png)").html
    assert found("![](a.png)") == {"alt-empty": 1}


@pytest.mark.parametrize("source", ["data:image/png;base64,AAAA", "javascript:x", ""])
def test_a_picture_from_nowhere_is_missing(source: str) -> None:
    assert "<img" not in rendered(f'<img src="{source}" alt="x">').html


def test_pictures_that_are_links_stay_both() -> None:
    html = rendered("[![Acme](a.png)](https://acme.example)").html

    assert html == ('<p><a href="https://acme.example"><img src="/media/a.png" alt="Acme" loading="lazy"></a></p>\n')


def test_a_link_that_is_only_a_picture_without_words_says_where_it_leads() -> None:
    assert 'alt="acme.example/shop"' in rendered("[![](a.png)](https://acme.example/shop)").html


def test_a_picture_in_a_link_does_not_repeat_its_words() -> None:
    assert 'alt="" loading="lazy"> Acme</a>' in rendered("[![acme](a.png) Acme](https://acme.example)").html


def test_a_link_without_words_shows_its_address() -> None:
    assert ">acme.example/a b</a>" in rendered("[](https://acme.example/a%20b)").html
    assert found("[](https://acme.example)") == {"link-without-text": 1}


def test_a_link_that_leads_nowhere_becomes_its_words() -> None:
    shown = render("[some *words*](x.md)", lambda _: None, lambda _: None)

    assert shown.html == "<p>some <em>words</em></p>\n"
    assert [finding.code for finding in shown.findings] == ["link-dead"]
    assert shown.links == ()


def test_links_without_encryption_and_to_the_own_site_are_reported() -> None:
    assert found("[a](http://example.org) http://example.org [b](https://www.mage-os.org/x)") == {
        "http-link": 2,
        "own-link": 1,
    }


def test_bare_addresses_become_links_and_bare_names_do_not() -> None:
    html = rendered("See https://example.org/a_b, <https://example.org> and README.md or run.as // example.org.").html

    assert html.count("<a ") == 2
    assert 'href="https://example.org/a_b"' in html


def test_escaped_underscores_in_bare_addresses_are_underscores() -> None:
    assert '<a href="https://example.org/a_b">https://example.org/a_b</a>' in rendered("https://example.org/a\\_b").html


@pytest.mark.parametrize("address", ["https://www.youtube.com/watch?v=Abc_def-123", "https://youtu.be/Abc\\_def-123"])
def test_a_video_alone_in_a_figure_becomes_a_link(address: str) -> None:
    text = f"<figure>\n\n{address}\n\n<figcaption>\n\nA talk\n\n</figcaption>\n\n</figure>\n"
    html = rendered(text).html

    link = '<a href="https://www.youtube.com/watch?v=Abc_def-123">Watch the video on YouTube</a>'
    assert f"<figure>\n<p>{link}</p>\n<figcaption>\n<p>A talk</p>" in html
    assert found(text) == {"video-linked": 1}


def test_a_video_within_words_stays_as_it_is() -> None:
    assert found("See https://youtu.be/Abcdef12345 now") == {}


def test_blocks_of_logos_get_a_class_of_ours_and_lose_their_style() -> None:
    text = (
        '<div class="not-prose" style="display: grid; gap: 1rem;">\n\n<div>\n\n[![Acme](a.png)](https://acme.example)'
        '\n\n</div>\n\n</div>\n\n<div class="not-prose">words</div>\n'
    )
    html = rendered(text).html

    assert html.startswith('<div class="logo-grid">\n<div>\n<p><a href="https://acme.example"><img')
    assert "style" not in html
    assert "<div>words</div>" in html


def test_tables_can_be_scrolled_by_keyboard_and_keep_their_alignment() -> None:
    html = rendered("| a | |\n|--:|:-:|\n| b | c |\n\ntext\n\n|d|\n|-|\n").html

    frame = '<div class="table" tabindex="0" role="region" aria-label="Table {}"><table>'
    assert frame.format(1) in html
    assert frame.format(2) in html
    assert '<th class="align-right">a</th>\n<td class="align-center"></td>' in html
    assert '<td class="align-right">b</td>' in html


@pytest.mark.parametrize("text", ["```php\n<?php x\n```", "```\n<b>\n```", "    <b>"])
def test_code_can_be_scrolled_by_keyboard_and_is_shown_as_it_is(text: str) -> None:
    html = rendered(text).html

    assert html.startswith('<pre tabindex="0"><code>&lt;')
    assert found(text) == {}


def test_hard_breaks_rules_and_strikes_are_kept() -> None:
    assert rendered("a  \nb\\\nc\n\n---\n\n~~d~~").html == "<p>a<br>\nb<br>\nc</p>\n<hr>\n<p><s>d</s></p>\n"


def test_backslashes_of_exports_go() -> None:
    assert rendered("run\\_as\\_root 1\\. \\- \\*\\*x\\*\\*").html == "<p>run_as_root 1. - **x**</p>\n"
    assert found("\\*\\*x\\*\\*") == {}


def test_emphasis_that_nothing_closes_is_left_and_warned_of() -> None:
    assert rendered("**Bold!**Next").text == "**Bold!**Next"
    assert found("**Bold!**Next and `**code**`") == {"emphasis-open": 2}


def test_scripts_are_left_out_and_warned_of() -> None:
    text = 'a\n\n<script src="https://cdn.example/h.js"></script>\n\n<script>run();</script>\n\nb `<script>`'

    assert rendered(text).html == "<p>a</p>\n\n\n<p>b <code>&lt;script&gt;</code></p>\n"
    assert found(text) == {"script-removed": 2}


@pytest.mark.parametrize(
    "text",
    [
        "<iframe src='https://example.org'>x</iframe>",
        "<style>p {color: red}</style>",
        "<a onclick='x()' href='javascript:x()' style='color: red'>",
        "<svg><a xlink:href='javascript:x()'/></svg>",
        "<div id='content' class='table' tabindex='3' role='alert'>",
        "<form action='/x'><input><button>y</button></form>",
        "<meta http-equiv=refresh content='0;url=//x'><base href='//x'><link rel=stylesheet href='//x'>",
    ],
)
def test_html_that_does_something_is_left_out(text: str) -> None:
    html = rendered(text).html

    assert faults(html) == []
    assert all(word not in html for word in ("iframe", "color", "svg", "tabindex", "id=", "form", "refresh", "class="))


def test_lost_letters_are_reported() -> None:
    assert found("a\ufffdb") == {"letters-lost": 1}


@pytest.mark.parametrize("text", ["<div>" * 3_000, "a " * 140_000])
def test_what_is_too_much_is_shown_as_plain_text(text: str) -> None:
    shown = rendered(text)

    assert "too-much-markup" in {finding.code for finding in shown.findings}
    assert "<div>" not in shown.html
    assert shown.words == len(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "![" * 10_000,
        "http://a." * 4_000,
        "http://a. " * 3_000,
        "# a\n" * 12_000,
        "<div>\n" * 1_900,
        "> " * 20_000,
        "**a_" * 8_000,
        "`a" * 10_000,
    ],
)
def test_markup_made_to_take_long_does_not(text: str) -> None:
    before = time.process_time()
    rendered(text)

    assert time.process_time() - before < 10


def test_findings_read_as_sentences() -> None:
    (finding,) = rendered("![A shop](missing.png)").findings

    assert finding == Finding("warning", "image-missing", finding.message)
    assert str(finding) == (
        "warning [image-missing] pictures were not found and are shown as missing: missing.png;"
        " add the files or mend the addresses"
    )


@pytest.mark.parametrize(
    ("address", "post", "path"),
    [
        ("~/assets/images/blog/2024/a.png", "", "src/assets/images/blog/2024/a.png"),
        ("/blog/2022/x.png", "", "public/blog/2022/x.png"),
        ("../images/a.png", "src/data/post/x.md", "src/data/images/a.png"),
        ("~/assets/a%20b.png", "", "src/assets/a b.png"),
        ("~/assets/e\u0301.png", "", "src/assets/\u00e9.png"),
        ("~/assets/acme.io", "", "src/assets/acme.io"),
        ("/a.png?v=1#x", "", "public/a.png"),
    ],
)
def test_a_pictures_address_means_a_file_of_the_repository(address: str, post: str, path: str) -> None:
    assert repository_paths(address, post)[0] == path


def test_every_spelling_of_a_pictures_name_is_tried() -> None:
    assert repository_paths("~/e\u0301%20.png") == ("src/\u00e9 .png", "src/e\u0301 .png", "src/e\u0301%20.png")


@pytest.mark.parametrize(
    "address", ["https://example.org/a.png", "//example.org/a.png", "~/../../x", "/../x\0", "../x"]
)
def test_a_picture_outside_the_repository_has_no_path(address: str) -> None:
    assert repository_paths(address) == ()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=PATHS, content=FILES)
def test_no_file_breaks_reading_or_leaves_anything_active(path: str, content: bytes) -> None:
    check(path, content)


@pytest.mark.parametrize(
    "html",
    ["<script>", "<a href='javascript:x'>", "<p onclick=x>", "<img src='data:x'>", "<h1>", "<h4>", "<p style=x>"],
)
def test_the_check_for_active_html_finds_it(html: str) -> None:
    assert faults(html)
