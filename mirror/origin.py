"""The mirror that another one follows, read from outside: over http(s), or as a directory of plain files.

RepositoryError (repositories.py)
├── AddressError           the address may not be used
├── MissingFileError
│   └── GoneFileError      the file was removed for good
└── UnreachableError       no answer, or not the right one
    └── TooLargeError
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha1, sha256
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

import httpx

from mageos_portal.reach import InsecureError, Reach, ReachError, UnknownHostError, check_reach, is_public
from mirror.receiving import Digests, NotReceivedError, opened
from mirror.repositories import ROOT, MissingFileError, RepositoryError, UnreachableError, is_plain

AT_ONCE = 8  # requests
MOST_REDIRECTS = 5
TIMEOUT = httpx.Timeout(60, connect=10)  # seconds without a byte
CHUNK = 256 << 10  # bytes
LARGEST_TEXT, LARGEST_ARCHIVE = 64 << 20, 1 << 30  # bytes, unpacked
LONGEST_ADDRESS = 200  # characters that are remembered
AGENT = "sync_distribution"
INSIDE = "set PORTAL_FOLLOW_PRIVATE=true if the mirror to follow is in your own network"


class AddressError(RepositoryError):
    """This may not be followed; nothing was asked of it."""


class GoneFileError(MissingFileError):
    """The file was there and was removed for good."""


class TooLargeError(UnreachableError):
    """There is more than is read."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text file, with what is said of its version."""

    content: bytes
    etag: str
    modified: datetime | None


class Origin(Protocol):
    """Files by their path below the origin's address; any thread may ask."""

    @property
    def shown(self) -> str:
        """Name it where everybody may read it."""

    def text(self, path: str, etag: str = "") -> Text | None:
        """Give a text file; None if it is still what the ETag stands for. Raises: RepositoryError."""

    def download(self, path: str, target: BinaryIO) -> Digests:
        """Copy an archive, hashing what is written. Raises: RepositoryError."""

    def is_gone(self, path: str) -> bool:
        """Tell whether a file was removed for good; where that cannot be told, it was not."""


def address_of(text: str) -> str:
    """Give the address that a person means: a URL with a slash at its end, also for a directory.

    Raises:
        AddressError: it is neither.
    """
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise AddressError(f"{text!r} is no address: {error}") from error
    if parts.scheme in {"http", "https"} and parts.hostname and text.isprintable() and " " not in text:
        if "@" in parts.netloc or "?" in text or "#" in text:
            raise AddressError("the address holds a login, a query or a fragment, which the public would see")
        return _remembered(f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix(ROOT).rstrip('/')}/")
    path = Path(url2pathname(parts.path) if parts.scheme == "file" else text)
    if not text or not path.is_dir() or parts.netloc:
        raise AddressError(f"{text!r} is neither an http(s) address nor a directory; write https://HOST/ or DIR")
    return _remembered(path.resolve().as_uri() + "/")


def _remembered(address: str) -> str:
    if len(address) > LONGEST_ADDRESS:
        raise AddressError(f"the address has more than the {LONGEST_ADDRESS} characters that can be remembered")
    return address


@contextlib.contextmanager
def reached(address: str, reach: Reach) -> Iterator[Origin]:
    """Give what is at an address that `address_of` gave.

    Raises:
        AddressError: it is where `reach` does not go.
        UnreachableError: its host has no address.
    """
    if address.startswith("file:"):
        yield FolderOrigin(Path(url2pathname(urlsplit(address).path)))
        return
    is_inside = _check_host(address, reach)
    with httpx.Client(
        timeout=TIMEOUT,
        limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
        headers={"User-Agent": AGENT},
        verify=httpx.create_ssl_context(),
        trust_env=False,
    ) as client:
        yield WebOrigin(address, client, is_inside=is_inside)


def _check_host(address: str, reach: Reach) -> bool:
    """Tell whether an origin is in a network of our own, if it may be there."""
    try:
        return check_reach(address, reach, INSIDE)
    except UnknownHostError as error:
        raise UnreachableError(str(error)) from error
    except InsecureError as error:
        raise AddressError(f"{address} is not https: anybody on the way could change what is copied") from error
    except ReachError as error:
        raise AddressError(str(error)) from error


