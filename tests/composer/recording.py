"""The portal as a server runs it, with a log that has each answer before its client has it.

A server's own access log is written a moment after the answer, too late for a test that counts.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mageos_portal.wsgi import application as portal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_log = Path(os.environ["REQUEST_LOG"]).open("ab", buffering=0)  # noqa: SIM115 - for as long as the server runs


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"  # the portal may change the path

    def start_recorded(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        _log.write(f"request {status[:3]} {line}\n".encode())
        return start_response(status, headers, exc_info)

    return portal(environ, start_recorded)
