"""One text has one form, one hash and one safe page."""

import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.policy_texts import canonical, html_of, sha256_of

HEADING = re.compile(r"<h(\d)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One\r\nTwo\rThree", "One\nTwo\nThree\n"),
        ("Spaces \t\nat the end  ", "Spaces\nat the end\n"),
        ("\n\nOne\n\n\n", "One\n"),
        ("Cafe\u0301", "Caf\u00e9\n"),
        ("be\u202e kind\u200b\ufeff", "be kind\n"),
        ("a\x00b\ud800", "ab?\n"),
        ("", "\n"),
    ],
)
def test_a_text_has_one_form(text: str, expected: str) -> None:
    assert canonical(text) == expected


@given(st.text())
def test_the_form_of_a_form_is_the_form(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not re.search(r"[ \t]\n|\r", once)
    assert once.endswith("\n")


def test_the_hash_is_of_the_form_and_of_every_letter() -> None:
    assert sha256_of("Be kind. \r\n") == sha256_of("Be kind.")
    assert sha256_of("Be kind.") != sha256_of("Be kind!")
    assert sha256_of("Be kind.") == "f32bf5e09516390e83144b4a66afea2f104e1b229bc809baed4f8efb0f3a1d39"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "![a](https://tracker.example/x.png)",
        '<img src=x onerror="alert(1)">',
        "[a](https://example.org 'x\" onclick=\"alert(1)')",
        "<style>*{display:none}</style>",
        "```\n<script>x</script>\n```",
        '<div id="content" class="skip-link">',
    ],
)
def test_a_hostile_text_is_text(hostile: str) -> None:
    html = html_of(f"Before\n\n{hostile}\n\nAfter")
    found = Tags()
    found.feed(html)
    assert {tag for tag, _ in found.seen} <= {"p", "a", "code"}
    assert all(name in {"href", "title"} for _, given in found.seen for name in given)
    assert all(given.get("href", "https:").startswith("https:") for _, given in found.seen)
    assert "Before" in html
    assert "After" in html


class Tags(HTMLParser):
    """What a browser would take as markup."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))


@given(st.lists(st.integers(1, 6), max_size=8))
def test_headings_go_in_steps_from_the_second_level(levels: list[int]) -> None:
    text = "\n\n".join(f"{'#' * level} Part" for level in levels)
    found = [int(level) for level in HEADING.findall(html_of(text))]
    assert len(found) == len(levels)
    assert all(2 <= level <= 6 for level in found)
    assert all(after <= before + 1 for before, after in zip([1, *found], found, strict=False))
    ids = re.findall(r'id="([^"]+)"', html_of(text))
    assert len(set(ids)) == len(ids) == len(levels)


def test_a_heading_that_only_repeats_the_title_is_left_out() -> None:
    assert html_of("# Code of  conduct\n\nBe kind.", "Code of Conduct") == "<p>Be kind.</p>\n"
    assert "<h2" in html_of("# Our code\n\nBe kind.", "Code of Conduct")


def test_addresses_and_tables_work() -> None:
    html = html_of("<conduct@example.org>\n\n| a | b |\n|---|---|\n| c | d |\n")
    assert '<a href="mailto:conduct@example.org">' in html
    assert '<div class="table" role="region" aria-label="Table 1" tabindex="0"><table>' in html
