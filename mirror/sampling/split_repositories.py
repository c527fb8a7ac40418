"""Repositories whose modules were split off the core: modules and one metapackage that pins them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mirror.edition import Edition
from mirror.sampling.composer_files import (
    encode,
    metapackage_json,
    package_files,
    package_json,
    sibling_links,
)
from mirror.sampling.constraints import lowest_version
from mirror.sampling.fastimport import File, Snapshot
from mirror.sampling.filler import content, digest
from mirror.sampling.histories import (
    DEFAULT_RELEASES,
    WITH_MISTAKES,
    in_order,
    parent_of,
    suffix_of,
    third_number,
    time_of,
    versions_at,
    wildcard,
)
from mirror.sampling.modules import PHP, PHP_OF_2021, SPLITS, Package, Split, module_name

IMS_METAPACKAGE = "adobe-commerce/adobe-ims-metapackage"
_LAST_IMS_BEFORE_MERGE = 3  # third number of the tag; the core has these modules since 2.4.5
_FILES = ("Model/Repository.php", "Model/Provider.php", "Test/Unit/Model/RepositoryTest.php", "etc/di.xml")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a tag of a split repository holds."""

    modules: tuple[Package, ...]
    versions: Mapping[str, str | None]  # None where upstream forgot it
    pins: Mapping[str, str]  # what the metapackage requires
    metapackage: str
    metapackage_version: str | None
    php: str = PHP
    also_tagged: tuple[str, ...] = ()


@dataclass(slots=True)
class _History:
    """The tags of one repository so far."""

    shapes: dict[str, Shape] = field(default_factory=dict)

    def versions_before(self, tag: str) -> dict[str, str]:
        parent = parent_of(tag, list(self.shapes))
        versions = self.shapes[parent].versions if parent else {}
        return {name: version for name, version in versions.items() if version}


def split_snapshots(key: str, edition: Edition, releases: Sequence[str]) -> Iterator[Snapshot]:
    """Give all tags of a split repository that these releases bundle, and those they came from."""
    split = SPLITS[key]
    times = _tags_of(split, edition, releases)
    if set(DEFAULT_RELEASES) <= set(releases):
        times |= {tag: time_of(release) for tag, release in _FURTHER_TAGS.get(key, {}).items()}
        for tag in _MISSING_TAGS.get(key, ()):
            times.pop(tag, None)
    history = _History()
    for tag in in_order(times):
        shape = _shape(key, split, tag, history)
        history.shapes[tag] = shape
        yield Snapshot((tag, *shape.also_tagged), "main", times[tag], _files(split, shape))
    if key == "adobe-ims":
        yield from _ims_after_merge(edition, releases)


def _tags_of(split: Split, edition: Edition, releases: Iterable[str]) -> dict[str, int]:
    times: dict[str, int] = {}
    for release in releases:
        tag = edition.bundled_with(release)[0].get(split.package)
        if tag:
            times.setdefault(tag, time_of(release))
    return times


def _shape(key: str, split: Split, tag: str, history: _History) -> Shape:
    mistake = _MISTAKES.get((key, tag))
    if mistake:
        return mistake(split, tag)
    steps = third_number(tag) - third_number(split.baseline)
    baseline = {package.name: package.version for package in split.modules}
    versions = versions_at(tag, baseline, history.versions_before(tag), steps)
    shape = _regular(split, tag, versions)
    if key == "adobe-stock-integration" and third_number(tag) <= _LAST_IMS_BEFORE_MERGE:
        shape = replace(shape, pins={"magento/adobe-ims": "2.1.*", **shape.pins})
    return shape


def _regular(split: Split, tag: str, versions: Mapping[str, str]) -> Shape:
    pins = {**split.require, **versions}
    return Shape(split.modules, versions, pins, split.package, tag)


def _files(split: Split, shape: Shape) -> Iterator[File]:
    yield File("README.md", f"# {split.package}\n".encode())
    yield File("LICENSE.txt", content(f"{split.package}/LICENSE", "1"))
    yield File(".github/CODEOWNERS", b"* @sample\n")
    yield File("dev/tests/acceptance/README.md", b"# Acceptance tests\n")
    metapackage = metapackage_json(shape.metapackage, shape.metapackage_version, shape.pins)
    yield File(f"{split.directory}/composer.json", encode(metapackage))
    known = {name: version for name, version in shape.versions.items() if version}
    for package in shape.modules:
        version = shape.versions[package.name]
        composer = package_json(package, version, sibling_links(package, known), shape.php)
        directory = f"{package.directory}/"
        yield from package_files(package, composer, directory)
        for path in _FILES[: 1 + digest(package.name) % len(_FILES)]:
            yield File(directory + path, content(directory + path, version or split.baseline))