class WebOrigin:
    """An origin at an address on the web. Only one that is inside may lead inside."""

    def __init__(self, url: str, client: httpx.Client, *, is_inside: bool) -> None:
        self.shown = url
        self._client = client
        self._is_inside = is_inside

    def text(self, path: str, etag: str = "") -> Text | None:
        headers = {"Accept-Encoding": "gzip", **({"If-None-Match": etag} if etag else {})}
        with self._asked("GET", path, headers) as answer:
            if answer.status_code == HTTPStatus.NOT_MODIFIED:
                return None
            self._check(answer, path)
            parts = _bounded(answer.iter_bytes(), LARGEST_TEXT, f"{path} of {self.shown}")
            content = b"".join(parts)
            return Text(content, answer.headers.get("ETag", ""), _moment(answer.headers.get("Last-Modified", "")))

    def download(self, path: str, target: BinaryIO) -> Digests:
        with self._asked("GET", path, {"Accept-Encoding": "identity"}) as answer:
            self._check(answer, path)
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise UnreachableError(f"{self.shown}{path} comes packed, though that was not asked for")
            return _copied(answer.iter_raw(CHUNK), target, f"{path} of {self.shown}")

    def is_gone(self, path: str) -> bool:
        with self._asked("HEAD", path, {}) as answer:
            return answer.status_code == HTTPStatus.GONE

    def _check(self, answer: httpx.Response, path: str) -> None:
        status = answer.status_code
        if status == HTTPStatus.GONE:
            raise GoneFileError(f"{self.shown}{path} was removed for good (410)")
        if status == HTTPStatus.NOT_FOUND:
            raise MissingFileError(f"{self.shown}{path} is not there (404)")
        if status != HTTPStatus.OK:
            raise UnreachableError(f"{self.shown}{path} answers {status} {answer.reason_phrase}")

    @contextlib.contextmanager
    def _asked(self, method: str, path: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        request = self._client.build_request(method, self.shown + quote(path, safe="/~+@,=:"), headers=headers)
        try:
            answer = self._sent(request)
            try:
                yield answer
            finally:
                answer.close()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = str(error) or type(error).__name__
            raise UnreachableError(f"{self.shown}{path} cannot be reached: {said}") from error

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and follow where it is led to: with the same scheme, and not inside from outside."""
        scheme = request.url.scheme
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._client.send(request, stream=True)
            with _closing_on_failure(answer):
                self._check_peer(answer)
                if answer.next_request is None:
                    return answer
                request = answer.next_request
                if request.url.scheme != scheme:
                    raise UnreachableError(f"{answer.url} leads to {request.url}, which is not {scheme}")
            answer.close()
        raise UnreachableError(f"{self.shown} leads on and on, more than {MOST_REDIRECTS} times")

    def _check_peer(self, answer: httpx.Response) -> None:
        """See whom we talk to really: a name may lead elsewhere than it did a moment ago."""
        peer = answer.extensions["network_stream"].get_extra_info("server_addr")
        if not self._is_inside and not (peer and is_public(str(peer[0]))):
            raise UnreachableError(f"{answer.url} leads to a private address; that is refused")


@contextlib.contextmanager
def _closing_on_failure(answer: httpx.Response) -> Iterator[None]:
    try:
        yield
    except BaseException:
        answer.close()
        raise


def _moment(text: str) -> datetime | None:
    """Read a date of HTTP; a bad one counts as none."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)


class FolderOrigin:
    """An origin that was exported to a directory."""

    def __init__(self, directory: Path) -> None:
        self.shown = f"the directory {directory.name}"  # public, so not where it lies
        self._directory = directory.resolve()

    def text(self, path: str, etag: str = "") -> Text | None:
        with self._opened(path) as file:
            found = os.fstat(file.fileno())
            version = f"{found.st_mtime_ns:x}-{found.st_size:x}"
            if etag == version:
                return None
            parts = _bounded(_chunks(file, path), LARGEST_TEXT, f"{path} of {self.shown}")
            return Text(b"".join(parts), version, datetime.fromtimestamp(found.st_mtime, UTC))

    def download(self, path: str, target: BinaryIO) -> Digests:
        with self._opened(path) as file:
            return _copied(_chunks(file, path), target, f"{path} of {self.shown}")

    def is_gone(self, path: str) -> bool:
        return False

    @contextlib.contextmanager
    def _opened(self, path: str) -> Iterator[BinaryIO]:
        place = self._directory / path
        if not is_plain(path) or not place.resolve().is_relative_to(self._directory) or not place.exists():
            raise MissingFileError(f"{self.shown} has no {path}")
        try:
            with opened(place) as file:
                yield file
        except NotReceivedError as error:
            raise UnreachableError(f"{path} of {self.shown} {error}") from error


def _chunks(file: BinaryIO, path: str) -> Iterator[bytes]:
    try:
        while chunk := file.read(CHUNK):
            yield chunk
    except OSError as error:
        raise UnreachableError(f"{path} cannot be read: {error.strerror}") from error


def _bounded(parts: Iterable[bytes], most: int, what: str) -> Iterator[bytes]:
    size = 0
    for part in parts:
        size += len(part)
        if size > most:
            raise TooLargeError(f"{what} has more than the {most:,} bytes that are read")
        yield part


def _copied(parts: Iterable[bytes], target: BinaryIO, what: str) -> Digests:
    one, two, size = sha1(usedforsecurity=False), sha256(), 0
    for part in _bounded(parts, LARGEST_ARCHIVE, what):
        one.update(part)
        two.update(part)
        target.write(part)
        size += len(part)
    return Digests(one.hexdigest(), two.hexdigest(), size)
