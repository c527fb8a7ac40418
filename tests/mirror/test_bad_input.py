"""What is wrong with a recipe, a source, an archive or the disk is named, and nothing else is lost."""

import io
import json
import os
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.packages import package as packed
from tests.support.packages import put, zipped
from tests.support.portal import (
    DATABASE,
    EDITION,
    RECIPE,
    Answer,
    Portal,
    go_on,
    new_portal,
    recipe,
    release,
    source,
    stopped_at,
)
from tests.support.repositories import (
    NO_COMMIT,
    Submodule,
    Symlink,
    Tree,
    add_tags,
    blob,
    commit,
    corrupt,
    git,
    make_loose,
    make_repository,
    object_id,
    package,
    point,
    raw_tree,
    remove,
    tag_object,
    truncate,
)

GOOD, BAD = "packages/acme/good-1.0.0.zip", "packages/acme/bad-1.0.0.zip"
LARGE = 10 << 20  # bytes
DEEP = 10_000
Damage = Callable[[Portal], object]


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """A portal that serves the package acme/good; the source of acme/bad has one version that is not built yet."""
    portal = new_portal(tmp_path_factory.mktemp("bad") / "portal", recipe("good"))
    make_repository(portal.sources / "good", {"0.9.0": {"composer.json": package("acme/good")}})
    portal.build()
    portal.use_recipe(recipe("good", "bad"))
    add_tags(portal.sources / "good", {"1.0.0": {"composer.json": package("acme/good")}})
    tree = {"composer.json": package("acme/bad"), "src/text.php": "<?php // one", "lib/old.php": "<?php"}
    make_repository(portal.sources / "bad", {"1.0.0": tree})
    return portal


@pytest.fixture
def portal(beginning: Portal, tmp_path: Path) -> Portal:
    return beginning.copy_to(tmp_path / "portal")


def siblings(beginning: Portal, directory: Path, count: int) -> list[Portal]:
    """Copy the portal, with so many distributions that are alike; each has sources and a recipe of its own."""
    first = beginning.copy_to(directory / "0")
    made = [Portal(directory / str(number), first.more, f"d{number}") for number in range(1, count)]
    for one in made:
        shutil.copytree(first.sources, one.sources)
        shutil.copy2(first.directory / "mirror.toml", one.directory / f"{one.slug}.toml")
        (one.directory / "data").symlink_to(first.data)
    rows = [{"slug": one.slug, "title": one.slug, "recipe": f"{one.directory}/{one.slug}.toml"} for one in made]
    first.python(f"for row in {rows!r}: Distribution.objects.create(**row)")
    return [first, *made]


def bad(portal: Portal) -> Path:
    return portal.sources / "bad"


def tagged(tree: Tree, tag: str = "1.1.0") -> Damage:
    """Give the bad source one more tag."""
    return lambda portal: add_tags(bad(portal), {tag: tree})


def composer(text: str | bytes) -> Damage:
    return tagged({"composer.json": text})


def said(**more: Any) -> Damage:
    return composer(json.dumps({"name": "acme/bad"} | more))


def with_entry(mode: int, name: bytes) -> Damage:
    """Tag a tree with an entry that git itself would never add."""

    def damage(portal: Portal) -> None:
        path = bad(portal)
        text = blob(path, "<?php")
        inner = raw_tree(path, [(mode, name, text if mode & 0o100000 else raw_tree(path, [(0o100644, b"a", text)]))])
        root = raw_tree(path, [(0o100644, b"composer.json", blob(path, package("acme/bad"))), (0o40000, b"src", inner)])
        point(path, "1.1.0", commit(path, root))

    return damage


def pointing(name: str, kind: str = "") -> Damage:
    """Let a tag lead to the known commit, or to something of another kind."""

    def damage(portal: Portal) -> None:
        path = bad(portal)
        target = object_id(path, f"1.0.0{kind}")
        point(path, name, target)

    return damage


def packed_ref(name: bytes) -> Damage:
    def damage(portal: Portal) -> None:
        target = object_id(bad(portal), "1.0.0^{commit}").encode()
        git(bad(portal), "pack-refs", "--all")
        with (bad(portal) / "packed-refs").open("ab") as file:
            file.write(target + b" refs/tags/" + name + b"\n")

    return damage


