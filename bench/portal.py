"""A portal of its own in a directory: its data, its SQLite database, its commands."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.running import Run, run

ROOT = Path(__file__).resolve().parent.parent
SLUG = "mirror"
ARCHIVES = "archives"  # of a sample: what no source can give
_OWN = ("PORTAL_", "DATABASE_", "DJANGO_", "Q_")
SECRET_KEY = "for-measuring-on-this-machine-only-" * 2


@dataclass(frozen=True, slots=True)
class Portal:
    """One data directory."""

    data: Path

    @property
    def distribution(self) -> Path:
        return self.data / "distributions" / SLUG

    @property
    def dists(self) -> Path:
        return self.distribution / "dists"

    @property
    def served(self) -> Path:
        return self.distribution / "current"

    def environment(self) -> dict[str, str]:
        """Give the variables under which its commands run: nothing of the caller's own settings."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        return inherited | {
            "PORTAL_DATA_DIR": str(self.data),
            "PORTAL_LOG_LEVEL": "WARNING",
            "PORTAL_SECRET_KEY": SECRET_KEY,
        }

    def prepare(self, sources: Path) -> None:
        """Make the database, and import the archives that belong to a sample."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        self.manage("migrate", "--verbosity", "0")
        if (sources / ARCHIVES).is_dir():
            self.manage("import_archives", SLUG, str(sources / ARCHIVES), "--json")

    def build(self, sources: Path, jobs: int) -> Run:
        """Build as a user would, from a disk that has nothing else to write."""
        os.sync()
        arguments = ("--sources", str(sources), "--approve", "--jobs", str(jobs), "--json")
        return self.manage("build_distribution", SLUG, *arguments)

    def export(self, directory: Path) -> None:
        self.manage("export_distribution", SLUG, str(directory))

    def manage(self, *arguments: str) -> Run:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return run(command, self.environment(), self.data)

    def copy_to(self, other: Path) -> "Portal":
        """Give a copy to go on from; dists are shared, since nothing ever changes them."""
        shutil.rmtree(other, ignore_errors=True)
        shutil.copytree(self.data, other, symlinks=True, ignore=_dists_ignored)
        _copy_links(self.dists, Portal(other).dists)
        return Portal(other)

    def archives(self) -> set[str]:
        """Give the paths of all dists below their directory."""
        return {str(path.relative_to(self.dists)) for path in self.dists.rglob("*.zip")}

    def checksums(self) -> Iterator[tuple[str, str]]:
        """Give path and sha256 of everything that is served."""
        for line in (self.served / "manifest.sha256").read_text().splitlines():
            sha256, _, path = line.partition("  ")
            yield path, sha256

    def remove(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)


def _dists_ignored(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "dists"]


def _copy_links(source: Path, target: Path) -> None:
    command = ["cp", "--archive", "--link", str(source), str(target)]
    subprocess.run(command, check=True)  # noqa: S603 - ours
