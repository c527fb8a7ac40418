"""Archives that an operator of the real mirror imports: closed packages, and versions that no tag gives."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mirror.edition import Edition
from mirror.recipe import PackageSource, Recipe
from mirror.recipe_fields import GIT_ID
from mirror.sampling.composer_files import (
    Json,
    encode,
    metapackage_json,
    package_files,
    package_json,
)
from mirror.sampling.constraints import lowest_version
from mirror.sampling.fastimport import File
from mirror.sampling.histories import DEFAULT_RELEASES, WITH_MISTAKES
from mirror.sampling.modules import FRAMEWORK, Package
from mirror.sampling.plugins import ARCHIVED, archived_files
from mirror.sampling.zips import write_zip

# What closed packages require of each other; companions have their leader's version.
_COMPANIONS = {
    "amzn/amazon-pay-and-login-magento-2-module": ("amzn/amazon-pay-module", "amzn/login-with-amazon-module"),
    "dotmailer/dotmailer-magento2-extension-package": (
        "dotmailer/dotmailer-magento2-extension",
        "dotmailer/dotmailer-magento2-extension-chat",
    ),
    "klarna/m2-payments": ("klarna/module-core", "klarna/module-kp", "klarna/module-ordermanagement"),
    "paypal/module-braintree": ("paypal/module-braintree-core", "paypal/module-braintree-graph-ql"),
    "temando/module-shipping": ("temando/module-shipping-remover",),
    "vertexinc/product-magento-module": ("vertexinc/module-tax", "vertexinc/module-address-validation"),
    "yotpo/magento2-module-yotpo-reviews-bundle": ("yotpo/magento2-module-yotpo-reviews",),
    "magento/payment-services": ("magento/module-payment-services-base", "magento/module-payment-services-paypal"),
}
_OS_EXTENSIONS = "adobe-commerce/os-extensions-metapackage"
_OS_EXTENSIONS_REQUIRE = {
    "magento/module-data-exporter": "103.0.0",
    "magento/payment-services": "2.2.0",
    "magento/services-connector": "1.2.1",
    "magento/services-id": "3.0.1",
    "paypal/module-braintree": "~4.6.0",
}

Identity = tuple[str, str]  # name and version


def write_archives(directory: Path, recipe: Recipe, edition: Edition, releases: Iterable[str]) -> int:
    """Write all archives that complete these releases, and give their number."""
    directory.mkdir()
    contents: dict[Identity, list[File]] = {}
    complete = [release for release in releases if release != WITH_MISTAKES]
    for name, version in _closed(recipe, edition, complete):
        contents[name, version] = _closed_files(name, version)
    for name, versions in ARCHIVED.items():
        contents |= {(name, version): archived_files(name, version) for version in versions}
    if set(DEFAULT_RELEASES) <= set(complete):
        contents |= {(f.package, f.version): _untagged_files(f) for f in _untagged(recipe)}
    for number, ((name, version), files) in enumerate(sorted(contents.items())):
        stem = f"{name.replace('/', '-')}-{version}"
        write_zip(directory / f"{stem}.zip", files, f"{stem}/" if number % 2 else "")
    return len(contents)


def _closed(recipe: Recipe, edition: Edition, releases: Iterable[str]) -> set[Identity]:
    """Give the closed packages that releases bundle, and what those require."""
    found: set[Identity] = set()
    waiting = [
        (name, lowest_version(constraint))
        for release in releases
        for name, constraint in edition.bundled_with(release)[0].items()
        if recipe.is_closed(name)
    ]
    while waiting:
        identity = waiting.pop()
        if identity not in found:
            found.add(identity)
            links = _closed_links(*identity)
            waiting += [(name, lowest_version(c)) for name, c in links.items() if recipe.is_closed(name)]
    return found


def _closed_links(name: str, version: str) -> dict[str, str]:
    if name == _OS_EXTENSIONS:
        return _OS_EXTENSIONS_REQUIRE
    return dict.fromkeys(_COMPANIONS.get(name, ()), version)


def _closed_files(name: str, version: str) -> list[File]:
    links = _closed_links(name, version)
    if links:
        return _metapackage_files(name, version, links)
    return _module_files(name, version, {FRAMEWORK: "*"})


def _metapackage_files(name: str, version: str, links: Mapping[str, str]) -> list[File]:
    return [File("composer.json", encode(metapackage_json(name, version, links)))]


def _module_files(name: str, version: str, links: Mapping[str, str]) -> list[File]:
    package = _package(name, version)
    return list(package_files(package, _composer(package, version, links), ""))


def _package(name: str, version: str) -> Package:
    words = name.partition("/")[2].removeprefix("module-")
    return Package(words.title().replace("-", ""), name, version)


def _composer(package: Package, version: str, links: Mapping[str, str]) -> Json:
    composer = package_json(package, version, links)
    vendor = package.name.partition("/")[0].title().replace("-", "")
    composer["autoload"]["psr-4"] = {f"{vendor}\\{package.directory}\\": ""}
    return composer


def _untagged(recipe: Recipe) -> Iterator[PackageSource]:
    """Give what the recipe takes from commits, which no sample can have."""
    return (fact for fact in recipe.package_source if GIT_ID.fullmatch(fact.ref))


def _untagged_files(fact: PackageSource) -> list[File]:
    package = Package(fact.dir, fact.package, fact.version)
    composer = package_json(package, fact.version, {})
    composer["require"] = dict(fact.require)
    composer["suggest"] = dict(fact.suggest)
    return list(package_files(package, composer, ""))
