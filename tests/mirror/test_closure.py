"""Whether everything that a release pulls in is to be had, and what is missing and from where."""

from collections.abc import Mapping
from typing import Any

import pytest

from mirror.closure import Closure, Missing, Offers, check
from mirror.composer.versions import normalize

OURS, CLOSED = "built here", "closed"


def origin_of(name: str) -> str:
    return {"acme": OURS, "pay": CLOSED}.get(name.partition("/")[0], "")


def offers(packages: Mapping[str, Mapping[str, Any]]) -> Offers:
    """Give what is served: ``{"acme/a 1.0.0": {"acme/b": "1.0.0", "replace": {…}}}``."""
    found = Offers()
    for key, links in packages.items():
        name, version = key.split(" ")
        require = {other: text for other, text in links.items() if "/" in other or other == "php"}
        sections = {section: links[section] for section in ("replace", "provide") if section in links}
        found.add(name, normalize(version), {"require": require, **sections})
    return found


def closure(require: Mapping[str, str], packages: Mapping[str, Mapping[str, Any]], release: str = "2.4.4") -> Closure:
    return check("acme/product", {"require": require}, release, offers(packages), origin_of)


def missing(require: Mapping[str, str], packages: Mapping[str, Mapping[str, Any]], release: str = "2.4.4") -> list[str]:
    return [f"{lack.name} {lack.constraint}" for lack in closure(require, packages, release).missing]


def test_a_product_whose_exact_requirements_are_all_served_is_complete() -> None:
    packages = {"acme/a 1.0.0": {"acme/b": "1.0.1"}, "acme/b 1.0.1": {"acme/c": "2.0.0-p1"}, "acme/c 2.0.0-p1": {}}
    assert closure({"acme/a": "1.0.0"}, packages) == Closure(3, ())


def test_an_exact_requirement_does_not_take_a_patch_of_it() -> None:
    assert missing({"acme/a": "1.0.0"}, {"acme/a 1.0.0-p1": {}}) == ["acme/a 1.0.0"]


def test_ranges_take_the_newest_that_fits() -> None:
    packages = {
        "acme/a 1.0.0": {},
        "acme/a 1.9.0": {"acme/b": "1.0.0"},
        "acme/a 2.0.0": {"acme/z": "1"},
        "acme/b 1.0.0": {},
    }
    assert closure({"acme/a": "^1.0"}, packages) == Closure(2, ())


def test_what_nobody_serves_of_ours_is_missing_with_who_requires_it() -> None:
    found = closure({"acme/a": "1.0.0"}, {"acme/a 1.0.0": {"acme/b": "3.0.0"}})
    assert found.missing == (Missing("acme/b", "3.0.0", "acme/a 1.0.0.0", OURS),)


def test_what_is_closed_and_not_imported_is_missing_and_says_so() -> None:
    assert closure({"pay/module": "4.3.0"}, {}).missing == (Missing("pay/module", "4.3.0", "acme/product", CLOSED),)
    assert missing({"pay/module": "4.3.0"}, {"pay/module 4.3.0": {}}) == []


def test_what_belongs_to_others_is_none_of_ours() -> None:
    assert closure({"monolog/monolog": "^2", "symfony/yaml": "*"}, {}) == Closure(0, ())


def test_what_is_withheld_is_anothers() -> None:
    found = check("acme/product", {"require": {"acme/public": "^1"}}, "2.4.4", offers({}), lambda name: "")
    assert found.missing == ()


@pytest.mark.parametrize("name", ["php", "ext-intl", "lib-icu", "composer-plugin-api", "composer-runtime-api"])
def test_the_platform_is_not_asked_for(name: str) -> None:
    assert missing({name: "~99"}, {}) == []


def test_a_served_name_without_a_fitting_version_is_missing_with_what_is_served() -> None:
    (lack,) = closure({"acme/a": "^2"}, {f"acme/a 1.{n}.0": {} for n in range(5)}).missing
    assert (lack.name, lack.constraint, lack.required_by) == ("acme/a", "^2", "acme/product")
    assert lack.origin == "served here are 1.4.0.0, 1.3.0.0, 1.2.0.0"


