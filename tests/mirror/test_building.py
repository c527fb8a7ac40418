"""Builds, run as an operator runs them: what is made, held back, published and said."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.packages import package as packed
from tests.support.packages import put
from tests.support.portal import (
    ADDRESS,
    DATABASE,
    RECIPE,
    Portal,
    codes,
    new_portal,
    new_shop,
    recipe,
    release,
    snapshot,
    source,
)
from tests.support.repositories import add_tags, git, make_loose, make_repository, object_id, package, remove

LIBRARY = "packages/acme/library-1.0.0.zip"
PROJECT = "packages/acme/project-1.0.0.zip"
OTHER_ADDRESS = "https://mirror.example.org"


@pytest.fixture(scope="module")
def two_sources(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """A portal that has built and published the first versions of two packages."""
    portal = new_portal(tmp_path_factory.mktemp("portal") / "two", recipe("library", "tool"))
    for key in ("library", "tool"):
        tree = {"composer.json": package(f"acme/{key}"), "src/text.php": f"<?php // {key}"}
        make_repository(portal.sources / key, {"1.0.0": tree, "v1.1.0": {**tree, "src/new.php": "<?php"}})
    portal.build()
    return portal


@pytest.fixture
def portal(two_sources: Portal, tmp_path: Path) -> Portal:
    return two_sources.copy_to(tmp_path / "portal")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """A shop after its first build: modules are published, the release waits for approval."""
    portal = new_shop(tmp_path_factory.mktemp("shop") / "held")
    portal.build()
    return portal


@pytest.fixture(scope="module")
def published(held: Portal, tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """A shop whose release 1.0.0 was approved."""
    portal = held.copy_to(tmp_path_factory.mktemp("shop") / "published")
    portal.build("--approve")
    return portal


@pytest.fixture
def shop(published: Portal, tmp_path: Path) -> Portal:
    return published.copy_to(tmp_path / "shop")


def new_version(portal: Portal, key: str, tag: str, text: str = "new") -> None:
    tree = {"composer.json": package(f"acme/{key}"), "src/text.php": f"<?php // {text}"}
    add_tags(portal.sources / key, {tag: tree})


def messages(findings: list[dict[str, str]]) -> str:
    return "\n".join(f"{found['subject']}: {found['message']}" for found in findings)


def state(portal: Portal) -> dict[str, str]:
    """Give everything in the data directory, the database included."""
    return snapshot(portal.data, lambda path: not path.name.startswith(f"{DATABASE}-"))


def test_the_first_build_publishes_every_version(two_sources: Portal) -> None:
    two_sources.assert_whole()
    assert two_sources.publication == 1
    assert sorted(path for path in two_sources.manifest() if path.endswith(".zip")) == [
        LIBRARY,
        "packages/acme/library-1.1.0.zip",
        "packages/acme/tool-1.0.0.zip",
        "packages/acme/tool-1.1.0.zip",
    ]


def test_a_second_build_changes_nothing(portal: Portal) -> None:
    before = snapshot(portal.files)
    report = portal.build()
    assert (report["built"], report["reused"], report["bytes"], report["publication"]) == (0, 4, 0, None)
    assert snapshot(portal.files) == before


def test_a_second_build_looks_at_refs_only(portal: Portal) -> None:
    for repository in portal.sources.iterdir():
        listed = git(repository, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
        kinds = dict(line.split() for line in listed.decode().splitlines())
        make_loose(repository)
        for found in [found for found, kind in kinds.items() if kind in {"tree", "blob"}]:
            remove(repository, found)
    report = portal.build()
    assert (report["reused"], report["errors"]) == (4, [])


def test_one_new_tag_builds_its_new_version_only(portal: Portal) -> None:
    before = portal.dists()
    new_version(portal, "library", "1.2.0")
    report = portal.build()
    assert (report["built"], report["reused"], report["publication"]) == (1, 4, 2)
    after = portal.dists()
    assert after.items() > before.items()
    assert after.keys() - before.keys() == {"packages/acme/library-1.2.0.zip"}
    assert list(portal.versions("acme/library")) == ["1.2.0", "1.1.0", "1.0.0"]
    portal.assert_whole()


def test_a_version_says_where_it_comes_from(portal: Portal) -> None:
    found = portal.versions("acme/library")["1.1.0"]
    assert found["dist"]["url"] == f"{ADDRESS}/packages/acme/library-1.1.0.zip"
    assert found["dist"]["reference"] == object_id(portal.sources / "library", "v1.1.0^{commit}")
    assert (found["time"], "source" in found) == ("2022-02-23T00:02:22+00:00", False)


def test_a_new_tag_of_a_known_tree_and_version_builds_nothing(portal: Portal) -> None:
    add_tags(portal.sources / "library", {"1.1.0": "v1.1.0"})
    report = portal.build()
    assert (report["built"], report["publication"], report["errors"], report["warnings"]) == (0, None, [], [])


def test_only_builds_what_one_source_has_new_and_keeps_the_others(portal: Portal) -> None:
    new_version(portal, "library", "1.2.0")
    new_version(portal, "tool", "1.2.0")
    report = portal.build("--only", "tool")
    assert (report["built"], report["publication"]) == (1, 2)
    assert list(portal.versions("acme/tool")) == ["1.2.0", "1.1.0", "1.0.0"]
    assert list(portal.versions("acme/library")) == ["1.1.0", "1.0.0"]
    assert portal.build()["built"] == 1
    assert list(portal.versions("acme/library")) == ["1.2.0", "1.1.0", "1.0.0"]


def test_only_takes_several_keys(portal: Portal) -> None:
    new_version(portal, "library", "1.2.0")
    new_version(portal, "tool", "1.2.0")
    assert portal.build("--only", "tool", "library")["built"] == 2


def test_a_source_that_is_not_there_is_reported_and_keeps_what_is_published(portal: Portal) -> None:
    shutil.rmtree(portal.sources / "library")
    new_version(portal, "tool", "1.2.0")
    report = portal.build()
    assert [(found["code"], found["subject"]) for found in report["warnings"]] == [("source-absent", "library")]
    assert (report["built"], report["publication"]) == (1, 2)
    assert list(portal.versions("acme/library")) == ["1.1.0", "1.0.0"]
    portal.assert_whole()


def test_a_source_that_is_not_there_is_reported_by_every_build(portal: Portal) -> None:
    shutil.rmtree(portal.sources / "library")
    assert [codes(portal.build()["warnings"]) for _ in range(2)] == [{"source-absent"}] * 2


def test_a_build_without_any_source_fails_and_leaves_no_publication(tmp_path: Path) -> None:
    portal = new_portal(tmp_path / "portal")
    answer = portal.command(*portal.build_arguments(), status=1)
    assert "library" in answer.err
    assert not portal.current.exists()
    assert portal.query("SELECT state FROM mirror_build") == [("failed",)]


def test_a_release_waits_for_approval_while_its_modules_are_published(held: Portal) -> None:
    held.assert_whole()
    assert {path for path in held.manifest() if path.endswith(".zip")} == {
        f"packages/acme/{name}-1.0.0.zip" for name in ("base", "extension", "module-one", "module-two")
    }
    assert held.query("SELECT version, complete, held_because, published_at FROM mirror_release") == [
        ("1.0.0", 1, "waits for approval", None)
    ]


def test_a_release_that_waits_is_named_by_every_build(held: Portal, tmp_path: Path) -> None:
    report = held.copy_to(tmp_path / "shop").build()
    assert messages(report["warnings"]) == "release 1.0.0: waits for approval"
    assert report["releases"] == {"1.0.0": {"complete": True, "missing": []}}


def test_approval_publishes_product_and_project(published: Portal) -> None:
    published.assert_whole()
    assert set(published.versions("acme/product")["1.0.0"]["require"].items()) == {
        ("acme/base", "1.0.0"),
        ("acme/extension", "1.0.0"),
        ("acme/module-one", "1.0.0"),
        ("acme/module-two", "1.0.0"),
        ("php", "^8.1"),
    }
    assert published.versions("acme/project")["1.0.0"]["require"] == {"acme/product": "1.0.0"}
    (row,) = published.query("SELECT held_because, approved_by, published_at FROM mirror_release")
    assert row[:2] == ("", "the command line")
    assert row[2]


def test_a_distribution_may_do_without_approval(held: Portal, tmp_path: Path) -> None:
    shop = held.copy_to(tmp_path / "shop")
    shop.set(approve_releases=0)
    assert shop.build()["built"] == 2
    assert PROJECT in shop.manifest()


def test_a_release_whose_extensions_are_carried_over_waits_to_be_confirmed(shop: Portal) -> None:
    shop.set(approve_releases=0)
    add_tags(shop.sources / "core", {"1.0.2": release("1.0.2")})
    add_tags(shop.sources / "extension", {"1.0.2": {"composer.json": package("acme/extension")}})
    report = shop.build()
    assert "to be confirmed" in messages(report["warnings"])
    assert "1.0.2" in shop.versions("acme/module-one")
    assert list(shop.versions("acme/project")) == ["1.0.0"]
    assert shop.build("--approve")["built"] == 2
    assert list(shop.versions("acme/project")) == ["1.0.2", "1.0.0"]


def with_closed_package(shop: Portal) -> None:
    """Tag a release that needs a package which no source has."""
    add_tags(shop.sources / "core", {"1.0.1": release("1.0.1", closed=True)})
    add_tags(shop.sources / "extension", {"1.0.1": {"composer.json": package("acme/extension")}})


def test_an_incomplete_release_is_withheld_while_its_modules_are_published(shop: Portal) -> None:
    with_closed_package(shop)
    report = shop.build("--approve")
    assert report["releases"]["1.0.1"] == {"complete": False, "missing": ["closed/payments"]}
    assert "closed/payments" in messages(report["warnings"])
    assert "1.0.1" in shop.versions("acme/module-one")
    assert list(shop.versions("acme/product")) == ["1.0.0"]
    (missing,) = shop.query("SELECT missing FROM mirror_release WHERE version = '1.0.1'")
    assert "import its archive" in json.loads(missing[0])[0]["origin"]


def test_a_distribution_may_publish_what_is_incomplete(shop: Portal) -> None:
    shop.set(publish_incomplete=1)
    with_closed_package(shop)
    report = shop.build("--approve")
    assert report["releases"]["1.0.1"] == {"complete": False, "missing": ["closed/payments"]}
    assert list(shop.versions("acme/project")) == ["1.0.1", "1.0.0"]


def test_importing_what_is_missing_completes_a_release(shop: Portal) -> None:
    with_closed_package(shop)
    shop.build("--approve")
    archives = put(shop.directory / "archives", payments=packed("closed/payments", "1.0.0"))
    shop.command("import_archives", "mirror", str(archives))
    report = shop.build()
    assert report["releases"]["1.0.1"] == {"complete": True, "missing": []}
    assert list(shop.versions("acme/project")) == ["1.0.1", "1.0.0"]
    assert shop.manifest()["packages/closed/payments-1.0.0.zip"]
    shop.assert_whole()


@pytest.mark.parametrize("absent", ["extension", "core"])
def test_a_release_is_not_published_first_while_one_of_its_sources_is_absent(shop: Portal, absent: str) -> None:
    add_tags(shop.sources / "core", {"1.0.1": release("1.0.1")})
    add_tags(shop.sources / "extension", {"1.0.1": {"composer.json": package("acme/extension")}})
    shop.build("--approve", "--only", "extension")
    (shop.sources / absent).rename(shop.directory / absent)
    report = shop.build("--approve")
    assert list(shop.versions("acme/project")) == ["1.0.0"]
    assert "source-absent" in codes(report["warnings"])
    (shop.directory / absent).rename(shop.sources / absent)
    shop.build("--approve")
    assert list(shop.versions("acme/project")) == ["1.0.1", "1.0.0"]


def test_a_published_release_stays_while_one_of_its_sources_is_absent(shop: Portal) -> None:
    before = shop.manifest()
    shutil.rmtree(shop.sources / "extension")
    report = shop.build()
    assert (report["publication"], report["errors"]) == (None, [])
    assert shop.manifest() == before


def test_a_moved_tag_is_a_warning_and_changes_no_dist(portal: Portal) -> None:
    before, old = portal.manifest(), object_id(portal.sources / "library", "1.0.0^{commit}")
    new_version(portal, "library", "1.0.0", "moved")
    new = object_id(portal.sources / "library", "1.0.0^{commit}")
    for _ in range(2):
        report = portal.build()
        (moved,) = [found for found in report["warnings"] if found["code"] == "tag-moved"]
        assert moved["subject"] == "library tag 1.0.0"
        assert old in moved["message"]
        assert new in moved["message"]
        assert (report["built"], report["publication"]) == (0, None)
        assert portal.manifest() == before


def test_a_tag_that_is_gone_is_a_warning_and_takes_no_dist_away(portal: Portal) -> None:
    before = portal.manifest()
    (portal.sources / "library/refs/tags/1.0.0").unlink()
    report = portal.build()
    (gone,) = report["warnings"]
    assert (gone["code"], gone["subject"]) == ("tag-gone", "library tag 1.0.0")
    assert portal.manifest() == before


def test_a_published_version_keeps_its_bytes_when_the_recipe_would_give_others(portal: Portal) -> None:
    before = portal.manifest()
    excluding = source("library").replace('dir = ""', 'dir = ""\nexclude = ["src/"]')
    portal.use_recipe(RECIPE + excluding + source("tool"))
    report = portal.build()
    assert codes(report["warnings"]) == {"published-differs"}
    assert portal.manifest() == before


def test_the_same_version_from_two_sources_is_an_error_that_names_both(tmp_path: Path) -> None:
    portal = new_portal(tmp_path / "portal", recipe("one", "two"))
    for key in ("one", "two"):
        trees = {
            "1.0.0": {"composer.json": package("acme/library"), "text": key},
            "2.0.0": {"composer.json": package(f"acme/{key}")},
        }
        make_repository(portal.sources / key, trees)
    (found,) = portal.build()["errors"]
    assert found["code"] == "two-sources"
    assert "one tag 1.0.0" in found["message"]
    assert "two tag 1.0.0" in found["subject"]
    assert portal.manifest().keys() > {"packages/acme/one-2.0.0.zip", "packages/acme/two-2.0.0.zip"}
    assert LIBRARY not in portal.manifest()


def test_a_plan_changes_nothing(shop: Portal) -> None:
    with_closed_package(shop)
    before = state(shop)
    report = shop.build("--plan")
    assert sorted(report["plan"]["build"]) == [
        "acme/base 1.0.1",
        "acme/extension 1.0.1",
        "acme/module-one 1.0.1",
        "acme/module-two 1.0.1",
    ]
    assert (report["built"], report["publication"]) == (0, None)
    assert report["releases"]["1.0.1"] == {"complete": False, "missing": ["closed/payments"]}
    assert state(shop) == before


def test_a_plan_that_cannot_fetch_changes_nothing(portal: Portal) -> None:
    before = state(portal)
    answer = portal.command("build_distribution", "mirror", "--plan", "--json", PORTAL_GIT_HOSTS="git.example.org")
    assert codes(answer.report["errors"]) == {"fetch-failed"}
    assert state(portal) == before


def test_a_plan_in_an_empty_directory_makes_nothing(tmp_path: Path) -> None:
    portal = new_portal(tmp_path / "portal")
    make_repository(portal.sources / "library", {"1.0.0": {"composer.json": package("acme/library")}})
    before = state(portal)
    assert portal.build("--plan")["plan"]["build"] == ["acme/library 1.0.0"]
    assert state(portal) == before


def test_a_plan_names_what_is_built_reused_corrected_withheld_and_skipped(portal: Portal) -> None:
    new_version(portal, "library", "1.2.0")
    new_version(portal, "library", "1.3.0")
    skipped = source("library", more='skip = [{ tag = "1.3.0", reason = "broken upstream" }]')
    fix = """
