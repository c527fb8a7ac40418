"""What changed between two texts, word by word."""

import random
import re
import time
import unicodedata

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from mageos_portal.word_diff import Comparison, Paragraph, Piece, paragraphs_of, word_diff

WORDS = st.lists(st.sampled_from(["be", "kind", "to", "each", "other", ".", "(", "é", "世界", "to each"]), max_size=12)
PARAGRAPHS = st.tuples(st.sampled_from(["", "  ", "- "]), WORDS).map(lambda parts: parts[0] + " ".join(parts[1]))
TEXTS = st.lists(PARAGRAPHS, max_size=8).map("\n\n".join)
SPACED = st.text(st.sampled_from("ab. \n\t\r\u00a0\u2028e\u0301é世"), max_size=60)
AROUND = "Nobody is left out here, whoever they are."


def side(comparison: Comparison, without: str) -> list[str]:
    """Give the paragraphs of one text."""
    joined = (
        "".join(piece.text for piece in paragraph.pieces if piece.change != without)
        for paragraph in comparison.paragraphs
    )
    return [text for text in joined if text]


def told(comparison: Comparison) -> str:
    """Write a comparison in one line: -removed- +added+, paragraphs between bars."""
    signs = {"same": "", "removed": "-", "added": "+"}
    lines = (
        "".join(f"{signs[piece.change]}{piece.text}{signs[piece.change]}" for piece in paragraph.pieces)
        for paragraph in comparison.paragraphs
    )
    return "|".join(lines)


@given(TEXTS, TEXTS)
def test_without_what_came_it_is_the_text_before_and_without_what_went_the_one_after(before: str, after: str) -> None:
    comparison = word_diff(before, after)
    assert not comparison.is_coarse
    assert "".join("".join(side(comparison, "added")).split()) == "".join(before.split())
    assert side(comparison, "removed") == paragraphs_of(after)


@given(st.text(max_size=80) | SPACED, st.text(max_size=80) | SPACED)
def test_the_same_holds_of_any_text(before: str, after: str) -> None:
    comparison = word_diff(before, after)
    assert side(comparison, "removed") == paragraphs_of(after)
    assert unspaced("".join(side(comparison, "added"))) == unspaced(before)


def unspaced(text: str) -> str:
    """Give what of a text counts."""
    return unicodedata.normalize("NFC", "".join(text.split()))


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert word_diff(text, text).is_same


@given(SPACED, SPACED)
def test_two_texts_are_the_same_both_ways_or_neither(before: str, after: str) -> None:
    assert word_diff(before, after).is_same == word_diff(after, before).is_same


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("Be kind to all.", "Be fair to all.", "Be -kind-+fair+ to all."),
        ("One two three.", "Alpha beta", "-One two three.-|+Alpha beta+"),
        ("Be kind", "Be kind to all", "Be kind+ to all+"),
        ("Be kind to all", "Be kind", "Be kind- to all-"),
        ("Please be kind", "be kind", "-Please -be kind"),
        ("be kind", "Please be kind", "+Please+ be kind"),
        ("a1, b", "a1; b", "a1-,-+;+ b"),
        ("我们欢迎所有人", "我们欢迎每个人", "我们欢迎-所有-+每个+人"),
        ("cafe\u0301 is open", "café is open", "café is open"),
        ("👍🏽 ok then", "👍🏿 ok then", "-👍🏽-+👍🏿+ ok then"),
        ("don’t go there", "do go there", "-don’t-+do+ go there"),
        ("", "New", "+New+"),
        ("Old", "", "-Old-"),
        (f"{AROUND} One.", f"First of all.\n\n{AROUND} Two.", f"+First of all.+|{AROUND} -One-+Two+."),
        ("- a b c\n- d e f", "- a b c\n- d x f", "- a b c\n- d -e-+x+ f"),
    ],
)
def test_only_what_changed_is_marked(before: str, after: str, expected: str) -> None:
    assert told(word_diff(before, after)) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""), ("a \n\n\n b", "a\n\nb"), ("a\r\n\r\nb", "a\n\nb"), ("a b\nc", "a\nb c"), ("a  \nb\t", "a\nb"),
        ("a\u00a0b", "a b"), (" \n\t\n ", ""), ("\n\na", "a"), ("a\rb", "a\nb"), ("e\u0301", "é"),
    ],
)  # fmt: skip
def test_spaces_and_ways_to_write_a_letter_are_no_change(before: str, after: str) -> None:
    assert word_diff(before, after).is_same


