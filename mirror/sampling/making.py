"""Making a directory of sample sources, whole or not at all.

SamplingError
└── DirectoryInUseError
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mirror.edition import Edition
from mirror.recipe import Recipe
from mirror.sampling.archives import write_archives
from mirror.sampling.core import Core, core_snapshots
from mirror.sampling.fastimport import FastImportError, Snapshot, write_repository
from mirror.sampling.histories import UnknownReleasesError, choose_releases
from mirror.sampling.modules import SPLITS
from mirror.sampling.packagist import write_composer_home, write_packagist
from mirror.sampling.plugins import SINGLES, single_snapshots
from mirror.sampling.sample_data import sample_data_snapshots
from mirror.sampling.split_repositories import split_snapshots

MARKER = "sample.json"
FORMAT = 1  # raised when the same arguments give something else
_OPEN = 0o755  # mkdtemp keeps others out


class SamplingError(Exception):
    """The sample cannot be made; the directory is as it was."""


class DirectoryInUseError(SamplingError):
    """The directory holds something else, or a sample of another size; it was not touched."""


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How large a sample is. Modules and files are those of the core; it has never less than it needs."""

    releases: int = 3
    modules: int = 28
    files: int = 400


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sample holds; ``made`` is false if it was there already."""

    made: bool
    repositories: int
    releases: tuple[str, ...]
    archives: int
    stand_ins: int


def is_sample(directory: Path) -> bool:
    """Tell whether these sources are a sample."""
    return _read_marker(directory) is not None


def create_sample(
    directory: Path,
    size: SampleSize,
    recipe: Recipe,
    progress: Callable[[str], None] = lambda step: None,
) -> Outcome:
    """Make the sources of a recipe, archives and a stand-in for packagist.org.

    Raises:
        DirectoryInUseError: something else is there.
        SamplingError: the recipe or the size is none that a sample can be made for.
    """
    final = directory.resolve()
    found = _read_marker(final)
    if found is not None:
        return _unchanged(final, found, size)
    if final.exists() and (not final.is_dir() or any(final.iterdir())):
        raise DirectoryInUseError(f"{directory} is not empty and holds no sample; name a new directory")
    releases = _releases(recipe, size)
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{final.name}-", dir=final.parent) as place:
        part = Path(place) / "sample"
        part.mkdir(mode=_OPEN)
        outcome = _Maker(part, final, size, recipe, releases).make(progress)
        (part / MARKER).write_text(json.dumps(_marker(size, outcome), indent=2) + "\n", encoding="utf-8")
        part.replace(final)  # an empty directory gives way
    return outcome


def _releases(recipe: Recipe, size: SampleSize) -> list[str]:
    try:
        return choose_releases(_edition(recipe), size.releases)
    except UnknownReleasesError as error:
        raise SamplingError(str(error)) from error


def _edition(recipe: Recipe) -> Edition:
    if recipe.edition is None:
        raise SamplingError(f"{recipe.title}: a sample needs a recipe with an edition")
    return recipe.edition


@dataclass(frozen=True, slots=True)
class _Maker:
    part: Path
    final: Path
    size: SampleSize
    recipe: Recipe
    releases: list[str]

    def make(self, progress: Callable[[str], None]) -> Outcome:
        edition = _edition(self.recipe)
        sources = self.recipe.wanted_sources()
        for source in sources:
            progress(source.directory_name)
            self._repository(source.directory_name, _snapshots(source.key, edition, self.releases, self.size))
        progress("archives")
        archives = write_archives(self.part / "archives", self.recipe, edition, self.releases)
        progress("packagist")
        stand_ins = write_packagist(self.part / "packagist", self.final / "packagist", self.recipe)
        write_composer_home(self.part / "composer", self.final / "packagist")
        return Outcome(
            made=True,
            repositories=len(sources),
            releases=tuple(self.releases),
            archives=archives,
            stand_ins=stand_ins,
        )

    def _repository(self, name: str, snapshots: Iterator[Snapshot]) -> None:
        try:
            write_repository(self.part / name, snapshots)
        except FastImportError as error:
            raise SamplingError(str(error)) from error


def _snapshots(key: str, edition: Edition, releases: Sequence[str], size: SampleSize) -> Iterator[Snapshot]:
    if key == edition.source:
        return core_snapshots(Core.of_size(size.modules, size.files), releases)
    if key in SPLITS:
        return split_snapshots(key, edition, releases)
    if key in SINGLES:
        return single_snapshots(key)
    if key == "magento2-sample-data":
        return sample_data_snapshots(releases)
    raise SamplingError(f"the sample does not know the source {key}; teach mirror/sampling its shape")


def _marker(size: SampleSize, outcome: Outcome) -> dict[str, Any]:
    return {"sample": FORMAT, "size": asdict(size), "outcome": asdict(outcome)}


def _read_marker(directory: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((directory / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "sample" in found else None


def _unchanged(directory: Path, found: dict[str, Any], size: SampleSize) -> Outcome:
    if (found["sample"], found.get("size")) != (FORMAT, asdict(size)):
        raise DirectoryInUseError(
            f"{directory} holds a sample made with {found.get('size')} (format {found['sample']}), "
            f"not {asdict(size)} (format {FORMAT}); remove it or name a new directory"
        )
    outcome = found["outcome"]
    return Outcome(**{**outcome, "made": False, "releases": tuple(outcome["releases"])})
