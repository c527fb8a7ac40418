"""Paths are sorted as node's `localeCompare` does."""

import json
import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mirror.collation import locale_key

VECTORS = Path(__file__).parent / "vectors"
SORTED: list[str] = json.loads((VECTORS / "collation.json").read_bytes())["sorted"]


def sort(*texts: str) -> list[str]:
    return sorted(texts, key=locale_key)


def test_paths_come_in_the_order_of_node() -> None:
    shuffled = random.Random(1).sample(SORTED, len(SORTED))  # noqa: S311 - no secret
    assert sort(*shuffled) == SORTED


def test_case_counts_only_where_nothing_else_differs() -> None:
    assert sort("CHANGELOG.md", "bin/a", "Bin/a", "bin/B") == [
        "bin/a",
        "Bin/a",
        "bin/B",
        "CHANGELOG.md",
    ]


def test_an_accent_counts_before_case_and_after_letters() -> None:
    assert sort("Résumé", "RESUME", "resumes", "résumé", "resume") == [
        "resume",
        "RESUME",
        "résumé",
        "Résumé",
        "resumes",
    ]


def test_other_scripts_follow_the_letters_by_code_point() -> None:
    assert sort("я", "中", "a", "ж", "Z", "9", "😀") == ["9", "a", "Z", "ж", "я", "中", "😀"]


def test_texts_that_node_calls_equal_have_an_order_all_the_same() -> None:
    assert sort("é", "e\u0301", "a\x00b", "ab") == sort("ab", "a\x00b", "e\u0301", "é")


@given(st.text(), st.text())
def test_different_texts_have_different_keys(a: str, b: str) -> None:
    assert (locale_key(a) == locale_key(b)) is (a == b)