def test_two_requirements_that_exclude_each_other_are_named_together() -> None:
    packages = {
        "acme/a 1.0.0": {"acme/c": "1.0.0"},
        "acme/b 1.0.0": {"acme/c": "2.0.0"},
        "acme/c 1.0.0": {},
        "acme/c 2.0.0": {},
    }
    (lack,) = closure({"acme/a": "1.0.0", "acme/b": "1.0.0"}, packages).missing
    assert (lack.name, lack.constraint, lack.required_by) == ("acme/c", "2.0.0", "acme/b 1.0.0.0")
    assert lack.origin == "served here are 2.0.0.0, 1.0.0.0; also required: 1.0.0"


def test_two_requirements_that_overlap_meet_in_one_version() -> None:
    packages = {
        "acme/a 1.0.0": {"acme/c": "^1.0"},
        "acme/b 1.0.0": {"acme/c": "<1.5"},
        **{f"acme/c 1.{n}.0": {} for n in range(9)},
    }
    assert closure({"acme/a": "1.0.0", "acme/b": "1.0.0"}, packages) == Closure(3, ())


def test_a_range_meets_the_exact_version_that_another_package_needs() -> None:
    packages = {
        "acme/a 1.0.0": {"acme/lib": "1.0.0"},
        "acme/lib 1.0.0": {"acme/dep": "1.0.0"},
        "acme/lib 1.5.0": {"acme/dep": "2.0.0"},
        "acme/dep 1.0.0": {},
        "acme/dep 2.0.0": {},
    }
    assert missing({"acme/lib": "^1.0", "acme/a": "1.0.0"}, packages) == []


def test_a_version_that_is_not_chosen_in_the_end_asks_for_nothing() -> None:
    packages = {
        "acme/a 1.0.0": {"acme/lib": "1.0.0"},
        "acme/lib 1.0.0": {},
        "acme/lib 1.5.0": {"acme/gone": "9.9.9"},
    }
    assert missing({"acme/lib": "^1.0", "acme/a": "1.0.0"}, packages) == []


def test_a_circle_of_requirements_ends() -> None:
    packages = {"acme/a 1.0.0": {"acme/b": "*"}, "acme/b 1.0.0": {"acme/a": "*", "acme/b": "^1"}}
    assert closure({"acme/a": "1.0.0"}, packages) == Closure(2, ())


@pytest.mark.parametrize("section", ["replace", "provide"])
def test_a_chosen_package_that_stands_in_meets_a_requirement(section: str) -> None:
    packages = {"acme/a 1.0.0": {section: {"acme/old": "1.0.0"}}}
    assert missing({"acme/old": "1.0.0", "acme/a": "1.0.0"}, packages) == []


def test_a_package_that_is_not_chosen_stands_in_for_nothing() -> None:
    packages = {"acme/a 1.0.0": {"replace": {"acme/old": "1.0.0"}}, "acme/a 2.0.0": {}}
    assert missing({"acme/old": "1.0.0", "acme/a": "2.0.0"}, packages) == ["acme/old 1.0.0"]


def test_a_stand_in_of_another_version_meets_nothing() -> None:
    packages = {"acme/a 1.0.0": {"replace": {"acme/old": "1.0.0"}}}
    assert missing({"acme/old": "^2.0", "acme/a": "1.0.0"}, packages) == ["acme/old ^2.0"]


def test_a_stand_in_for_its_own_version_is_compared_as_such() -> None:
    packages = {"acme/a 3.1.0": {"replace": {"acme/old": "self.version"}}}
    assert missing({"acme/old": "^3.0", "acme/a": "3.1.0"}, packages) == []
    assert missing({"acme/old": "^4.0", "acme/a": "3.1.0"}, packages) == ["acme/old ^4.0"]


