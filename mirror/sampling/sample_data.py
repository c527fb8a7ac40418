"""The repository of the shop's sample data: a few modules and media."""

from collections.abc import Iterator, Sequence

from mirror.sampling.composer_files import LICENSES, encode, package_files, package_json
from mirror.sampling.fastimport import File, Snapshot
from mirror.sampling.filler import content
from mirror.sampling.histories import is_patch, parent_of, suffix_of, third_number, time_of
from mirror.sampling.modules import FRAMEWORK, Package, module_name

_MODULES = tuple(
    Package(f"app/code/Magento/{words}", module_name(words), "100.4.0", needs=(FRAMEWORK,))
    for words in ("CatalogSampleData", "CmsSampleData", "ThemeSampleData")
)
_MEDIA = "magento/sample-data-media"
_PICTURE_BYTES = 64


def sample_data_snapshots(releases: Sequence[str]) -> Iterator[Snapshot]:
    """Give a tag for each release; patches change nothing."""
    versions: dict[str, str] = {}
    for number, release in enumerate(releases):
        parent = parent_of(release, releases[:number])
        version = versions[parent] if parent and is_patch(release) else _version(release)
        versions[release] = version
        yield Snapshot((release,), "main", time_of(release), _files(version))


def _version(release: str) -> str:
    series = release.split(".")[1]
    return f"100.{series}.{third_number(release)}" + suffix_of(release) * (not is_patch(release))


def _files(version: str) -> Iterator[File]:
    yield File("README.md", b"# Sample data\n")
    yield File("dev/tools/build-sample-data.php", content("dev/tools/build-sample-data.php", "1"))
    for package in _MODULES:
        directory = f"{package.directory}/"
        yield from package_files(package, package_json(package, version, {FRAMEWORK: "*"}), directory)
        yield File(f"{directory}fixtures/data.csv", content(f"{directory}fixtures/data.csv", version))
    media = {
        "name": _MEDIA,
        "description": "N/A",
        "type": "magento2-component",
        "license": LICENSES,
        "version": version,
        "extra": {"map": [["catalog", "pub/media/catalog"]]},
    }
    yield File("pub/media/composer.json", encode(media))
    yield File("pub/media/catalog/product/bag.jpg", content("bag.jpg", "1")[:_PICTURE_BYTES])
