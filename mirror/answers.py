"""Answers of the responder in the words of HTTP: conditions, problems and refusals."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

Headers = list[tuple[str, str]]

SAFE_METHODS = ("GET", "HEAD")
FRESH = "public, max-age=0, must-revalidate"
NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
JSON = "application/json"  # exactly so: composer shows warnings of no other type


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    headers: Headers
    body: Iterable[bytes] = ()


def is_not_modified(environ: "WSGIEnvironment", etag: str, date: str, modified: int) -> bool:
    """Say whether the client has this content, or a newer one from another server of ours."""
    tags = environ.get("HTTP_IF_NONE_MATCH")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return etag in known or "*" in known
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    return since is not None and (since == date or modified <= seconds_of(since))


@lru_cache(maxsize=1024)
def seconds_of(date: str) -> float:
    """Read a date of HTTP as unix seconds; a bad one is before everything."""
    try:
        found = parsedate_to_datetime(date)
        return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return datetime.min.replace(tzinfo=UTC).timestamp()


def problem(environ: "WSGIEnvironment", status: HTTPStatus, warning: str) -> Answer:
    """Refuse with a sentence that composer shows to its user."""
    return short(environ, status, JSON, json.dumps({"warning": warning}).encode())


def unknown_file(environ: "WSGIEnvironment") -> Answer:
    """Refuse without a word to the user: composer asks for many names that are elsewhere."""
    return short(environ, HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")


def not_allowed() -> Answer:
    headers = [("Allow", ", ".join(SAFE_METHODS)), ("Content-Length", "0"), NO_SNIFFING]
    return Answer(HTTPStatus.METHOD_NOT_ALLOWED, headers)


def short(environ: "WSGIEnvironment", status: HTTPStatus, content_type: str, body: bytes) -> Answer:
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("Cache-Control", FRESH),
        NO_SNIFFING,
    ]
    return Answer(status, headers, [] if environ["REQUEST_METHOD"] == "HEAD" else [body])
