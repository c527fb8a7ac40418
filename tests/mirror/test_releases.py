"""Ranges of releases as recipes write them, and the versions that tags stand for."""

import pytest

from mirror.composer.versions import InvalidVersionError, normalize
from mirror.releases import parse_range, version_of_tag, within


@pytest.mark.parametrize(
    ("release", "text", "inside"),
    [
        ("2.4.4", "2.4.4", True),
        ("2.4.4-p1", "2.4.4", False),
        ("2.4.4", "2.4.4..2.4.5", True),
        ("2.4.5", "2.4.4..2.4.5", True),
        ("2.4.5-p1", "2.4.4..2.4.5", False),
        ("2.4.4-p10", "2.4.4..2.4.5", True),
        ("2.4.4-beta1", "2.4.4..2.4.5", False),
        ("2.4.5-beta1", "2.4.4..2.4.5", True),
        ("2.4.4-p2", "2.4.4-p1..2.4.4-p10", True),
        ("2.4.4-p11", "2.4.4-p1..2.4.4-p10", False),
        ("2.4.7-beta3", "2.4.7-beta3..", True),
        ("2.4.7-beta2", "2.4.7-beta3..", False),
        ("99.0", "2.4.7-beta3..", True),
        ("0.1.0", "..2.4.3", True),
        ("2.4.3-p1", "..2.4.3", False),
        ("0.0.1", "0..", True),
        ("1.0.0", "..", True),
    ],
)
def test_both_ends_of_a_range_belong_to_it_in_composers_order(release: str, text: str, inside: bool) -> None:
    assert within(release, [text]) is inside


def test_a_release_lies_in_ranges_if_it_lies_in_one_of_them() -> None:
    ranges = ["2.4.0..2.4.0-p1", "2.4.3", "2.4.7-beta1.."]
    assert [r for r in ("2.4.0", "2.4.0-p1", "2.4.1", "2.4.3", "2.4.3-p1", "2.4.7") if within(r, ranges)] == [
        "2.4.0",
        "2.4.0-p1",
        "2.4.3",
        "2.4.7",
    ]
    assert not within("2.4.0", [])


@pytest.mark.parametrize("text", ["x", "1.0..x", "x..1.0", "1.0...2.0", "1.0-2.0-3.0", ""])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidVersionError):
        parse_range(text)


def test_an_end_may_be_written_in_any_way_that_composer_reads() -> None:
    assert normalize("1.0.0") in parse_range("v1..1.0.0.0")


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("1.0.0", "1.0.0"),
        ("v1.0.0", "1.0.0"),
        ("V1.0.0-p1", "1.0.0-p1"),
        ("2.4.7-beta1", "2.4.7-beta1"),
        ("1", "1"),
        ("2.4-develop", None),
        ("vv1.0.0", None),
        ("--upload-pack=x", None),
        ("../x", None),
        ("dev-main", None),
        ("master", None),
        ("v", None),
        ("", None),
        ("1.0.0\udcff", None),
        ("release-1.0.0", None),
        ("１.0.0", None),
        ("1.0.0.0.0", None),
    ],
)
def test_a_tag_stands_for_a_version_without_its_v_or_for_none(tag: str, version: str | None) -> None:
    assert version_of_tag(tag) == version


@pytest.mark.parametrize("tag", ["2.4.x-dev", "1.0.0-dev", "v1.x-dev"])
def test_a_tag_named_like_a_branch_stands_for_no_version_as_with_composer_itself(tag: str) -> None:
    assert version_of_tag(tag) is None
