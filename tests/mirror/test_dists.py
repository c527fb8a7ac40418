"""Dists below the data directory, on a disk that several machines may share."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from mageos_portal.configuration import ConfigurationError, read_configuration
from mirror import exclusion
from mirror.dists import LocalDists, Whole, dists_of
from mirror.importing import import_archives
from mirror.models import Distribution, PackageVersion
from mirror.storage import DistributionFiles, sha256_of
from tests.support.packages import make_distribution, package, put
from tests.support.server import site_environment

PATH = "packages/acme/library-1.0.0.zip"


@pytest.fixture
def files(tmp_path: Path) -> DistributionFiles:
    files = DistributionFiles(tmp_path / "data", "mirror")
    files.prepare()
    return files


def whole(directory: Path, content: str) -> Whole:
    file = directory / f"{content}.zip"
    file.write_text(content)
    return Whole(file, sha256_of(file))


def test_a_file_is_moved_to_its_address(files: DistributionFiles) -> None:
    dists = dists_of(files)
    with dists.workplace() as workplace:
        one = whole(workplace, "one")
        assert dists.put({PATH: one}) == {}
        assert not one.file.exists()
    assert files.dist(PATH).read_text() == "one"
    assert list(dists.paths()) == [PATH]
    found = dists.find(PATH)
    assert found
    assert found.size == len("one")


def test_what_has_an_address_is_never_replaced(files: DistributionFiles, tmp_path: Path) -> None:
    dists = dists_of(files)
    one, two = whole(tmp_path, "one"), whole(tmp_path, "two")
    dists.put({PATH: one})
    faults = dists.put({PATH: two, "packages/acme/other-1.0.0.zip": whole(tmp_path, "three")})
    assert list(faults) == [PATH]
    assert one.sha256 in faults[PATH]
    assert two.sha256 in faults[PATH]
    assert "remove that file" in faults[PATH]
    assert files.dist(PATH).read_text() == "one"
    assert sorted(dists.paths()) == [PATH, "packages/acme/other-1.0.0.zip"]


def test_the_same_bytes_may_come_twice(files: DistributionFiles, tmp_path: Path) -> None:
    dists = dists_of(files)
    for _ in range(2):
        assert dists.put({PATH: whole(tmp_path, "one")}) == {}


def test_what_no_row_names_makes_way(files: DistributionFiles, tmp_path: Path) -> None:
    dists = dists_of(files)
    dists.put({PATH: whole(tmp_path, "left by a killed build")})
    with dists.workplace() as workplace:
        assert not dists.target(PATH, workplace).exists()


def test_two_machines_at_work_have_a_directory_each(files: DistributionFiles) -> None:
    """The one whose lease has run out may not know it yet; what the other one makes must be its own."""
    with dists_of(files).workplace() as slow, dists_of(files).workplace() as quick:
        assert slow != quick
    assert list(files.temporary.iterdir()) == []


def test_a_machine_whose_directory_was_cleared_away_goes_on_without_harm(files: DistributionFiles) -> None:
    with dists_of(files).workplace() as workplace:
        files.prepare()
        assert not workplace.exists()


def test_a_storage_that_cannot_keep_dists_is_refused(files: DistributionFiles, settings: Settings) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "dists": memory}
    with pytest.raises(ImproperlyConfigured, match=r'STORAGES\["dists"\] is a InMemoryStorage'):
        dists_of(files)


@pytest.mark.django_db
def test_who_lost_the_lease_writes_no_row(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PORTAL_DATA_DIR = tmp_path / "data"
    distribution = make_distribution(tmp_path)
    stored = LocalDists.put

    def late(dists: LocalDists, files: dict[str, Whole]) -> dict[str, str]:
        Distribution.objects.update(lease_holder="elsewhere:7:f")
        return stored(dists, files)

    monkeypatch.setattr(LocalDists, "put", late)
    with pytest.raises(exclusion.LeaseLostError, match="was taken over by another process meanwhile; try again"):
        import_archives(distribution, put(tmp_path / "archives", a=package()), keep_paths=False)
    assert not PackageVersion.objects.exists()


def test_processes_that_begin_together_name_their_machine_alike(tmp_path: Path) -> None:
    program = """
import django, pathlib
django.setup()
from mirror import exclusion
print(exclusion._machine(pathlib.Path({!r})))
"""
    environment = site_environment(tmp_path) | {"DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program.format(str(tmp_path / "locks"))],
            env=environment, cwd=django_settings.BASE_DIR, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    names = {process.communicate()[0].strip() for process in processes}
    assert len(names) == 1
    assert [path.name for path in (tmp_path / "locks").iterdir()] == ["machine"]


def test_without_a_bucket_dists_lie_below_the_data_directory() -> None:
    storage = read_configuration({}, Path("/srv/portal")).dists
    assert storage["BACKEND"] == "django.core.files.storage.FileSystemStorage"
    assert storage["OPTIONS"] == {"location": Path("/srv/portal/var/distributions")}


def test_a_bucket_is_named_by_the_environment() -> None:
    environment = {
        "PORTAL_S3_BUCKET": "mirror-dists",
        "PORTAL_S3_ENDPOINT": "https://s3.example.org/",
        "PORTAL_S3_PUBLIC_URL": "https://cdn.example.org/repo/",
        "PORTAL_S3_SERVE": "stream",
    }
    assert read_configuration(environment, Path("/srv/portal")).dists == {
        "BACKEND": "mirror.bucket.Bucket",
        "OPTIONS": {
            "bucket_name": "mirror-dists",
            "endpoint_url": "https://s3.example.org",
            "public_url": "https://cdn.example.org/repo",
            "streams": True,
        },
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORTAL_S3_BUCKET", "Mirror Dists", "is no name of a bucket"),
        ("PORTAL_S3_ENDPOINT", "s3.example.org", "it is no address; write https://HOST"),
        ("PORTAL_S3_ENDPOINT", "https://key:secret@s3.example.org", "without a login: that is AWS_ACCESS_KEY_ID"),
        ("PORTAL_S3_ENDPOINT", "https://s3.example.org", "of no use without PORTAL_S3_BUCKET"),
        ("PORTAL_S3_PUBLIC_URL", "https://cdn.example.org", "of no use without PORTAL_S3_BUCKET"),
        ("PORTAL_S3_SERVE", "proxy", "write one of: redirect, stream"),
    ],
)
def test_what_cannot_be_a_bucket_is_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        read_configuration({name: value}, Path("/srv/portal"))
    (fault,) = refused.value.faults
    assert fault.startswith(f"{name}: ")
    assert "secret" not in fault
