"""A Google Drive of the tests' own: its API over http on this machine."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.drive_answers import RefusalError, error_body
from tests.support.drive_api import ACCOUNT, DOCUMENT, FOLDER, JSON, SHORTCUT, DriveApi, Item, Logged


def anyone(role: str = "reader", **more: Any) -> dict[str, Any]:
    return {"id": "anyoneWithLink", "type": "anyone", "role": role, "allowFileDiscovery": False} | more


def user(address: str, role: str = "reader", **more: Any) -> dict[str, Any]:
    return {"id": f"u-{address}", "type": "user", "role": role, "emailAddress": address, "deleted": False} | more


def group(address: str, role: str = "reader", **more: Any) -> dict[str, Any]:
    return {"id": f"g-{address}", "type": "group", "role": role, "emailAddress": address, "deleted": False} | more


def domain(name: str, role: str = "reader", **more: Any) -> dict[str, Any]:
    return {"id": f"d-{name}", "type": "domain", "role": role, "domain": name, "allowFileDiscovery": False} | more


@dataclass(slots=True)
class Fault:
    """An answer instead of the right one."""

    times: int
    status: int
    reason: str
    part: str  # of the path
    headers: Mapping[str, str]
    after: int  # requests that are answered rightly before
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    at: float  # on the monotonic clock


class FakeDrive(DriveApi):
    """A Drive that tests fill, change and break."""

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.asked: list[Asked] = []
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._count = 0

    def folder(self, name: str, parent: str = "", *permissions: dict[str, Any], **more: Any) -> Item:
        return self.add(name, FOLDER, parent, *permissions, **more)

    def document(self, name: str, parent: str, text: str = "A text.", *permissions: Any, **more: Any) -> Item:
        return self.add(name, DOCUMENT, parent, *permissions, content=text.encode(), **more)

    def shortcut(self, name: str, parent: str, target: str, **more: Any) -> Item:
        return self.add(name, SHORTCUT, parent, target=target, **more)

    def shared_drive(self, name: str, *permissions: dict[str, Any]) -> Item:
        root = self.add(name, FOLDER, "", *permissions)
        root.drive_id = root.id
        return root

    def add(self, name: str, mime_type: str, parent: str, *permissions: dict[str, Any], **more: Any) -> Item:
        """Put something into a folder."""
        with self._lock:
            self._count += 1
            id_ = more.pop("id", f"id-{self._count:06d}-{'x' * 16}")
            drive_id = self.items[parent].drive_id if parent else ""
            item = Item(id_, name, mime_type, [parent] if parent else [], list(permissions), drive_id=drive_id, **more)
            self.items[id_] = item
            self.children[parent].append(id_)
            self._note(item)
            return item

    def change(self, item: Item, text: str | None = None, **fields: Any) -> None:
        """Change a file; its version grows."""
        before = self._logged(item)
        for name, value in fields.items():
            setattr(item, name, value)
        if text is not None:
            item.content = text.encode()
        item.version += 1
        item.modified += timedelta(hours=1)
        self._note(item, before)

    def remove(self, item: Item) -> None:
        """Delete a file for good."""
        before = self._logged(item)
        del self.items[item.id]
        for parent in item.parents or [""]:
            self.children[parent].remove(item.id)
        self.log.append(before)

    def move(self, item: Item, parent: str) -> None:
        """Put a file into another folder; what lies in it goes along, and is in no log."""
        before = self._logged(item)
        for each in item.parents or [""]:
            self.children[each].remove(item.id)
        item.parents = [parent]
        self.children[parent].append(item.id)
        self._settle(item, self.items[parent].drive_id)
        self._note(item, before)

    def also_in(self, item: Item, parent: str) -> None:
        """Put a file into a second folder, as old ones may be."""
        before = self._logged(item)
        item.parents.append(parent)
        self.children[parent].append(item.id)
        self._note(item, before)

    def _settle(self, item: Item, drive_id: str) -> None:
        item.drive_id = drive_id
        for id_ in self.children[item.id]:
            self._settle(self.items[id_], drive_id)

    def _logged(self, item: Item) -> Logged:
        return Logged(item.id, frozenset([item.drive_id] if item.drive_id else []), self.is_named(ACCOUNT, item))

    def _note(self, item: Item, before: Logged | None = None) -> None:
        """Note a change in the logs of whoever could see it before or can now."""
        now = self._logged(item)
        before = before or now
        self.log.append(Logged(item.id, before.drives | now.drives, before.is_shared or now.is_shared))

    def fail(
        self,
        times: int,
        status: int,
        reason: str = "",
        *,
        part: str = "",
        after: int = 0,
        body: bytes | None = None,
        **headers: str,
    ) -> None:
        """Answer the next requests whose path holds a part with an error; status 0 hangs up."""
        written = {name.replace("_", "-"): value for name, value in headers.items()}
        self._faults.append(Fault(times, status, reason, part, written, after, body))

    def works(self) -> None:
        """Take back all errors that were to come."""
        self._faults.clear()

    def lose_tokens(self) -> None:
        """Make all tokens of pages invalid."""
        self.generation += 1

    def paths(self, part: str = "") -> list[str]:
        """Give the paths that were asked for."""
        return [asked.path for asked in self.asked if part in asked.path]

    def credentials(self, **changes: str) -> str:
        """Write the key file of the service account."""
        return json.dumps(self.tokens.key_file(f"{self.url}/token") | changes)

    def fault(self, path: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.part in path and fault.times:
                    if fault.after:
                        fault.after -= 1
                        return None
                    fault.times -= 1
                    return fault
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer's body waits for its head to be acknowledged, 40 ms
    drive: FakeDrive

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = unquote(parts.path)
        self.drive.asked.append(Asked(path, parameters, dict(self.headers.items()), time.monotonic()))
        if self._is_failing(path):
            return
        if not path.startswith("/drive/v3/"):
            self._send(404, b"<html>Not Found</html>", "text/html")
            return
        try:
            body, media_type = self.drive.answer(path.removeprefix("/drive/v3"), parameters, self.headers)  # type: ignore[arg-type]
            self._send(200, body, media_type)
        except RefusalError as refusal:
            self._send(refusal.status, error_body(refusal), JSON)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.drive.asked.append(Asked(self.path, {}, dict(self.headers.items()), time.monotonic()))
        if not self._is_failing(self.path):
            status, answer = self.drive.tokens.answer(dict(parse_qsl(body.decode())))
            self._send(status, json.dumps(answer).encode(), "application/json")

    def _is_failing(self, path: str) -> bool:
        fault = self.drive.fault(path)
        if fault is None:
            return False
        if not fault.status:
            self.close_connection = True
            self.connection.close()
            return True
        body = (
            error_body(RefusalError(fault.status, fault.reason, "Said by the test."))
            if fault.body is None
            else fault.body
        )
        media_type = JSON if fault.body is None else "text/html"
        self._send(fault.status, body, media_type, fault.headers)
        return True

    def _send(self, status: int, body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def running_drive() -> Iterator[FakeDrive]:
    """Serve a Drive that is empty still."""
    drive = FakeDrive()
    handler = type("_DriveHandler", (_Handler,), {"drive": drive})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    drive.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield drive
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
