"""A shop, installed by the command that the portal shows, held against what was built."""

import hashlib
import json
import shlex
import subprocess
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from mirror.composer.constraints import parse
from mirror.composer.names import is_platform
from mirror.composer.versions import normalize
from tests.support.composer import Client, Mirror, Project
from tests.support.programs import program

RELEASE = "2.4.4"
PRODUCT, BASE = "magento/product-community-edition", "magento/magento2-base"
SHOW = "from mirror.views import page_of; print(page_of('').command)"

pytestmark = [pytest.mark.composer, pytest.mark.xdist_group("install")]


class Mapped(NamedTuple):
    """A file of the base package that the map sends to a place in the shop."""

    place: str
    content: bytes
    mode: int


@pytest.fixture(scope="module")
def shop(sample: Mirror, tmp_path_factory: pytest.TempPathFactory) -> Project:
    directory = tmp_path_factory.mktemp("install")
    client = Client(sample.home, directory / "cache")
    name, *arguments = shlex.split(sample.portal.python(SHOW))
    assert name == "composer"
    client.run(directory, *arguments)
    return Project(directory / "shop", client)


def archive_of(sample: Mirror, name: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(sample.archive(sample.portal.versions(name)[RELEASE]["dist"]["url"]))


def composer_of(sample: Mirror, name: str) -> dict[str, Any]:
    with archive_of(sample, name) as archive:
        found: dict[str, Any] = json.loads(archive.read("composer.json"))
    return found


def mapped_files(sample: Mirror) -> Iterator[Mapped]:
    entries = composer_of(sample, BASE)["extra"]["map"]
    with archive_of(sample, BASE) as archive:
        files = [info for info in archive.infolist() if not info.is_dir()]
        for origin, target in entries:
            inner = [info for info in files if info.filename == origin or info.filename.startswith(f"{origin}/")]
            assert inner or f"{origin}/" in archive.namelist(), f"{origin} is mapped and not in the archive"
            for info in inner:
                place = target + info.filename.removeprefix(origin)
                yield Mapped(place, archive.read(info), info.external_attr >> 16 & 0o777)


def test_the_command_installs_the_newest_complete_release(sample: Mirror, shop: Project) -> None:
    assert sample.portal.python(SHOW).strip().endswith(f"magento/project-community-edition={RELEASE} shop")
    assert shop.installed[PRODUCT] == RELEASE
    composer = json.loads((shop.directory / "composer.json").read_bytes())
    assert composer["version"] == RELEASE
    assert composer["repositories"] == [{"type": "composer", "url": sample.url}]


def test_every_file_of_the_map_is_at_its_place(sample: Mirror, shop: Project) -> None:
    mapped = list(mapped_files(sample))
    assert len(mapped) > 100
    for place, content, mode in mapped:
        found = shop.directory / place
        assert found.is_file(), place
        assert (found.read_bytes(), found.stat().st_mode & 0o777) == (content, mode), place


def test_the_tool_of_the_shop_runs(sample: Mirror, shop: Project) -> None:
    tool = shop.directory / "bin/magento"
    assert {place: mode for place, _, mode in mapped_files(sample)}["bin/magento"] == 0o755
    assert tool.stat().st_mode & 0o777 == 0o755
    listed = subprocess.run([str(program("php")), tool], check=True, capture_output=True, text=True).stdout
    assert {"magento/framework", "magento/module-catalog", "magento/language-de_de"} <= set(listed.split())


def test_everything_that_the_product_requires_is_installed(sample: Mirror, shop: Project) -> None:
    links = {name: text for name, text in composer_of(sample, PRODUCT)["require"].items() if not is_platform(name)}
    assert len(links) > 80
    for name, constraint in links.items():
        assert parse(constraint).matches(normalize(shop.installed[name])), name
    exact = {name: text for name, text in links.items() if name.startswith("magento/module-")}
    assert {name: shop.installed[name] for name in exact} == exact


def test_every_package_of_ours_is_there_as_it_was_packed(sample: Mirror, shop: Project) -> None:
    ours = {name: found for name, found in shop.locked.items() if sample.portal.versions(name)}
    for name, found in ours.items():
        if found["type"] == "metapackage":
            continue
        with zipfile.ZipFile(sample.archive(found["dist"]["url"])) as archive:
            contents = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
        folder = top_folder(contents)
        for path, content in contents.items():
            place = shop.directory / "vendor" / name / path.removeprefix(folder)
            assert place.read_bytes() == content, place


def top_folder(contents: dict[str, bytes]) -> str:
    """Give the folder that wraps an imported archive, with its slash; composer strips it."""
    first = {path.partition("/")[0] for path in contents}
    return f"{first.pop()}/" if len(first) == 1 and "composer.json" not in contents else ""


def test_the_lock_file_has_addresses_and_checksums_of_our_archives(sample: Mirror, shop: Project) -> None:
    ours = {name: found["dist"] for name, found in shop.locked.items() if sample.portal.versions(name)}
    assert len(ours) > 50
    assert PRODUCT in ours
    for name, dist in ours.items():
        content = sample.archive(dist["url"]).read_bytes()
        assert dist["type"] == "zip"
        assert dist["shasum"] == hashlib.sha1(content, usedforsecurity=False).hexdigest(), name


def test_what_is_not_ours_comes_from_the_other_repository(sample: Mirror, shop: Project) -> None:
    others = {name: found["dist"]["url"] for name, found in shop.locked.items() if not sample.portal.versions(name)}
    assert "monolog/monolog" in others
    assert all(url.startswith("file:") for url in others.values())


def test_the_shop_validates_and_has_nothing_to_update(shop: Project) -> None:
    assert "is valid" in shop.run("validate", "--no-check-all")
    assert "Nothing to modify in lock file" in shop.run("update", "--dry-run", "--no-scripts")
