"""Versions are read, ordered and judged as composer/semver 3.4.4 does."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.composer.versions import (
    HIGHEST,
    LOWEST,
    STABILITIES,
    InvalidVersionError,
    compare,
    normalize,
    normalize_branch,
    sort_key,
    stability,
)

VECTORS = Path(__file__).parent / "vectors"
SEMVER: dict[str, Any] = json.loads((VECTORS / "composer-semver.json").read_bytes())
SIGNS = {"<": -1, "=": 0, ">": 1, "incomparable": None}

numbers = st.lists(st.integers(0, 99_999).map(str), min_size=1, max_size=4).map(".".join)
modifiers = st.sampled_from(
    ["", "", "", "-alpha", "a1", "-beta.2", "b10", "-RC1", "-rc3.0", "-p1", "-patch10", "-pl2-3"]
)
numbered = st.builds("{}{}{}".format, numbers, modifiers, st.sampled_from(["", "", "-dev"]))
branches = st.sampled_from(["dev-main", "dev-2.4-develop", "dev-Main", "dev-1", "dev-feature/x"])
normalized = (
    st.one_of(numbered, branches, numbers.map("{}.x-dev".format))
    .filter(lambda version: version.count(".") < 4)
    .map(normalize)
)


def normalize_or_none(version: str) -> str | None:
    try:
        return normalize(version)
    except InvalidVersionError:
        return None


@pytest.mark.parametrize("vector", SEMVER["normalize"], ids=lambda vector: vector["in"] or "empty")
def test_a_version_is_normalized_as_composer_does(vector: dict[str, Any]) -> None:
    ours = normalize_or_none(vector["in"])
    assert ours == vector["out"]
    assert stability(ours or vector["in"]) == vector["stability"]


@pytest.mark.parametrize("vector", SEMVER["normalize_branch"], ids=lambda vector: vector["in"])
def test_a_branch_is_normalized_as_composer_does(vector: dict[str, str]) -> None:
    assert normalize_branch(vector["in"]) == vector["out"]


@pytest.mark.parametrize("vector", SEMVER["stability"], ids=lambda vector: vector["in"])
def test_stability_is_read_as_composer_does(vector: dict[str, str]) -> None:
    assert stability(vector["in"]) == vector["out"]


@pytest.mark.parametrize("vector", SEMVER["compare"], ids=lambda v: f"{v['a']} {v['b']}")
def test_versions_are_compared_as_composer_does(vector: dict[str, str]) -> None:
    a, b = normalize(vector["a"]), normalize(vector["b"])
    assert (a, b) == (vector["a_normalized"], vector["b_normalized"])
    assert compare(a, b) == SIGNS[vector["result"]]


@pytest.mark.parametrize("vector", SEMVER["sort"], ids=lambda vector: vector["asc"][0])
def test_versions_are_sorted_as_composer_does(vector: dict[str, list[str]]) -> None:
    def key(version: str) -> tuple[int, ...]:  # Composer's sort takes dev-master as 9999999-dev
        return sort_key("9999999-dev" if version == "dev-master" else normalize(version))

    assert sorted(vector["in"], key=key) == vector["asc"]
    assert sorted(vector["in"], key=key, reverse=True) == vector["desc"]


@given(numbered.filter(lambda version: version.count(".") < 4))
def test_normalizing_twice_changes_nothing(version: str) -> None:
    assert normalize(normalize(version)) == normalize(version)


@given(normalized)
def test_a_normalized_version_has_one_of_the_stabilities(version: str) -> None:
    assert stability(version) in STABILITIES


@given(normalized, normalized)
def test_swapping_the_sides_turns_a_comparison_round(a: str, b: str) -> None:
    forth, back = compare(a, b), compare(b, a)
    assert forth is back is None or (forth is not None and forth == -(back or 0))


@given(normalized, normalized)
def test_the_sort_key_agrees_with_the_comparison(a: str, b: str) -> None:
    sign = (sort_key(a) > sort_key(b)) - (sort_key(a) < sort_key(b))
    assert compare(a, b) in {sign, None}
    assert LOWEST < sort_key(a) < HIGHEST


@given(normalized, normalized)
def test_nothing_lies_between_a_version_and_the_place_after_it(a: str, b: str) -> None:
    past = (*sort_key(a), 0)
    assert (sort_key(b) < past) == (sort_key(b) <= sort_key(a)) or a.startswith("dev-")


def test_branches_come_first_and_by_name() -> None:
    assert sorted(["0.0.0.0-dev", "dev-main", "dev-a", "dev-ab"], key=sort_key) == [
        "dev-a",
        "dev-ab",
        "dev-main",
        "0.0.0.0-dev",
    ]


def test_a_number_beyond_64_bits_counts_as_the_largest() -> None:
    assert compare(f"1.{'9' * 5000}.0.0", f"1.{2**63 - 1}.0.0") == 0
    assert compare(f"1.{'0' * 5000}7.0.0", "1.7.0.0") == 0


def test_a_patch_is_above_every_number_of_the_same_place() -> None:
    assert compare("1.0.0-patch1", f"1.0.0.{2**63 - 1}") == 1


@pytest.mark.parametrize(
    "version",
    ["1." * 50_000, "a" * 100_000 + "dev", "9" * 100_000, "1b" * 50_000, "1.0+" * 50_000 + " x"],
    ids=range(5),
)
def test_a_hostile_version_is_refused_without_backtracking(version: str) -> None:
    assert normalize_or_none(version) is None


def test_the_error_names_the_version_and_survives_a_process_boundary() -> None:
    with pytest.raises(InvalidVersionError, match=r'^"1\.2\.3-hotfix1" is no version') as caught:
        normalize("1.2.3-hotfix1")
    assert pickle.loads(pickle.dumps(caught.value)).version == "1.2.3-hotfix1"  # noqa: S301 - our own
