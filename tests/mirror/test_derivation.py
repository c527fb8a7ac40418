"""Product, project and base package follow from the root composer.json and the tree."""

from typing import Any

import pytest

from mirror.derivation import base_of, files_excluded, map_dropped, product_of, project_of
from tests.support.recipes import EDITION, edition_of

URL = "https://repo.example.org/"
ROOT: dict[str, Any] = {
    "name": "acme/root",
    "description": "of the repository",
    "type": "project",
    "license": ["AFL-3.0"],
    "config": {"sort-packages": True, "allow-plugins": {"acme/*": True}},
    "version": "2.4.4",
    "require": {"php": "~8.1.0", "lib/z": "^2", "lib/a": "^1.2", "acme/installer": ">=0.2", "ext-intl": "*"},
    "require-dev": {"lib/test": "^9"},
    "conflict": {"lib/bad": "*"},
    "suggest": {"ext-x": "for y"},
    "replace": {"acme/module-b": "1.0.0", "acme/framework": "103.0.4", "components/jquery": "1.11.0"},
    "autoload": {
        "psr-4": {"Acme\\Framework\\": "lib/", "Acme\\Setup\\": "setup/src", "Zend\\": "zend"},
        "files": ["app/etc/a.php"],
    },
    "autoload-dev": {"psr-4": {"Acme\\Test\\": "dev/"}},
    "minimum-stability": "stable",
    "prefer-stable": True,
    "extra": {"component_paths": {"jquery": ["lib/web/jquery.js"], "ui": ["lib/a.js", "lib/b.js"], "x": "lib/x.js"}},
}


def test_the_product_requires_what_the_root_requires_and_what_it_replaces_of_its_own() -> None:
    assert product_of(ROOT, "2.4.4", edition_of())["require"] == {
        "acme/base": "2.4.4",
        "acme/framework": "103.0.4",
        "acme/installer": ">=0.2",
        "acme/module-b": "1.0.0",
        "acme/security": "1.1.9",
        "ext-intl": "*",
        "lib/a": "^1.2",
        "lib/z": "^2",
        "other/pay": "4.3.0",
        "php": "~8.1.0",
    }


def test_the_product_is_nothing_but_constants_besides() -> None:
    product = product_of(ROOT, "2.4.4", edition_of())
    assert list(product) == ["name", "description", "require", "type", "license", "version"]
    assert {key: product[key] for key in product if key != "require"} == {
        "name": "acme/product",
        "description": "The product",
        "type": "metapackage",
        "license": ["OSL-3.0"],
        "version": "2.4.4",
    }


def test_the_requirements_of_the_product_are_sorted_whatever_the_order_in_the_root() -> None:
    backwards = {**ROOT, "require": dict(reversed(ROOT["require"].items()))}
    product = product_of(backwards, "2.4.4", edition_of())
    assert list(product["require"]) == sorted(product["require"])
    assert list(product["require"]) == list(product_of(ROOT, "2.4.4", edition_of())["require"])


def test_the_product_of_a_release_without_facts_carries_third_parties_over() -> None:
    require = product_of(ROOT, "2.4.5-p1", edition_of())["require"]
    assert (require["acme/security"], require["other/pay"]) == ("1.1.4-p1", "4.3.10")


def test_a_patch_sets_and_removes_entries_in_its_releases_only() -> None:
    assert {"acme/module-b": "1.0.9"}.items() <= product_of(ROOT, "2.4.2", edition_of())["require"].items()
    assert "lib/a" not in product_of(ROOT, "2.4.2", edition_of())["require"]
    assert product_of(ROOT, "2.4.3", edition_of())["require"]["acme/module-b"] == "1.0.0"
    assert "prefer-stable" not in project_of(ROOT, "2.4.1", edition_of(), URL)
    assert "prefer-stable" in project_of(ROOT, "2.4.3", edition_of(), URL)


def test_a_patch_may_set_a_key_that_the_rules_do_not_give() -> None:
    patch = (
        '[[edition.metadata_patch]]\npackage = "acme/project"\nreleases = "2.4.4"\nset = { "prefer-stable" = "no" }\n'
        'reason = "published so"\n[[edition.metadata_patch]]\npackage = "acme/project"\nreleases = "2.4.4"\n'
        'section = "replace"\nset = { "lib/c" = "1" }\nreason = "published so"\n'
    )
    project = project_of(
        ROOT,
        "2.4.4",
        edition_of(EDITION.replace("[[edition.metadata_patch]]", patch + "\n[[edition.metadata_patch]]", 1)),
        URL,
    )
    assert project["prefer-stable"] == "no"
    assert "replace" not in project  # `keys` says what a project has


def test_the_project_copies_the_root_and_requires_the_product() -> None:
    project = project_of(ROOT, "2.4.4", edition_of(), URL)
    assert project["require"] == {"acme/product": "2.4.4", "acme/root-plugin": "~1.0", "acme/audit-plugin": "~0.1"}
    for key in ("config", "require-dev", "conflict", "autoload", "autoload-dev", "prefer-stable"):
        assert project[key] == ROOT[key]
    assert (project["name"], project["type"], project["description"]) == ("acme/project", "project", "The project")
    assert project["repositories"] == [{"type": "composer", "url": URL}]
    assert project["extra"] == {"force": "override"}
    assert "suggest" not in project
    assert "replace" not in project


def test_the_keys_of_the_project_come_in_the_order_of_the_recipe() -> None:
    rule = edition_of().project
    assert list(project_of(ROOT, "2.4.4", edition_of(), URL)) == list(rule.keys)


