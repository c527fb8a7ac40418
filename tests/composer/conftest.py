"""Mirrors of the sample, and clients with cold caches."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.composer import Client, Mirror, new_mirror
from tests.support.programs import program

# What a test needs that has the marker; without unzip, composer would lose the modes of files.
NEEDED = {"composer": ("composer", "php", "unzip"), "nginx": ("nginx",), "caddy": ("caddy",)}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test before its fixtures are made, if a program is missing."""
    for marker, names in NEEDED.items():
        if item.get_closest_marker(marker):
            for name in names:
                program(name)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """The sample as it was built, to be copied."""
    return new_mirror(tmp_path_factory.mktemp("built") / "portal")


@pytest.fixture(scope="session")
def sample(built: Mirror, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    """The sample as it is served. Tests leave it as it is."""
    mirror = built.copy_to(tmp_path_factory.mktemp("sample") / "portal")
    with mirror.served():
        yield mirror


@pytest.fixture
def copied(built: Mirror, tmp_path: Path) -> Mirror:
    """The sample at another address, for one test to serve and to change."""
    return built.moved_to(tmp_path / "mirror")


@pytest.fixture
def mirror(copied: Mirror) -> Iterator[Mirror]:
    """The sample at another address, served, for one test to change."""
    with copied.served():
        yield copied


@pytest.fixture
def client(built: Mirror, tmp_path: Path) -> Client:
    return Client(built.home, tmp_path / "cache")


@pytest.fixture
def another_client(built: Mirror, tmp_path: Path) -> Client:
    return Client(built.home, tmp_path / "another-cache")
