"""A tag's packages are read from git trees: a fault of one never hides another."""

import json
from pathlib import Path
from typing import Any

import pytest

from mirror import javascript
from mirror.candidates import Candidate, candidates_from_json
from mirror.git import Objects
from mirror.scanning import EditionScan, Scanner
from tests.support.recipes import SINGLE, edition_of, recipe_of, source_text
from tests.support.repositories import (
    DIRECTORY,
    NO_COMMIT,
    Submodule,
    Symlink,
    Tree,
    blob,
    make_loose,
    make_repository,
    object_id,
    package,
    raw_tree,
    remove,
)

URL = "https://repo.example.org/"
CHILDREN = '[[source.package]]\nkind = "children"\ndir = "app"\n'
META = '[[source.package]]\nkind = "metapackage"\ndir = "_meta"\n'
A, B = package("acme/a", "1.0.0"), package("acme/b", "2.0.0")


def scan(
    path: Path, root: str, packages: str = SINGLE, *, edition: bool = False, version: str = "2.4.4"
) -> list[Candidate]:
    source = recipe_of(source_text(packages)).source[0]
    with Objects(path) as objects:
        return Scanner(objects, source, EditionScan(edition_of(), URL) if edition else None).scan(root, version)


def scan_tree(tmp_path: Path, tree: Tree, packages: str = SINGLE, **options: Any) -> list[Candidate]:
    path = make_repository(tmp_path / "library", {"1.0.0": tree})
    return scan(path, object_id(path, "1.0.0^{tree}"), packages, **options)


def derived(tmp_path: Path, tree: Tree, version: str = "2.4.4") -> dict[str, Candidate]:
    root = package("acme/root", "1", require={"php": "*"}) if "composer.json" not in tree else tree["composer.json"]
    found = scan_tree(
        tmp_path, {**tree, "composer.json": root, "p/composer.json": A}, SINGLE, edition=True, version=version
    )
    return {candidate.kind: candidate for candidate in found if candidate.kind != "single"}


def map_of(base: Candidate) -> list[str]:
    return [source for source, _ in json.loads(base.derived)["extra"]["map"]]


def codes(candidate: Candidate) -> list[str]:
    return [code for code, _ in candidate.faults]


def test_a_single_package_is_its_directory(tmp_path: Path) -> None:
    path = make_repository(tmp_path / "library", {"1.0.0": {"lib/x/composer.json": A, "lib/x/src/a": "1"}})
    (found,) = scan(path, object_id(path, "1.0.0^{tree}"), SINGLE.replace('dir = ""', 'dir = "lib/x"'))
    assert found == Candidate(
        kind="single",
        rule=0,
        dir="lib/x",
        tree=object_id(path, "1.0.0:lib/x"),
        composer=object_id(path, "1.0.0:lib/x/composer.json"),
        name="acme/a",
        version="1.0.0",
        content=found.content,
    )


def test_children_are_all_directories_but_hidden_and_excluded_ones(tmp_path: Path) -> None:
    rule = CHILDREN + 'exclude = ["app/B/", "app/Not"]\n'
    tree: Tree = {f"app/{name}/composer.json": A for name in ("A", "B", "BB", ".hidden", "Nothing", "Z-1", "é")}
    found = scan_tree(tmp_path, {**tree, "app/file": "", "app/link": Symlink("A"), "app/sub": Submodule()}, rule)
    assert [candidate.dir for candidate in found] == ["app/A", "app/BB", "app/Z-1", "app/é"]


def test_children_of_the_root_have_its_directories_names(tmp_path: Path) -> None:
    found = scan_tree(tmp_path, {"a/composer.json": A, "b/composer.json": B}, CHILDREN.replace('"app"', '""'))
    assert [(candidate.dir, candidate.name) for candidate in found] == [("a", "acme/a"), ("b", "acme/b")]


def test_the_rules_of_a_source_are_followed_in_order_and_named_by_their_index(tmp_path: Path) -> None:
    found = scan_tree(tmp_path, {"app/a/composer.json": A, "_meta/composer.json": B}, META + CHILDREN)
    assert [(candidate.rule, candidate.kind) for candidate in found] == [(0, "metapackage"), (1, "children")]