@pytest.mark.parametrize(
    ("release", "plugins"),
    [
        ("2.4.2-p1", ["acme/root-plugin"]),
        ("2.4.3", ["acme/root-plugin", "acme/audit-plugin"]),
        ("2.4.6-p10", ["acme/root-plugin", "acme/audit-plugin"]),
        ("2.4.6-p11", ["acme/root-plugin"]),
        ("2.4.7-beta1", ["acme/root-plugin"]),
    ],
)
def test_the_plugins_of_a_project_follow_from_the_release(release: str, plugins: list[str]) -> None:
    assert list(project_of(ROOT, release, edition_of(), URL)["require"])[1:] == plugins


@pytest.mark.parametrize(
    ("release", "prefixes"),
    [
        ("2.4.7-beta2", ["Acme\\Framework\\", "Acme\\Setup\\", "Zend\\"]),
        ("2.4.7-beta3", ["Acme\\Setup\\"]),
        ("2.4.8", ["Acme\\Setup\\"]),
    ],
)
def test_from_one_release_on_a_project_loads_few_prefixes(release: str, prefixes: list[str]) -> None:
    autoload = project_of(ROOT, release, edition_of(), URL)["autoload"]
    assert list(autoload["psr-4"]) == prefixes
    assert autoload["files"] == ["app/etc/a.php"]


@pytest.mark.parametrize(
    ("release", "stability"),
    [
        ("2.4.4", "stable"),
        ("2.4.4-p1", "stable"),
        ("2.4.8-beta1", "beta"),
        ("2.4.8-alpha1", "alpha"),
        ("2.4.8-rc1", "RC"),
    ],
)
def test_the_project_is_as_stable_as_its_release(release: str, stability: str) -> None:
    assert project_of(ROOT, release, edition_of(), URL)["minimum-stability"] == stability


def test_the_base_requires_names_of_a_list_as_the_root_does() -> None:
    base = base_of(ROOT, "2.4.4", edition_of(), [])
    assert base["require"] == {"php": "~8.1.0", "lib/a": "^1.2", "acme/installer": "*"}
    assert list(base["require"]) == ["php", "lib/a", "acme/installer"]


def test_the_base_replaces_what_the_root_replaces_of_others() -> None:
    base = base_of(ROOT, "2.4.4", edition_of(), [])
    assert base["replace"] == {"components/jquery": "1.11.0"}
    assert base["conflict"] == {"lib/bad": "*"}
    assert (base["license"], base["version"], base["type"]) == (["OSL-3.0"], "2.4.4", "component")


def test_the_base_has_the_paths_of_components_and_a_map_of_paths_to_themselves() -> None:
    base = base_of(ROOT, "2.4.4", edition_of(), ["lib/x", "app/etc/di.xml", ".htaccess"])
    assert base["extra"] == {
        "chmod": [{"mask": "0755", "path": "bin/run"}],
        "component_paths": {"jquery": "lib/web/jquery.js", "ui": ["lib/a.js", "lib/b.js"], "x": "lib/x.js"},
        "map": [[".htaccess", ".htaccess"], ["app/etc/di.xml", "app/etc/di.xml"], ["lib/x", "lib/x"]],
    }


@pytest.mark.parametrize(
    "root", [{}, {"require": [], "replace": [], "extra": [], "conflict": []}, {"extra": {"component_paths": []}}]
)
def test_a_root_that_says_nothing_gives_packages_without_the_sections_it_lacks(root: dict[str, Any]) -> None:
    base = base_of(root, "2.4.1", edition_of(), [])
    assert not {"require", "conflict", "replace"} & set(base)
    assert base["extra"]["map"] == []
    assert product_of(root, "2.4.1", edition_of())["require"] == {"acme/base": "2.4.1"}
    assert "autoload" not in project_of(root, "2.4.1", edition_of(), URL)


@pytest.mark.parametrize("autoload", [[], {}, {"files": ["a"]}, {"classmap": ["b"]}])
def test_an_autoload_without_prefixes_is_copied_as_it_is(autoload: Any) -> None:
    assert project_of({"autoload": autoload}, "2.4.8", edition_of(), URL)["autoload"] == autoload


@pytest.mark.parametrize("autoload", [{"psr-4": []}, {"psr-4": "src"}, {"psr-4": None}])
def test_an_autoload_with_prefixes_of_another_form_is_copied_as_it_is(autoload: Any) -> None:
    assert project_of({"autoload": autoload}, "2.4.8", edition_of(), URL)["autoload"] == autoload


def test_the_root_is_not_changed() -> None:
    before = repr(ROOT)
    for release in ("2.4.2", "2.4.8"):
        product_of(ROOT, release, edition_of())
        project_of(ROOT, release, edition_of(), URL)
        base_of(ROOT, release, edition_of(), ["a"])
    assert repr(ROOT) == before


@pytest.mark.parametrize(
    ("release", "absent", "dropped"),
    [
        ("2.4.0", set(), {".gitignore"}),
        ("2.4.0-p1", {".gitignore"}, {".gitignore"}),
        ("2.4.1", {".github/", ".gitignore"}, {".github", ".gitignore"}),
        ("2.4.2-p1", {".github/"}, {".github"}),
    ],
)
def test_files_that_only_some_releases_ship_are_left_out_and_unmapped_in_the_others(
    release: str, absent: set[str], dropped: set[str]
) -> None:
    rule = edition_of().base
    assert set(files_excluded(rule, release)) == {"app/code/", "composer.lock"} | absent
    assert map_dropped(rule, release) == set(rule.map_drop) | dropped
