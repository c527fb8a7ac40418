"""A file repository that stands in for packagist.org, and a composer home that uses it."""

import json
from collections.abc import Iterator
from pathlib import Path

from mirror.recipe import Recipe
from mirror.sampling.composer_files import Json, encode
from mirror.sampling.constraints import lowest_version
from mirror.sampling.fastimport import File
from mirror.sampling.modules import SPLITS
from mirror.sampling.plugins import SINGLES
from mirror.sampling.root import INSTALLER, third_parties
from mirror.sampling.zips import write_zip

_PLUGIN = Path(__file__).parent / "installer_plugin"


def write_packagist(directory: Path, final: Path, recipe: Recipe) -> int:
    """Write packages.json and zips of all that the mirror does not have itself, and give the number of packages.

    ``final`` is where the directory will be: composer needs absolute addresses, and takes file:// as written.
    """
    (directory / "dist").mkdir(parents=True)
    packages: dict[str, dict[str, Json]] = {}
    for composer, files in _stand_ins(recipe):
        name, version = composer["name"], composer["version"]
        path = f"dist/{name.replace('/', '-')}-{version}.zip"
        shasum = write_zip(directory / path, files)
        dist = {"type": "zip", "url": f"file://{final / path}", "shasum": shasum}
        packages.setdefault(name, {})[version] = {**composer, "dist": dist}
    (directory / "packages.json").write_bytes(encode({"packages": packages}))
    return len(packages)


def write_composer_home(directory: Path, packagist: Path) -> None:
    """Write a COMPOSER_HOME in which the stand-in takes packagist.org's place."""
    directory.mkdir()
    config = {
        "config": {"secure-http": False},
        "repositories": [{"type": "composer", "url": f"file://{packagist}"}, {"packagist.org": False}],
    }
    (directory / "config.json").write_bytes(encode(config))


def _stand_ins(recipe: Recipe) -> Iterator[tuple[Json, list[File]]]:
    for name, constraints in sorted(_required(recipe).items()):
        if name == INSTALLER:
            yield _installer()
        elif not (recipe.is_own(name) or recipe.is_closed(name)):
            for version in sorted({lowest_version(constraint) for constraint in constraints}):
                yield _library(name, version)


def _required(recipe: Recipe) -> dict[str, set[str]]:
    """Give all constraints that the sample or the recipe's corrections put on packages, by name."""
    found = third_parties()
    tables = [single.require for single in SINGLES.values()]
    if recipe.edition:
        patches = recipe.edition.metadata_patch
        tables += [patch.set for patch in patches if patch.section in {"require", "require-dev"}]
    for split in SPLITS.values():
        tables += [split.require, *(package.third_parties for package in split.modules)]
    for table in tables:
        for name, constraint in table.items():
            if "/" in name:
                found.setdefault(name, set()).add(constraint)
    return found


def _library(name: str, version: str) -> tuple[Json, list[File]]:
    composer: Json = {
        "name": name,
        "description": f"Stand-in for {name}",
        "type": "library",
        "license": ["BSD-3-Clause"],
        "version": version,
    }
    readme = f"# Stand-in for {name}\n".encode()
    return composer, [File("composer.json", encode(composer)), File("README.md", readme)]


def _installer() -> tuple[Json, list[File]]:
    paths = sorted(path for path in _PLUGIN.rglob("*") if path.is_file())
    files = [File(path.relative_to(_PLUGIN).as_posix(), path.read_bytes()) for path in paths]
    return json.loads((_PLUGIN / "composer.json").read_bytes()), files
