"""How much of the disk the mirror takes. Looking takes a while, so it is done by a schedule and remembered."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.core.cache import cache
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from mirror.models import Distribution, PackageVersion
from mirror.places import data_dir, work_dir

KEY = "mirror-disk-use"
BLOCK = 512  # bytes, in which a file's st_blocks are counted


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes that the parts took when somebody looked."""

    dists: int  # as the database knows them, wherever they are stored
    metadata: int
    clones: int
    at: datetime


def measure() -> DiskUse:
    """Look how much each part takes, and remember it."""
    kept = PackageVersion.objects.filter(purged_at=None).aggregate(bytes=Sum("size"))["bytes"] or 0
    files = [distribution.files for distribution in Distribution.objects.all()]
    metadata = sum(_taken(place) for one in files for place in (one.metadata, one.publications))
    use = DiskUse(kept, metadata, _taken(work_dir() / "sources"), timezone.now())
    cache.set(KEY, asdict(use), timeout=None)
    return use


def look() -> str:
    """Measure, and say what was found."""
    use = measure()
    parts = {"dists": use.dists, "metadata": use.metadata, "clones": use.clones}
    return ", ".join(f"{name} {filesizeformat(size)}" for name, size in parts.items())


def last_measured() -> DiskUse | None:
    remembered = cache.get(KEY)
    return DiskUse(**remembered) if remembered else None


def free() -> tuple[int, int]:
    """Give how many bytes are free where dists are kept, and how many there are in all."""
    usage = shutil.disk_usage(data_dir())
    return usage.free, usage.total


def _taken(directory: Path) -> int:
    """Add up what the files below a directory take, each once however many names it has."""
    seen = {(entry.st_dev, entry.st_ino): entry.st_blocks * BLOCK for entry in _entries(directory)}
    return sum(seen.values())


def _entries(directory: Path) -> Iterator[os.stat_result]:
    try:
        with os.scandir(directory) as listed:
            for entry in listed:
                if entry.is_dir(follow_symlinks=False):
                    yield from _entries(Path(entry.path))
                else:
                    yield entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return  # removed meanwhile, or never made
