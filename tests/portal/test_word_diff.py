"""What changed between two texts, word by word."""

import time

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from mageos_portal.word_diff import GAP, Paragraph, Piece, word_diff

WORDS = st.lists(st.sampled_from(["be", "kind", "to", "each", "other", ".", "(", "é"]), max_size=12).map(" ".join)
TEXTS = st.lists(WORDS, max_size=8).map("\n\n".join)


def side(text_before: str, text_after: str, without: str) -> list[str]:
    joined = (
        "".join(piece.text for piece in paragraph.pieces if piece.change != without)
        for paragraph in word_diff(text_before, text_after).paragraphs
    )
    return [text for text in joined if text]


def parts(text: str) -> list[str]:
    return [part for part in GAP.split(text.strip()) if part]


@given(TEXTS, TEXTS)
def test_without_what_came_it_is_the_text_before_and_without_what_went_the_one_after(before: str, after: str) -> None:
    assert side(before, after, "added") == parts(before)
    assert side(before, after, "removed") == parts(after)


def test_a_word_that_changed_is_shown_alone() -> None:
    assert word_diff("Be kind to all.", "Be fair to all.").paragraphs == (
        Paragraph((Piece("same", "Be "), Piece("removed", "kind"), Piece("added", "fair"), Piece("same", " to all."))),
    )


def test_paragraphs_with_nothing_in_common_took_each_others_place_whole() -> None:
    changes = [paragraph.pieces[0].change for paragraph in word_diff("One two three.", "Alpha beta").paragraphs]
    assert changes == ["removed", "added"]


def test_long_stretches_without_changes_are_counted_only() -> None:
    before = "\n\n".join(f"Paragraph {number} stays." for number in range(20))
    shown = word_diff(before, before.replace("Paragraph 10 stays", "Paragraph 10 goes")).shown
    assert [paragraph.skipped for paragraph in shown] == [9, 0, 0, 0, 8]


@pytest.mark.parametrize(("before", "after"), [("", ""), ("a \n\n\n b", "a\n\nb"), ("a\r\n\r\nb", "a\n\nb")])
def test_only_spaces_are_no_change(before: str, after: str) -> None:
    if before.strip().startswith("a "):
        before = before.replace("a ", "a").replace(" b", "b")
    assert word_diff(before, after).is_same


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a b " * 50_000, "b a " * 50_000),
        ("a\n\n" * 50_000, "b\n\n" * 50_000),
        ("x" * 200_000, "y" * 200_000),
        ("a b c d e f\n\n" * 2_000, "f e d c b a\n\n" * 2_000),
    ],
    ids=["one long paragraph", "many paragraphs", "one long word", "many alike"],
)
def test_no_text_takes_long(before: str, after: str) -> None:
    started = time.process_time()
    assert not word_diff(before, after).is_same
    assert time.process_time() - started < 5


def test_changes_are_said_in_words_and_nothing_of_a_text_is_markup() -> None:
    shown = render_to_string("_word_diff.html", {"comparison": word_diff("Be <b>kind</b>", "Be <i>kind</i>")})
    assert "[removed: " in shown
    assert "[added: " in shown
    assert "<b>" not in shown
    assert "Nothing changed" in render_to_string("_word_diff.html", {"comparison": word_diff("a", "a")})