def test_a_stand_in_counts_also_where_the_name_itself_is_served_in_other_versions() -> None:
    packages = {"acme/a 1.0.0": {"replace": {"acme/old": "2.0.0"}}, "acme/old 1.0.0": {}}
    assert missing({"acme/old": "2.0.0", "acme/a": "1.0.0"}, packages) == []


@pytest.mark.parametrize(
    ("release", "lacking"),
    [
        ("2.4.4", ["acme/a *"]),
        ("2.4.4-p1", ["acme/a *"]),
        ("2.4.5-beta1", []),
        ("2.4.5-alpha1", []),
        ("2.4.5-rc1", ["acme/a *"]),
    ],
)
def test_a_release_takes_versions_as_stable_as_itself(release: str, lacking: list[str]) -> None:
    assert missing({"acme/a": "*"}, {"acme/a 1.0.0-beta2": {}}, release) == lacking


def test_a_newer_version_that_is_not_stable_enough_is_not_taken() -> None:
    packages: dict[str, dict[str, Any]] = {"acme/a 1.0.0": {}, "acme/a 1.1.0-beta1": {"acme/b": "1"}, "acme/b 1": {}}
    assert closure({"acme/a": "^1.0"}, packages) == Closure(1, ())
    assert closure({"acme/a": "^1.0"}, packages, "2.4.5-beta1") == Closure(2, ())


def test_an_older_version_is_taken_where_the_newest_leads_to_a_lack() -> None:
    packages: dict[str, dict[str, Any]] = {"acme/a 1.0.0": {}, "acme/a 1.1.0": {"acme/gone": "1"}}
    assert closure({"acme/a": "^1.0"}, packages) == Closure(1, ())
    assert missing({"acme/a": "^1.1"}, packages) == ["acme/gone 1"]


def test_development_versions_are_for_no_release() -> None:
    assert missing({"acme/a": "*"}, {"acme/a dev-main": {}}, "2.4.5-beta1") == ["acme/a *"]


def test_a_constraint_that_cannot_be_read_is_missing_and_hides_no_other() -> None:
    packages = {
        "acme/a 1.0.0": {"acme/b": "^^", "acme/c": "1.0.0"},
        "acme/b 1.0.0": {},
        "acme/c 1.0.0": {"acme/b": "1.0.0"},
    }
    assert missing({"acme/a": "1.0.0"}, packages) == ["acme/b ^^"]


def test_what_is_missing_comes_once_and_by_name() -> None:
    packages = {"acme/a 1.0.0": {"pay/z": "1", "acme/y": "1"}, "acme/b 1.0.0": {"pay/z": "1", "acme/y": "2"}}
    require = {"acme/b": "1.0.0", "acme/a": "1.0.0"}
    assert missing(require, packages) == ["acme/y 1", "acme/y 2", "pay/z 1"]


def test_the_order_of_what_is_served_counts_for_nothing() -> None:
    packages: dict[str, dict[str, Any]] = {
        "acme/a 1.0.0": {"acme/b": "^1"},
        "acme/b 1.2.0": {"acme/gone": "1"},
        "acme/b 1.10.0": {"acme/c": "1"},
        "acme/b 1.9.0": {"acme/gone": "2"},
        "acme/c 1": {},
    }
    backwards = dict(reversed(packages.items()))
    assert closure({"acme/a": "1.0.0"}, packages) == closure({"acme/a": "1.0.0"}, backwards) == Closure(3, ())


def test_offers_may_grow_after_they_were_asked() -> None:
    found = offers({"acme/a 1.0.0": {}})
    assert found.newest_first("acme/a") == ["1.0.0.0"]
    found.add("acme/a", "1.10.0.0", {})
    found.add("acme/a", "1.9.0.0", {})
    assert found.newest_first("acme/a") == ["1.10.0.0", "1.9.0.0", "1.0.0.0"]
    assert found.newest_first("acme/z") == []


def test_a_product_without_requirements_is_complete() -> None:
    assert check("acme/product", {}, "2.4.4", Offers(), origin_of) == Closure(0, ())
