"""The real composer client, and mirrors of the sample that it installs from.

mirror = new_mirror(tmp_path / "mirror")
with mirror.served():
    project = client.project(tmp_path / "project", mirror.url, {"magento/composer": "^1.8"})
    with mirror.log.watching() as requests:
        project.run("update")
    assert {request.status for request in requests} == {200}
"""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from django.conf import settings

from mirror.sampling.plugins import ARCHIVED
from tests.support.portal import Portal, sample_sources
from tests.support.programs import program
from tests.support.repositories import add_tags, package
from tests.support.server import free_port, migrated, stop, wait_until_up

# A library without modules: archives alone have its newest version, and a test may tag one more.
LIBRARY, OLD, NEW = "magento/composer", ARCHIVED["magento/composer"][-1], "1.11.0"
SECONDS = 300  # after which composer is given up
SECONDS_TO_LOG = 60
REQUEST = "request"  # how a line of an access log begins
MARK = "/p2/mark/"
RECORDING = "tests.composer.recording:application"


class Request(NamedTuple):
    """What a client asked a server for, and how it was answered."""

    status: int
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class RequestLog:
    """The access log of a server."""

    file: Path
    url: str  # of the server, with a slash at the end

    @contextmanager
    def watching(self) -> Iterator[list[Request]]:
        """Give a list that has all requests of the block when it is left."""
        before = len(self.read())
        requests: list[Request] = []
        yield requests
        requests += self.read()[before:]

    def read(self) -> list[Request]:
        """Give all requests up to now: a server may write its lines a moment after its answers."""
        mark = f"{MARK}{uuid.uuid4().hex}.json"
        with suppress(HTTPError):
            urlopen(self.url.rstrip("/") + mark).close()
        deadline = time.monotonic() + SECONDS_TO_LOG
        while mark not in (text := self.file.read_text(encoding="utf-8", errors="replace")):
            assert time.monotonic() < deadline, f"a request is not in the log:\n{text}"
            time.sleep(0.01)  # between two looks; the loop ends by itself
        lines = (line.split(" ", 3) for line in text.splitlines() if line.startswith(f"{REQUEST} "))
        return [Request(int(status), method, path) for _, status, method, path in lines if MARK not in path]


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody's composer: its home, and a cache that is cold at first."""

    home: Path
    cache: Path

    def run(self, directory: Path, *arguments: str, status: int = 0) -> str:
        """Run composer, which must end with this status, and give all that it said."""
        command = [str(program("composer")), "--no-interaction", "--no-ansi", *arguments]
        answer = subprocess.run(
            command,
            cwd=directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
            umask=0o022,
        )
        assert answer.returncode == status, f"{arguments} ended with {answer.returncode}:\n{answer.stdout}"
        return answer.stdout

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "COMPOSER_HOME": str(self.home),
            "COMPOSER_CACHE_DIR": str(self.cache),
            "COMPOSER_ALLOW_SUPERUSER": "1",
            "COLUMNS": "500",  # or errors are wrapped
            "LC_ALL": "C.UTF-8",  # or unzip spells out what is not ASCII in a name
        }

    def project(self, directory: Path, url: str, require: Mapping[str, str]) -> "Project":
        """Write a composer.json that knows the repository at an address."""
        composer = {
            "repositories": [{"type": "composer", "url": url}],
            "require": require,
            "config": {"allow-plugins": {"magento/*": True}},
        }
        directory.mkdir(parents=True)
        (directory / "composer.json").write_text(json.dumps(composer), encoding="utf-8")
        return Project(directory, self)


