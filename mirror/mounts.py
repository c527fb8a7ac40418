"""Which distribution answers a request, and which paths belong to the site.

The default distribution is at the root of every host, each one at /d/<slug>/, and one with a base
URL on another host than the portal's also there.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from mirror.dists import DistStore, dists_of
from mirror.models import Distribution
from mirror.storage import DistributionFiles

logger = logging.getLogger(__name__)

# First parts of paths. At the root, nothing below them is ever taken for a file of a distribution.
RESERVED = frozenset(
    {
        ".well-known",
        "accessibility",
        "account",
        "admin",
        "api",
        "badge",
        "code-of-conduct",
        "community",
        "d",
        "docs",
        "favicon.ico",
        "healthz",
        "hooks",
        "imprint",
        "join",
        "media",
        "metrics",
        "privacy",
        "readyz",
        "repository",
        "robots.txt",
        "search",
        "sitemap.xml",
        "static",
        "status",
        "updates",
    }
)
# The same for what composer asks for: never a page, and never the business of a redirect.
COMPOSER = frozenset(
    {
        "list.json",
        "manifest.sha256",
        "notify",
        "p2",
        "packages",
        "packages.json",
        "providers",
        "search.json",
    }
)
FILES = frozenset({"packages.json", "manifest.sha256"})
DYNAMIC = frozenset({"", "list.json", "notify", "search.json"})
SECONDS_BETWEEN_LOADS = 5.0


@dataclass(frozen=True, slots=True)
class Mount:
    """A distribution at one address."""

    slug: str
    host: str  # as clients send it, without the scheme's own port; empty: every host
    prefix: str  # "/" or "/d/<slug>/" or the path of its base URL; ends with a slash
    files: DistributionFiles

    @property
    def dists(self) -> DistStore:
        return dists_of(self.files)


class Mounts:
    """All addresses at one moment."""

    def __init__(self, mounts: Iterable[Mount]) -> None:
        self._mounts = sorted(mounts, key=lambda mount: (bool(mount.host), len(mount.prefix)))
        self._mounts.reverse()
        self._hosts = {mount.host for mount in self._mounts if mount.host}

    def find(self, host: str, path: str) -> tuple[Mount, str] | None:
        """Give the distribution of an address, and the path below it."""
        host = plain_host(host) if self._hosts else ""
        for mount in self._mounts:
            if mount.host in {"", host} and path.startswith(mount.prefix):
                if mount.prefix == "/" and first_part(path) in RESERVED:
                    continue
                return mount, path[len(mount.prefix) :]
        return None


class MountTable:
    """The addresses as the database has them, asked again every few seconds.

    While the database does not answer, what it said last stays true.
    """

    def __init__(
        self,
        load: Callable[[], Mounts],
        seconds: float = SECONDS_BETWEEN_LOADS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load, self._seconds, self._clock = load, seconds, clock
        self._lock = threading.Lock()
        self._mounts: Mounts | None = None
        self._expires = float("-inf")

    def current(self) -> Mounts | None:
        """Give the addresses; none if the database has never answered."""
        if self._clock() >= self._expires and self._lock.acquire(blocking=self._mounts is None):
            try:
                self._reload()
            finally:
                self._lock.release()
        return self._mounts

    def forget(self) -> None:
        """Ask the database at the next request."""
        self._expires = float("-inf")

    def _reload(self) -> None:
        if self._clock() < self._expires:
            return
        try:
            self._mounts = self._load()
        except DatabaseError as error:
            logger.warning("The database did not tell what is served where: %s", error)
        self._expires = self._clock() + self._seconds


def load() -> Mounts:
    """Ask the database. This runs outside Django's requests, so it looks after the connection."""
    close_old_connections()
    try:
        return Mounts(mounts_of(Distribution.objects.all(), settings.PORTAL_BASE_URL))
    finally:
        close_old_connections()


def mounts_of(distributions: Iterable[Distribution], portal_url: str) -> list[Mount]:
    """List the addresses of all distributions."""
    mounts = []
    for found in distributions:
        mounts.append(Mount(found.slug, "", f"/d/{found.slug}/", found.files))
        if found.is_default:
            mounts.append(Mount(found.slug, "", "/", found.files))
        host = host_of(found.base_url)
        if host not in {"", host_of(portal_url)}:
            prefix = urlsplit(found.base_url).path.rstrip("/") + "/"
            mounts.append(Mount(found.slug, host, prefix, found.files))
    return mounts


def is_file(path: str) -> bool:
    """Say whether a path below a distribution can only be a file of it."""
    return path.startswith("p2/") or path.endswith(".zip") or path in FILES


def is_dynamic(path: str) -> bool:
    """Say whether a path below a distribution is answered by a view."""
    return path in DYNAMIC or path.startswith("providers/")


def first_part(path: str) -> str:
    return path[1:].partition("/")[0]


def host_of(url: str) -> str:
    """Give the host of an address; empty if it is none."""
    try:
        return plain_host(urlsplit(url).netloc.rpartition("@")[2])
    except ValueError:
        return ""


def plain_host(host: str) -> str:
    """Write a host as it is compared: lower case, without the port that the scheme implies."""
    return host.lower().removesuffix(":443").removesuffix(":80")


table = MountTable(load)
