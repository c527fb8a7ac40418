"""composer.json as upstream writes it, and the other files that every package has."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mirror.sampling.fastimport import File
from mirror.sampling.filler import content
from mirror.sampling.histories import wildcard
from mirror.sampling.modules import PHP, Package

LICENSES = ["OSL-3.0", "AFL-3.0"]
Json = dict[str, Any]

_REGISTRATION = """<?php
use Magento\\Framework\\Component\\ComponentRegistrar;

ComponentRegistrar::register(ComponentRegistrar::{kind}, '{name}', __DIR__);
"""
_KINDS = {
    "magento2-module": "MODULE",
    "magento2-theme": "THEME",
    "magento2-language": "LANGUAGE",
    "magento2-library": "LIBRARY",
}


def encode(composer: Mapping[str, Any]) -> bytes:
    return (json.dumps(composer, indent=4, ensure_ascii=False) + "\n").encode()


def package_json(package: Package, version: str | None, links: Mapping[str, str], php: str = PHP) -> Json:
    """Give a package's composer.json; without a version it is as in the tags that forgot it."""
    composer: Json = {
        "name": package.name,
        "description": "N/A",
        "type": package.type,
        "license": LICENSES,
        "config": {"sort-packages": True},
        "version": version,
        "require": {"php": php, **links, **package.third_parties},
        "autoload": {"files": ["registration.php"], "psr-4": {f"{package.namespace}\\": ""}},
    }
    if version is None:
        del composer["version"]
    if package.type in {"magento2-language", "magento2-theme"}:
        del composer["autoload"]["psr-4"]
    return composer


def sibling_links(package: Package, versions: Mapping[str, str]) -> dict[str, str]:
    """Give what a package requires of others: 103.0.* of those whose version is known here, else any."""
    return {name: wildcard(versions[name]) if name in versions else "*" for name in package.needs}


def metapackage_json(name: str, version: str | None, require: Mapping[str, str]) -> Json:
    composer: Json = {
        "name": name,
        "description": "N/A",
        "type": "metapackage",
        "license": LICENSES,
        "version": version,
        "require": dict(require),
    }
    if version is None:
        del composer["version"]
    return composer


def registration(package: Package) -> bytes:
    kind = _KINDS[package.type]
    return _REGISTRATION.format(kind=kind, name=package.name).encode()


def package_files(package: Package, composer: Json, directory: str) -> Iterator[File]:
    """Give the files that a package has at any size; below ``directory`` with its slash."""
    yield File(f"{directory}composer.json", encode(composer))
    yield File(f"{directory}registration.php", registration(package))
    yield File(f"{directory}LICENSE.txt", content(f"{package.name}/LICENSE", "1"))
    yield File(f"{directory}README.md", f"# {package.name}\n\nA package of the sample.\n".encode())
    if package.type == "magento2-module":
        name = package.namespace.replace("\\", "_")
        module = f'<?xml version="1.0"?>\n<config>\n    <module name="{name}"/>\n</config>\n'
        yield File(f"{directory}etc/module.xml", module.encode())
