"""JSON is read and written to the byte as JavaScript does."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.javascript import NESTING_LIMIT, InvalidJsonError, parse, stringify

VECTORS = Path(__file__).parent / "vectors"
CASES: list[tuple[str, str | None]]
CASES = json.loads((VECTORS / "javascript.json").read_bytes())["cases"]
WRITTEN = [(text, expected) for text, expected in CASES if expected is not None]
REFUSED = [text for text, expected in CASES if expected is None]

plain_text = st.text(st.characters(exclude_categories=["Cs"]))
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15) + 1, 10**15 - 1) | plain_text,
    lambda inner: st.lists(inner) | st.dictionaries(plain_text.map("k{}".format), inner),
    max_leaves=20,
)


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(("text", "expected"), WRITTEN, ids=range(len(WRITTEN)))
def test_text_is_rewritten_as_node_does(text: str, expected: str) -> None:
    assert stringify(parse(text.encode())) == expected


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_text_that_node_refuses_is_refused(text: str) -> None:
    with pytest.raises(InvalidJsonError):
        parse(text.encode())


@given(plain_values)
def test_plain_values_are_written_as_pythons_json_does(value: Any) -> None:
    assert stringify(value) == json.dumps(value, indent=2, ensure_ascii=False)


@given(plain_values)
def test_what_was_written_is_read_back(value: Any) -> None:
    assert parse(stringify(value).encode()) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_its_value(number: float) -> None:
    assert parse(stringify(parse(repr(number).encode())).encode()) == number


def test_of_a_key_given_twice_the_last_value_and_the_first_place_count() -> None:
    assert list(parse(b'{"a": 1, "b": 2, "a": 3}').items()) == [("a", 3), ("b", 2)]


def test_the_error_says_what_is_wrong_and_where() -> None:
    with pytest.raises(InvalidJsonError, match="line 2 column 6"):
        parse(b'{\n"a": ]}')
    with pytest.raises(InvalidJsonError, match="NaN"):
        parse(b"[NaN]")
    with pytest.raises(InvalidJsonError, match="byte order mark"):
        parse(b"\xef\xbb\xbf{}")
    with pytest.raises(InvalidJsonError, match="not UTF-8: byte 2"):
        parse(b'"a\xff"')
    with pytest.raises(InvalidJsonError, match="not UTF-8"):
        parse(b'"\xed\xa0\x80"')  # a surrogate of its own


def test_nesting_is_bounded() -> None:
    assert stringify(parse(nested(NESTING_LIMIT))).count("\n") == 2 * (NESTING_LIMIT - 1)
    for levels in (NESTING_LIMIT + 1, 100_000):
        with pytest.raises(InvalidJsonError, match="nested more than 200 levels"):
            parse(nested(levels))
    with pytest.raises(InvalidJsonError, match="nested more than 200 levels"):
        parse(b'{"a":' * 1000 + b"1" + b"}" * 1000)


def test_many_brackets_are_not_deep_nesting() -> None:
    assert parse(b"[" + b"{}," * 1000 + b'"' + b"[" * 1000 + b'"]')[0] == {}


def test_what_json_cannot_hold_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="tuple"):
        stringify({"a": ("b",)})