[[link_fix]]
source = "library"
package = "acme/library"
version = "1.2.0"
section = "require"
set = { "acme/tool" = "^1.0" }
[[withhold]]
names = ["acme/tool"]
reason = "packagist.org has it"
"""
    portal.use_recipe(RECIPE + skipped + source("tool") + source("other") + fix)
    make_repository(portal.sources / "other", {"1.0.0": {"composer.json": package("acme/tool")}})
    found = portal.build("--plan")["plan"]
    assert found["build"] == ["acme/library 1.2.0"]
    assert found["reuse"] == ["acme/library 1.0.0.0", "acme/library 1.1.0.0"]
    assert found["corrected"] == ["acme/library 1.2.0"]
    assert found["withheld"] == {"acme/tool": "packagist.org has it"}
    assert [(entry["subject"], entry["message"]) for entry in found["skipped"]] == [
        ("library tag 1.3.0", "broken upstream")
    ]
    text = portal.command("build_distribution", "mirror", "--sources", str(portal.sources), "--plan").text
    for words in (
        "would build acme/library 1.2.0",
        "would correct acme/library 1.2.0",
        "withheld acme/tool: packagist.org has it",
        "library tag 1.3.0: broken upstream",
        "reuse 2",
        "nothing was changed",
    ):
        assert words in text


SHAPES: dict[str, Any] = {
    "built": int,
    "reused": int,
    "warnings": list,
    "errors": list,
    "releases": dict,
    "publication": int | None,
    "seconds": int | float,
    "bytes": int,
    "peak_memory": int,
}


@pytest.mark.parametrize("arguments", [("--approve",), ("--plan",)], ids=["build", "plan"])
def test_json_has_the_promised_keys_and_types(shop: Portal, arguments: tuple[str, ...]) -> None:
    with_closed_package(shop)
    add_tags(shop.sources / "core", {"1.0.3": {"composer.json": "{"}})
    report = shop.build(*arguments)
    assert {key: isinstance(report[key], shape) for key, shape in SHAPES.items()} == dict.fromkeys(SHAPES, True)
    for found in report["warnings"] + report["errors"]:
        assert set(found) == {"code", "subject", "message"}
        assert all(found.values())
    assert report["errors"]
    for entry in report["releases"].values():
        assert set(entry) == {"complete", "missing"}
    assert report["peak_memory"] > 1 << 20


def test_a_build_is_quiet_where_there_is_no_terminal(portal: Portal) -> None:
    new_version(portal, "library", "1.2.0")
    answer = portal.command("build_distribution", "mirror", "--sources", str(portal.sources))
    assert answer.err == ""
    assert "Built 1, reused 4 package versions" in answer.out
    assert "Publication 2 is served." in answer.out


REFUSED = {
    "an unknown distribution": (("nothing",), "known are mirror, packages"),
    "an unknown source": (("mirror", "--only", "nothing"), "nothing: no such source; known are library, tool"),
    "no such directory": (("mirror", "--sources", "/nowhere/at/all"), "/nowhere/at/all: there is no such directory"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_refused(two_sources: Portal, arguments: tuple[str, ...], words: str) -> None:
    before = state(two_sources)
    answer = two_sources.command("build_distribution", *arguments, status=1)
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert state(two_sources) == before


@pytest.mark.parametrize("arguments", [(), ("mirror", "--jobs", "0"), ("mirror", "--jobs", "x"), ("mirror", "--huh")])
def test_wrong_usage_has_an_exit_status_of_its_own(two_sources: Portal, arguments: tuple[str, ...]) -> None:
    answer = two_sources.command("build_distribution", *arguments, status=2)
    assert "usage:" in answer.err


def queued(portal: Portal, **options: Any) -> int:
    asked = {"sources": str(portal.sources), **options}
    statements = f"print(distribution.builds.create(actor='Ada', options={asked!r}).pk)"
    return int(portal.python(statements))


def test_a_build_that_is_not_there_cannot_be_run(portal: Portal) -> None:
    assert "there is no build 999" in portal.command("run_build", "999", status=1).err


def test_a_queued_build_is_taken_up_once(portal: Portal) -> None:
    new_version(portal, "library", "1.2.0")
    number = queued(portal)
    portal.command("run_build", str(number))
    found = portal.query("SELECT state, actor, built, publication_id FROM mirror_build WHERE id = ?", number)
    assert found == [("succeeded", "Ada", 1, 2)]
    answer = portal.command("run_build", str(number), status=1)
    assert f"build {number} is not queued any more" in answer.err
    assert portal.query("SELECT state, actor, built, publication_id FROM mirror_build WHERE id = ?", number) == found


def test_a_queued_build_does_what_was_asked_for(held: Portal, tmp_path: Path) -> None:
    shop = held.copy_to(tmp_path / "shop")
    number = queued(shop, approve=True)
    shop.command("run_build", str(number))
    assert shop.query("SELECT built FROM mirror_build WHERE id = ?", number) == [(2,)]
    assert shop.query("SELECT approved_by FROM mirror_release") == [("Ada",)]


def test_a_build_is_remembered_with_its_report(portal: Portal) -> None:
    add_tags(portal.sources / "tool", {"1.2.0": {"readme": "no package"}})
    report = portal.build("--actor", "Ada")
    (row,) = portal.query("SELECT state, actor, reused, report FROM mirror_build ORDER BY id DESC LIMIT 1")
    assert row[:3] == ("succeeded", "Ada", 4)
    assert json.loads(row[3]).items() >= {"warnings": report["warnings"], "errors": report["errors"]}.items()
    assert codes(report["errors"]) == {"composer-json-missing"}


def test_the_projects_repository_address_is_frozen(published: Portal, tmp_path: Path) -> None:
    moved = Portal(published.copy_to(tmp_path / "shop").directory, {"PORTAL_BASE_URL": OTHER_ADDRESS})
    before = moved.manifest()
    report = moved.build()
    assert report["built"] == 0
    after = moved.manifest()
    assert {path for path, digest in after.items() if before.get(path) != digest} == {
        path for path in before if path.endswith(".json")
    }
    assert moved.versions("acme/project")["1.0.0"]["dist"]["url"] == f"{OTHER_ADDRESS}/{PROJECT}"
    assert json.loads((moved.current / "packages.json").read_bytes())["metadata-url"].startswith(OTHER_ADDRESS)
    moved.assert_whole()


def test_a_later_project_names_the_first_address(published: Portal, tmp_path: Path) -> None:
    moved = Portal(published.copy_to(tmp_path / "shop").directory, {"PORTAL_BASE_URL": OTHER_ADDRESS})
    add_tags(moved.sources / "core", {"1.0.2": release("1.0.2")})
    add_tags(moved.sources / "extension", {"1.0.2": {"composer.json": package("acme/extension")}})
    report = moved.build("--approve")
    assert "repository-url-frozen" in codes(report["warnings"])
    archive = moved.files / "dists/packages/acme/project-1.0.2.zip"
    assert f'"url": "{ADDRESS}/"'.encode() in archive.read_bytes()
    assert list(moved.versions("acme/project")) == ["1.0.2", "1.0.0"]


def test_a_sample_is_approved_remembered_and_never_mixed_with_real_packages(tmp_path: Path) -> None:
    portal = new_shop(tmp_path / "sample")
    (portal.sources / "sample.json").write_text('{"sample": 1}')
    assert portal.build()["built"] == 6
    remembered = portal.command("build_distribution", "mirror", "--json").report
    assert (remembered["built"], remembered["reused"]) == (0, 6)
    real = tmp_path / "real"
    shutil.copytree(portal.sources, real)
    (real / "sample.json").unlink()
    answer = portal.command("build_distribution", "mirror", "--sources", str(real), status=1)
    assert "holds the sample; real packages must not be mixed in" in answer.err


def test_a_real_mirror_takes_no_sample(portal: Portal) -> None:
    before = portal.manifest()
    (portal.sources / "sample.json").write_text('{"sample": 1}')
    answer = portal.command(*portal.build_arguments(), status=1)
    assert "holds real packages; the sample must not be mixed in" in answer.err
    assert portal.manifest() == before


def test_a_mirror_that_began_with_a_failed_sample_can_become_real(tmp_path: Path) -> None:
    portal = new_portal(tmp_path / "portal")
    (portal.sources / "sample.json").write_text('{"sample": 1}')
    portal.command(*portal.build_arguments(), status=1)
    (portal.sources / "sample.json").unlink()
    make_repository(portal.sources / "library", {"1.0.0": {"composer.json": package("acme/library")}})
    assert [portal.build()["reused"] for _ in range(2)] == [0, 1]


def test_archives_of_a_sample_are_not_mixed_with_real_packages(tmp_path: Path) -> None:
    portal = new_shop(tmp_path / "portal")
    sample = tmp_path / "sample"
    put(sample / "archives", payments=packed("closed/payments", "1.0.0"))
    (sample / "sample.json").write_text('{"sample": 1}')
    portal.command("import_archives", "mirror", str(sample / "archives"))
    answer = portal.command(*portal.build_arguments(), status=1)
    assert "must not be mixed in" in answer.err


def test_both_distributions_exist_after_migrating(two_sources: Portal) -> None:
    found = two_sources.query("SELECT slug, is_default FROM mirror_distribution ORDER BY slug")
    assert found == [("mirror", 1), ("packages", 0)]
