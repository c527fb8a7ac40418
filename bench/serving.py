"""Requests per second: the portal's one process next to one worker of nginx that serves the export."""

import getpass
import http.client
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.portal import ROOT, Portal
from bench.running import processor_seconds_of

HOST = "127.0.0.1"
SECONDS_TO_START = 30
SECONDS_TO_STOP = 10
MOST_SECONDS = 600  # a server that is forgotten ends by itself
BLOCKING_THREADS = "4"  # as the Dockerfile has it
CONNECTIONS = 16
SECONDS = 3  # of one repetition
SHORTEST = 0.01  # seconds of processor time, as the system counts it
BIG = 0.95  # of all p2 files, so many are smaller than the typical big one
NGINX_SAMPLE = ROOT / "deploy" / "nginx.conf"
NEEDED = ("wrk", "nginx")
GZIP = {"Accept-Encoding": "gzip"}  # as composer asks


@dataclass(frozen=True, slots=True)
class Question:
    """A request that both servers answer."""

    title: str
    path: str
    status: int
    conditional: bool = False  # with the date that the server itself gave


@dataclass(frozen=True, slots=True)
class Rate:
    """Answers in a second, and in a second of the server's own processor time; medians."""

    per_second: float
    per_processor_second: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What two servers answer."""

    title: str
    portal: Rate
    nginx: Rate


@dataclass(frozen=True, slots=True)
class _Server:
    port: int
    pid: int


class ServingError(Exception):
    """A server does not start, or answers something else than it should."""


def missing_programs() -> list[str]:
    return [name for name in NEEDED if shutil.which(name) is None]


def rates(portal: Portal, export: Path, repetitions: int) -> list[Rates]:
    """Ask both servers the same in turn."""
    questions = questions_about(export)
    with _served_by_granian(portal) as site, _served_by_nginx(export, portal.data) as nginx:
        return [_rates(question, site, nginx, repetitions) for question in questions]


def questions_about(export: Path) -> list[Question]:
    """Choose a p2 file of a large package, and ask for it in three ways."""
    files = sorted((export / "p2").glob("*/*.json"), key=lambda file: (file.stat().st_size, file.name))
    big = files[int(len(files) * BIG)]
    path = f"/{big.relative_to(export)}"
    size = f"{big.stat().st_size / 1000:.0f} kB, {big.with_name(big.name + '.gz').stat().st_size / 1000:.1f} kB zipped"
    return [
        Question(f"p2 file ({size})", path, 200),
        Question("304 for it", path, 304, conditional=True),
        Question("404", "/p2/nobody/nothing.json", 404),
    ]


def _rates(question: Question, portal: _Server, nginx: _Server, repetitions: int) -> Rates:
    seen: dict[_Server, list[Rate]] = {portal: [], nginx: []}
    headers = {server: _headers(question, server.port) for server in seen}
    for _ in range(repetitions):
        for server, found in seen.items():
            found.append(_rate(server, question, headers[server]))
    return Rates(question.title, _median(seen[portal]), _median(seen[nginx]))


def _median(found: list[Rate]) -> Rate:
    return Rate(
        statistics.median(rate.per_second for rate in found),
        statistics.median(rate.per_processor_second for rate in found),
    )


def _headers(question: Question, port: int) -> dict[str, str]:
    """Give the headers to ask with, having seen that they lead to the expected answer."""
    headers = dict(GZIP)
    if question.conditional:
        _, modified = _ask(port, question.path, headers)
        headers["If-Modified-Since"] = modified
    status, _ = _ask(port, question.path, headers)
    if status != question.status:
        raise ServingError(f"{question.path} is answered with {status} on port {port}, not with {question.status}")
    return headers


def _ask(port: int, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=SECONDS_TO_STOP)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Last-Modified", "")
    finally:
        connection.close()


def _rate(server: _Server, question: Question, headers: Mapping[str, str]) -> Rate:
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{SECONDS}s"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    command.append(f"http://{HOST}:{server.port}{question.path}")
    before = processor_seconds_of(server.pid)
    finished = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS + SECONDS_TO_STOP)  # noqa: S603 - ours
    taken = processor_seconds_of(server.pid) - before
    rate = re.search(r"Requests/sec:\s*([\d.]+)", finished.stdout)
    requests = re.search(r"(\d+) requests in", finished.stdout)
    if rate is None or requests is None or "Socket errors" in finished.stdout:
        raise ServingError(f"wrk did not get on with {HOST}:{server.port}:\n{finished.stdout}")
    return Rate(float(rate[1]), int(requests[1]) / max(taken, SHORTEST))


@contextmanager
def _served_by_granian(portal: Portal) -> Iterator[_Server]:
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port)]
    command += [
        "--workers",
        "1",
        "--blocking-threads",
        BLOCKING_THREADS,
        "--log-level",
        "warning",
        "mageos_portal.wsgi:application",
    ]
    with _running(command, port, portal.data / "granian.log", portal.environment()) as server:
        yield server


@contextmanager
def _served_by_nginx(export: Path, directory: Path) -> Iterator[_Server]:
    port = free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(nginx_configuration(export, directory, port))
    command = ["nginx", "-e", str(directory / "nginx-errors.log"), "-c", str(configuration)]
    with _running(command, port, directory / "nginx.log", None) as server:
        yield server


def nginx_configuration(export: Path, directory: Path, port: int) -> str:
    """Give the repository's own sample configuration, for an export and one worker."""
    site = NGINX_SAMPLE.read_text().partition("\n# 2. ")[0]
    for name, value in (
        ("EXPORT_DIR", str(export)),
        ("server_name REPO_HOST", "server_name localhost"),
        ("listen 80;", f"listen {HOST}:{port};"),
    ):
        site = site.replace(name, value)
    places = "".join(
        f"{name}_temp_path {directory}/nginx-{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off;\nworker_processes 1;\nuser {getpass.getuser()};\npid {directory}/nginx.pid;\n"
        f"events {{ worker_connections 256; }}\nhttp {{\naccess_log off;\n{places}{site}\n}}\n"
    )


@contextmanager
def _running(command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None) -> Iterator[_Server]:
    """Run a server that ends with this block, or after ten minutes by itself."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - ours
            ["timeout", str(MOST_SECONDS), *command],  # noqa: S607 - where it is differs
            cwd=ROOT,
            env=dict(environment) if environment else None,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_up(process, port, log)
        yield _Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _ask(port, "/packages.json", {})
        except OSError:
            time.sleep(0.05)  # between two tries; the loop ends by itself
        else:
            return
    raise ServingError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')}")


def free_port() -> int:
    """Name a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
