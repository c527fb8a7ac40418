"""Fetching git repositories safely, for every app that reads some.

No configuration of the system or of a user, no hooks, no submodules, no lazy fetching; only allowed hosts.

    GitError
    └── FetchError
"""

import ipaddress
import os
import re
import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import git as gitpython

_SETTINGS = {
    "safe.directory": "*",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.packedGitWindowSize": "8m",
    "core.packedGitLimit": "48m",
    "core.deltaBaseCacheLimit": "24m",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "transfer.fsckObjects": "true",
    "fetch.fsck.zeroPaddedFilemode": "ignore",
    "fetch.fsck.badTimezone": "ignore",
    "fetch.fsck.missingSpaceBeforeDate": "ignore",
    "fetch.recurseSubmodules": "false",
    "credential.helper": "",
    "http.followRedirects": "initial",
}


class GitError(Exception):
    """Git could not do it; the repository is as it was."""


class FetchError(GitError):
    """The fetch failed; what was fetched before is still there."""

    def __init__(self, sentence: str, output: str = "") -> None:
        self.output = output  # what git said, for staff only
        super().__init__(sentence)


def environment(protocol: str = "none") -> dict[str, str]:
    """Give the variables under which every git process runs; it may speak this protocol only."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ALLOW_PROTOCOL": protocol,
        "GIT_CONFIG_COUNT": str(len(_SETTINGS)),
        **{f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(_SETTINGS)},
        **{f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(_SETTINGS.values())},
    }


def fetch(url: str, target: Path, timeout: int, protocol: str = "https") -> None:
    """Bring all branches and tags of a URL into a bare repository, making it if need be.

    Only what is new is transferred, and every object is checked. See `check_url` for what must
    not be fetched.

    Raises:
        FetchError: what was there before is still there.
    """
    git = gitpython.Git(target)
    git.update_environment(**environment(protocol))
    refspecs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
    options = ("--prune", "--no-auto-gc", "--no-write-fetch-head", "--no-recurse-submodules")
    try:
        target.mkdir(parents=True, exist_ok=True)
        if not (target / "HEAD").exists():
            git.init("--bare", "--quiet", "--template=", ".")
        git.fetch(*options, "--", url, *refspecs, kill_after_timeout=timeout)
    except (gitpython.GitCommandError, OSError) as error:
        said = hide_login(str(getattr(error, "stderr", "") or error))
        raise FetchError(f"{hide_login(url)} could not be fetched: {short(error)}", said) from error


def check_url(url: str, hosts: Iterable[str]) -> None:
    """Refuse what must not be fetched.

    Raises:
        FetchError: the URL is not https, its host not allowed, or its address not public.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError as error:
        raise FetchError(f"{hide_login(url)} is no address: {error}") from error
    if parts.scheme != "https" or parts.username or parts.password:
        raise FetchError(f"{hide_login(url)} is not an https address without login")
    if host not in set(hosts):
        raise FetchError(f"{host} is not among the allowed hosts; add it to PORTAL_GIT_HOSTS")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchError(f"{host} cannot be resolved: {error.strerror}") from error
    for entry in found:
        if not ipaddress.ip_address(entry[4][0]).is_global:
            raise FetchError(f"{host} leads to a private address; that is refused")


def hide_login(text: str) -> str:
    """Take user names and passwords out of URLs in a text."""
    return re.sub(r"(\w+://)[^/\s]*@", r"\1", text)


def short(error: Exception) -> str:
    """Give the last thing that git said."""
    text = getattr(error, "stderr", "") or str(error)
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    return hide_login(lines[-1] if lines else type(error).__name__)[:300]
