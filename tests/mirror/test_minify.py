"""Metadata is minified as composer/metadata-minifier does, and comes back whole."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.composer.minify import ReservedValueError, expand, minify

VECTORS = Path(__file__).parent / "vectors"
SEMVER: dict[str, Any] = json.loads((VECTORS / "composer-semver.json").read_bytes())

numbers = st.booleans() | st.integers(0, 1) | st.sampled_from([0.0, 1.0, 0.5])
values = st.recursive(
    numbers | st.none() | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner),
    max_leaves=6,
)
version_lists = st.lists(st.dictionaries(st.sampled_from("abcd"), values), max_size=6)


def strict(versions: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Make nested types and orders comparable; nulls go, as a client takes them for absent."""
    texts = [{key: json.dumps(value) for key, value in version.items()} for version in versions]
    return [{key: text for key, text in version.items() if text != "null"} for version in texts]


@pytest.mark.parametrize("vector", SEMVER["minify"])
def test_versions_are_minified_as_composer_does(vector: dict[str, Any]) -> None:
    assert strict(minify(vector["expanded"])) == strict(vector["minified"])
    assert strict(expand(vector["minified"])) == strict(vector["expanded"])


@given(version_lists)
def test_expanding_gives_back_what_was_minified(versions: list[dict[str, Any]]) -> None:
    assert strict(expand(minify(versions))) == strict(versions)


@given(version_lists)
def test_the_argument_is_left_alone(versions: list[dict[str, Any]]) -> None:
    before = json.dumps(versions)
    expand(minify(versions))
    assert json.dumps(versions) == before


def test_true_one_and_one_point_zero_are_three_values() -> None:
    versions: list[dict[str, Any]] = [{"n": [1]}, {"n": [True]}, {"n": [1.0]}, {"n": [1.0]}]
    assert strict(minify(versions)) == strict([*versions[:3], {}])


def test_the_order_of_nested_keys_is_a_difference() -> None:
    versions = [{"r": {"a": 1, "b": 2}}, {"r": {"b": 2, "a": 1}}]
    assert strict(minify(versions)) == strict(versions)


def test_the_order_of_keys_in_a_version_is_none() -> None:
    assert minify([{"a": "1", "b": "2"}, {"b": "2", "a": "1"}]) == [{"a": "1", "b": "2"}, {}]


def test_null_is_left_out_like_an_absent_key() -> None:
    assert minify([{"a": None, "b": "1"}, {"b": None}]) == [{"b": "1"}, {"b": "__unset"}]


def test_a_value_that_means_gone_is_refused() -> None:
    with pytest.raises(ReservedValueError, match='"description" has the reserved value "__unset"'):
        minify([{"name": "a/b"}, {"description": "__unset"}])