def to_annotated_blob(portal: Portal) -> None:
    path = bad(portal)
    point(path, "1.1.0", tag_object(path, "1.1.0", object_id(path, "1.0.0:composer.json"), "blob"))


def broken(what: str, how: Callable[[Path, str], None]) -> Damage:
    """Add a version and damage one of its objects."""

    def damage(portal: Portal) -> None:
        path = bad(portal)
        tree = {
            "composer.json": package("acme/bad", "1.1.0"),
            "src/text.php": "<?php // two",
            "lib/new.php": "<?php //",
        }
        add_tags(path, {"1.1.0": tree})
        make_loose(path)
        how(path, object_id(path, f"1.1.0{what}"))

    return damage


def replaced(make: Callable[[Path], object]) -> Damage:
    def damage(portal: Portal) -> None:
        shutil.rmtree(bad(portal))
        make(bad(portal))

    return damage


def to_text(path: Path) -> None:
    path.write_text("this is no repository")


def to_folder(path: Path) -> None:
    path.mkdir()
    (path / "composer.json").write_text(package("acme/bad"))


def without_objects(portal: Portal) -> None:
    shutil.rmtree(bad(portal) / "objects")
    (bad(portal) / "objects").mkdir()


def with_endless_head(portal: Portal) -> None:
    (bad(portal) / "HEAD").write_text("ref: refs/heads/main/../../../../etc/passwd\n")
    (bad(portal) / "config").write_text("[core]\n\tbare = perhaps\n")


def with_hostile_configuration(portal: Portal) -> None:
    """A repository may bring its own settings; none of them may run a program."""
    mark = portal.directory / "ran"
    program = portal.directory / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    settings = {"core.fsmonitor": program, "core.pager": program, "core.sshCommand": program, "diff.external": program}
    for key, value in settings.items():
        git(bad(portal), "config", key, str(value))
    add_tags(bad(portal), {"1.1.0": {"readme": ""}})


NESTED = '{"name": "acme/bad", "extra": ' + "[" * DEEP + "]" * DEEP + "}"
BAD_TAG = "bad tag 1.1.0"
WHOLE = {GOOD, BAD}  # what is served nevertheless

