"""The texts of policies in files, on disk or in a git repository at a commit."""

from dataclasses import dataclass
from pathlib import Path

import git as gitpython

from community.policy_texts import LONGEST
from mageos_portal.git_fetching import environment

MOST_BYTES = LONGEST * 4


class PolicyFileError(ValueError):
    """The text cannot be read."""


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A text, and the commit that it is from; empty: from disk."""

    text: str
    commit: str = ""  # 40 hex digits


def from_disk(path: Path) -> PolicyFile:
    """Read a file. Raises: PolicyFileError."""
    try:
        with path.open("rb") as file:
            return PolicyFile(_text(file.read(MOST_BYTES + 1), str(path)))
    except OSError as error:
        raise PolicyFileError(f"{path} cannot be read: {error.strerror}") from error


def from_git(repository: Path, commit: str, path: str) -> PolicyFile:
    """Read a file of a clone on disk as it was at a commit, tag or branch. Raises: PolicyFileError."""
    try:
        opened = gitpython.Repo(repository, odbt=gitpython.GitCmdObjectDB)
        opened.git.update_environment(**environment())
        found = opened.commit(commit)
        content = (found.tree / path).data_stream.read(MOST_BYTES + 1)
    except (gitpython.InvalidGitRepositoryError, gitpython.NoSuchPathError) as error:
        raise PolicyFileError(f"{repository} is no git repository; clone it first") from error
    except (gitpython.BadName, gitpython.BadObject, gitpython.GitCommandError, ValueError) as error:
        raise PolicyFileError(f"{repository} has no commit {commit!r}; fetch it first") from error
    except (KeyError, AttributeError) as error:
        raise PolicyFileError(f"{path} is no file at {commit} of {repository}") from error
    return PolicyFile(_text(content, path), found.hexsha)


def _text(content: bytes, name: str) -> str:
    """Give the text below a head of metadata, if it has one."""
    if len(content) > MOST_BYTES:
        raise PolicyFileError(f"{name} is larger than {MOST_BYTES} bytes, so it is no policy")
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise PolicyFileError(f"{name} is not UTF-8: {error.reason} at byte {error.start}") from error
    head, mark, body = text.partition("\n---\n")
    return body if mark and head.startswith("---\n") else text
