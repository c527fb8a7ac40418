"""What composer makes of a repository that changes, and of all that it can ask for."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mirror.archives import GONE
from tests.support.composer import LIBRARY, NEW, OLD, Client, Mirror, Project, Request
from tests.support.repositories import make_repository, package

EXTENSION = "magento/security-package"  # a metapackage with modules that require the framework
HTTP_ERROR = 255  # composer's exit status

pytestmark = pytest.mark.composer


def using_the_library(client: Client, mirror: Mirror, directory: Path) -> Project:
    return client.project(directory, mirror.url, {LIBRARY: "^1.8"})


def is_archive(request: Request) -> bool:
    return request.path.endswith(".zip")


# -------------------- installing what is locked


def test_an_install_from_a_lock_file_asks_for_archives_alone(
    mirror: Mirror, client: Client, another_client: Client, tmp_path: Path
) -> None:
    first = client.project(tmp_path / "first", mirror.url, {EXTENSION: "*", LIBRARY: "^1.8"})
    first.run("update")
    mirror.release()
    second = first.elsewhere(tmp_path / "second", another_client)
    with mirror.log.watching() as requests:
        second.run("install")
    ours = {name: found for name, found in first.locked.items() if found["dist"]["url"].startswith(mirror.url)}
    fetched = {found["dist"]["url"] for found in ours.values() if found["type"] != "metapackage"}
    assert sorted(requests) == sorted(
        [*(Request(200, "GET", "/" + url.removeprefix(mirror.url)) for url in fetched), Request(201, "POST", "/notify")]
    )
    assert second.installed == first.installed
    assert second.installed[LIBRARY] == OLD


def test_an_archive_that_was_tampered_with_is_refused(
    mirror: Mirror, client: Client, another_client: Client, tmp_path: Path
) -> None:
    first = using_the_library(client, mirror, tmp_path / "first")
    first.run("update")
    dist = first.locked[LIBRARY]["dist"]
    file = mirror.archive(dist["url"])
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    second = first.elsewhere(tmp_path / "second", another_client)
    said = second.run("install", status=1)
    assert "The checksum verification of the file failed" in said
    assert dist["url"] in said
    assert not (second.directory / "vendor" / LIBRARY).exists()
    fresh = using_the_library(Client(client.home, tmp_path / "third-cache"), mirror, tmp_path / "third")
    assert "The checksum verification of the file failed" in fresh.run("update", status=1)


# -------------------- publications and a warm client


def test_a_second_update_is_answered_without_content(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    project = client.project(tmp_path / "project", mirror.url, {EXTENSION: "*", LIBRARY: "^1.8"})
    with mirror.log.watching() as first:
        project.run("update")
    metadata = [request.path for request in first if request.method == "GET" and not is_archive(request)]
    assert {request.status for request in first} == {200, 201}
    with mirror.log.watching() as second:
        assert "Nothing to modify in lock file" in project.run("update")
    assert sorted(second) == sorted(Request(304, "GET", path) for path in metadata)
    assert len(metadata) == len(set(metadata))


def test_a_new_version_is_seen_and_only_its_metadata_is_fetched(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    project = client.project(tmp_path / "project", mirror.url, {EXTENSION: "*", LIBRARY: "^1.8"})
    project.run("update")
    assert project.installed[LIBRARY] == OLD
    mirror.release()
    with mirror.log.watching() as requests:
        assert f"Upgrading {LIBRARY} ({OLD} => {NEW})" in project.run("update")
    assert project.installed[LIBRARY] == NEW
    assert sorted(request for request in requests if request.status != 304) == sorted(
        [
            Request(200, "GET", f"/p2/{LIBRARY}.json"),
            Request(200, "GET", f"/packages/{LIBRARY}-{NEW}.zip"),
            Request(201, "POST", "/notify"),
        ]
    )
    assert len(requests) > len(project.installed) / 2


def test_a_rollback_and_the_way_back_are_seen_by_a_warm_client(mirror: Mirror, client: Client, tmp_path: Path) -> None:
    portal = mirror.portal
    project = using_the_library(client, mirror, tmp_path / "project")
    before, after = portal.publication, mirror.release()
    for number, version in ((None, NEW), (before, OLD), (after, NEW)):
        if number:
            portal.publish("--to", str(number))
        project.run("update")
        assert project.installed[LIBRARY] == version


SWITCHES = """
from mirror import publishing
for number in (%s):
    publishing.roll_back(distribution.publications.get(number=number), actor="test")
    distribution.refresh_from_db()