@dataclass(frozen=True, slots=True)
class Project:
    """A folder that composer installs into."""

    directory: Path
    client: Client

    def run(self, *arguments: str, status: int = 0) -> str:
        return self.client.run(self.directory, *arguments, status=status)

    @property
    def locked(self) -> dict[str, dict[str, Any]]:
        """Give what the lock file says of each package."""
        lock = json.loads((self.directory / "composer.lock").read_bytes())
        return {found["name"]: found for found in [*lock["packages"], *lock["packages-dev"]]}

    @property
    def installed(self) -> dict[str, str]:
        """Give the installed version of each package."""
        found = json.loads((self.directory / "vendor/composer/installed.json").read_bytes())
        return {package["name"]: package["version"] for package in found["packages"]}

    def elsewhere(self, directory: Path, client: Client) -> "Project":
        """Give what somebody has who checks the project out: the two files, and nothing installed."""
        directory.mkdir(parents=True)
        for name in ("composer.json", "composer.lock"):
            (directory / name).write_bytes((self.directory / name).read_bytes())
        return Project(directory, client)


@dataclass(frozen=True, slots=True)
class Mirror:
    """A portal with the sample, at an address of its own."""

    portal: Portal
    port: int

    @property
    def url(self) -> str:
        return self.portal.more["PORTAL_BASE_URL"] + "/"

    @property
    def home(self) -> Path:
        """Where composer's configuration is, with the stand-in for packagist.org."""
        return self.portal.sources / "composer"

    @property
    def log(self) -> RequestLog:
        return RequestLog(self.portal.data / "requests.log", f"http://127.0.0.1:{self.port}/")

    @contextmanager
    def served(self) -> Iterator[None]:
        output = self.portal.data / "server.log"
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        with output.open("wb") as log:
            process = subprocess.Popen(
                [*command, "--port", str(self.port), RECORDING],
                cwd=settings.BASE_DIR,
                env={**self.portal.environment, "REQUEST_LOG": str(self.log.file)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                wait_until_up(self.log.url.rstrip("/"), process, output)
                yield
            finally:
                stop(process)

    def copy_to(self, directory: Path) -> "Mirror":
        """Copy everything; it is to be served at the same address. Nothing may be serving now."""
        directory.mkdir(parents=True)
        subprocess.run(["cp", "-a", f"{self.portal.directory}/.", str(directory)], check=True)
        return Mirror(replace(self.portal, directory=directory), self.port)

    def moved_to(self, directory: Path, url: str = "") -> "Mirror":
        """Copy everything and publish it at another address."""
        port = free_port()
        moved = Mirror(_portal_at(self.copy_to(directory).portal.directory, url or f"http://127.0.0.1:{port}"), port)
        moved.portal.publish()
        return moved

    def release(self) -> int:
        """Tag a new version of the library, build it, and give the publication's number."""
        composer = package(LIBRARY, NEW, require={"symfony/console": "~4.4.0"})
        add_tags(self.portal.sources / "mirror-composer", {NEW: {"composer.json": composer}})
        report = self.portal.build()
        assert report["built"] == 1
        number: int = report["publication"]
        return number

    def take_out(self, verb: str, version: str = OLD) -> None:
        """Withdraw or purge a version of the library."""
        self.portal.python(
            "from mirror import publishing\n"
            f"rows = PackageVersion.objects.filter(package__name={LIBRARY!r}, version={version!r})\n"
            f"publishing.{verb}(rows, reason='a test', actor='test')"
        )

    def archive(self, url: str) -> Path:
        """Give the file of the dist at an address."""
        assert url.startswith(self.url), url
        return self.portal.files / "dists" / url.removeprefix(self.url)


def new_mirror(directory: Path) -> Mirror:
    """Build the sample by the recipe of the real mirror."""
    port = free_port()
    portal = _portal_at(directory, f"http://127.0.0.1:{port}")
    shutil.copytree(migrated(), portal.data)
    subprocess.run(["cp", "-a", str(sample_sources()), str(portal.sources)], check=True)
    importing = ("import_archives", "mirror", str(portal.sources / "archives"))
    imported, built = portal.in_turn(importing, portal.build_arguments())
    assert (imported.status, built.report["errors"]) == (0, [])
    return Mirror(portal, port)


def _portal_at(directory: Path, url: str) -> Portal:
    assert not urlsplit(url).path
    return Portal(directory, {"PORTAL_BASE_URL": url})