@pytest.mark.parametrize(
    ("tree", "code"),
    [
        ({"app/a/x": ""}, "composer-json-missing"),
        ({"app/a/composer.json/x": ""}, "composer-json-missing"),
        ({"app/a/composer.json": Symlink("../b/composer.json")}, "composer-json-missing"),
        ({"app/a/composer.json": Submodule()}, "composer-json-missing"),
        ({"app/a/composer.json": "{"}, "composer-json-invalid"),
        ({"app/a/composer.json": "{}"}, "name-missing"),
        ({"app/a/composer.json": package("Acme/A")}, "name-invalid"),
        ({"app/a/composer.json": "[" * 10_000}, "composer-json-invalid"),
        ({"app/a/composer.json": " " * (10 << 20)}, "composer-json-too-large"),
    ],
    ids=["missing", "directory", "symlink", "submodule", "no json", "no name", "bad name", "deep", "10 MB"],
)
def test_a_child_that_is_no_package_is_a_named_fault_beside_its_sound_siblings(
    tmp_path: Path, tree: dict[str, Any], code: str
) -> None:
    bad, good = scan_tree(tmp_path, {**tree, "app/b/composer.json": B}, CHILDREN)
    assert (bad.dir, codes(bad)) == ("app/a", [code])
    assert (good.name, good.faults) == ("acme/b", ())


def test_a_directory_that_is_not_there_is_a_named_fault(tmp_path: Path) -> None:
    found = scan_tree(tmp_path, {"app/a/composer.json": A, "_meta": "a file"}, META + CHILDREN)
    assert [(candidate.kind, codes(candidate)) for candidate in found] == [
        ("metapackage", ["package-missing"]),
        ("children", []),
    ]


def test_a_missing_object_is_a_fault_of_its_package_only(tmp_path: Path) -> None:
    path = make_repository(tmp_path / "library", {"1.0.0": {"app/a/composer.json": A, "app/b/composer.json": B}})
    make_loose(path)
    damaged = object_id(path, "1.0.0:app/a/composer.json")
    remove(path, damaged)
    bad, good = scan(path, object_id(path, "1.0.0^{tree}"), CHILDREN)
    assert codes(bad) == ["object-unreadable"]
    assert damaged in bad.faults[0][1]
    assert good.name == "acme/b"


def test_a_missing_directory_object_is_a_fault_of_its_rule_only(tmp_path: Path) -> None:
    path = make_repository(tmp_path / "library", {"1.0.0": {"app/a/composer.json": A, "_meta/composer.json": B}})
    make_loose(path)
    remove(path, object_id(path, "1.0.0:app"))
    bad, good = scan(path, object_id(path, "1.0.0^{tree}"), CHILDREN + META)
    assert (bad.kind, codes(bad)) == ("children", ["object-unreadable"])
    assert good.name == "acme/b"


def test_a_tag_without_a_tree_is_a_fault(tmp_path: Path) -> None:
    path = make_repository(tmp_path / "library", {"1.0.0": {"composer.json": A}})
    (bad,) = scan(path, NO_COMMIT)
    assert codes(bad) == ["object-unreadable"]


def test_an_entry_that_claims_to_be_a_directory_and_is_none_is_a_fault(tmp_path: Path) -> None:
    path = make_repository(tmp_path / "library", {"1.0.0": {"composer.json": A}})
    forged = raw_tree(path, [(DIRECTORY, b"app", blob(path, "no tree"))])
    (bad,) = scan(path, forged, CHILDREN)
    assert codes(bad) == ["object-unreadable"]


def test_a_directory_whose_name_is_not_utf8_is_scanned_under_a_name_that_can_be_shown(tmp_path: Path) -> None:
    (found,) = scan_tree(tmp_path, {b"app/\xff/composer.json": A}, CHILDREN)
    assert (found.dir, found.name) == ("app/\\xff", "acme/a")


def test_a_metapackage_says_whether_it_takes_any_version_of_its_siblings(tmp_path: Path) -> None:
    def unpinned(**links: str) -> bool:
        composer = package("acme/meta", "1.0.0", require={name.replace("_", "/"): text for name, text in links.items()})
        directory = tmp_path / str(len(list(tmp_path.iterdir())))
        (found,) = scan_tree(directory, {"_meta/composer.json": composer}, META)
        return found.unpinned

    assert unpinned(acme_a="*", acme_b="1.0.0")
    assert not unpinned(acme_a="1.0.*", other_a="*", php="*")


def test_only_metapackages_are_called_unpinned(tmp_path: Path) -> None:
    (found,) = scan_tree(tmp_path, {"composer.json": package("acme/a", "1", require={"acme/b": "*"})})
    assert not found.unpinned