# What is done to the source; a text that an error or a warning holds; what is served nevertheless.
SOURCES: dict[str, tuple[Damage, str, set[str]]] = {
    # the repository
    "no repository": (replaced(to_folder), "bad: bad is not a git repository; clone https://github.com/acme", {GOOD}),
    "a file": (replaced(to_text), "bad: bad is not a git repository", {GOOD}),
    "an empty repository": (replaced(lambda path: make_repository(path, {})), "bad: bad has no tags", {GOOD}),
    "a repository without objects": (without_objects, "bad: ", {GOOD}),
    "a repository with broken settings": (with_endless_head, "bad: ", {GOOD}),
    "a repository with hostile settings": (with_hostile_configuration, f"{BAD_TAG}: /", WHOLE),
    # its objects
    "a corrupt file": (broken(":src/text.php", corrupt), BAD_TAG, WHOLE),
    "a truncated file": (broken(":src/text.php", truncate), BAD_TAG, WHOLE),
    "a file that is missing": (broken(":src/text.php", remove), BAD_TAG, WHOLE),
    "a corrupt composer.json": (broken(":composer.json", corrupt), BAD_TAG, WHOLE),
    "a composer.json that is missing": (broken(":composer.json", remove), BAD_TAG, WHOLE),
    "a corrupt folder": (broken(":src", corrupt), BAD_TAG, WHOLE),
    "a corrupt root": (broken("^{tree}", corrupt), BAD_TAG, WHOLE),
    "a root that is missing": (broken("^{tree}", remove), BAD_TAG, WHOLE),
    "a corrupt commit": (broken("^{commit}", corrupt), "1.1.0", WHOLE),
    "a commit that is missing": (broken("^{commit}", remove), "1.1.0", WHOLE),
    # its tags
    "a tag of a blob": (pointing("1.1.0", ":composer.json"), f"{BAD_TAG}: leads to no commit", WHOLE),
    "an annotated tag of a blob": (to_annotated_blob, f"{BAD_TAG}: leads to no commit", WHOLE),
    "a tag of a tree": (pointing("1.1.0", "^{tree}"), f"{BAD_TAG}: leads to no commit", WHOLE),
    "a tag like an option": (pointing("--upload-pack=x", "^{commit}"), "bad tag --upload-pack=x: is not a", WHOLE),
    "a tag that leaves its folder": (packed_ref(b"../x"), "../x", {GOOD}),
    "a tag named for a branch": (pointing("2.4-develop", "^{commit}"), "bad tag 2.4-develop: is not a version", WHOLE),
    "a tag with a line separator": (pointing("1.1.0\u2028", "^{commit}"), "bad tag 1.1.0", WHOLE),
    "a tag with a next line": (pointing("1.1.0\u0085", "^{commit}"), "bad tag 1.1.0", WHOLE),
    "a tag that is not UTF-8": (packed_ref(b"1.1.\xff"), "bad tag 1.1.", WHOLE),
    "a version that is not UTF-8": (packed_ref(b"1.1.0+\xff"), "bad tag 1.1.0+", WHOLE),
    "a tag that is very long": (packed_ref(b"1.1.0+" + b"a" * 300), "bad tag 1.1.0+aaa", WHOLE),
    # its paths
    "a path that is not UTF-8": (
        tagged({"composer.json": package("acme/bad"), b"src/\xff.php": "x"}),
        "src/\\xff.php' is not UTF-8 and was left out",
        WHOLE,
    ),
    "paths that differ by case": (
        tagged({"composer.json": package("acme/bad"), "src/a.php": "", "src/A.php": ""}),
        "src/A.php and src/a.php differ only by case",
        WHOLE,
    ),
    "a symlink that leaves the tree": (
        tagged({"composer.json": package("acme/bad"), "src/link": Symlink("../../../../etc/passwd")}),
        "src/link is a symlink and was left out",
        WHOLE,
    ),
    "a submodule": (
        tagged({"composer.json": package("acme/bad"), "lib/other": Submodule(NO_COMMIT)}),
        "lib/other is a submodule and was left out",
        WHOLE,
    ),
    "a composer.json that is a symlink": (
        tagged({"composer.json": Symlink("../../etc/passwd")}),
        f"{BAD_TAG}: /: the root has no composer.json",
        WHOLE,
    ),
    "a folder that leaves the tree": (with_entry(0o40000, b".."), BAD_TAG, WHOLE),
    "a file that leaves the tree": (with_entry(0o100644, b"../../evil.php"), BAD_TAG, WHOLE),
    "an absolute file": (with_entry(0o100644, b"/etc/passwd"), BAD_TAG, WHOLE),
    "a file with a backslash": (with_entry(0o100644, b"..\\..\\evil.php"), BAD_TAG, WHOLE),
    "a file with a control character": (with_entry(0o100644, b"a\x1b[2Jb"), BAD_TAG, WHOLE),
    # composer.json
    "no composer.json": (tagged({"readme": ""}), f"{BAD_TAG}: /: the root has no composer.json", WHOLE),
    "composer.json is no JSON": (composer("{"), f"{BAD_TAG}: /: composer.json is not valid JSON", WHOLE),
    "composer.json is no object": (composer("[]"), f"{BAD_TAG}: /: composer.json is no object", WHOLE),
    "composer.json is not UTF-8": (composer(b'{"name": "acme/b\xff"}'), "is not UTF-8", WHOLE),
    "no name": (composer("{}"), f"{BAD_TAG}: /: composer.json has no name", WHOLE),
    "a name that is a number": (said(name=1), f"{BAD_TAG}: /: composer.json has the name", WHOLE),
    "a name outside the grammar": (said(name="acme/../bad"), "'acme/../bad', which is not vendor/name", WHOLE),
    "a name of another vendor": (said(name="other/bad"), "other/bad is of no vendor that this recipe", WHOLE),
    "a name that is very long": (said(name="acme/" + "a" * 300), BAD_TAG, WHOLE),
    "an impossible version": (said(version="one"), "has the version 'one', which is none", WHOLE),
    "a version that is a number": (said(version=1.1), f"{BAD_TAG}: /: composer.json has the version", WHOLE),
    "a version that is very long": (said(version="1.1.0+" + "a" * 300), BAD_TAG, WHOLE),
    "an impossible constraint": (said(require={"php": ">=8 <"}), "require php has the constraint '>=8 <'", WHOLE),
    "a constraint that is a list": (said(require={"php": []}), "require php is [], not a text", WHOLE),
    "links that are a list": (said(require=["php"]), "require of composer.json is no object", WHOLE),
    "links to no name": (said(require={"php rules": "*"}), "require names 'php rules'", WHOLE),
    "a number that JSON cannot say": (composer('{"name": "acme/bad", "extra": {"n": 1e999}}'), BAD_TAG, WHOLE),
    "half a character": (composer('{"name": "acme/bad", "description": "\\ud800"}'), BAD_TAG, WHOLE),
    "10 MB": (said(extra={"text": "x" * LARGE}), f"{BAD_TAG}: /: composer.json has 10,485,", WHOLE),
    "nested 10,000 deep": (composer(NESTED), f"{BAD_TAG}: /: composer.json is not valid JSON", WHOLE),
}


