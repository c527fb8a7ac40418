"""The sample: the same every time, whole, and complete by the real recipe."""

import io
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mageos_portal.git_fetching import environment
from mirror import recipe as recipes
from mirror.composer.constraints import parse
from mirror.composer.names import is_platform
from mirror.composer.versions import normalize
from mirror.git import Objects
from mirror.recipe_fields import GIT_ID
from mirror.releases import within
from mirror.sampling import DirectoryInUseError, SampleSize, SamplingError, create_sample, is_sample
from mirror.sampling.histories import choose_releases
from tests.support.programs import program

RECIPE_FILE = Path(recipes.__file__).parent / "recipes" / "mirror.toml"
SCALED = SampleSize(releases=16)

Offers = dict[str, dict[str, dict[str, Any]]]  # name → version → what it requires, or nothing known


@pytest.fixture(scope="module")
def recipe() -> recipes.Recipe:
    return recipes.parse(RECIPE_FILE.read_text(encoding="utf-8"), "mirror.toml")


@pytest.fixture(scope="module")
def sample(recipe: recipes.Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "sources"
    create_sample(directory, SampleSize(), recipe)
    return directory


@pytest.fixture(scope="module")
def scaled(recipe: recipes.Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("scaled") / "sources"
    create_sample(directory, SCALED, recipe)
    return directory


def git(repository: Path, *arguments: str) -> str:
    command = ["git", f"--git-dir={repository}", "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout


def refs(directory: Path) -> dict[str, str]:
    return {path.name: git(path, "for-each-ref") for path in sorted(directory.glob("mirror-*"))}


def tree(repository: Path, tag: str) -> dict[str, str]:
    """Give mode by path."""
    lines = git(repository, "ls-tree", "-r", tag).splitlines()
    return {line.partition("\t")[2]: line[:6] for line in lines}


def composer_files(repository: Path, *tags: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give tag, path and content of every composer.json; one content is read once."""
    places: list[tuple[str, str, str]] = []
    for tag in tags:
        for line in git(repository, "ls-tree", "-r", tag).splitlines():
            entry, _, path = line.partition("\t")
            if path.rpartition("/")[2] == "composer.json":
                places.append((tag, path, entry.split()[2]))
    blobs = sorted({blob for *_, blob in places})
    with Objects(repository) as objects:
        texts = dict(zip(blobs, objects.read_each(blobs), strict=True))
    for tag, path, blob in places:
        yield tag, path, json.loads(texts[blob])


def test_the_same_arguments_give_the_same_commits(sample: Path, recipe: recipes.Recipe, tmp_path: Path) -> None:
    create_sample(tmp_path / "again", SampleSize(), recipe)
    assert refs(tmp_path / "again") == refs(sample)


def test_one_release_more_leaves_the_others_as_they_are(scaled: Path, recipe: recipes.Recipe, tmp_path: Path) -> None:
    create_sample(tmp_path / "more", SampleSize(releases=SCALED.releases + 1), recipe)
    core = "mirror-magento2"
    before, after = (set(refs(directory)[core].splitlines()) for directory in (scaled, tmp_path / "more"))
    released = {line for line in before if "refs/tags/2.4." in line}
    assert len(released) == SCALED.releases
    assert released < after


def test_a_second_run_changes_nothing_and_says_so(sample: Path) -> None:
    marker = (sample / "sample.json").stat().st_mtime_ns
    said = io.StringIO()
    call_command("create_sample_sources", str(sample), stdout=said)
    assert "nothing was changed" in said.getvalue()
    assert (sample / "sample.json").stat().st_mtime_ns == marker


def test_a_sample_of_another_size_is_refused(sample: Path) -> None:
    with pytest.raises(CommandError, match="remove it or name a new directory"):
        call_command("create_sample_sources", str(sample), releases=2)


def test_a_directory_with_other_files_is_refused(recipe: recipes.Recipe, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(DirectoryInUseError, match="is not empty"):
        create_sample(tmp_path, SampleSize(), recipe)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_directory_is_filled(recipe: recipes.Recipe, tmp_path: Path) -> None:
    place = tmp_path / "empty"
    place.mkdir()
    assert create_sample(place, SampleSize(releases=1), recipe).made
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_more_releases_than_the_recipe_knows_are_refused(recipe: recipes.Recipe, tmp_path: Path) -> None:
    with pytest.raises(SamplingError, match="the recipe knows"):
        create_sample(tmp_path / "new", SampleSize(releases=1000), recipe)
    assert not (tmp_path / "new").exists()


def test_a_sample_is_recognised(sample: Path, tmp_path: Path) -> None:
    assert is_sample(sample)
    assert not is_sample(tmp_path)


def test_there_is_a_sound_repository_for_every_wanted_source(sample: Path, recipe: recipes.Recipe) -> None:
    wanted = {source.directory_name for source in recipe.wanted_sources()}
    assert {path.name for path in sample.glob("mirror-*")} == wanted
    for name in wanted:
        git(sample / name, "fsck", "--full", "--strict")


def test_the_core_has_every_kind_of_file(sample: Path) -> None:
    now, before = (tree(sample / "mirror-magento2", tag) for tag in ("2.4.4", "2.4.3"))
    assert now["bin/magento"] == "100755"
    assert "120000" in before.values()
    assert "120000" not in now.values()
    assert any(not path.isascii() for path in now)
    shipped = {
        ".gitignore",
        ".github/workflows/tests.yml",
        "composer.lock",
        "vendor/.htaccess",
        "app/etc/vendor_path.php",
    }
    assert shipped <= now.keys()


@pytest.mark.parametrize("release", ["2.4.3", "2.4.3-p1", "2.4.4"])
def test_the_root_replaces_what_the_tag_holds(sample: Path, release: str) -> None:
    found = {path: composer for _, path, composer in composer_files(sample / "mirror-magento2", release)}
    root = found.pop("composer.json")
    replaced = {name: version for name, version in root["replace"].items() if name.startswith("magento/")}
    assert root["version"] == release
    assert replaced == {composer["name"]: composer["version"] for composer in found.values()}


def test_a_patch_changes_some_modules_and_a_release_all(scaled: Path) -> None:
    versions = {
        release: json.loads(git(scaled / "mirror-magento2", "show", f"{release}:composer.json"))["replace"]
        for release in ("2.4.4", "2.4.4-p1", "2.4.5")
    }
    patched = {name for name, version in versions["2.4.4-p1"].items() if version.endswith("-p1")}
    assert 1 <= len(patched) < len(versions["2.4.4-p1"]) / 2
    kept = {name for name, version in versions["2.4.4"].items() if versions["2.4.5"][name] == version}
    assert {name for name in kept if name.startswith("magento/") and "/language-" not in name} == set()


def test_modules_change_only_with_their_version(scaled: Path) -> None:
    core = scaled / "mirror-magento2"
    trees: dict[tuple[str, str], str] = {}
    for release in ("2.4.4", "2.4.4-p1", "2.4.4-p2", "2.4.5"):
        replaced = json.loads(git(core, "show", f"{release}:composer.json"))["replace"]
        for line in git(core, "ls-tree", release, "app/code/Magento/").splitlines():
            directory = line.partition("\t")[2]
            name = json.loads(git(core, "show", f"{release}:{directory}/composer.json"))["name"]
            assert trees.setdefault((name, replaced[name]), line.split()[2]) == line.split()[2]


# -------------------- completeness, found without the engine


def _archived(directory: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(directory.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            name = min((n for n in archive.namelist() if n.endswith("composer.json")), key=len)
            composer = json.loads(archive.read(name))
        assert path.name == f"{composer['name'].replace('/', '-')}-{composer['version']}.zip"
        yield composer


def offers_of(directory: Path, recipe: recipes.Recipe) -> Offers:
    """Give everything that can be had, as the recipe corrects it."""
    offers: Offers = {}
    for source in recipe.wanted_sources():
        repository = directory / source.directory_name
        for tag, _, composer in composer_files(repository, *git(repository, "tag").split()):
            _offer_tagged(offers, recipe, source.key, tag, composer)
    for fact in recipe.package_source:
        if not GIT_ID.fullmatch(fact.ref):
            offers.setdefault(fact.package, {})[fact.version] = {"require": fact.require}
    for composer in _archived(directory / "archives"):
        versions = offers.setdefault(composer["name"], {})
        assert composer["version"] not in versions
        versions[composer["version"]] = composer
    inline: Offers = json.loads((directory / "packagist" / "packages.json").read_bytes())["packages"]
    assert not [name for name in inline if recipe.is_own(name)]
    return offers | inline


def _offer_tagged(offers: Offers, recipe: recipes.Recipe, key: str, tag: str, composer: dict[str, Any]) -> None:
    name, is_metapackage = composer["name"], composer["type"] == "metapackage"
    fix = next((fix for fix in recipe.version_fix if (fix.source, fix.tag) == (key, tag)), None)
    version = (fix.packages.get(name) if fix else None) or composer.get("version", tag)
    require = dict(composer.get("require", {}))
    if fix and (fix.pin == "all" or (fix.pin == "metapackage" and is_metapackage)):
        require |= {n: v for n, v in {**fix.packages, **fix.dependencies_only}.items() if n in require}
    for entry in recipe.link_fix:
        if (entry.source, entry.package, entry.version, entry.section) == (key, name, version, "require"):
            require |= entry.set
    offers.setdefault(name, {}).setdefault(version, {"require": require})


def product_links(directory: Path, recipe: recipes.Recipe, release: str) -> dict[str, str]:
    """Give what product and project of a release require."""
    root = json.loads(git(directory / "mirror-magento2", "show", f"{release}:composer.json"))
    edition = recipe.edition
    assert edition is not None
    links: dict[str, str] = root["require"] | root["require-dev"] | edition.bundled_with(release)[0]
    links |= {name: version for name, version in root["replace"].items() if name.startswith("magento/")}
    for rule in edition.project.plugins:
        if within(release, rule.releases):
            links |= rule.require
    for patch in edition.metadata_patch:
        if within(release, patch.releases) and patch.section in {"require", "require-dev"}:
            links |= patch.set
    return links


def missing_in(offers: Offers, links: dict[str, str]) -> set[tuple[str, str]]:
    missing, seen = set(), set()
    waiting = list(links.items())
    while waiting:
        link = waiting.pop()
        name, constraint = link
        if link in seen or is_platform(name):
            continue
        seen.add(link)
        matching = [v for v in offers.get(name, {}) if parse(constraint).matches(normalize(v))]
        if not matching:
            missing.add(link)
        for version in matching[:1]:
            waiting += offers[name][version].get("require", {}).items()
    return missing


@pytest.mark.parametrize("release", ["2.4.3", "2.4.3-p1", "2.4.4"])
def test_a_release_is_complete_with_the_archives(sample: Path, recipe: recipes.Recipe, release: str) -> None:
    assert missing_in(offers_of(sample, recipe), product_links(sample, recipe, release)) == set()


def test_the_release_with_mistakes_is_not_complete(sample: Path, recipe: recipes.Recipe) -> None:
    missing = missing_in(offers_of(sample, recipe), product_links(sample, recipe, "2.3.7-p3"))
    assert "msp/recaptcha" in {name for name, _ in missing}


def test_all_releases_of_a_large_sample_are_complete(recipe: recipes.Recipe, tmp_path: Path) -> None:
    edition = recipe.edition
    assert edition is not None
    known = len([release for release in edition.bundled if within(release, ["2.4.4.."])])
    create_sample(tmp_path / "sources", SampleSize(releases=known, files=0), recipe)
    offers = offers_of(tmp_path / "sources", recipe)
    found = {
        release: missing
        for release in choose_releases(edition, known)
        if (missing := missing_in(offers, product_links(tmp_path / "sources", recipe, release)))
    }
    assert found == {}


# -------------------- the stand-in for packagist.org and its installer, with the composer client


def run_composer(directory: Path, home: Path, *arguments: str) -> str:
    variables = {"PATH": os.environ["PATH"], "COMPOSER_HOME": str(home), "COMPOSER_ALLOW_SUPERUSER": "1"}
    variables["COMPOSER_CACHE_DIR"] = str(directory / "cache")
    command = [str(program("composer")), "--no-interaction", f"--working-dir={directory}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stderr


def write_component(directory: Path) -> None:
    (directory / "app").mkdir(parents=True)
    (directory / "bin").mkdir()
    (directory / "app" / "new.txt").write_text("new")
    (directory / "app" / "mine.txt").write_text("theirs")
    (directory / "bin" / "tool").write_text("#!/bin/sh\n")
    extra = {
        "map": [["app", "app"], ["bin/tool", "bin/tool"]],
        "chmod": [{"mask": "0755", "path": "bin/tool"}],
    }
    composer = {"name": "acme/component", "version": "1.0.0", "type": "magento2-component", "extra": extra}
    (directory / "composer.json").write_text(json.dumps(composer))


@pytest.mark.composer
@pytest.mark.parametrize(("force", "expected"), [({"magento-force": "override"}, "theirs"), ({}, "mine")])
def test_the_installer_copies_the_map(sample: Path, tmp_path: Path, force: dict[str, str], expected: str) -> None:
    write_component(tmp_path / "component")
    project = tmp_path / "project"
    (project / "app").mkdir(parents=True)
    (project / "app" / "mine.txt").write_text("mine")
    composer = {
        "require": {"acme/component": "1.0.0", "magento/magento-composer-installer": "*", "monolog/monolog": "^2.3"},
        "repositories": [{"type": "path", "url": str(tmp_path / "component"), "options": {"symlink": False}}],
        "config": {"allow-plugins": {"magento/*": True}},
        "extra": force,
    }
    (project / "composer.json").write_text(json.dumps(composer))
    said = run_composer(project, sample / "composer", "update", "--no-audit")
    assert "acme/component" in said
    assert (project / "app" / "new.txt").read_text() == "new"
    assert (project / "app" / "mine.txt").read_text() == expected
    assert os.access(project / "bin" / "tool", os.X_OK)
    assert ("were kept" in said) == (not force)
