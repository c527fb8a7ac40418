"""Git repositories: reading refs and objects without a checkout.

Names of refs are data and are never given to git.

    GitError (git_fetching.py)
    ├── NotARepositoryError
    └── ObjectUnreadableError
"""

import contextlib
import functools
import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

import git as gitpython

from mageos_portal.git_fetching import GitError, environment, short
from mirror.candidates import Tag

DIRECTORY, FILE, EXECUTABLE, SYMLINK, SUBMODULE = 0o40000, 0o100644, 0o100755, 0o120000, 0o160000
DEEPEST_TAG = 8  # tags of tags that are followed
SHA1_DIGITS = 40
BATCH = 400  # requests under way in one `cat-file --batch`; they fit into one pipe buffer


class NotARepositoryError(GitError):
    """The directory holds no git repository."""


class ObjectUnreadableError(GitError):
    """An object is missing or corrupt."""

    def __init__(self, object_id: str, why: str) -> None:
        self.object_id = object_id
        super().__init__(f"git object {object_id} {why}")


class TreeEntry(NamedTuple):
    mode: int
    name: bytes
    object_id: str


class Repository:
    """A repository on disk, bare or not, read only."""

    def __init__(self, path: Path) -> None:
        try:
            found = gitpython.Repo(path, odbt=gitpython.GitCmdObjectDB)
        except (gitpython.InvalidGitRepositoryError, gitpython.NoSuchPathError) as error:
            raise NotARepositoryError(f"{path.name} is not a git repository") from error
        self.directory = Path(found.git_dir).resolve()
        found.close()
        self._git = gitpython.Git(self.directory)
        self._git.set_persistent_git_options(git_dir=str(self.directory))
        self._git.update_environment(**environment())

    @functools.cached_property
    def refs(self) -> str:
        """Names and ids of all tags, one a line: equal if nothing changed."""
        try:
            listed = self._git.for_each_ref(
                "refs/tags",
                format="%(objectname) %(refname:strip=2)",
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        except gitpython.GitCommandError as error:
            raise GitError(f"the refs cannot be read: {short(error)}") from error
        return bytes(listed).decode("utf-8", "surrogateescape")

    @functools.cached_property
    def tags(self) -> tuple[Tag, ...]:
        """All tags, also those that lead to no commit."""
        with Objects(self.directory) as objects:
            lines = (line.partition(" ") for line in self.refs.split("\n")[:-1])
            return tuple(_commit(objects, name, object_id) for object_id, _, name in lines)

    def commit(self, name: str, object_id: str) -> Tag | None:
        """Give a commit as if it had a tag of this name, or ``None`` if it is not there."""
        with Objects(self.directory) as objects:
            found = _commit(objects, name, object_id)
        return found if found.commit else None


def _commit(objects: "Objects", name: str, object_id: str) -> Tag:
    """Follow a tag of a tag and so on down to a commit."""
    try:
        for _ in range(DEEPEST_TAG):
            kind, content = objects.read_typed(object_id)
            fields = dict(line.partition(b" ")[::2] for line in content.partition(b"\n\n")[0].split(b"\n"))
            if kind == b"commit":
                time = int(fields[b"committer"].rsplit(b" ", 2)[1])
                return Tag(name, object_id, fields[b"tree"].decode(), time)
            if kind != b"tag":
                break
            object_id = fields[b"object"].decode()
    except (ObjectUnreadableError, KeyError, IndexError, ValueError):
        pass
    return Tag(name, "", "", 0)


class Objects:
    """Objects of one repository through one long-lived `git cat-file --batch`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        process.kill()
        process.wait()

    def read(self, object_id: str) -> bytes:
        """Give the content of one object.

        Raises:
            ObjectUnreadableError: it is missing or corrupt.
        """
        return self.read_typed(object_id)[1]

    def read_typed(self, object_id: str) -> tuple[bytes, bytes]:
        """Give type and content of one object; see `read`."""
        return next(self._read_batch([object_id]))

    def read_each(self, object_ids: Iterable[str]) -> Iterator[bytes]:
        """Give the contents of objects in order, asking ahead so that git never waits."""
        waiting = list(object_ids)
        for start in range(0, len(waiting), BATCH):
            for _, content in self._read_batch(waiting[start : start + BATCH]):
                yield content

    def tree(self, object_id: str) -> list[TreeEntry]:
        """Give the entries of a tree in git's order."""
        return next(self.tree_each([object_id]))

    def tree_each(self, object_ids: list[str]) -> Iterator[list[TreeEntry]]:
        """Give the entries of trees in order; see `read_each`."""
        for start in range(0, len(object_ids), BATCH):
            batch = object_ids[start : start + BATCH]
            for object_id, (kind, content) in zip(batch, self._read_batch(batch), strict=True):
                yield _entries(object_id, kind, content)

    def _read_batch(self, object_ids: list[str]) -> Iterator[tuple[bytes, bytes]]:
        answered = 0
        try:
            answers = self._ask(object_ids, object_ids[0])
            for object_id in object_ids:
                answer = self._answer(answers, object_id)
                answered += 1
                yield answer
        finally:
            if answered < len(object_ids):
                self.close()

    def _ask(self, object_ids: list[str], first: str) -> IO[bytes]:
        process = self._running()
        assert process.stdin  # noqa: S101
        assert process.stdout  # noqa: S101
        try:
            process.stdin.write(("\n".join(object_ids) + "\n").encode())
            process.stdin.flush()
        except BrokenPipeError as error:
            raise ObjectUnreadableError(first, "cannot be read: git ended") from error
        return process.stdout

    def _answer(self, answers: IO[bytes], object_id: str) -> tuple[bytes, bytes]:
        header = answers.readline().split()
        if len(header) != 3:  # noqa: PLR2004
            why = "is missing" if header[1:] == [b"missing"] else "is corrupt"
            raise ObjectUnreadableError(object_id, why)
        size = int(header[2])
        content = answers.read(size)
        if len(content) != size or answers.read(1) != b"\n":
            raise ObjectUnreadableError(object_id, "is corrupt")
        if len(object_id) == SHA1_DIGITS and _object_id(header[1], content) != object_id:
            raise ObjectUnreadableError(object_id, "is corrupt: its content is another one's")
        return header[1], content

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            command = ["git", f"--git-dir={self.directory}", "cat-file", "--batch"]
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                bufsize=1 << 17,
            )
        return self._process


def _object_id(kind: bytes, content: bytes) -> str:
    digest = hashlib.sha1(b"%s %d\0" % (kind, len(content)), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def _entries(object_id: str, kind: bytes, content: bytes) -> list[TreeEntry]:
    if kind != b"tree":
        raise ObjectUnreadableError(object_id, "is no tree")
    try:
        return list(parse_tree(content))
    except ValueError as error:
        raise ObjectUnreadableError(object_id, "is no tree that can be read") from error


def parse_tree(content: bytes) -> Iterator[TreeEntry]:
    """Read a tree object: ``mode name NUL id`` rows."""
    position = 0
    while position < len(content):
        space = content.index(b" ", position)
        end = content.index(b"\0", space)
        if end + 21 > len(content):
            raise ValueError(position)
        yield TreeEntry(
            int(content[position:space], 8),
            content[space + 1 : end],
            content[end + 1 : end + 21].hex(),
        )
        position = end + 21
