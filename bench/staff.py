"""Fill a portal's database and ask for every page of its admin. Runs inside the portal: `manage.py shell`."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.urls import reverse

from bench.admin import DASHBOARD
from bench.asking import asked
from mirror.models import (
    Build,
    BuildLine,
    BuildStep,
    Distribution,
    Package,
    PackageVersion,
    Publication,
    Release,
    VersionSet,
)

PACKAGES, RELEASES, STEPS, LINES, FINDINGS = 600, 300, 5, 20, 50
AT_ONCE = 2_000
STATES = (Build.State.SUCCEEDED, Build.State.SUCCEEDED, Build.State.FAILED, Build.State.CANCELED)
FINDING = {"code": "symlink-left-out", "subject": "acme 1.2.4", "message": "a sentence about what was found"}
LINE = "a line of the log, about as long as such lines are"
METADATA = json.dumps({"require": {f"acme/other-{number}": "^1.0" for number in range(20)}})


def measure(versions: int, builds: int, repetitions: int) -> None:
    """Print what each page took as a JSON object."""
    settings.PORTAL_SECOND_FACTOR = False
    distribution = Distribution.objects.get(is_default=True)
    _fill_builds(_fill_versions(distribution, versions), builds)
    _fill_releases(distribution)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.create_superuser("bench"))
    pages = [asked(client, title, address, repetitions) for title, address in _pages()]
    print(json.dumps({"pages": [asdict(page) for page in pages]}))


def _fill_versions(distribution: Distribution, size: int) -> Publication:
    found = [Package(distribution=distribution, name=f"acme/package-{number}") for number in range(PACKAGES)]
    packages = Package.objects.bulk_create(found)
    made = (_version(packages[number % PACKAGES], f"1.{number // PACKAGES}.0") for number in range(size))
    PackageVersion.objects.bulk_create(made, batch_size=AT_ONCE)
    ids = list(PackageVersion.objects.order_by("pk").values_list("pk", flat=True))
    publication = Publication.objects.create(
        distribution=distribution,
        number=1,
        version_set=VersionSet.objects.create(digest="0" * 64, ids=json.dumps(ids)),
        cause=Publication.Cause.BUILD,
        versions=size,
        packages=PACKAGES,
        manifest_sha256="0" * 64,
        base_url=distribution.url,
    )
    Distribution.objects.filter(pk=distribution.pk).update(publication=publication)
    return publication


def _version(package: Package, version: str) -> PackageVersion:
    return PackageVersion(
        package=package,
        version=version,
        version_normalized=f"{version}.0",
        path=f"packages/{package.name}-{version}.zip",
        sha1="0" * 40,
        sha256="0" * 64,
        size=100_000,
        reference="0" * 40,
        metadata=METADATA,
    )


def _fill_releases(distribution: Distribution) -> None:
    rows = (
        Release(
            distribution=distribution,
            version=f"2.{number}.0",
            version_normalized=f"2.{number}.0.0",
            time=number,
            commit="0" * 40,
            complete=number % 3 > 0,
            held_because="waits for approval" if number % 2 else "",
        )
        for number in range(RELEASES)
    )
    Release.objects.bulk_create(rows)


def _fill_builds(publication: Publication, size: int) -> None:
    rows = Build.objects.bulk_create(_build(publication, number) for number in range(size))
    steps = (
        BuildStep(build=build, position=position, name=f"step {position}", done=10, total=10)
        for build in rows
        for position in range(STEPS)
    )
    BuildStep.objects.bulk_create(steps, batch_size=AT_ONCE)
    lines = (
        BuildLine(build=build, number=number, at=build.created_at, step="make", text=LINE)
        for build in rows
        for number in range(LINES)
    )
    BuildLine.objects.bulk_create(lines, batch_size=AT_ONCE)


def _build(publication: Publication, number: int) -> Build:
    at = publication.created_at - timedelta(hours=number)
    return Build(
        distribution=publication.distribution,
        state=STATES[number % len(STATES)],
        created_at=at,
        started_at=at,
        ended_at=at,
        actor="jane",
        publication=publication,
        report={"warnings": [FINDING] * FINDINGS},
    )


def _pages() -> Iterator[tuple[str, str]]:
    """Give title and address of the dashboard, and of each list with its first entry."""
    yield DASHBOARD, reverse("admin:index")
    for model in sorted(admin.site._registry, key=_label):  # noqa: SLF001
        name = _label(model).replace(".", "_")
        yield f"{_label(model)} list", reverse(f"admin:{name}_changelist")
        first = model._default_manager.order_by("pk").first()  # noqa: SLF001
        if first is not None:
            yield f"{_label(model)} page", reverse(f"admin:{name}_change", args=[first.pk])


def _label(model: type[models.Model]) -> str:
    return model._meta.label_lower  # noqa: SLF001
