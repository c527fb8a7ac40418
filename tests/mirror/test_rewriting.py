"""What a recipe corrects in a composer.json: its version, pins, links and suggestions, in this order."""

import json
from pathlib import Path
from typing import Any

import pytest

import mirror
from mirror.candidates import Candidate
from mirror.corrections import edits_of, edits_of_fact, fix_of, skip_reason, version_of
from mirror.recipe import Recipe, SourceRule, parse
from mirror.rewriting import Edits, rewrite
from tests.support.recipes import SINGLE, recipe_of, source_text

COMPOSER: dict[str, Any] = {
    "name": "acme/a",
    "require": {"php": ">=8.1", "acme/b": "*", "acme/c": "^1"},
    "require-dev": {"acme/b": "dev-main"},
    "suggest": {"acme/b": "for speed", "acme/sample-data": "1.0.*"},
    "conflict": {"acme/b": "<1"},
    "replace": {"acme/b": "self.version"},
}
CHILDREN = (
    '[[source.package]]\nkind = "children"\ndir = "app"\n[[source.package]]\nkind = "metapackage"\ndir = "_meta"\n'
)
FIX = """
[[version_fix]]
source = "library"
tag = "1.7.0"
pin = "{}"
packages = {{ "acme/a" = "2.2.1", "acme/b" = "1.0.1" }}
dependencies_only = {{ "other/dom" = "2.1.6" }}
reason = "r"
"""
LINK_FIX = """
[[link_fix]]
source = "library"
package = "acme/a"
version = "2.2.1"
section = "{}"
set = {}
"""
PREFIX = '[[suggest_prefix]]\nmatch = ["*-sample-data", "*/sample-data-*"]\nprefix = "Sample Data version: "\n'
# What was once corrected and needs no correction, because the first tag with that version is right.
RETIRED = [
    ("inventory", "magento/module-inventory-catalog-frontend-ui", "1.0.2"),
    ("page-builder", "magento/module-page-builder-admin-analytics", "1.1.3"),
    ("adobe-stock-integration", "magento/module-adobe-stock-client", "1.3.2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-admin-ui", "1.3.0-p2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-asset", "1.3.0-p2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-client", "1.3.1-p2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-image", "1.3.1-p2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-image-admin-ui", "1.3.1-p2"),
    ("adobe-stock-integration", "magento/adobe-stock-integration", "1.0.3-p2"),
    ("adobe-stock-integration", "magento/module-adobe-ims", "1.0.2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-admin-ui", "1.0.2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-asset", "1.0.2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-client", "1.0.2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-image", "1.0.2-p2"),
    ("adobe-stock-integration", "magento/module-adobe-stock-image-admin-ui", "1.0.3-p2"),
]
WRONG_ONCE = [
    "magento/module-adobe-ims",
    "magento/module-adobe-stock-admin-ui",
    "magento/module-adobe-stock-asset",
    "magento/module-adobe-stock-client",
]


def shipped() -> Recipe:
    path = Path(mirror.__file__).parent / "recipes/mirror.toml"
    return parse(path.read_text(encoding="utf-8"), path.name)


def candidate(name: str = "acme/a", version: str = "", kind: str = "children", directory: str = "app/a") -> Candidate:
    return Candidate(kind, 0, directory, "", "", name, version)


def edits_at(recipe: Recipe, tag: str, version: str, kind: str = "children", name: str = "acme/a") -> Edits:
    fix = fix_of(recipe, "library", tag)
    return edits_of(recipe, recipe.source[0], candidate(name, kind=kind), version, fix)


def source_of(packages: str, more: str = "") -> SourceRule:
    return recipe_of(source_text(packages, more=more)).source[0]


def test_a_version_stays_at_its_place_and_is_last_where_it_is_new() -> None:
    assert list(rewrite({"version": "1", "name": "a/b"}, Edits("2"))) == ["version", "name"]
    assert rewrite({"name": "a/b", "type": "x"}, Edits("2")) == {"name": "a/b", "type": "x", "version": "2"}
    assert list(rewrite({"name": "a/b", "type": "x"}, Edits("2"))) == ["name", "type", "version"]


def test_a_pin_counts_where_the_name_is_required_or_suggested_and_nowhere_else() -> None:
    result = rewrite(COMPOSER, Edits("1.0.0", pins={"acme/b": "1.0.1", "acme/z": "9"}))
    assert result["require"] == {"php": ">=8.1", "acme/b": "1.0.1", "acme/c": "^1"}
    assert result["require-dev"] == {"acme/b": "1.0.1"}
    assert result["suggest"] == {"acme/b": "1.0.1", "acme/sample-data": "1.0.*"}
    assert (result["conflict"], result["replace"]) == (COMPOSER["conflict"], COMPOSER["replace"])