def test_long_stretches_without_changes_are_counted_only() -> None:
    before = "\n\n".join(f"Paragraph {number} stays." for number in range(20))
    shown = word_diff(before, before.replace("Paragraph 10 stays", "Paragraph 10 goes")).shown
    assert [paragraph.skipped for paragraph in shown] == [9, 0, 0, 0, 8]
    assert shown[2] == Paragraph(
        (Piece("same", "Paragraph 10 "), Piece("removed", "stays"), Piece("added", "goes"), Piece("same", "."))
    )


def test_of_long_tables_lines_are_compared() -> None:
    lines = [f"{number},row,{number * 7}" for number in range(1_000)]
    changed = [*lines[:500], "500,row,none", *lines[501:]]
    comparison = word_diff("\n".join(lines), "\n".join(changed))
    assert [paragraph.skipped for paragraph in comparison.shown] == [499, 0, 0, 0, 498]
    assert not comparison.is_coarse


def some(kinds: str, number: int, joint: str, seed: int) -> str:
    chooser = random.Random(seed)  # noqa: S311 # nothing is secret here
    return joint.join(chooser.choice(kinds) for _ in range(number))


HOSTILE = {
    "one long paragraph": ("a b " * 50_000, "b a " * 50_000),
    "many paragraphs": ("a\n\n" * 66_000, "b\n\n" * 66_000),
    "one long word": ("x" * 200_000, "y" * 200_000),
    "many alike": ("a b c d e f\n\n" * 15_000, "f e d c b a\n\n" * 15_000),
    "two kinds of paragraphs": (some("ab", 66_000, "\n\n", 1), some("ab", 66_000, "\n\n", 2)),
    "two kinds of words": (some("ab", 100_000, " ", 1), some("ab", 100_000, " ", 2)),
    "paragraphs of three kinds of words": (
        "\n\n".join(some("abc", 900, " ", seed) for seed in range(110)),
        "\n\n".join(some("abc", 900, " ", seed) for seed in range(200, 310)),
    ),
    "every word rewritten": (
        " ".join(f"w{number} the" for number in range(20_000)),
        " ".join(f"v{number} the" for number in range(20_000)),
    ),
    "every other paragraph": (
        "\n\n".join(f"{number}\n\nx{number}" for number in range(14_000)),
        "\n\n".join(f"{number}\n\ny{number}" for number in range(14_000)),
    ),
    "marks upon marks": ("a" + "\u0301\u0323" * 100_000, "a" + "\u0323\u0301" * 100_000),
    "spaces": ((" " * 1_000 + "\n") * 200 + "a", (" " * 1_000 + "\n") * 200 + "b"),
    "spaces within": ("a" + " " * 200_000 + "b", "a" + "\t" * 200_000 + "c"),
}


@pytest.mark.parametrize(("before", "after"), HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long_or_makes_a_long_page(before: str, after: str) -> None:
    started = time.process_time()
    comparison = word_diff(before, after)
    page = render_to_string("_word_diff.html", {"comparison": comparison})
    assert time.process_time() - started < 10  # one to two here
    assert not comparison.is_same
    assert side(comparison, "removed") or not after
    assert len(page) < 3_000_000
    assert "".join("".join(side(comparison, "removed")).split()) == "".join(after.split())
    assert "".join("".join(side(comparison, "added")).split()) == "".join(before.split())


def test_what_was_too_much_to_compare_is_shown_whole_and_said() -> None:
    comparison = word_diff(*HOSTILE["two kinds of paragraphs"])
    assert comparison.is_coarse
    assert "removed and added whole" in render_to_string("_word_diff.html", {"comparison": comparison})
    assert "whole" not in render_to_string("_word_diff.html", {"comparison": word_diff("a b c", "a b d")})


def test_changes_are_said_in_words_and_nothing_of_a_text_is_markup() -> None:
    shown = render_to_string("_word_diff.html", {"comparison": word_diff("Be <b>kind</b>", "Be <i>kind</i>")})
    assert "Be &lt;[removed: b][added: i]&gt;kind&lt;/[removed: b][added: i]&gt;" in re.sub(r"<[^>]+>", "", shown)
    assert "<b>" not in shown
    assert "Nothing changed" in render_to_string("_word_diff.html", {"comparison": word_diff("a", "a")})


def test_what_did_not_change_is_told_in_numbers() -> None:
    before = "\n\n".join(f"Paragraph {number} stays." for number in range(20))
    comparison = word_diff(before, before.replace("Paragraph 18 stays", "Paragraph 18 goes"))
    assert "… 17 unchanged paragraphs …" in render_to_string("_word_diff.html", {"comparison": comparison})
