"""Zips that are the same every time."""

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from mirror.sampling.fastimport import File

_MOMENT = (2022, 2, 22, 22, 22, 22)


def write_zip(path: Path, files: Iterable[File], folder: str = "") -> str:
    """Pack files, below a single top folder if one is named, and give the sha1 of the archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(folder + file.path, _MOMENT)
            entry.create_system = 3  # Unix, so that modes count
            entry.external_attr = file.mode << 16
            archive.writestr(entry, file.content)
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
