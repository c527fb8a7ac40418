"""The portal as a process of its own, served by granian on a free port of this machine."""

import functools
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

SECONDS_TO_START = 120
SECONDS_TO_STOP = 60
FIRST_PORT, PORTS_OF_THE_SYSTEM, MOST_WORKERS = 11_000, 32_768, 64


@dataclass(frozen=True, slots=True)
class Site:
    """A running portal."""

    base_url: str
    data_dir: Path
    environment: Mapping[str, str]

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a management command in this site's environment and return what it printed."""
        return manage({**self.environment, **environment}, *arguments)

    def migrate(self) -> None:
        self.manage("migrate", "--no-input", "--verbosity", "0")


def site_environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Describe a site by environment variables; nothing of the tests' own settings remains."""
    own = ("PORTAL_", "DATABASE_", "DJANGO_", "Q_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return inherited | {"PORTAL_DATA_DIR": str(data_dir), "PORTAL_LOG_LEVEL": "WARNING"} | more


def manage(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a management command. Raises: AssertionError with its output."""
    command = [sys.executable, "manage.py", *arguments]
    answer = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, f"{command} exited with {answer.returncode}:\n{answer.stdout}{answer.stderr}"
    return answer.stdout


@functools.cache
def migrated() -> Path:
    """Give the data directory from which all sites of this process begin; its database has all tables."""
    data = Path(tempfile.mkdtemp(prefix="portal-", dir=os.environ["PORTAL_TEST_DIRECTORY"]))
    manage(site_environment(data), "migrate", "--no-input", "--verbosity", "0")
    return data


@contextmanager
def running_site(data_dir: Path, **environment: str) -> Iterator[Site]:
    """Serve a new portal, and stop it at the end."""
    port = free_port()
    site = _site(data_dir, port, environment)
    if "DATABASE_URL" in environment:
        site.migrate()
    else:
        shutil.copytree(migrated(), data_dir, dirs_exist_ok=True)
    with serving(site, port):
        yield site


@contextmanager
def running_site_from_nothing(data_dir: Path, **environment: str) -> Iterator[Site]:
    """Do the same, but migrate it as an operator does, whatever the database is."""
    port = free_port()
    site = _site(data_dir, port, environment)
    site.migrate()
    with serving(site, port):
        yield site


def _site(data_dir: Path, port: int, environment: Mapping[str, str]) -> Site:
    address = f"http://127.0.0.1:{port}"
    return Site(address, data_dir, site_environment(data_dir, **{"PORTAL_BASE_URL": address, **environment}))


@contextmanager
def serving(site: Site, port: int) -> Iterator[None]:
    """Serve a portal whose database is ready."""
    log = site.data_dir / "server.log"
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "mageos_portal.wsgi:application"],
            cwd=settings.BASE_DIR,
            env=dict(site.environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_up(site.base_url, process, log)
            yield
        finally:
            stop(process)


def wait_until_up(base_url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when the site answers. Raises: RuntimeError with its log when it does not."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{base_url}/healthz", timeout=SECONDS_TO_START):
                return
        except URLError:
            time.sleep(0.05)  # between two tries; the loop ends by itself
    raise RuntimeError(f"the site did not start:\n{log.read_text(errors='replace')}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a server, politely first."""
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Name a port that nobody listens on, and that neither another worker of pytest nor the system hands out."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = secrets.choice(range(FIRST_PORT + worker, PORTS_OF_THE_SYSTEM, MOST_WORKERS))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
