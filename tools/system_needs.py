"""Install what the tests need from the system, or name it. Runs on a bare Python, before any requirement is there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PHP_EXTENSIONS = {"curl", "dom", "mbstring", "Phar", "zip"}


@dataclass(frozen=True)
class Need:
    """A program that some tests run."""

    name: str
    is_there: Callable[[], bool]
    packages: tuple[str, ...]  # Debian's names
    skipped: str  # the tests that cannot run without it


def has(*programs: str) -> bool:
    return all(shutil.which(program) for program in programs)


def has_php() -> bool:
    if not has("php", "composer", "unzip"):
        return False
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout.split()  # noqa: S607 - found by has()
    return set(modules) >= PHP_EXTENSIONS


def has_postgresql() -> bool:
    return has("initdb", "pg_ctl") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


PHP_PACKAGES = ("composer", "php-cli", "php-curl", "php-mbstring", "php-xml", "php-zip", "unzip")
NEEDS = (
    Need("git", lambda: has("git"), ("git",), "everything that builds"),
    Need("composer and php", has_php, PHP_PACKAGES, "installing with the real client"),
    Need("PostgreSQL's server", has_postgresql, ("postgresql",), "the second database"),
    Need("Redis", lambda: has("redis-server"), ("redis-server",), "a queue that goes away"),
    Need("nginx", lambda: has("nginx"), ("nginx-light",), "installing from exported files"),
    Need("Caddy", lambda: has("caddy"), ("caddy",), "installing through the web server of compose.yaml"),
    Need("systemd-analyze", lambda: has("systemd-analyze"), ("systemd",), "units for servers without containers"),
    Need("Chromium", lambda: has("chromium"), ("chromium", "fonts-dejavu-core"), "pages in a browser"),
    Need("npm", lambda: has("npm"), ("nodejs", "npm"), "accessibility of pages (axe-core)"),
)


def missing() -> list[Need]:
    return [need for need in NEEDS if not need.is_there()]


def may_install() -> bool:
    return os.geteuid() == 0 and has("apt-get")


def install(needs: list[Need]) -> None:
    packages = [package for need in needs for package in need.packages]
    print(f"Installing for the tests: {' '.join(packages)}", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", "update"], check=True, env=environment)  # noqa: S607
    command = ["apt-get", "-qq", "install", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - names from NEEDS


def main() -> int:
    if missing() and may_install():
        install(missing())
    for need in missing():
        print(f"{need.name} is missing, so these tests are skipped: {need.skipped}.")
        print(f"    Debian, Ubuntu: apt-get install {' '.join(need.packages)}")
    return 1 if missing() and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
