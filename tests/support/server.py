"""The portal as a process of its own, served by granian on a free port of this machine."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

SECONDS_TO_START = 30
SECONDS_TO_STOP = 10


@dataclass(frozen=True, slots=True)
class Site:
    """A running portal."""

    base_url: str
    data_dir: Path
    environment: Mapping[str, str]

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a management command in this site's environment and return what it printed."""
        return manage({**self.environment, **environment}, *arguments)


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


@contextmanager
def running_site(data_dir: Path, **environment: str) -> Iterator[Site]:
    """Migrate and serve a portal, and stop it at the end."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    site = Site(address, data_dir, site_environment(data_dir, **{"PORTAL_BASE_URL": address} | environment))
    site.manage("migrate", "--no-input", "--verbosity", "0")
    with serving(site, port):
        yield site


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
    """Name a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
