"""Recipes: every fault of a file is named at once, with its key; the shipped ones have none."""

from collections.abc import Callable
from pathlib import Path

import pytest

import mirror
from mirror.edition import Edition
from mirror.recipe import Recipe, RecipeError, parse

RECIPES = Path(mirror.__file__).parent / "recipes"
SOURCE = """
[[source]]
key = "library"
url = "https://example.org/acme/library.git"
from_tag = "1.0.0"
[[source.package]]
kind = "single"
dir = ""
"""
HEAD = 'schema = 1\ntitle = "Test"\nvendors = ["acme"]\n'
GOOD = HEAD + SOURCE
EDITION = """
[edition]
source = "library"
from_release = "2.4.0"
[edition.product]
name = "acme/product"
description = "P"
type = "metapackage"
license = ["MIT"]
keys = ["name", "require"]
[edition.project]
name = "acme/project"
description = "P"
type = "project"
license = ["MIT"]
keys = ["name", "require"]
autoload_psr4_only = []
autoload_psr4_only_in = []
plugins = []
[edition.base]
name = "acme/base"
description = "B"
type = "magento2-component"
license = ["MIT"]
keys = ["name", "require"]
files_exclude = []
empty_dirs = []
map_split_dirs = []
map_drop = []
only_in = {}
only_mapped_in = {}
require_from_root = []
require_any = []
[[edition.bundled_line]]
source = "library"
package = "acme/security"
line = "1.1.{n}"
offset = -1
releases = ["2.4.3.."]
[edition.bundled."2.4.3"]
"other/pay" = "3.0.0"
[edition.bundled."2.4.4"]
"other/pay" = "4.3.0"
"acme/security" = "1.1.9"
[edition.bundled."2.4.4-p2"]
"other/pay" = "4.3.2"
"acme/security" = "9.9.9"
[edition.bundled."2.4.4-p10"]
"other/pay" = "4.3.10"
"""

FIX = '[[version_fix]]\nsource = "library"\ntag = "1"\nreason = "r"\n'