@pytest.fixture(scope="module")
def builds_of_bad_sources(
    beginning: Portal, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Portal, Answer]]:
    """What became of a build of each bad source, by its name in the table."""
    portals = siblings(beginning, tmp_path_factory.mktemp("sources"), len(SOURCES))
    for portal, (damage, _, _) in zip(portals, SOURCES.values(), strict=True):
        damage(portal)
    answers = portals[0].in_turn(*(portal.build_arguments() for portal in portals))
    return dict(zip(SOURCES, zip(portals, answers, strict=True), strict=True))


@pytest.mark.parametrize("name", SOURCES)
def test_a_bad_source_is_named_and_the_rest_is_published(
    builds_of_bad_sources: Mapping[str, tuple[Portal, Answer]], name: str
) -> None:
    portal, answer = builds_of_bad_sources[name]
    _, words, served = SOURCES[name]
    assert answer.status == 0, answer.text
    report = answer.report
    found = [f"{entry['subject']}: {entry['message']}" for entry in report["errors"] + report["warnings"]]
    assert any(words in line for line in found), found
    assert "Traceback" not in answer.text
    assert portal.manifest().keys() >= served
    assert not (portal.directory / "ran").exists()
    portal.assert_whole()
    assert_packed_well(portal)


def assert_packed_well(portal: Portal) -> None:
    """Check that nothing hostile went into an archive or into the metadata."""
    for path in portal.manifest():
        if path.endswith(".zip"):
            with zipfile.ZipFile(portal.files / "dists" / path) as archive:
                names = archive.namelist()
            assert not [name for name in names if ".." in name or name.startswith("/") or not name.isprintable()]
        else:
            json.loads((portal.current / path).read_bytes(), parse_constant=pytest.fail)


@pytest.mark.parametrize("boundary", ["fetched", "planned"])
def test_a_source_that_vanishes_while_it_is_built_is_named(portal: Portal, boundary: str) -> None:
    with stopped_at(boundary, portal, *portal.build_arguments()) as process:
        bad(portal).rename(portal.directory / "bad")
        report = go_on(process).report
    assert any(found["subject"].startswith("bad") for found in report["errors"])
    assert GOOD in portal.manifest()
    portal.assert_whole()
    (portal.directory / "bad").rename(bad(portal))
    assert portal.build()["errors"] == []
    assert BAD in portal.manifest()


def test_a_source_that_vanishes_while_a_recipe_wants_a_commit_of_it_is_named(portal: Portal) -> None:
    reference = f'ref = [{{ tag = "2.0.0", commit = "{NO_COMMIT}", reason = "never tagged" }}]'
    portal.use_recipe(RECIPE + source("good") + source("bad", more=reference))
    with stopped_at("fetched", portal, *portal.build_arguments()) as process:
        shutil.rmtree(bad(portal))
        report = go_on(process).report
    assert any(found["subject"].startswith("bad") for found in report["errors"])
    assert GOOD in portal.manifest()


