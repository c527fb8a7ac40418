"""Reading a published Composer repository: a directory of plain files, or one over http.

RepositoryError
├── MissingFileError
├── UnreachableError
└── NotARepositoryError
"""

import base64
import contextlib
import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from mirror.composer.minify import expand
from mirror.dists import DistStore, StoreError
from mirror.receiving import Digests

MANIFEST, ROOT = "manifest.sha256", "packages.json"
LARGEST_TEXT, LARGEST_ARCHIVE = 64 << 20, 1 << 30  # bytes
TIMEOUT = 60  # seconds without a byte
CHUNK = 1 << 20
METADATA_PATH = "p2/%package%.json"
DIST_SUFFIX = ".zip"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


class RepositoryError(Exception):
    """What was asked for cannot be read; the message names it."""


class MissingFileError(RepositoryError):
    """The repository has no such file."""


class UnreachableError(RepositoryError):
    """The repository did not answer as it should."""


class NotARepositoryError(RepositoryError):
    """This is no Composer 2 repository."""


class Repository(Protocol):
    """Files by their path below the repository's address."""

    @property
    def shown(self) -> str:
        """Name it for people, without any login."""

    @property
    def url(self) -> str | None:
        """Its address, to which relative ones are resolved; None if it has none."""

    def opened(self, path: str) -> contextlib.AbstractContextManager[BinaryIO]:
        """Open a file. Raises: MissingFileError, UnreachableError."""

    def paths(self) -> Iterator[str] | None:
        """List all files, or None where that is impossible."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A repository on disk; a file is looked for in each of the places, then among the dists of a distribution."""

    shown: str
    places: Sequence[Path]
    dists: DistStore | None = None
    url: None = None

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[BinaryIO]:
        if not is_plain(path):
            raise MissingFileError(f"{path!r} is not a path in {self.shown}")
        found = next((place / path for place in self.places if (place / path).is_file()), None)
        try:
            with found.open("rb") if found else self._opened_dist(path) as file:
                yield file
        except StoreError as error:
            raise UnreachableError(f"{path} of {self.shown} cannot be read: {error}") from error
        except OSError as error:
            raise UnreachableError(f"{path} of {self.shown} cannot be read: {error.strerror}") from error

    def _opened_dist(self, path: str) -> BinaryIO:
        try:
            if self.dists and path.endswith(DIST_SUFFIX):
                return self.dists.open(path)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            pass
        raise MissingFileError(f"{self.shown} has no {path}")

    def paths(self) -> Iterator[str]:
        if self.dists:
            yield from self.dists.paths()
        for place in self.places:
            for folder, folders, names in os.walk(place):
                folders[:] = [name for name in folders if not name.startswith(".")]
                for name in names:
                    yield Path(folder, name).relative_to(place).as_posix()


