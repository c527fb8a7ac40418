"""Repositories that hold one package, most of them composer plugins."""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mirror.sampling.composer_files import LICENSES, Json, encode
from mirror.sampling.fastimport import File, Snapshot
from mirror.sampling.filler import content

_ANY_COMPOSER = {"composer-plugin-api": "^1.0 || ^2.0"}
_PLUGIN = """<?php
declare(strict_types=1);

namespace {namespace};

use Composer\\Composer;
use Composer\\IO\\IOInterface;
use Composer\\Plugin\\PluginInterface;

/** Does nothing: it stands in for the real one, which has nothing to do in a sample. */
class Plugin implements PluginInterface
{{
    public function activate(Composer $composer, IOInterface $io): void
    {{
    }}

    public function deactivate(Composer $composer, IOInterface $io): void
    {{
    }}

    public function uninstall(Composer $composer, IOInterface $io): void
    {{
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A state of a repository: its tags, the version that composer.json says, year and month."""

    tags: tuple[str, ...]
    version: str
    date: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Single:
    """A repository with one package; plugins have a namespace."""

    name: str
    states: tuple[Tagged, ...]
    directory: str = ""
    namespace: str = ""
    require: Mapping[str, str] = field(default_factory=dict)


SINGLES = {
    "composer": Single(
        "magento/composer",
        (
            Tagged(("1.6.0",), "1.6.0", (2020, 6)),
            Tagged(("1.7.0",), "1.7.0", (2021, 6)),
            Tagged(("1.8.0",), "1.8.0", (2022, 2)),
            Tagged(("1.9.0",), "1.9.0", (2023, 1)),
            Tagged(("1.10.0-beta1",), "1.10.0-beta1", (2024, 8)),
        ),
        require={"composer/composer": "^1.9 || ^2.0", "symfony/console": "~4.4.0"},
    ),
    "composer-root-update-plugin": Single(
        "magento/composer-root-update-plugin",
        (
            Tagged(("1.0.0",), "1.0.0", (2020, 5)),
            Tagged(("1.1.2",), "1.1.2", (2021, 5)),
            Tagged(("2.0.2",), "2.0.2", (2022, 3)),
            Tagged(("2.0.3",), "2.0.3", (2023, 2)),
            Tagged(("2.0.4",), "2.0.4", (2024, 3)),
        ),
        "src/Magento/ComposerRootUpdatePlugin/",
        "Magento\\ComposerRootUpdatePlugin",
        {**_ANY_COMPOSER, "composer/composer": "^1.0 || ^2.0"},
    ),
    "composer-dependency-version-audit-plugin": Single(
        "magento/composer-dependency-version-audit-plugin",
        (
            Tagged(("0.1.0", "0.1.1", "v1.0"), "0.1.0", (2021, 7)),
            Tagged(("0.1.2",), "0.1.1", (2021, 8)),
            Tagged(("0.1.3",), "0.1.3", (2022, 3)),
            Tagged(("0.1.6",), "0.1.6", (2024, 3)),
        ),
        "",
        "Magento\\ComposerDependencyVersionAuditPlugin",
        _ANY_COMPOSER,
    ),
    "inventory-composer-installer": Single(
        "magento/inventory-composer-installer",
        (
            Tagged(("1.1.0", "v1.1.0"), "1.1.0", (2019, 9)),
            Tagged(("1.2.0", "v1.2.0"), "1.2.0", (2020, 11)),
        ),
        "",
        "Magento\\InventoryComposerInstaller",
        {**_ANY_COMPOSER, "composer/composer": "^1.9 || ^2.0", "magento/framework": "*"},
    ),
}

# Newer than any tag: upstream published these as archives only.
ARCHIVED = {
    "magento/composer": ("1.10.1", "1.10.2"),
    "magento/composer-root-update-plugin": ("2.0.5", "2.0.6"),
}


def single_snapshots(key: str) -> Iterator[Snapshot]:
    single = SINGLES[key]
    for state in single.states:
        time = calendar.timegm((*state.date, 1, 12, 0, 0))
        yield Snapshot(state.tags, "main", time, _repository_files(single, state.version), annotated=True)


def archived_files(name: str, version: str) -> list[File]:
    """Give the files of a version that exists as an archive only."""
    single = next(single for single in SINGLES.values() if single.name == name)
    return list(_package_files(single, version, ""))


def _repository_files(single: Single, version: str) -> Iterator[File]:
    if single.directory:
        outer = {"name": f"{single.name}-project", "type": "project", "license": LICENSES}
        yield File("composer.json", encode(outer))
        yield File("README.md", f"# {single.name}\n".encode())
    yield from _package_files(single, version, single.directory)


def _package_files(single: Single, version: str, directory: str) -> Iterator[File]:
    yield File(f"{directory}composer.json", encode(_composer(single, version)))
    yield File(f"{directory}LICENSE.txt", content(f"{single.name}/LICENSE", "1"))
    path = "Plugin.php" if single.namespace else "MagentoComposerApplication.php"
    source = _PLUGIN.format(namespace=single.namespace).encode() if single.namespace else content(path, version)
    yield File(f"{directory}src/{path}", source)


def _composer(single: Single, version: str) -> Json:
    composer: Json = {
        "name": single.name,
        "description": f"Stand-in for {single.name}",
        "type": "composer-plugin" if single.namespace else "library",
        "license": LICENSES,
        "version": version,
        "require": dict(single.require),
    }
    if single.namespace:
        composer["autoload"] = {"psr-4": {f"{single.namespace}\\": "src/"}}
        composer["extra"] = {"class": f"{single.namespace}\\Plugin"}
    return composer