def test_a_link_is_set_after_pins_and_added_where_it_is_missing() -> None:
    links = {"require": {"acme/b": "1.0.*", "acme/new": "1"}, "provide": {"acme/p": "1"}}
    result = rewrite(COMPOSER, Edits("1.0.0", pins={"acme/b": "1.0.1"}, links=links))
    assert list(result["require"].items()) == [
        ("php", ">=8.1"),
        ("acme/b", "1.0.*"),
        ("acme/c", "^1"),
        ("acme/new", "1"),
    ]
    assert result["provide"] == {"acme/p": "1"}


def test_a_section_is_replaced_whole_before_pins() -> None:
    sections = {"require": {"acme/c": "2", "acme/b": "*"}}
    result = rewrite(COMPOSER, Edits("1.0.0", sections=sections, pins={"acme/b": "1.0.1"}))
    assert result["require"] == {"acme/c": "2", "acme/b": "1.0.1"}
    assert list(result) == [*COMPOSER, "version"]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("acme/sample-data", "1.0.*", "1.0.*"),
        ("acme/module-a-sample-data", "1.0.*", "Sample Data version: 1.0.*"),
        ("acme/sample-data-media", "1.0.*", "Sample Data version: 1.0.*"),
        ("acme/module-a-sample-data", "Sample Data version: 1.0.*", "Sample Data version: 1.0.*"),
        ("acme/module-a-sample-data", "Sample Data version:1.0.*", "Sample Data version: Sample Data version:1.0.*"),
        ("acme/module-a", "1.0.*", "1.0.*"),
    ],
)
def test_suggestions_of_some_names_get_a_prefix_that_they_lack(name: str, text: str, wanted: str) -> None:
    prefixes = edits_at(recipe_of(source_text(CHILDREN), PREFIX), "1.0.0", "1.0.0").prefixes
    assert rewrite({"suggest": {name: text}}, Edits("1", prefixes=prefixes))["suggest"] == {name: wanted}


def test_a_pinned_suggestion_gets_its_prefix_as_well() -> None:
    edits = Edits("1", pins={"a/b-sample-data": "2"}, prefixes=(("*-sample-data", "Sample Data version: "),))
    assert (
        rewrite({"suggest": {"a/b-sample-data": "1"}}, edits)["suggest"]["a/b-sample-data"] == "Sample Data version: 2"
    )
    assert rewrite({"require": {"a/b-sample-data": "1"}}, edits)["require"] == {"a/b-sample-data": "2"}


def test_a_section_that_is_a_list_or_missing_stays_so() -> None:
    assert rewrite({"require": [], "suggest": None}, Edits("1", pins={"a/b": "1"})) == {
        "require": [],
        "suggest": None,
        "version": "1",
    }
    assert rewrite({"require": []}, Edits("1", links={"require": {"a/b": "1"}}))["require"] == {"a/b": "1"}


def test_what_is_rewritten_is_not_changed() -> None:
    before = json.dumps(COMPOSER)
    rewrite(COMPOSER, Edits("9", {"require": {}}, {"acme/b": "9"}, {"suggest": {"x/y": "z"}}, (("*", "p"),)))
    assert json.dumps(COMPOSER) == before


def test_edits_have_a_digest_that_differs_when_they_do() -> None:
    all_edits = [
        Edits("1"),
        Edits("2"),
        Edits("1", sections={"require": {}}),
        Edits("1", pins={"a/b": "1"}),
        Edits("1", links={"require": {"a/b": "1"}}),
        Edits("1", prefixes=(("*", "p"),)),
    ]
    assert len({edits.digest() for edits in all_edits}) == len(all_edits)
    assert Edits("1", pins={"a/b": "1", "c/d": "2"}).digest() == Edits("1", pins={"c/d": "2", "a/b": "1"}).digest()
    assert [edits.correct_something for edits in all_edits] == [False, False, True, True, True, False]


@pytest.mark.parametrize(
    ("pin", "kind", "pinned"),
    [
        ("all", "children", True),
        ("all", "metapackage", True),
        ("all", "single", True),
        ("metapackage", "metapackage", True),
        ("metapackage", "children", False),
        ("none", "metapackage", False),
        ("none", "children", False),
    ],
)
def test_a_fix_of_versions_pins_all_dependants_or_the_metapackage_or_none(pin: str, kind: str, pinned: bool) -> None:
    recipe = recipe_of(source_text(CHILDREN), FIX.format(pin))
    expected = {"acme/a": "2.2.1", "acme/b": "1.0.1", "other/dom": "2.1.6"} if pinned else {}
    assert edits_at(recipe, "1.7.0", "2.2.1", kind).pins == expected
    assert edits_at(recipe, "1.7.1", "2.2.1", kind).pins == {}


