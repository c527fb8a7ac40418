"""A PostgreSQL server for one test run, in a temporary directory and on a socket there."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "portal"
SECONDS = 120
INITDB = ("--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C")
SETTINGS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off"


@dataclass(frozen=True, slots=True)
class PostgresqlCluster:
    """A running server."""

    programs: Path  # the directory of initdb, createdb and so on
    socket: Path  # its directory

    def create_database(self, name: str, template: str = "template0") -> str:
        """Make an empty database, or a copy of one that nobody is connected to, and return its DATABASE_URL."""
        to = ["--host", str(self.socket), "--username", USER, "--template", template]
        _run(str(self.programs / "createdb"), *to, name)
        return f"postgresql://{USER}@/{self.socket}/{name}"

    def restart(self) -> None:
        """Let the server drop everything that it is doing, and start it again."""
        data = str(self.socket / "data")
        log = str(self.socket / "log")
        _run(str(self.programs / "pg_ctl"), "-D", data, "-w", "-s", "-m", "immediate", "-l", log, "restart")


@contextmanager
def running_postgresql(programs: Path) -> Iterator[PostgresqlCluster]:
    """Start a server and stop it at the end."""
    home = Path(tempfile.mkdtemp(prefix="portal-pg-"))  # short: a socket's path may have 107 characters
    data = home / "data"
    try:
        _give_to_server(home)
        _run(str(programs / "initdb"), "--pgdata", str(data), "--username", USER, *INITDB)
        control = [str(programs / "pg_ctl"), "--pgdata", str(data), "--wait", "--silent"]
        settings = f"{SETTINGS} -c unix_socket_directories='{home}'"
        _run(*control, "start", "--log", str(home / "log"), "--options", settings)
        try:
            yield PostgresqlCluster(programs, home)
        finally:
            _run(*control, "stop", "--mode", "immediate")
    finally:
        shutil.rmtree(home)


def _give_to_server(home: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
        home.chmod(0o755)


def _run(*command: str) -> None:
    """Run a program of PostgreSQL; its server refuses to run as root."""
    user = "postgres" if os.geteuid() == 0 else None
    answer = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False, timeout=SECONDS)
    if answer.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {answer.stdout}{answer.stderr}")