def test_the_digest_of_content_tells_of_files_and_links_and_not_of_the_form(tmp_path: Path) -> None:
    rule = SINGLE + 'exclude = ["Sub/"]\n'
    base: Tree = {"a": "1", "Sub/x": "1", "composer.json": package("acme/a", "1", require={"php": "*", "acme/b": "1"})}
    trees: dict[str, Tree | str] = {
        "same": {**base, "composer.json": package("acme/a", "1", description="d", require={"acme/b": "1", "php": "*"})},
        "excluded": {**base, "Sub/x": "2"},
        "file": {**base, "a": "2"},
        "more": {**base, "b": "1"},
        "links": {**base, "composer.json": package("acme/a", "1", require={"php": ">=8", "acme/b": "1"})},
        "base": base,
    }
    path = make_repository(tmp_path / "library", trees)
    content = {name: scan(path, object_id(path, f"{name}^{{tree}}"), rule)[0].content for name in trees}
    assert content["same"] == content["excluded"] == content["base"]
    assert len({content[name] for name in ("base", "file", "more", "links")}) == 4


def test_the_digest_of_content_tells_of_a_bit_that_changes_the_archive(tmp_path: Path) -> None:
    (plain,) = scan_tree(tmp_path / "1", {"composer.json": A, "a": "1"})
    (executable,) = scan_tree(tmp_path / "2", {"composer.json": A, ("a", 0o100755): "1"})
    assert plain.content != executable.content


def test_a_scan_that_is_remembered_is_the_same(tmp_path: Path) -> None:
    found = scan_tree(tmp_path, {"app/a/composer.json": A, "app/b/x": "", "_meta/composer.json": B}, CHILDREN + META)
    assert candidates_from_json(json.dumps(found)) == found


def test_single_places_can_be_looked_up(tmp_path: Path) -> None:
    path = make_repository(tmp_path / "library", {"1": {"app/a/composer.json": A, "app/file": "x", "top": "y"}})
    root = object_id(path, "1^{tree}")
    with Objects(path) as objects:
        scanner = Scanner(objects, recipe_of().source[0], None)
        assert scanner.resolve(root, "") == root
        assert scanner.resolve(root, "app/a") == object_id(path, "1:app/a")
        assert scanner.resolve(root, "app/file") is None
        assert scanner.resolve(root, "app/z/a") is None
        assert scanner.blob_at(root, "app/file") == object_id(path, "1:app/file")
        assert scanner.blob_at(root, "top") == object_id(path, "1:top")
        assert scanner.blob_at(root, "no/file") is None
        assert (scanner.at(root, "single", "app/a").name, scanner.at(root, "single", "app/a").rule) == ("acme/a", -1)
        assert codes(scanner.at(root, "single", "app/z")) == ["package-missing"]


def test_an_edition_gives_a_base_a_product_and_a_project(tmp_path: Path) -> None:
    found = derived(tmp_path, {"index.php": ""})
    assert {kind: (c.name, c.version, bool(c.tree)) for kind, c in found.items()} == {
        "base": ("acme/base", "2.4.4", True),
        "product": ("acme/product", "2.4.4", False),
        "project": ("acme/project", "2.4.4", False),
    }
    project = json.loads(found["project"].derived)
    assert project["repositories"] == [{"type": "composer", "url": URL}]
    assert found["project"].derived == javascript.stringify(project)


def test_the_map_lists_the_children_of_split_directories_and_all_else_at_its_level(tmp_path: Path) -> None:
    tree: Tree = {
        "README.md": "",
        "index.php": "",
        ".htaccess": "",
        "app/code/Acme/A/x": "",
        "app/code/Other/x": "",
        "app/design/frontend/x": "",
        "app/etc/di.xml": "",
        "app/etc/vendor_path.php": "",
        "app/etc/deep/er/x": "",
        "app/bootstrap.php": "",
        "lib/web/x": "",
        "dev/tests/x": "",
        "link": Symlink("lib"),
        "sub": Submodule(),
    }
    assert map_of(derived(tmp_path, tree)["base"]) == [
        ".htaccess",
        "app/bootstrap.php",
        "app/design",
        "app/etc/deep",
        "app/etc/di.xml",
        "dev",
        "index.php",
        "lib/web",
        "p",
    ]


def test_a_file_where_a_split_directory_is_expected_is_listed_itself(tmp_path: Path) -> None:
    assert "lib" in map_of(derived(tmp_path, {"lib": "a file"})["base"])