def faults_of(text: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        parse(text, "test.toml")
    assert str(caught.value) == "\n".join(f"test.toml: {fault}" for fault in caught.value.faults)
    return caught.value.faults


def fault_at(key: str, text: str) -> str:
    """Give the one fault about a key, without the key."""
    (fault,) = [fault for fault in faults_of(text) if fault.startswith(f"{key}: ")]
    return fault.removeprefix(f"{key}: ")


def edition() -> Edition:
    found = parse(GOOD + EDITION, "test.toml").edition
    assert found
    return found


def shipped(name: str) -> Recipe:
    return parse((RECIPES / name).read_text(encoding="utf-8"), name)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_recipes_are_valid(path: Path) -> None:
    recipe = parse(path.read_text(encoding="utf-8"), path.name)
    assert recipe.wanted_sources()


def test_there_are_two_shipped_recipes_and_they_share_no_source() -> None:
    assert sorted(path.name for path in RECIPES.glob("*.toml")) == ["mirror.toml", "packages.toml"]
    first, second = shipped("mirror.toml"), shipped("packages.toml")
    assert {s.url for s in first.source}.isdisjoint(s.url for s in second.source)
    assert set(first.vendors).isdisjoint(second.vendors)


def test_a_clone_below_the_directory_of_sources_has_the_last_part_of_the_url() -> None:
    recipe = shipped("mirror.toml")
    names = [source.directory_name for source in recipe.source]
    assert len(set(names)) == len(names) == 26
    assert "mirror-security-package" in names


def test_every_fault_is_reported_at_once_with_its_key() -> None:
    text = HEAD.replace('title = "Test"\n', "colour = 3\n")
    text += SOURCE.replace('"1.0.0"', '"one"').replace("https", "http") + 'note = 5\nkinds = "x"'
    expected = {
        "title: Field required",
        "source.0.url: is not an https URL without login",
        "source.0.from_tag: 'one' is not a version",
        "source.0.package.0.note: Input should be a valid string",
        "source.0.package.0.kinds: unknown key; remove it or correct its spelling",
        "colour: unknown key; remove it or correct its spelling",
    }
    assert expected <= set(faults_of(text))


def test_a_fault_of_an_entry_is_not_reported_again_as_an_empty_list() -> None:
    assert faults_of(GOOD + "extra = 1") == ["source.0.package.0.extra: unknown key; remove it or correct its spelling"]


@pytest.mark.parametrize(
    ("addition", "key", "fault"),
    [
        ("extra = 1", "source.0.package.0.extra", "unknown key; remove it or correct its spelling"),
        ('present = "x..y"', "source.0.package.0.present.0", "'x..y' is not a release or a range a..b"),
        ('name = "Acme/X"', "source.0.package.0.name", "'Acme/X' is not a package name (vendor/name in lower case)"),
        ('exclude = "src/"', "source.0.package.0.exclude", "Input should be a valid tuple"),
        (
            '[[source.ref]]\ntag = "1.1.0"\ncommit = "abc"\nreason = "r"',
            "source.0.ref.0.commit",
            "'abc' is not a full git id (40 hex digits)",
        ),
        ('[[source.skip]]\ntag = "1.1.0"', "source.0.skip.0.reason", "Field required"),
        ('[[withhold]]\nnames = ["acme"]\nreason = "r"', "withhold.0.names.0", "'acme' is not a package name"),
        ('[[public_too]]\nname = "a/x"\nnewest = "new"\nreason = "r"', "public_too.0.newest", "'new' is not a version"),
        ('[[archive]]\npackage = "a/x"\nversion = "1"\nsha256 = "12"', "archive.0.sha256", "'12' is not a sha256"),
        (
            '[[link_fix]]\nsource = "library"\npackage = "a/x"\nversion = "1"\nsection = "needs"\nset = {}',
            "link_fix.0.section",
            "Input should be 'require'",
        ),
        (
            FIX + 'packages = { "acme/x" = "?" }\npin = "all"',
            "version_fix.0.packages.acme/x",
            "'?' is not a version",
        ),
        (
            FIX + 'packages = {}\npin = "some"',
            "version_fix.0.pin",
            "Input should be 'all', 'metapackage' or 'none'",
        ),
        (
            FIX + 'packages = {}\npin = "all"\ndependencies_only = { "acme/y" = "^" }',
            "version_fix.0.dependencies_only.acme/y",
            "'^' is not a constraint",
        ),
        (
            '[[package_source]]\nsource = "library"\npackage = "a/x"\nversion = "1"\nref = "1"\n'
            'require = {}\ndir = "../x"',
            "package_source.0.dir",
            "'../x' is not a directory relative to the repository root",
        ),
    ],
)
def test_a_fault_names_its_key_and_says_what_is_wrong(addition: str, key: str, fault: str) -> None:
    assert fault_at(key, GOOD + addition).startswith(fault)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x.git",
        "git://example.org/x.git",
        "ssh://example.org/x.git",
        "file:///tmp/x.git",
        "https://user:secret@example.org/x.git",
        "https://example.org/x.git?a=b",
        "https://example.org/x y.git",
        "--upload-pack=x",
        "",
    ],
)
def test_only_an_https_url_without_login_is_taken(url: str) -> None:
    faults = faults_of(GOOD.replace("https://example.org/acme/library.git", url))
    assert "source.0.url: is not an https URL without login" in faults
    assert "secret" not in str(faults)


@pytest.mark.parametrize("directory", ["/src", "src/", "../src", "src/../x"])
def test_a_directory_is_relative_and_stays_in_the_repository(directory: str) -> None:
    assert fault_at("source.0.package.0.dir", GOOD.replace('dir = ""', f'dir = "{directory}"'))


def test_a_doubled_key_and_an_unknown_one_are_named_together() -> None:
    unknown = '[[link_fix]]\nsource = "nowhere"\npackage = "acme/x"\nversion = "1"\nsection = "require"\nset = {}\n'
    (fault,) = faults_of(GOOD + SOURCE + unknown)
    assert "source 'library' occurs twice" in fault
    assert "no source has the key 'nowhere'" in fault


@pytest.mark.parametrize("where", ['source = "library"\nfrom_release', 'source = "library"\npackage = "acme/security"'])
def test_a_source_that_the_edition_names_must_be_there(where: str) -> None:
    (fault,) = faults_of(GOOD + EDITION.replace(where, where.replace("library", "core")))
    assert "no source has the key 'core'" in fault