def test_a_corrupt_folder_of_an_edition_is_named(portal: Portal) -> None:
    edition = EDITION.replace('map_split_dirs = [""]', 'map_split_dirs = ["", "lib"]')
    portal.use_recipe(recipe("good") + source("core", kind="children", directory="app") + source("extension") + edition)
    core = make_repository(portal.sources / "core", {"1.0.0": {**release("1.0.0"), "lib/a.php": ""}})
    make_repository(portal.sources / "extension", {"1.0.0": {"composer.json": package("acme/extension")}})
    make_loose(core)
    corrupt(core, object_id(core, "1.0.0:lib"))
    report = portal.build()
    assert any("core tag 1.0.0" in found["subject"] for found in report["errors"])
    assert portal.manifest().keys() >= {GOOD, "packages/acme/module-one-1.0.0.zip"}


SHARED = "packages/acme/bad-2020-01-01.zip"


@pytest.mark.parametrize("together", [False, True], ids=["one after the other", "in one build"])
def test_two_packages_never_share_an_address(portal: Portal, together: bool) -> None:
    add_tags(bad(portal), {"1.1.0": {"composer.json": package("acme/bad", "2020-01-01"), "text": "one"}})
    digest = "" if together else portal.build() and portal.manifest()[SHARED]
    add_tags(bad(portal), {"1.2.0": {"composer.json": package("acme/bad-2020-01", "01"), "text": "two"}})
    (found,) = portal.build()["errors"]
    assert (found["code"], SHARED in found["message"]) == ("path-taken", True)
    assert portal.manifest()[SHARED] == digest or together
    assert portal.manifest().keys() >= WHOLE
    portal.assert_whole()


def test_versions_that_differ_in_what_an_address_cannot_hold_have_addresses_of_their_own(portal: Portal) -> None:
    for tag, version in {"1.1.0": "dev-one/two", "1.2.0": "dev-one-two"}.items():
        add_tags(bad(portal), {tag: {"composer.json": package("acme/bad", version), "text": version}})
    assert portal.build()["errors"] == []
    assert len([path for path in portal.manifest() if "dev-one-two" in path]) == 2
    portal.assert_whole()


# The recipe; texts that the message holds.
RECIPES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "unknown keys": (
        recipe("good", more="\n[surce]\nx = 1\n") + '\n[[source.package]]\nkind = "single"\ndir = ""\nnmae = "a/b"\n',
        ("surce: unknown key; remove it or correct its spelling",),
    ),
    "every fault at once": (
        'schema = 1\ntitle = ""\nvendors = "acme"\ncolour = "red"\n' + source("good", kind="twins", directory="../x"),
        ("colour: unknown key", "title: ", "vendors: ", "package.0.kind: ", "'../x' is not a directory"),
    ),
    "a wrong type": (recipe("good").replace('["closed/*"]', "7"), ("mirror.toml: closed: ",)),
    "a url with a login": (recipe("good").replace("https://", "https://me:secret@"), ("source.0.url: ",)),
    "another protocol": (recipe("good").replace("https://github.com", "ext::sh -c"), ("is not an https URL",)),
    "the same key twice": (recipe("good", "good"), ("source 'good' occurs twice",)),
    "no TOML": ("schema =", ("mirror.toml: not TOML: ",)),
    "not UTF-8": (b"title = '\xff'", ("mirror.toml",)),
    "a bad version": (recipe("good").replace('from_tag = "0"', 'from_tag = "first"'), ("'first' is not a version",)),
}


@pytest.fixture(scope="module")
def builds_of_bad_recipes(
    beginning: Portal, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Portal, Answer]]:
    """What became of a build with each bad recipe, by its name in the table."""
    portals = siblings(beginning, tmp_path_factory.mktemp("recipes"), len(RECIPES))
    for portal, (text, _) in zip(portals, RECIPES.values(), strict=True):
        written = text if isinstance(text, bytes) else text.encode()
        (portal.directory / f"{portal.slug}.toml").write_bytes(written)
    answers = portals[0].in_turn(*(portal.build_arguments() for portal in portals))
    assert portals[0].publication == 1
    assert not any(portal.files.exists() for portal in portals[1:])
    return dict(zip(RECIPES, zip(portals, answers, strict=True), strict=True))


@pytest.mark.parametrize("name", RECIPES)
def test_a_bad_recipe_is_refused_with_every_fault(
    builds_of_bad_recipes: Mapping[str, tuple[Portal, Answer]], name: str
) -> None:
    portal, answer = builds_of_bad_recipes[name]
    _, words = RECIPES[name]
    assert answer.status == 1
    for expected in words:
        assert expected.replace("mirror.toml", f"{portal.slug}.toml") in answer.err
    assert "Traceback" not in answer.err
    assert "secret" not in answer.err