def _ims_after_merge(edition: Edition, releases: Iterable[str]) -> Iterator[Snapshot]:
    """Give the tags that hold the metapackage only, since the core has the modules."""
    tags: dict[str, int] = {}
    for release in releases:
        constraint = edition.bundled_with(release)[0].get(IMS_METAPACKAGE)
        if constraint:
            tags.setdefault(lowest_version(constraint), time_of(release))
    require = {module_name("AdminAdobeIms"): "100.4.*"} | {
        module_name(words): "2.1.*" for words in ("AdobeIms", "AdobeImsApi")
    }
    for tag in in_order(tags):
        composer = metapackage_json(IMS_METAPACKAGE, tag, {"php": PHP, **require})
        files = [File("README.md", b"# Adobe IMS\n"), File("_metapackage/composer.json", encode(composer))]
        yield Snapshot((tag,), "main", tags[tag], files)


# -------------------- upstream's mistakes, which the recipe corrects


def _forgotten(split: Split, tag: str) -> Shape:
    """Neither modules have versions nor does the metapackage pin them."""
    names = [package.name for package in split.modules]
    pins = {**split.require, **dict.fromkeys(names, "*")}
    version = None if split.package == "magento/page-builder" else tag
    return Shape(split.modules, dict.fromkeys(names), pins, split.package, version, PHP_OF_2021)


def _forgotten_with_ims(split: Split, tag: str) -> Shape:
    shape = _forgotten(split, tag)
    return replace(shape, pins={"magento/adobe-ims": "*", **shape.pins})


def _without_image(split: Split, tag: str) -> Shape:
    """Leave out the module that was published from a commit which cannot be made here."""
    shape = _forgotten_with_ims(split, tag)
    modules = tuple(p for p in shape.modules if p.name != "magento/module-adobe-stock-image")
    return replace(shape, modules=modules)


def _second_patch(split: Split, tag: str) -> Shape:
    """Everything has the suffix: tags that no release here requires, but corrections take files from."""
    versions = {package.name: package.version + suffix_of(tag) for package in split.modules}
    return replace(_regular(split, tag, versions), php=PHP_OF_2021)


def _of_2021(split: Split, tag: str) -> Shape:
    versions = {package.name: package.version for package in split.modules}
    return replace(_regular(split, tag, versions), php=PHP_OF_2021)


def _stock_of_2_3_7(split: Split, tag: str) -> Shape:
    """Eight of ten modules say 1.0.2 instead of 1.0.2-p1."""
    added = tuple(Package(words, module_name(words), "1.0.2") for words in ("AdobeIms", "AdobeImsApi"))
    modules = (*added, *split.modules)
    versions = dict.fromkeys((package.name for package in modules), "1.0.2") | {
        module_name("AdobeStockImage"): "1.0.2-p2",
        module_name("AdobeStockImageAdminUi"): "1.0.3-p2",
    }
    pins = {name: wildcard(version) for name, version in versions.items()}
    return Shape(modules, versions, pins, split.package, tag, PHP_OF_2021)


def _inventory_of_2_3_7(split: Split, tag: str) -> Shape:
    """The metapackage had another name; a later tag sits on the wrong commit."""
    shape = _older_inventory(split, "7")
    name = "magento/inventory-composer-metapackage"
    return replace(shape, metapackage=name, metapackage_version=tag, also_tagged=("v1.2.0-p1",))


def _inventory_in_development(split: Split, tag: str) -> Shape:
    """The metapackage of the development branch was tagged."""
    name = f"{split.package.replace('inventory-', 'inventory-composer-')}-dev"
    return replace(_older_inventory(split, third_number(tag)), metapackage=name, metapackage_version="1.1-dev")


def _older_inventory(split: Split, third: object) -> Shape:
    def older(version: str) -> str:
        first, second, _ = version.split(".")
        return f"{first}.{int(second) - 1}.{third}"

    versions = {package.name: older(package.version) for package in split.modules}
    pins = {"magento/inventory-composer-installer": "1.1.*", **versions}
    return Shape(split.modules, versions, pins, split.package, None, PHP_OF_2021)


_MISTAKES: dict[tuple[str, str], Callable[[Split, str], Shape]] = {
    ("inventory", "1.1.5"): _inventory_in_development,
    ("inventory", "1.1.7"): _inventory_of_2_3_7,
    ("page-builder", "1.7.0"): _forgotten,
    ("page-builder", "1.7.0-p1"): _forgotten,
    ("page-builder", "1.7.0-p2"): _second_patch,
    ("adobe-ims", "2.1.1"): _forgotten,
    ("adobe-ims", "2.1.2"): _of_2021,
    ("adobe-stock-integration", "1.0.3-p2"): _stock_of_2_3_7,
    ("adobe-stock-integration", "2.1.1"): _forgotten_with_ims,
    ("adobe-stock-integration", "2.1.2-p1"): _without_image,
    ("adobe-stock-integration", "2.1.2-p2"): _second_patch,
}

# Tags that corrections speak of or that older releases took, and the releases whose dates they get.
_FURTHER_TAGS = {
    "inventory": {"1.1.5": WITH_MISTAKES, "1.1.7": WITH_MISTAKES},
    "page-builder": {"1.7.0-p2": "2.4.3-p2"},
    "adobe-ims": {"2.1.1": WITH_MISTAKES},
    "adobe-stock-integration": {"2.1.1": WITH_MISTAKES, "2.1.2-p2": "2.4.3-p2"},
}
_MISSING_TAGS = {"adobe-stock-integration": ("2.1.2",)}  # never tagged upstream