def test_text_that_is_no_toml_is_one_fault() -> None:
    (fault,) = faults_of("schema = ")
    assert fault.startswith("not TOML: ")


def test_a_schema_that_is_not_known_is_a_fault() -> None:
    assert faults_of(GOOD.replace("schema = 1", "schema = 2")) == ["schema: Input should be 1"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('vendors = ["acme"]', "vendors = []"),
        lambda text: text.replace('vendors = ["acme"]', 'vendors = ["Acme"]'),
        lambda text: HEAD,
        lambda text: text.partition("[[source.package]]")[0] + "package = []",
    ],
    ids=["no vendors", "a vendor in upper case", "no sources", "a source without packages"],
)
def test_a_recipe_without_vendors_sources_or_packages_is_refused(change: Callable[[str], str]) -> None:
    assert faults_of(change(GOOD))


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(GOOD, "test.toml").title = "Other"  # type: ignore[misc]


def test_a_name_is_ours_by_its_vendor_unless_it_is_withheld() -> None:
    recipe = parse(GOOD + '[[withhold]]\nnames = ["acme/public"]\nreason = "r"', "test.toml")
    assert [recipe.is_own(name) for name in ("acme/x", "acme/public", "acme-x/y", "other/x")] == [
        True,
        False,
        False,
        False,
    ]


def test_closed_names_are_matched_by_pattern_and_case() -> None:
    recipe = parse(GOOD.replace("[[source]]", 'closed = ["pay/*", "acme/module-secret*"]\n[[source]]', 1), "test.toml")
    assert [recipe.is_closed(n) for n in ("pay/x", "pay-x/y", "acme/module-secret-x", "acme/x")] == [
        True,
        False,
        True,
        False,
    ]


def test_a_source_of_withheld_names_only_is_not_wanted() -> None:
    text = GOOD.replace('dir = ""', 'dir = ""\nname = "acme/library"')
    withheld = '[[withhold]]\nnames = ["acme/library"]\nreason = "r"'
    assert [s.key for s in parse(text, "test.toml").wanted_sources()] == ["library"]
    assert parse(text + withheld, "test.toml").wanted_sources() == ()


def test_the_line_of_an_extension_follows_the_third_number_and_the_suffix() -> None:
    (line,) = edition().bundled_line
    assert [line.version_for(r) for r in ("2.4.4", "2.4.4-p10", "2.4.7-beta1", "2.4.10")] == [
        "1.1.3",
        "1.1.3-p10",
        "1.1.6-beta1",
        "1.1.9",
    ]


@pytest.mark.parametrize(
    ("release", "bundled", "known"),
    [
        ("2.4.3", {"acme/security": "1.1.2", "other/pay": "3.0.0"}, True),
        ("2.4.4", {"acme/security": "1.1.9", "other/pay": "4.3.0"}, True),
        ("2.4.4-p1", {"acme/security": "1.1.3-p1", "other/pay": "4.3.0"}, False),
        ("2.4.4-p3", {"acme/security": "1.1.3-p3", "other/pay": "4.3.2"}, False),
        ("2.4.4-p11", {"acme/security": "1.1.3-p11", "other/pay": "4.3.10"}, False),
        ("2.4.5-beta1", {"acme/security": "1.1.4-beta1", "other/pay": "4.3.10"}, False),
        ("2.4.5", {"acme/security": "1.1.4", "other/pay": "4.3.10"}, False),
        ("2.4.4-beta1", {"acme/security": "1.1.3-beta1", "other/pay": "3.0.0"}, False),
        ("2.4.2", {}, False),
    ],
)
def test_bundled_extensions_are_facts_or_carried_over_from_the_release_before(
    release: str, bundled: dict[str, str], known: bool
) -> None:
    assert edition().bundled_with(release) == (bundled, known)


def test_the_error_of_a_recipe_carries_its_faults_as_data() -> None:
    error = RecipeError("x.toml", ["a: wrong", "b: wrong too"])
    assert (error.where, error.faults) == ("x.toml", ["a: wrong", "b: wrong too"])
    assert str(error) == "x.toml: a: wrong\nx.toml: b: wrong too"