def test_a_recipe_that_is_not_there_is_named(portal: Portal) -> None:
    (portal.directory / "mirror.toml").unlink()
    answer = portal.command(*portal.build_arguments(), status=1)
    assert "mirror.toml cannot be read" in answer.err
    assert portal.publication == 1


def test_a_directory_that_is_not_there_is_named_at_every_tag(portal: Portal) -> None:
    portal.use_recipe(RECIPE + source("good") + source("bad", directory="src/nothing"))
    report = portal.build()
    assert [(found["code"], found["subject"]) for found in report["errors"]] == [
        ("package-missing", "bad tag 1.0.0: src/nothing")
    ]
    assert GOOD in portal.manifest()


def test_a_build_of_nothing_but_bad_packages_fails(tmp_path: Path) -> None:
    portal = new_portal(tmp_path / "portal", recipe("bad"))
    make_repository(bad(portal), {"1.0.0": {"readme": ""}})
    answer = portal.command(*portal.build_arguments(), status=1)
    assert "no package could be built" in answer.err
    assert "the root has no composer.json" in answer.err


def with_symlink() -> bytes:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO(packed("closed/bad"))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def encrypted() -> bytes:
    """Set the flag of every entry, in its own header and in the directory."""
    content = bytearray(packed("closed/bad"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + flags] |= 1
            place = content.find(signature, place + 1)
    return bytes(content)


def doubled() -> bytes:
    content = zipped({"composer.json": package("closed/bad", "1.0.0"), "src/b.txt": "one", "src/c.txt": "two"})
    return content.replace(b"src/c.txt", b"src/b.txt")


def bomb() -> bytes:
    entries = {"composer.json": package("closed/bad", "1.0.0").encode(), "zeros": bytes(60 << 20)}
    return zipped(entries, zipfile.ZIP_DEFLATED)


ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no zip": (lambda: b"this is no zip", "bad.zip: "),
    "a path that leaves it": (
        lambda: zipped({"composer.json": package("closed/bad", "1.0.0"), "../evil.php": "x"}),
        "bad.zip: entry '../evil.php' leads out of the package",
    ),
    "an absolute path": (
        lambda: zipped({"composer.json": package("closed/bad", "1.0.0"), "/etc/evil": "x"}),
        "bad.zip: entry '/etc/evil' is absolute",
    ),
    "a bomb": (bomb, "a bomb"),
    "encrypted": (encrypted, "is encrypted; pack the archive without a password"),
    "a name twice": (doubled, "bad.zip: entry 'src/b.txt' occurs twice"),
    "a symlink": (with_symlink, "bad.zip: entry 'link' is a symbolic link"),
    "no composer.json": (lambda: zipped({"readme": "x"}), "bad.zip: has no composer.json"),
    "a foreign vendor": (lambda: packed("other/bad"), "bad.zip: "),
}


@pytest.fixture(scope="module")
def imports_of_hostile_archives(
    beginning: Portal, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Portal, Answer, Answer]]:
    """What became of an import of each archive and of a build afterwards, by its name in the table."""
    portals = siblings(beginning, tmp_path_factory.mktemp("archives"), len(ARCHIVES))
    commands: list[tuple[str, ...]] = []
    for portal, (make, _) in zip(portals, ARCHIVES.values(), strict=True):
        archives = put(portal.directory / "archives", bad=make(), good=packed("closed/good"))
        commands += [("import_archives", portal.slug, str(archives)), portal.build_arguments()]
    answers = portals[0].in_turn(*commands)
    return dict(zip(ARCHIVES, zip(portals, answers[::2], answers[1::2], strict=True), strict=True))


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_is_refused_and_the_others_are_taken_in(
    imports_of_hostile_archives: Mapping[str, tuple[Portal, Answer, Answer]], name: str
) -> None:
    portal, imported, built = imports_of_hostile_archives[name]
    assert imported.status == 1
    assert ARCHIVES[name][1] in imported.text
    assert "1 archives were refused" in imported.err
    assert "Traceback" not in imported.err
    assert built.report["errors"] == []
    closed = {path for path in portal.manifest() if path.startswith("packages/closed/")}
    assert closed == {"packages/closed/good-1.0.0.zip"}
    portal.assert_whole()