def test_a_fix_is_of_one_source_and_one_tag_as_it_is_written() -> None:
    recipe = recipe_of(source_text(CHILDREN), FIX.format("all"))
    assert fix_of(recipe, "library", "1.7.0")
    assert fix_of(recipe, "other", "1.7.0") is None
    assert fix_of(recipe, "library", "v1.7.0") is None


def test_links_are_fixed_in_one_version_of_one_package_section_by_section() -> None:
    fixes = [
        LINK_FIX.format("require", '{ "acme/b" = "1.0.*" }'),
        LINK_FIX.format("require", '{ "acme/c" = "2" }'),
        LINK_FIX.format("suggest", '{ "acme/d" = "a text" }'),
    ]
    recipe = recipe_of(source_text(CHILDREN), *fixes)
    links = {"require": {"acme/b": "1.0.*", "acme/c": "2"}, "suggest": {"acme/d": "a text"}}
    assert edits_at(recipe, "1.7.0", "2.2.1").links == links
    assert edits_at(recipe, "1.7.0", "2.2.2").links == {}
    assert edits_at(recipe, "1.7.0", "2.2.1", name="acme/b").links == {}


def test_a_package_of_a_fact_has_the_sections_of_the_fact() -> None:
    fact = (
        '[[package_source]]\nsource = "library"\npackage = "acme/a"\nversion = "1.3.1-p1"\nref = "2.1.2-p2"\n'
        'dir = "app/a"\nrequire = { "acme/b" = "1.0.0" }\n'
    )
    edits = edits_of_fact(recipe_of(source_text(CHILDREN), fact).package_source[0])
    result = rewrite({**COMPOSER, "version": "1.3.1-p2"}, edits)
    assert (result["version"], result["require"], result["suggest"]) == (
        "1.3.1-p1",
        {"acme/b": "1.0.0"},
        COMPOSER["suggest"],
    )
    assert list(result) == [*COMPOSER, "version"]


@pytest.mark.parametrize(
    ("kind", "own", "fixed", "packages", "version"),
    [
        ("children", "3.0.0", True, CHILDREN, "2.2.1"),
        ("children", "3.0.0", False, CHILDREN, "3.0.0"),
        ("children", "", False, CHILDREN, None),
        ("single", "", False, SINGLE, "1.7.0"),
        ("single", "3.0.0", False, SINGLE, "3.0.0"),
        ("single", "", False, SINGLE + CHILDREN, None),
        ("metapackage", "", False, CHILDREN, "1.7.0"),
        ("metapackage", "3.0.0", False, CHILDREN, "3.0.0"),
        ("children", "", False, CHILDREN.partition("[[source.package]]\nkind = \"meta")[0], None),
    ],
)  # fmt: skip
def test_a_version_is_fixed_or_its_own_or_the_tags_where_that_is_safe(
    kind: str, own: str, fixed: bool, packages: str, version: str | None
) -> None:
    recipe = recipe_of(source_text(packages), FIX.format("all"))
    fix = fix_of(recipe, "library", "1.7.0") if fixed else None
    assert version_of(recipe.source[0], "1.7.0", candidate(version=own, kind=kind), fix) == version


def test_a_directory_is_known_to_hold_no_package_at_some_tags_only() -> None:
    more = '[[source.skip_package]]\ndir = "app/a"\ntags = "1.0.0..1.0.5"\nreason = "a test module"\n'
    source = source_of(CHILDREN, more)
    assert skip_reason(source, "1.0.3", candidate()) == "a test module"
    assert skip_reason(source, "1.0.6", candidate()) == ""
    assert skip_reason(source, "1.0.3", candidate(directory="app/b")) == ""


@pytest.mark.parametrize(("source", "name", "version"), RETIRED)
def test_a_correction_that_was_never_needed_is_not_made(source: str, name: str, version: str) -> None:
    corrected = {(fix.source, fix.package, fix.version) for fix in shipped().link_fix}
    assert (source, name, version) not in corrected


@pytest.mark.parametrize("name", WRONG_ONCE)
def test_siblings_are_pinned_as_published_where_a_correction_once_loosened_them(name: str) -> None:
    fixes = [f for f in shipped().link_fix if (f.package, f.version, f.section) == (name, "1.0.2-p1", "require")]
    assert fixes
    assert {constraint for fix in fixes for constraint in fix.set.values()} == {"1.0.2-p1"}


def test_no_fix_repeats_the_version_of_a_tag_that_has_it_anyway() -> None:
    tags = {(fix.source, fix.tag) for fix in shipped().version_fix}
    assert ("adobe-stock-integration", "1.0.3-p3") not in tags
    assert len(tags) == len(shipped().version_fix)


def test_the_project_keeps_both_packages_for_reports_of_tests() -> None:
    edition = shipped().edition
    assert edition
    removed = {name for patch in edition.metadata_patch for name in patch.remove}
    assert "allure-framework/allure-phpunit" not in removed
