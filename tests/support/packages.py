"""Packed packages for the tests of importing, exporting and verifying, and a distribution that takes them."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mirror import publishing
from mirror.exclusion import alone
from mirror.importing import import_archives
from mirror.intake import ImportReport
from mirror.models import Distribution, PackageVersion, Publication

BASE_URL = "https://repo.example.org/"
RECIPE = """
schema = 1
title = "Test"
vendors = ["acme"]
closed = ["closed/*", "partner/module"]

[[source]]
key = "library"
url = "https://example.org/library.git"
from_tag = "1.0.0"
[[source.package]]
kind = "single"
dir = ""

[[withhold]]
names = ["acme/withheld"]
reason = "packagist.org has it"
"""


def make_distribution(directory: Path, slug: str = "shop", **fields: Any) -> Distribution:
    """Make a distribution with a recipe of its own, which lies in the directory."""
    recipe = directory / f"{slug}.toml"
    recipe.write_text(RECIPE)
    defaults = {"title": slug, "recipe": str(recipe), "base_url": BASE_URL}
    return Distribution.objects.create(slug=slug, **{**defaults, **fields})


def zipped(entries: Mapping[str, str | bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Make a zip: the same bytes for the same entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, content)
    return buffer.getvalue()


def package(name: str = "acme/library", version: str | None = "1.0.0", *, text: str = "one", **more: Any) -> bytes:
    """Make a package's archive; another text gives other bytes."""
    composer = {"name": name, **({"version": version} if version else {}), **more}
    return zipped({"composer.json": json.dumps(composer), "src/text.txt": text})


def put(directory: Path, **archives: bytes) -> Path:
    """Write archives; in their names `__` stands for a folder, and `.zip` is added."""
    for name, content in archives.items():
        path = directory / (name.replace("__", "/") + ".zip")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return directory


def take_in(distribution: Distribution, directory: Path, *, keep_paths: bool = False) -> ImportReport:
    return import_archives(distribution, directory, keep_paths=keep_paths, reserved=frozenset({"admin"}))


def publish(distribution: Distribution) -> Publication:
    """Publish every version that the distribution has."""
    rows = PackageVersion.objects.of(distribution).publishable()
    order = publishing.Order(frozenset(rows.values_list("pk", flat=True)), Publication.Cause.BUILD, "test")
    with alone(distribution, "a test"):
        publication = publishing.publish(distribution, order)
    assert publication is not None
    distribution.refresh_from_db()
    return publication