PAGE = 4096  # bytes; the least that a file takes
ROOMY = 64 << 20  # bytes
TRIES = 100
TEXT = 16 << 10  # bytes of each new version
NEW = tuple(f"1.{minor}.0" for minor in range(1, 31))


@contextmanager
def small_disk(place: Path) -> Iterator[Callable[[int], object]]:
    """Put a disk of its own at a directory, and give what sets how many bytes are free on it."""
    if os.geteuid() != 0:
        message = "only root can mount a small disk"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "none", str(place), "-o"]
    subprocess.run([*mount, f"size={ROOMY}"], check=True)

    def leave(room: int) -> None:
        for _ in range(TRIES):  # what a build's children write meanwhile may need more than that
            found = os.statvfs(place)
            used = (found.f_blocks - found.f_bfree) * found.f_frsize
            if subprocess.run([*mount, f"remount,size={used + room}"], check=False).returncode == 0:
                return
        raise AssertionError(f"{place} could not be made smaller")

    try:
        yield leave
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture(scope="module")
def grown(beginning: Portal, tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """The portal before a build of many new versions."""
    portal = beginning.copy_to(tmp_path_factory.mktemp("grown") / "portal")
    trees = {tag: {"composer.json": package("acme/bad", description=tag), "text": tag * (TEXT // 5)} for tag in NEW}
    add_tags(portal.sources / "bad", trees)
    return portal


@pytest.fixture(scope="module")
def undisturbed(grown: Portal, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    portal = grown.copy_to(tmp_path_factory.mktemp("undisturbed") / "portal")
    portal.build()
    return portal.manifest()


def assert_full(portal: Portal, answer: Answer) -> None:
    """Check that the command says so, and that the old publication is served whole."""
    assert answer.status == 1, answer.text
    assert "no space left on the disk" in answer.err
    assert "Traceback" not in answer.err
    assert portal.publication == 1
    portal.assert_whole()


@pytest.mark.parametrize(
    ("boundary", "room"),
    [
        ("fetched", 0),
        ("planned", PAGE),
        ("planned", 300 << 10),
        ("first-dists-made", 0),
        ("checked", 0),
        ("checked", 3 * PAGE),
        ("metadata-stored", 0),
        ("metadata-stored", 2 * PAGE),
    ],
)
def test_a_disk_that_is_full_is_named_and_the_next_build_goes_on(
    grown: Portal, undisturbed: Mapping[str, str], tmp_path: Path, boundary: str, room: int
) -> None:
    with small_disk(tmp_path / "portal/data") as leave:
        portal = grown.copy_to(tmp_path / "portal")
        database = shutil.move(portal.data / DATABASE, tmp_path / DATABASE)
        portal = Portal(portal.directory, {**portal.more, "DATABASE_URL": f"sqlite:///{database}"})
        with stopped_at(boundary, portal, *portal.build_arguments()) as process:
            leave(room)
            answer = go_on(process, None)
        if answer.status:
            assert_full(portal, answer)
        else:
            assert portal.manifest() == undisturbed
        leave(ROOMY)
        portal.build()
        assert portal.manifest() == undisturbed
        portal.assert_whole()
        assert not list((portal.files / "dists/.tmp").iterdir())


@pytest.mark.parametrize("boundary", ["fetched", "planned", "dists-made", "publication-laid-out"])
def test_a_database_whose_disk_is_full_is_named_and_the_next_build_goes_on(
    grown: Portal, undisturbed: Mapping[str, str], tmp_path: Path, boundary: str
) -> None:
    with small_disk(tmp_path / "database") as leave:
        portal = grown.copy_to(tmp_path / "portal")
        database = shutil.move(portal.data / DATABASE, tmp_path / "database" / DATABASE)
        portal = Portal(portal.directory, {**portal.more, "DATABASE_URL": f"sqlite:///{database}"})
        with stopped_at(boundary, portal, *portal.build_arguments()) as process:
            leave(0)
            answer = go_on(process, None)
        assert_full(portal, answer)
        leave(ROOMY)
        portal.build()
        assert portal.manifest() == undisturbed
        portal.assert_whole()
