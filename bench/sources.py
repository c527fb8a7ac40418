"""What is built: the sample at its real size, made once, and sources with their newest tags hidden."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.portal import ROOT
from mirror.composer.versions import normalize, sort_key
from mirror.git import Repository
from mirror.releases import version_of_tag
from mirror.sampling import SampleSize, is_sample
from mirror.sampling.making import FORMAT

REAL_SIZE = SampleSize(releases=60, modules=300, files=40_000)
SAMPLE_MARKER = "sample.json"


class NoSourcesError(Exception):
    """There is nothing to measure with."""


@dataclass(frozen=True, slots=True)
class Sources:
    """A directory of repositories, as ``build_distribution --sources`` takes it."""

    title: str
    directory: Path

    def git_directories(self) -> list[Path]:
        """Give the git directories of all its repositories."""
        return [directory for _, directory in self.repositories()]

    def repositories(self) -> Iterator[tuple[str, Path]]:
        """Give name and git directory of each repository."""
        for path in sorted(self.directory.iterdir()):
            if (path / "HEAD").is_file() or (path / ".git").exists():
                yield path.name, Repository(path).directory


def sample(cache: Path, scale: float) -> Sources:
    """Give the sample, which is made if it is not there yet."""
    size = SampleSize(
        releases=max(4, round(REAL_SIZE.releases * scale)),
        modules=max(28, round(REAL_SIZE.modules * scale)),
        files=max(400, round(REAL_SIZE.files * scale)),
    )
    numbers = {"releases": size.releases, "modules": size.modules, "files": size.files}
    directory = cache / "-".join(["sample", *map(str, (FORMAT, *numbers.values()))])
    options = [text for name, number in numbers.items() for text in (f"--{name}", str(number))]
    command = [sys.executable, str(ROOT / "manage.py"), "create_sample_sources", str(directory), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    title = f"Sample of {size.releases} releases, {size.modules} modules, {size.files:,} files"
    return Sources(title, directory)


def given(directory: Path) -> Sources:
    """Give somebody's clones.

    Raises:
        NoSourcesError: no repository is there.
    """
    found = Sources(f"Sources in {directory}", directory.resolve())
    if not directory.is_dir() or not found.git_directories():
        raise NoSourcesError(f"{directory} has no git repositories; name a directory of clones")
    return found


class NarrowedSources:
    """Repositories that share the objects of others and can hide the newest version of each."""

    def __init__(self, original: Sources, directory: Path) -> None:
        self.directory = directory
        self._refs: dict[Path, list[tuple[str, str]]] = {}
        shutil.rmtree(directory, ignore_errors=True)
        for name, git_directory in original.repositories():
            self._refs[directory / name] = _borrow(git_directory, directory / name)
        if is_sample(original.directory):
            shutil.copy(original.directory / SAMPLE_MARKER, directory)

    def hide_newest(self) -> None:
        for repository, refs in self._refs.items():
            newest = max((key for _, tag in refs if (key := _order(tag))), default=None)
            _write_refs(repository, [ref for ref in refs if newest is None or _order(ref[1]) != newest])

    def show_all(self) -> None:
        for repository, refs in self._refs.items():
            _write_refs(repository, refs)


def _borrow(original: Path, target: Path) -> list[tuple[str, str]]:
    """Make a bare repository on the objects of another, and give its tags: (id, name)."""
    (target / "objects" / "info").mkdir(parents=True)
    (target / "refs").mkdir()
    (target / "HEAD").write_text("ref: refs/heads/main\n")
    (target / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    (target / "objects" / "info" / "alternates").write_text(f"{original / 'objects'}\n")
    command = ["git", f"--git-dir={original}", "for-each-ref", "--format=%(objectname) %(refname:strip=2)", "refs/tags"]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603 - ours
    lines = listed.decode("utf-8", "surrogateescape").splitlines()
    return [(object_id, tag) for object_id, _, tag in (line.partition(" ") for line in lines)]


def _write_refs(repository: Path, refs: list[tuple[str, str]]) -> None:
    lines = [f"{object_id} refs/tags/{tag}\n" for object_id, tag in sorted(refs, key=lambda ref: ref[1])]
    packed = "".join(["# pack-refs with:\n", *lines])
    (repository / "packed-refs").write_text(packed, encoding="utf-8", errors="surrogateescape")


def _order(tag: str) -> tuple[int, ...]:
    """Give the place of a tag in version order; empty if it is no version."""
    version = version_of_tag(tag)
    return sort_key(normalize(version)) if version else ()
