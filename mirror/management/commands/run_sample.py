"""A portal to try: sample sources, a first build, the site and its workers."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from mirror.management.distributions import find_distribution
from mirror.models import Build
from mirror.views import page_of

DIRECTORY = "sample"  # below the data directory
START_SECONDS, STOP_SECONDS = 30, 10
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "Make sample sources, build a mirror from them and serve it. For a first look; never mixes with real data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="stop after the build")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PORTAL_DATA_DIR.name != DIRECTORY:
            _start_again_in(settings.PORTAL_DATA_DIR / DIRECTORY)
        sources = settings.PORTAL_DATA_DIR / "sources"
        if options["no_serve"]:
            self._prepare(sources)
            return
        address = urlsplit(settings.PORTAL_BASE_URL)
        _refuse_taken(address.hostname or "127.0.0.1", address.port or 80)
        self._prepare(sources)
        for number in ENDING:
            signal.signal(number, _interrupt)
        children: list[subprocess.Popen[bytes]] = []
        try:
            for command, environment in _servers():
                children.append(subprocess.Popen(command, env=environment, start_new_session=True))  # noqa: S603
            _wait_for_answer(children)
            self._show(sources)
            _wait_for_end(children)
        except KeyboardInterrupt:
            self.stdout.write("Stopping.")
        finally:
            _stop(children)

    def _prepare(self, sources: Path) -> None:
        call_command("migrate", verbosity=0)
        call_command("sync_schedules", stdout=_Nowhere())
        call_command("create_sample_roles", stdout=_Nowhere())
        call_command("create_sample_conduct", stdout=_Nowhere())
        call_command("create_sample_teams", stdout=_Nowhere())
        call_command("create_sample_sources", str(sources), stdout=self.stdout)
        distribution = find_distribution("mirror")
        if not distribution.builds.filter(state=Build.State.SUCCEEDED).exists():
            call_command("import_archives", "mirror", str(sources / "archives"), json=True, stdout=_Nowhere())
        call_command("build_distribution", "mirror", sources=sources, json=True, stdout=_Nowhere())

    def _show(self, sources: Path) -> None:
        command = page_of("").command
        data = shlex.quote(str(settings.PORTAL_DATA_DIR))
        lines = [
            f"The portal runs at {settings.PORTAL_BASE_URL}/ (stop it with Ctrl-C).",
            "For its admin, make yourself an administrator, with a second factor:",
            f"  PORTAL_DATA_DIR={data} .venv/bin/python manage.py enrol_administrator",
        ]
        root = "COMPOSER_ALLOW_SUPERUSER=1 " if os.geteuid() == 0 else ""
        home = shlex.quote(str(sources / "composer"))
        lines += ["In another terminal, install a shop from it:", f"  {root}COMPOSER_HOME={home} {command}"]
        self.stdout.write("\n".join(lines))
        self.stdout._out.flush()  # type: ignore[attr-defined] # noqa: SLF001


class _Nowhere:
    def write(self, _: str) -> int:
        return 0


def _start_again_in(directory: Path) -> NoReturn:
    """Run this command again with data and database of the sample's own."""
    environment = {**os.environ, "PORTAL_DATA_DIR": str(directory), "DATABASE_URL": ""}
    environment |= dict.fromkeys(("PORTAL_S3_BUCKET", "PORTAL_S3_ENDPOINT", "PORTAL_S3_PUBLIC_URL"), "")
    os.execve(sys.executable, [sys.executable, *sys.argv], environment)  # noqa: S606


def _servers() -> list[tuple[list[str], dict[str, str]]]:
    address = urlsplit(settings.PORTAL_BASE_URL)
    granian = str(Path(sys.executable).with_name("granian"))
    site = [granian, "--interface", "wsgi", "--host", address.hostname or "127.0.0.1", "--workers", "1"]
    site += ["--port", str(address.port or 80), "--blocking-threads", "3", "--log-level", "warning"]
    site.append("mageos_portal.wsgi:application")
    quiet = {"PORTAL_LOG_LEVEL": "WARNING", **os.environ}
    cluster = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
    return [(site, quiet), (cluster, quiet), (cluster, {**quiet, "Q_CLUSTER_NAME": "builds"})]


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"{host}:{port} cannot be listened on ({error.strerror}); stop what is running there, "
                "or set PORTAL_BASE_URL to another port"
            ) from error


def _wait_for_answer(children: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if children[0].poll() is not None:
            raise CommandError("the web server ended at once; see its message above")
        with suppress(OSError), urlopen(f"{settings.PORTAL_BASE_URL}/packages.json", timeout=2):  # noqa: S310
            return
        time.sleep(0.1)
    raise CommandError(f"the web server did not answer within {START_SECONDS} seconds")


def _wait_for_end(children: list[subprocess.Popen[bytes]]) -> None:
    while all(child.poll() is None for child in children):
        time.sleep(0.5)
    raise CommandError("a server of the sample ended by itself; see its message above")


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    """End the servers, each with all that it started; further signals do not disturb this."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    for child in children:
        child.terminate()
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _interrupt(_: int, __: Any) -> NoReturn:
    raise KeyboardInterrupt