@dataclass(frozen=True, slots=True)
class Web:
    """A repository at an address; a login in it is sent there and shown nowhere."""

    url: str
    _login: str = field(default="", repr=False)

    @classmethod
    def at(cls, url: str) -> "Web":
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        path = parts.path.removesuffix(ROOT).rstrip("/") + "/"
        plain = urlunsplit((parts.scheme, host, path, "", ""))
        if "@" not in parts.netloc:
            return cls(plain)
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        return cls(plain, "Basic " + base64.b64encode(login.encode()).decode())

    @property
    def shown(self) -> str:
        return self.url

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[BinaryIO]:
        request = urllib.request.Request(self.url + quote(path, safe="/~+@,=:"))  # noqa: S310 - see `_opener`
        if self._login:
            request.add_unredirected_header("Authorization", self._login)
        try:
            with _opener().open(request, timeout=TIMEOUT) as answer:
                yield answer
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in {http.client.NOT_FOUND, http.client.GONE}:
                raise MissingFileError(f"{self.shown}{path} is not there ({error.code})") from error
            raise UnreachableError(f"{self.shown}{path} answers {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise UnreachableError(f"{self.shown}{path} cannot be reached: {reason}") from error

    def paths(self) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    """Give an opener that speaks http and https only."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "verify_distribution"), ("Accept-Encoding", "identity")]
    return opener


def is_plain(path: str) -> bool:
    """Tell whether a path stays below the repository."""
    parts = path.split("/")
    return not any(part in {"", ".", ".."} or "\0" in part or "\\" in part for part in parts)


def read(repository: Repository, path: str) -> bytes:
    """Give a text file whole. Raises: MissingFileError, UnreachableError."""
    with repository.opened(path) as file:
        content = file.read(LARGEST_TEXT + 1)
    if len(content) > LARGEST_TEXT:
        raise UnreachableError(f"{path} of {repository.shown} has more than the {LARGEST_TEXT:,} bytes that are read")
    return content


def digests(repository: Repository, path: str) -> Digests:
    """Hash a file without keeping it. Raises: MissingFileError, UnreachableError."""
    one, two, size = sha1(usedforsecurity=False), sha256(), 0
    with repository.opened(path) as file:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            if size > LARGEST_ARCHIVE:
                raise UnreachableError(f"{path} of {repository.shown} has more than {LARGEST_ARCHIVE:,} bytes")
            one.update(chunk)
            two.update(chunk)
    return Digests(one.hexdigest(), two.hexdigest(), size)


def download(repository: Repository, path: str, target: BinaryIO) -> None:
    """Copy a file. Raises: MissingFileError, UnreachableError."""
    size = 0
    with repository.opened(path) as file:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            if size > LARGEST_ARCHIVE:
                raise UnreachableError(f"{path} of {repository.shown} has more than {LARGEST_ARCHIVE:,} bytes")
            target.write(chunk)


@dataclass(frozen=True, slots=True)
class Root:
    """What packages.json says."""

    base_url: str  # with a slash at the end; empty if it cannot be told
    metadata_url: str
    names: tuple[str, ...]


def root(repository: Repository) -> Root:
    """Read packages.json. Raises: NotARepositoryError, MissingFileError, UnreachableError."""
    body = _json(read(repository, ROOT), f"{ROOT} of {repository.shown}")
    metadata_url = body.get("metadata-url")
    names = body.get("available-packages")
    if not isinstance(metadata_url, str) or "%package%" not in metadata_url:
        raise NotARepositoryError(f"{ROOT} of {repository.shown} has no metadata-url: this is no Composer 2 repository")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise NotARepositoryError(
            f"{ROOT} of {repository.shown} does not say which packages it has (available-packages)"
        )
    absolute = urljoin(repository.url, metadata_url) if repository.url else metadata_url
    base = absolute.removesuffix(METADATA_PATH)
    return Root(base if base != absolute else "", metadata_url, tuple(names))


def versions(repository: Repository, name: str, path: str) -> list[dict[str, Any]]:
    """Read the versions in a p2 file, expanded.

    Raises:
        NotARepositoryError: it is not what composer expects.
        MissingFileError, UnreachableError: as it says.
    """
    what = f"{path} of {repository.shown}"
    body = _json(read(repository, path), what)
    packages = body.get("packages")
    found = packages.get(name) if isinstance(packages, dict) else None
    if not isinstance(found, list) or not all(isinstance(version, dict) for version in found):
        raise NotARepositoryError(f"{what} has no list of versions of {name}")
    return expand(found) if body.get("minified") == "composer/2.0" else found


def metadata_paths(name: str) -> tuple[str, str]:
    """Give the files of a package: with its releases, with its development versions."""
    return f"p2/{name}.json", f"p2/{name}~dev.json"


def manifest(repository: Repository) -> dict[str, str]:
    """Read the manifest: sha256 by path. Raises: NotARepositoryError, MissingFileError, UnreachableError."""
    lines = read(repository, MANIFEST).decode("utf-8", "replace").splitlines()
    matches = [_LINE.fullmatch(line) for line in lines]
    found = {match[2]: match[1] for match in matches if match and is_plain(match[2])}
    if len(found) < len(lines) or not found:
        raise NotARepositoryError(f"{MANIFEST} of {repository.shown} has lines that are not 'sha256  path'")
    return found


def _json(content: bytes, what: str) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotARepositoryError(f"{what} is not JSON") from error
    if not isinstance(body, dict):
        raise NotARepositoryError(f"{what} is no object")
    return body