"""


def test_publications_within_one_second_are_told_apart_by_a_warm_client(
    mirror: Mirror, client: Client, tmp_path: Path
) -> None:
    project = using_the_library(client, mirror, tmp_path / "project")
    before, after = mirror.portal.publication, mirror.release()
    project.run("update")
    for numbers, version in (((before, after, before), OLD), ((after, before, after), NEW)):
        mirror.portal.python(SWITCHES % ", ".join(map(str, numbers)))
        project.run("update")
        assert project.installed[LIBRARY] == version


def test_a_withdrawn_version_is_not_resolved_and_stays_installable(
    mirror: Mirror, client: Client, another_client: Client, tmp_path: Path
) -> None:
    project = using_the_library(client, mirror, tmp_path / "project")
    project.run("update")
    mirror.take_out("withdraw")
    locked = project.elsewhere(tmp_path / "locked", another_client)
    locked.run("install")
    assert locked.installed[LIBRARY] == OLD
    exact = another_client.project(tmp_path / "exact", mirror.url, {LIBRARY: OLD})
    assert "does not match the constraint" in exact.run("update", status=2)
    project.run("update")
    assert project.installed[LIBRARY] != OLD


def test_a_purged_archive_is_gone_and_says_so(
    mirror: Mirror, client: Client, another_client: Client, tmp_path: Path
) -> None:
    project = using_the_library(client, mirror, tmp_path / "project")
    project.run("update")
    mirror.take_out("purge")
    locked = project.elsewhere(tmp_path / "locked", another_client)
    with mirror.log.watching() as requests:
        said = locked.run("install", status=HTTP_ERROR)
    assert f"Warning from {mirror.url[7:-1]}: {GONE}" in said
    assert Request(410, "GET", f"/packages/{LIBRARY}-{OLD}.zip") in requests
    project.run("update")
    assert project.installed[LIBRARY] != OLD


# -------------------- whatever else composer asks


def test_search_finds_our_packages(sample: Mirror, client: Client, tmp_path: Path) -> None:
    client.project(tmp_path / "project", sample.url, {})
    with sample.log.watching() as requests:
        said = client.run(tmp_path / "project", "search", "catalog", "widget")
    assert "magento/module-catalog-widget" in said
    assert "magento/module-catalog " not in said
    assert Request(200, "GET", "/search.json") in requests
    assert "magento/project-community-edition" in client.run(
        tmp_path / "project", "search", "--type=project", "edition"
    )


def test_show_lists_our_packages_and_their_versions(sample: Mirror, client: Client, tmp_path: Path) -> None:
    project = client.project(tmp_path / "project", sample.url, {})
    listed = {line.split()[0] for line in project.run("show", "-a", "--name-only").splitlines() if line.strip()}
    ours = {path.removeprefix("p2/").removesuffix(".json") for path in sample.portal.manifest() if path[:3] == "p2/"}
    assert {name for name in ours if not name.endswith("~dev")} <= listed
    shown = project.run("show", "-a", LIBRARY)
    versions = next(line for line in shown.splitlines() if line.startswith("versions"))
    assert set(versions.partition(":")[2].replace(",", " ").split()) == set(sample.portal.versions(LIBRARY))


def test_an_unknown_package_is_left_to_the_other_repositories(sample: Mirror, client: Client, tmp_path: Path) -> None:
    project = client.project(tmp_path / "project", sample.url, {})
    with sample.log.watching() as requests:
        project.run("require", "monolog/monolog")
        said = project.run("require", "nobody/nothing:^1.0", status=2)
    assert project.locked["monolog/monolog"]["dist"]["url"].startswith("file:")
    assert "nobody/nothing" in said
    assert "could not be found" in said
    assert {request.status for request in requests} == {200, 304}
    assert not [request for request in requests if request.path.startswith("/p2/")]
    assert Request(200, "GET", "/providers/nobody/nothing.json") in requests


def test_a_package_that_is_provided_is_suggested(sample: Mirror, client: Client, tmp_path: Path) -> None:
    replaced = "components/jquery"
    project = client.project(tmp_path / "project", sample.url, {replaced: "*"})
    assert "magento/magento2-base" in project.run("update", status=2)


def test_installs_are_counted_once_for_each_package(copied: Mirror, client: Client, tmp_path: Path) -> None:
    project = client.project(tmp_path / "project", copied.url, {EXTENSION: "*", LIBRARY: "^1.8"})
    with copied.served():
        project.run("update")
        project.run("update")
    # A server that is stopped writes what it has counted.
    counts = copied.portal.query("SELECT name, version, count FROM mirror_installcount")
    ours = {name for name in project.installed if copied.portal.versions(name)}
    assert sorted(name for name, _, _ in counts) == sorted(ours)
    assert {count for _, _, count in counts} == {1}
    assert (LIBRARY, f"{OLD}.0", 1) in counts


def test_audit_has_nothing_to_say(sample: Mirror, client: Client, tmp_path: Path) -> None:
    project = using_the_library(client, sample, tmp_path / "project")
    project.run("update")
    assert "No security vulnerability advisories found" in project.run("audit")
    assert "is valid" in project.run("validate", "--no-check-all", "--no-check-publish")
    project.run("outdated")


# -------------------- the second distribution


def test_the_second_distribution_installs_from_its_own_address(copied: Mirror, client: Client, tmp_path: Path) -> None:
    name = "mage-os/module-meta-robots-tag"
    sources = tmp_path / "packages"
    trees: Mapping[str, Mapping[str, str]] = {
        version: {"composer.json": package(name, type="magento2-module"), "registration.php": f"<?php // {version}\n"}
        for version in ("1.0.0", "1.1.0")
    }
    make_repository(sources / "module-meta-robots-tag", trees)
    report = copied.portal.command("build_distribution", "packages", "--sources", str(sources), "--json").report
    assert report["built"] == len(trees)
    with copied.served():
        project = client.project(tmp_path / "project", f"{copied.url}d/packages/", {name: "^1.0"})
        with copied.log.watching() as requests:
            project.run("update")
        with copied.log.watching() as again:
            project.run("update")
    assert project.installed == {name: "1.1.0"}
    assert (project.directory / "vendor" / name / "registration.php").read_text() == "<?php // 1.1.0\n"
    assert all(request.path.startswith("/d/packages/") for request in requests)
    assert {request.status for request in again} == {304}
    found = copied.portal.query("SELECT count FROM mirror_installcount WHERE name = ?", name)
    assert found == [(1,)]
