"""Mirrors that are followed: a distribution served to other processes and threads, and a server that may misbehave."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from mirror.models import Distribution
from mirror.mounts import Mount, Mounts, MountTable
from mirror.responder import Responder

Handler = SimpleHTTPRequestHandler
Before = Callable[[Handler], bool]  # tells whether it answered


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class _Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, before: Before, asked: list[str], **more: Any) -> None:
        self._before, self._asked = before, asked
        super().__init__(*args, **more)

    def do_GET(self) -> None:
        self._asked.append(self.path)
        if not self._before(self):
            super().do_GET()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def directory_served(directory: Path, before: Before = lambda handler: False) -> Iterator[tuple[str, list[str]]]:
    """Serve plain files; give the address, and the list of paths that are asked for."""
    asked: list[str] = []
    handler = partial(_Files, directory=str(directory), before=before, asked=asked)
    with _running(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        yield url, asked


@contextmanager
def distribution_served(distribution: Distribution) -> Iterator[str]:
    """Serve a distribution as a portal does."""
    mounts = Mounts([Mount(distribution.slug, "", "/", distribution.files)])
    responder = Responder(_nothing, MountTable(lambda: mounts))
    with _running(make_server("127.0.0.1", 0, responder, WSGIServer, _Quiet)) as url:
        yield url


def _nothing(environ: Any, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [("Content-Length", "0")])
    return []


@contextmanager
def _running(server: ThreadingHTTPServer | WSGIServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
