"""The core monorepo: every release a commit that changes what upstream's would change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mirror.sampling.base_tree import (
    LARGE_PLACES,
    REGISTRAR,
    base_file_count,
    base_files,
    changed_base_files,
)
from mirror.sampling.composer_files import Json, encode, package_files, package_json, sibling_links
from mirror.sampling.fastimport import File, Snapshot
from mirror.sampling.filler import chosen, content, digest
from mirror.sampling.histories import (
    DAY,
    is_beta,
    is_patch,
    parent_of,
    third_number,
    time_of,
    versions_at,
    versions_of_2_3,
)
from mirror.sampling.modules import FRAMEWORK, PHP, PHP_OF_2021, Package, core_packages
from mirror.sampling.root import root_json

DEVELOPMENT_TAG = "2.4-develop"  # upstream has tags that are no versions
_BASE_LINE = 3  # the third number of the baseline 2.4.3
_CHANGED_BY_BASE, _CHANGED_BY_BETA, _CHANGED_BY_PATCH = 150, 40, 10  # thousandths of the files
_PATCHED_FILES = 3  # of a package
_MODULE_SHARE = 0.62  # of the files beyond the fixed ones

_PLACES = (
    *("Model/{}.php", "Api/Data/{}Interface.php", "Block/Adminhtml/{}.php", "Controller/Adminhtml/{}.php"),
    *("Test/Unit/Model/{}Test.php", "Test/Mftf/Test/{}Test.xml", "Test/Mftf/ActionGroup/{}ActionGroup.xml"),
    *("view/frontend/web/js/{}.js", "view/frontend/templates/{}.phtml", "view/adminhtml/ui_component/{}.xml"),
    *("view/frontend/layout/{}.xml", "etc/adminhtml/{}.xml", "Setup/Patch/Data/{}.php", "i18n/{}.csv"),
    *("ViewModel/{}.php", "Plugin/{}Plugin.php", "Observer/{}Observer.php"),
)
_STEMS = ("Price", "Order", "Stock", "Quote", "Item", "Rule", "Option", "Media", "Source", "Index", "Cart", "Rate")


@dataclass(frozen=True, slots=True)
class Core:
    """What the monorepo looks like at this size."""

    packages: tuple[Package, ...]
    extra_files: dict[str, int]  # directory with its slash → number of generated files

    @classmethod
    def of_size(cls, modules: int, files: int) -> "Core":
        packages = core_packages(modules)
        return cls(packages, _spread(packages, files))


def core_snapshots(core: Core, releases: Sequence[str]) -> Iterator[Snapshot]:
    """Give the commits, one per release; each holds only what differs from its parent."""
    known: dict[str, dict[str, str]] = {}
    for number, release in enumerate(releases):
        parent = parent_of(release, releases[:number])
        before = known[parent] if parent else {}
        known[release] = versions = _versions(core, release, before)
        yield Snapshot(
            tags=(release,),
            branch=_branch(release),
            time=time_of(release),
            files=_Release(core, release, versions, before).files(),
            parent=parent,
            whole=parent is None,
            annotated=True,
        )
    yield _development(core, releases[-1])


def _versions(core: Core, release: str, before: dict[str, str]) -> dict[str, str]:
    baseline = {package.name: package.version for package in core.packages if package.is_in(release)}
    constant = {package.name: package.version for package in core.packages if package.constant}
    if release.startswith("2.3."):
        return versions_of_2_3(baseline) | dict.fromkeys(constant, "100.3.0")
    return versions_at(release, baseline, before, third_number(release) - _BASE_LINE) | constant


def _branch(release: str) -> str:
    if release.startswith("2.3."):
        return "2.3"
    return f"{release.partition('-')[0]}-patches" if is_patch(release) else "main"


def _development(core: Core, last: str) -> Snapshot:
    """Give a state between releases, with a module that is not finished."""
    unfinished = File("app/code/Magento/Unfinished/README.md", b"# Not a module yet\n")
    return Snapshot((DEVELOPMENT_TAG,), "2.4-develop", time_of(last) + DAY, [unfinished], last, whole=False)


@dataclass(frozen=True, slots=True)
class _Release:
    core: Core
    release: str
    versions: dict[str, str]
    before: dict[str, str]

    def files(self) -> Iterator[File]:
        yield File("composer.json", encode(root_json(self.release, self.versions)))
        yield from self._base()
        for package in self.core.packages:
            version = self.versions.get(package.name)
            if version and version != self.before.get(package.name):
                yield from self._package(package, version)

    def _base(self) -> Iterator[File]:
        if not self.before:
            yield from base_files(self.release)
        else:
            yield from changed_base_files(self.release, self._share())
        for directory in LARGE_PLACES:
            if not directory.startswith("lib/internal/Magento/"):
                yield from self._generated(directory, fresh=not self.before)

    def _package(self, package: Package, version: str) -> Iterator[File]:
        directory = f"{package.directory}/"
        fresh = package.name not in self.before
        composer = self._composer(package, version)
        if fresh:
            yield from package_files(package, composer, directory)
            if package.name == FRAMEWORK:
                yield File(f"{directory}Component/ComponentRegistrar.php", REGISTRAR.encode())
        else:
            yield File(f"{directory}composer.json", encode(composer))
        if is_patch(self.release) and not fresh:
            yield from self._patched(directory)
        else:
            yield from self._generated(directory, fresh=fresh)

    def _composer(self, package: Package, version: str) -> Json:
        links = sibling_links(package, self.versions)
        php = PHP_OF_2021 if self.release.startswith("2.3.") else PHP
        composer = package_json(package, version, links, php)
        if package.name == "magento/module-catalog":
            composer["suggest"] = {"magento/module-catalog-sample-data": "100.4.*"}
        return composer

    def _generated(self, directory: str, *, fresh: bool) -> Iterator[File]:
        share = self._share()
        for number in range(self.core.extra_files.get(directory, 0)):
            path = _path(directory, number)
            if fresh or chosen(share, path, self.release):
                yield File(path, content(path, self.release))

    def _patched(self, directory: str) -> Iterator[File]:
        count = self.core.extra_files.get(directory, 0)
        if count:
            numbers = {digest(directory, self.release, n) % count for n in range(_PATCHED_FILES)}
            for path in (_path(directory, number) for number in sorted(numbers)):
                yield File(path, content(path, self.release))

    def _share(self) -> int:
        if is_patch(self.release):
            return _CHANGED_BY_PATCH
        return _CHANGED_BY_BETA if is_beta(self.release) else _CHANGED_BY_BASE


def _path(directory: str, number: int) -> str:
    random = digest(directory, number)
    place = _PLACES[random % len(_PLACES)]
    return directory + place.format(f"{_STEMS[random // 64 % len(_STEMS)]}{number}")


def _spread(packages: tuple[Package, ...], files: int) -> dict[str, int]:
    """Spread the files beyond the fixed ones over modules and the places outside of them."""
    modules = [package for package in packages if package.type == "magento2-module"]
    fixed = base_file_count() + 5 * len(modules) + 4 * (len(packages) - len(modules)) + 2
    extra = max(0, files - fixed)
    weights = {f"{m.directory}/": _MODULE_SHARE * (1 + digest(m.name) % 8) for m in modules}
    scale = sum(weights.values()) / _MODULE_SHARE * (1 - _MODULE_SHARE) / sum(LARGE_PLACES.values())
    weights |= {place: weight * scale for place, weight in LARGE_PLACES.items()}
    total, so_far, given = sum(weights.values()), 0.0, 0
    spread: dict[str, int] = {}
    for directory, weight in weights.items():
        so_far += weight
        upto = round(extra * so_far / total)
        spread[directory] = upto - given
        given = upto
    return spread
