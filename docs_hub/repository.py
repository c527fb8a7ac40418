"""Git repositories with texts: fetched into a clone of ours, read at one commit, never checked out."""

import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from sys import intern
from urllib.parse import urlsplit

import git as gitpython

from docs_hub.cleaning import printable
from mageos_portal.git_fetching import GitError, check_url, environment, fetch

LONGEST_NAME = 200  # characters of a clone's directory
MAIN_BRANCHES = ("main", "master")
MARK = "\x01"  # before a commit's time in a log
FILES, FOLDER = ("100644", "100755", "100664"), "040000"  # modes in a tree


class RepositoryError(Exception):
    """The repository cannot be read; what was read from it before is still there."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a snapshot."""

    path: str
    id: str  # 40 hex digits


class Snapshot:
    """The files of a repository at one commit."""

    def __init__(self, directory: Path, branch: str = "") -> None:
        """Open a repository at the tip of a branch; ``""`` is its main one. Raises: RepositoryError."""
        try:
            self._repository = gitpython.Repo(directory, odbt=gitpython.GitCmdObjectDB)
            self._repository.git.update_environment(**environment())
            self._repository.git.set_persistent_git_options(git_dir=str(Path(self._repository.git_dir).resolve()))
            self._commit = self._tip(branch)
        except (gitpython.InvalidGitRepositoryError, gitpython.NoSuchPathError) as failure:
            raise RepositoryError(f"{directory.name} is not a git repository") from failure
        except (gitpython.BadName, gitpython.BadObject, ValueError, gitpython.GitCommandError) as failure:
            raise RepositoryError(f"{directory.name} cannot be read: {failure}") from failure

    @property
    def commit(self) -> str:
        return self._commit.hexsha

    def has(self, folder: str) -> bool:
        """Tell whether there is such a folder."""
        mode, _ = self._entries.get(folder.strip("/"), ("", ""))
        return not folder.strip("/") or mode == FOLDER

    def holds(self, path: str) -> bool:
        """Tell whether there is a file or a folder of this name."""
        return path in self._entries

    def files(self, folder: str, suffixes: tuple[str, ...] = ("",)) -> Iterator[Blob]:
        """List the files below a folder, if there is one; symbolic links and submodules are no files."""
        prefix = f"{folder.strip('/')}/".lstrip("/")
        for path, (mode, blob) in self._entries.items():
            if mode in FILES and path.startswith(prefix) and path.lower().endswith(suffixes):
                yield Blob(path, blob)

    def find(self, path: str) -> Blob | None:
        """Give a file by its path, or None."""
        mode, blob = self._entries.get(path, ("", ""))
        return Blob(path, blob) if mode in FILES else None

    def read(self, blob: Blob, most: int) -> bytes:
        """Give the first bytes of a file, at most so many. Raises: RepositoryError."""
        try:
            content: bytes = self._repository.odb.stream(bytes.fromhex(blob.id)).read(most)
        except (ValueError, gitpython.BadObject, gitpython.GitCommandError, OSError) as failure:
            raise RepositoryError(
                f"{printable(blob.path)} cannot be read: the clone is damaged ({failure})"
            ) from failure
        return content

    def days(self, folder: str, timeout: int) -> dict[str, tuple[datetime, datetime]]:
        """Give when each file below a folder was added and changed last; nothing if asking takes too long."""
        options = ("--format=%x01%ct", "--name-only", "--no-renames", "-z", f"{self.commit}", "--", folder or ".")
        try:
            said: bytes = self._repository.git.log(*options, kill_after_timeout=timeout, stdout_as_string=False)
        except gitpython.GitCommandError:
            return {}
        return _days(said.decode("utf-8", "surrogateescape"))

    def close(self) -> None:
        self._repository.close()

    @cached_property
    def _entries(self) -> dict[str, tuple[str, str]]:
        """Give the mode and the id of all that there is, by path."""
        listed: bytes = self._repository.git.ls_tree(
            "-r", "-t", "-z", "--full-tree", self.commit, stdout_as_string=False
        )
        found = {}
        for line in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            about, _, path = line.partition("\t")
            mode, _, object_id = about.split()
            found[path] = (intern(mode), object_id)
        return found

    def _tip(self, branch: str) -> gitpython.Commit:
        heads = {head.name: head for head in self._repository.heads}
        usual = (*MAIN_BRANCHES, *self._head(), *(heads if len(heads) == 1 else ()))
        for name in (branch,) if branch else usual:
            if name in heads:
                return heads[name].commit
        if branch or (heads and not self._repository.head.is_detached):
            raise ValueError(f"it has no branch {branch or 'main'}; there are {', '.join(sorted(heads)) or 'none'}")
        return self._repository.head.commit

    def _head(self) -> tuple[str, ...]:
        return () if self._repository.head.is_detached else (self._repository.active_branch.name,)


def bring(url: str, clones: Path, hosts: frozenset[str], timeout: int) -> Path:
    """Fetch a repository into our clone of it and give where that is.

    Raises:
        RepositoryError: the address is not allowed, or the fetch failed.
    """
    try:
        check_url(url, hosts)
        target = clones / f"{'+'.join((urlsplit(url).netloc, *_parts(url)))[:LONGEST_NAME]}.git"
        clones.mkdir(parents=True, exist_ok=True)
        with target.with_suffix(".lock").open("a") as file:  # collections may share a repository
            fcntl.flock(file, fcntl.LOCK_EX)
            fetch(url, target, timeout)
    except (GitError, OSError) as failure:
        raise RepositoryError(str(failure)) from failure
    return target


def name_of(url: str) -> str:
    """Give ``owner+name`` of a repository's address, as a directory may be called."""
    return "+".join(_parts(url)[-2:]) or "repository"


def _parts(url: str) -> list[str]:
    return [part for part in urlsplit(url).path.removesuffix(".git").split("/") if part.strip(".")]


def found_in(directory: Path, url: str) -> Path:
    """Give the clone of a repository in a directory of clones, by its name or by owner and name.

    Raises:
        RepositoryError: there is none.
    """
    name = name_of(url)
    for candidate in (name, f"{name}.git", name.partition("+")[2], f"{name.partition('+')[2]}.git"):
        if candidate and (directory / candidate).is_dir():
            return directory / candidate
    raise RepositoryError(f"{directory} has no clone of {url}; expected {name.partition('+')[2] or name}")


def _days(log: str) -> dict[str, tuple[datetime, datetime]]:
    """Read git's log, newest commit first: a mark with its time, then the paths that it changed."""
    found: dict[str, tuple[datetime, datetime]] = {}
    moment = None
    for part in log.split("\0"):
        words = part.strip("\n")
        if words.startswith(MARK):
            moment = _moment(words.removeprefix(MARK))
        elif words and moment:
            found[words] = (moment, found.get(words, (moment, moment))[1])
    return found


def _moment(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
