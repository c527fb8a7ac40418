"""Front matter: what is read, and what is refused before it can do harm."""

import time
from datetime import date

import pytest

from docs_hub import front_matter
from docs_hub.front_matter import FrontMatterError


def refusal(block: str) -> str:
    with pytest.raises(FrontMatterError) as refused:
        front_matter.parse(block)
    return str(refused.value)


def test_front_matter_and_body_are_told_apart() -> None:
    assert front_matter.split("---\ntitle: A\n---\n\nText\n---\nmore") == ("\ntitle: A\n", "Text\n---\nmore")


def test_spaces_after_the_dashes_do_not_matter() -> None:
    assert front_matter.split("--- \ntitle: A\n---\t\nText") == ("\ntitle: A\n", "Text")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no front matter"),
        ("Text", "its first line must be ---"),
        ("\n---\ntitle: A\n---\n", "its first line must be ---"),
        ("---\ntitle: A\n", "without an end"),
        ("---\n" + "a: b\n" * 20_000 + "---\n", "more than 64 KiB"),
    ],
)
def test_a_file_without_usable_front_matter_is_refused(text: str, reason: str) -> None:
    with pytest.raises(FrontMatterError, match=reason):
        front_matter.split(text)


def test_values_keep_their_types() -> None:
    values = front_matter.parse("title: A\ndate: 2022-03-04\ndraft: false\ntags:\n  - b\n1: c")

    assert values == {"title": "A", "date": date(2022, 3, 4), "draft": False, "tags": ["b"], "1": "c"}


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("title: [", "not valid YAML"),
        ("title: a: b", "line 1"),
        ("\ntitle: A\n\tb: c", "line 3"),
        ("- a\n- b", "no list of keys and values"),
        ("", "no list of keys and values"),
        ("just words", "no list of keys and values"),
        ("date: 2022-13-45", "not valid YAML"),
        ("a: &x [1]\nb: *x", "alias"),
        ("a: !!python/object/apply:os.system [id]", "tag"),
        ("a: !!timestamp x", "tag"),
        ("a: " + "[" * 1_000, "nests deeper"),
        ("a: [" + "b, " * 6_000 + "]", "more than 5000 parts"),
        ("a: " + "7" * 5_000, "number of hundreds of digits"),
        ("a: 0x" + "f" * 5_000, "number of hundreds of digits"),
        ('a: "\\U00110000"', "not valid YAML"),
        ("a: 0x_", "not valid YAML"),
        ("<<: 1", "not valid YAML"),
        ("? [[a], {b: c}]\n: d", "not valid YAML"),
    ],
)
def test_what_is_no_plain_list_of_values_is_refused_with_a_reason(block: str, reason: str) -> None:
    assert reason in refusal(block)


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    before = time.process_time()

    assert "alias" in refusal("\n".join(lines))
    assert time.process_time() - before < 1


def test_values_of_all_kinds_become_what_json_can_hold() -> None:
    values = front_matter.parse(
        "a: 2022-03-04\nb: .inf\nc: 9007199254740993\nd: [1, {e: 2022-01-01T10:00:00}]\n"
        'f: "\\a\\0 x"\ng: null\nh: 1.5\n"i\\0": true'
    )

    assert front_matter.json_of(values) == {
        "a": "2022-03-04",
        "b": "inf",
        "c": "0x20000000000001",
        "d": [1, {"e": "2022-01-01T10:00:00"}],
        "f": " x",
        "g": None,
        "h": 1.5,
        "i": True,
    }
