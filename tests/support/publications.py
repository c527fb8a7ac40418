"""A small publication laid out by hand, without a build."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mirror import metadata
from mirror.composer.versions import normalize
from mirror.metadata import VersionEntry, body_of
from mirror.models import Distribution, Package, PackageVersion, Publication, VersionSet
from mirror.storage import DistributionFiles, Listing, Served

BASE_URL = "http://portal.example"
STAMP = 1_700_000_000  # unix seconds: Tue, 14 Nov 2023 22:13:20 GMT
STAMP_DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


def use_data_dir(settings: Any, directory: Path) -> Path:
    """Keep the files of a test's distributions in a directory of its own."""
    settings.PORTAL_DATA_DIR = directory
    settings.PORTAL_BASE_URL = BASE_URL
    return directory


@dataclass(frozen=True, slots=True)
class Sample:
    """A package as a test describes it."""

    name: str
    versions: Sequence[str] = ("1.0.0",)  # newest first
    composer: Mapping[str, Any] | None = None  # more keys of composer.json


SHOP = Sample("acme/project", ("1.1.0", "1.0.0"), {"type": "project", "description": "A shop"})
LIBRARY = Sample(
    "acme/library",
    ("2.0.0", "1.0.0-p1"),
    {"description": "Prices and taxes", "provide": {"acme/prices": "1.0"}},
)


def publish(
    distribution: Distribution,
    packages: Sequence[Sample] = (SHOP, LIBRARY),
    *,
    number: int = 1,
    stamp: int = STAMP,
    gone: Sequence[str] = (),
) -> Publication:
    """Serve these packages."""
    files = distribution.files
    files.prepare()
    contents: dict[str, bytes] = {}
    for package in packages:
        contents |= _package_files(distribution, package)
    names = [package.name for package in packages]
    contents["packages.json"] = metadata.root_file(names, distribution.url, dynamic=True)
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    contents["manifest.sha256"] = metadata.manifest_file(digests)
    listed = {}
    for path, content in contents.items():
        digest = files.store(content)
        files.stamp(digest, stamp)
        listed[path] = Served(digest, len(content), stamp)
    lay_out(files, Listing(number, listed, tuple(gone)))
    files.switch(number)
    return _record(distribution, number, packages)


def lay_out(files: DistributionFiles, listing: Listing) -> None:
    """Give a publication its directory."""
    with files.laid_out(listing) as directory:
        files.install(directory, listing.number)


def a_row_of_publication(distribution: Distribution, number: int = 1) -> Publication:
    """Record a publication of nothing, without its files."""
    return _record(distribution, number, [])


def _record(distribution: Distribution, number: int, packages: Sequence[Sample]) -> Publication:
    ids = PackageVersion.objects.of(distribution).values_list("pk", flat=True)
    members = json.dumps(sorted(ids))
    digest = hashlib.sha256(members.encode()).hexdigest()
    found, _ = VersionSet.objects.get_or_create(digest=digest, defaults={"ids": members})
    publication = Publication.objects.create(
        distribution=distribution,
        number=number,
        version_set=found,
        cause=Publication.Cause.BUILD,
        versions=len(ids),
        packages=len(packages),
        manifest_sha256="0" * 64,
        base_url=distribution.url,
    )
    distribution.publication = publication
    distribution.save(update_fields=["publication"])
    return publication


def _package_files(distribution: Distribution, package: Sample) -> dict[str, bytes]:
    row, _ = Package.objects.get_or_create(distribution=distribution, name=package.name)
    entries = [_version(distribution, row, version, package) for version in package.versions]
    return metadata.package_files(package.name, entries, distribution.url)


def _version(distribution: Distribution, row: Package, version: str, package: Sample) -> VersionEntry:
    composer = {"name": package.name, "version": version, **(package.composer or {})}
    path = f"packages/{package.name}-{version}.zip"
    content = archive(composer)
    place = distribution.files.dist(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    body = body_of(composer)
    PackageVersion.objects.get_or_create(
        package=row,
        version_normalized=normalize(version),
        defaults={
            "version": version,
            "path": path,
            "sha1": sha1,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "reference": sha1,
            "metadata": json.dumps(body),
        },
    )
    return VersionEntry(version, normalize(version), path, sha1, sha1, STAMP, body)


def archive(composer: Mapping[str, Any]) -> bytes:
    """Make a dist: the same bytes for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr(zipfile.ZipInfo("composer.json"), json.dumps(composer))
    return buffer.getvalue()