@pytest.mark.parametrize(
    ("version", "listed"),
    [
        ("2.4.0", [".github"]),
        ("2.4.0-p1", [".github"]),
        ("2.4.1", []),
        ("2.4.2-p1", [".gitignore"]),
        ("2.4.4", [".gitignore"]),
    ],
)
def test_hidden_files_are_mapped_in_the_releases_that_list_them(
    tmp_path: Path, version: str, listed: list[str]
) -> None:
    base = derived(tmp_path, {".github/x": "", ".gitignore": ""}, version)["base"]
    assert [path for path in map_of(base) if path.startswith(".git")] == listed


def test_no_two_entries_of_the_map_overlap(tmp_path: Path) -> None:
    paths = map_of(derived(tmp_path, {"app/etc/x": "", "app/x/y": "", "lib/a/b": "", "lib-x/a": "", "z": ""})["base"])
    assert len(set(paths)) == len(paths)
    assert not [(a, b) for a in paths for b in paths if b.startswith(f"{a}/")]


@pytest.mark.parametrize("composer", ["{", "[]", "{}", package("Acme/Root"), package("acme/root", require={"x": 1})])
def test_a_root_that_cannot_be_read_gives_no_edition_and_one_fault(tmp_path: Path, composer: str) -> None:
    found = derived(tmp_path, {"composer.json": composer})
    assert list(found) == ["root"]
    assert found["root"].faults


def test_a_root_whose_component_paths_are_a_list_stops_nothing(tmp_path: Path) -> None:
    found = derived(tmp_path, {"composer.json": '{"name":"acme/root","extra":{"component_paths":[]}}'}, "2.4.8")
    assert set(found) == {"base", "product", "project"}


@pytest.mark.parametrize("prefixes", ["[]", '"src"'])
def test_a_root_whose_prefixes_are_no_object_stops_nothing(tmp_path: Path, prefixes: str) -> None:
    composer = f'{{"name":"acme/root","autoload":{{"psr-4":{prefixes}}}}}'
    found = derived(tmp_path, {"composer.json": composer}, "2.4.8")
    assert set(found) >= {"base", "product", "project"} or found["root"].faults


def edition_with_a_missing(gone: str, tmp_path: Path) -> list[Candidate]:
    tree = {"composer.json": package("acme/root"), "app/etc/x": "", "p/composer.json": A}
    path = make_repository(tmp_path / "library", {"2.4.4": tree})
    make_loose(path)
    remove(path, object_id(path, f"2.4.4:{gone}"))
    root = object_id(path, "2.4.4^{tree}")
    return scan(path, root, SINGLE.replace('dir = ""', 'dir = "p"'), edition=True)


def test_a_root_composer_json_that_is_missing_is_a_fault_of_the_edition_only(tmp_path: Path) -> None:
    found = edition_with_a_missing("composer.json", tmp_path)
    assert found[0].name == "acme/a"
    assert ["object-unreadable"] in [codes(candidate) for candidate in found[1:]]


@pytest.mark.parametrize("gone", ["app", "app/etc"])
def test_a_directory_missing_below_the_root_is_a_fault_of_the_edition_only(tmp_path: Path, gone: str) -> None:
    found = edition_with_a_missing(gone, tmp_path)
    assert found[0].name == "acme/a"
    assert ["object-unreadable"] in [codes(candidate) for candidate in found[1:]]


def test_a_path_of_the_map_that_is_not_utf8_is_no_entry_of_the_map(tmp_path: Path) -> None:
    """Such a file is left out of the dist, and a map of what is not there stops the installer."""
    assert map_of(derived(tmp_path, {b"\xff": "", "a": ""})["base"]) == ["a", "p"]


def test_an_object_is_read_once_however_many_tags_have_it(tmp_path: Path) -> None:
    path = make_repository(
        tmp_path / "library", {"1": {"composer.json": A, "a": "1"}, "2": {"composer.json": A, "a": "2"}}
    )
    make_loose(path)
    source = recipe_of().source[0]
    with Objects(path) as objects:
        scanner = Scanner(objects, source, None)
        first = scanner.scan(object_id(path, "1^{tree}"), "1")
        second_root = object_id(path, "2^{tree}")
        remove(path, object_id(path, "1:composer.json"))
        (second,) = scanner.scan(second_root, "2")
    assert (second.name, second.composer) == (first[0].name, first[0].composer)


def test_the_mode_of_composer_json_counts_for_nothing(tmp_path: Path) -> None:
    (plain,) = scan_tree(tmp_path / "1", {"composer.json": A})
    (odd,) = scan_tree(tmp_path / "2", {("composer.json", 0o100755): A})
    assert (plain.name, plain.composer, plain.content) == (odd.name, odd.composer, odd.content)
