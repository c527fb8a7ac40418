"""Programs of the system that some tests need; without them the test is skipped, but never in CI."""

import os
import shutil
from pathlib import Path

import pytest


def program(name: str) -> Path:
    """Return where a program is, or skip the test that asks."""
    found = shutil.which(name)
    return Path(found) if found else _without(name)


def postgresql_program(name: str) -> Path:
    """Return where a program of PostgreSQL's server is; Debian keeps them off the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*"), key=lambda path: float(path.name), reverse=True)
    candidates = [path / "bin" / name for path in versions]
    return next((path for path in candidates if path.exists()), None) or program(name)


def npm_package_file(path: str) -> Path:
    """Return a file of node_modules, or skip the test that asks."""
    file = Path("node_modules") / path
    return file if file.exists() else _without(f"{file} (npm ci)")


def _without(name: str) -> Path:
    message = f"{name} is missing; `make test` installs it where it may"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
