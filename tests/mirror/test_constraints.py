"""Constraints are read and matched as composer/semver 3.4.4 does."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.composer.constraints import Constraint, InvalidConstraintError, intersects, parse
from mirror.composer.versions import normalize

VECTORS = Path(__file__).parent / "vectors"
SEMVER: dict[str, Any] = json.loads((VECTORS / "composer-semver.json").read_bytes())
VALID = [vector for vector in SEMVER["satisfies"] if vector["parsed"] is not None]
INVALID = [vector for vector in SEMVER["satisfies"] if vector["parsed"] is None]

constraints = st.sampled_from([vector["constraint"] for vector in VALID])
bounds = st.sampled_from(
    ["*", ">1.0", ">=1.0", ">=2.4", "<3", "<2.4.7", "<=2.4.3", "==1.0.0", "!=1.0.0", "!=2.4.3-p1"]
    + ["^1.2", "~2.4.3", "dev-main", "!=dev-main", ">dev-x"]
)
combined = st.one_of(
    constraints,
    st.builds("{} || {}".format, constraints, constraints),
    st.builds("{} {}".format, bounds, bounds),
)
versions = st.sampled_from([vector["version"] for vector in VALID])


def spell(constraint: Constraint) -> str:
    """Write a constraint as the PHP classes print themselves."""
    parts = constraint.alternatives
    groups = [[f"{c.operator} {c.version}".strip() for c in part] for part in parts]
    texts = [f"[{' '.join(group)}]" if len(group) > 1 else group[0] for group in groups]
    return f"[{' || '.join(texts)}]" if len(texts) > 1 else texts[0]


@pytest.mark.parametrize("vector", VALID, ids=lambda v: f"{v['version']} in {v['constraint']}")
def test_a_version_matches_where_composer_says_so(vector: dict[str, Any]) -> None:
    constraint = parse(vector["constraint"])
    assert spell(constraint) == vector["parsed"]
    assert constraint.matches(normalize(vector["version"])) is vector["satisfied"]


@pytest.mark.parametrize("vector", INVALID, ids=lambda v: v["constraint"] or "empty")
def test_what_composer_cannot_read_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(InvalidConstraintError):
        parse(vector["constraint"])


@pytest.mark.parametrize("vector", SEMVER["links"], ids=lambda v: f"{v['require']} {v['provided']}")
def test_a_requirement_meets_a_provided_range_where_composer_says_so(
    vector: dict[str, Any],
) -> None:
    require, provided = parse(vector["require"]), parse(vector["provided"])
    assert intersects(require, provided) is vector["matches"]


@given(combined, versions)
def test_matching_a_version_is_intersecting_with_exactly_it(text: str, version: str) -> None:
    exactly = parse(normalize(version))
    assert parse(text).matches(normalize(version)) is intersects(parse(text), exactly)


@given(combined, combined)
def test_intersecting_is_the_same_from_both_sides(a: str, b: str) -> None:
    assert intersects(parse(a), parse(b)) is intersects(parse(b), parse(a))


@given(combined, constraints, versions)
def test_an_alternative_only_adds_versions(a: str, b: str, version: str) -> None:
    either = parse(f"{a} || {b}").matches(normalize(version))
    assert either or not parse(a).matches(normalize(version))


def test_a_branch_fits_only_what_names_it_or_excludes_something() -> None:
    fitting = ["*", "dev-main", "!=dev-other", "!=1.0", "^1.0 || dev-main"]
    refusing = ["x.x", ">=0", "dev-other", "!=dev-main", ">=dev-main", "dev-main ^1.0"]
    assert all(parse(text).matches("dev-main") for text in fitting)
    assert not any(parse(text).matches("dev-main") for text in refusing)


def test_neighbouring_ranges_are_joined_even_when_one_is_upside_down() -> None:
    assert parse(">=1 <2 || >=2 <3").alternatives == parse(">=1 <3").alternatives
    assert not parse(">=3 <2 || >=2 <5").matches("2.5.0.0")  # so does Composer


def test_a_number_that_composer_would_turn_into_a_float_is_refused() -> None:
    with pytest.raises(InvalidConstraintError):
        parse(f"~1.{'9' * 5000}.0")


@pytest.mark.parametrize(
    "text",
    [" " * 50_000 + "-", "1 " * 20_000 + "!", "^" + "1." * 50_000, "1b" * 50_000, "1 - " * 20_000]
    + ["*|" * 50_000, "1.0" + " " * 50_000 + "||", "dev-" + "#" * 50_000 + "\n1, !", "1-" * 50_000],
    ids=range(9),
)
def test_a_hostile_constraint_is_refused_without_backtracking(text: str) -> None:
    with pytest.raises(InvalidConstraintError):
        parse(text)


def test_the_error_names_the_whole_constraint() -> None:
    message = r'^"\^1\.0 \|\| latest" is no version constraint'
    with pytest.raises(InvalidConstraintError, match=message):
        parse("^1.0 || latest")
