"""Small real git repositories, made with plumbing alone: no checkout, no configuration of a user.

    path = make_repository(tmp_path / "library", {
        "1.0.0": {"composer.json": package("acme/library"), ("bin/run", 0o100755): "#!/bin/sh\n"},
        "1.1.0": {"composer.json": package("acme/library"), "link": Symlink("target"), b"\xff.php": b""},
        "v1.1.0": "1.1.0",  # the same commit
    })

Paths are texts or bytes, alone or with a git mode. A later tag is a later commit, by an hour.
"""

import json
import os
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

FIRST_TIME = 1_645_567_342  # 2022-02-22 22:02:22 UTC
HOUR = 3600
FILE, EXECUTABLE, DIRECTORY, SYMLINK, SUBMODULE = 0o100644, 0o100755, 0o40000, 0o120000, 0o160000
PERSON = "Test <test@example.org>"
NO_COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Symlink:
    """A symbolic link in a tree."""

    target: str


@dataclass(frozen=True)
class Submodule:
    """A commit of another repository in a tree."""

    commit: str = NO_COMMIT


TreePath: TypeAlias = str | bytes | tuple[str | bytes, int]
Content: TypeAlias = str | bytes | Symlink | Submodule
Tree: TypeAlias = Mapping[Any, Content]  # keys are `TreePath`; a mapping's key type takes no subtypes
TreeEntry: TypeAlias = tuple[int, bytes, str]  # mode, name, 40 hex digits


def package(name: str, version: str | None = None, **more: Any) -> str:
    """Give the text of a composer.json; an underscore in a key stands for a dash."""
    said = {"version": version} if version else {}
    return json.dumps({"name": name, **said, **{key.replace("_", "-"): value for key, value in more.items()}})


def git(path: Path, *arguments: str, data: bytes = b"") -> bytes:
    """Run git in a repository and give what it prints."""
    command = ["git", f"--git-dir={path}", *arguments]
    ran = subprocess.run(command, input=data, capture_output=True, env=_environment(), check=False)
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    return ran.stdout


def make_repository(path: Path, tags: Mapping[str, Tree | str], *, annotated: Collection[str] = ()) -> Path:
    """Make a bare repository with one commit for each tag; a text instead of a tree names a tag before."""
    git(path, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(path))
    return add_tags(path, tags, annotated=annotated)


def add_tags(path: Path, tags: Mapping[str, Tree | str], *, annotated: Collection[str] = ()) -> Path:
    """Add tags to a repository; one that is there already is moved."""
    if not tags:
        return path
    time = FIRST_TIME + HOUR * int(git(path, "rev-list", "--all", "--count"))
    parts: list[bytes] = []
    commits: dict[str, str] = {}
    for name, tree in tags.items():
        if isinstance(tree, str):
            commits[name] = commits.get(tree) or object_id(path, f"refs/tags/{tree}^0")
        else:
            time += HOUR
            commits[name] = f":{time}"
            parts.append(_commit(time, tree))
        parts.append(_tag(name, commits[name], time, annotated=name in annotated))
    git(path, "fast-import", "--quiet", "--force", data=b"".join(parts))
    return path


def blob(path: Path, content: str | bytes) -> str:
    """Store a blob and give its id."""
    return _stored(path, "blob", _bytes(content))


def raw_tree(path: Path, entries: Iterable[TreeEntry]) -> str:
    """Store a tree as it is given, also one that git would never make."""
    rows = (f"{mode:o} ".encode() + name + b"\0" + bytes.fromhex(object_id) for mode, name, object_id in entries)
    return _stored(path, "tree", b"".join(rows))


def commit(path: Path, tree: str, *, time: int = FIRST_TIME) -> str:
    """Store a commit without parents and give its id."""
    person = f"{PERSON} {time} +0000"
    return _stored(path, "commit", f"tree {tree}\nauthor {person}\ncommitter {person}\n\ntest\n".encode())


def tag_object(path: Path, name: str, target: str, kind: str = "commit") -> str:
    """Store an annotated tag of any object and give its id; no ref leads to it yet."""
    head = f"object {target}\ntype {kind}\ntag {name}\ntagger {PERSON} {FIRST_TIME} +0000\n\n{name}\n"
    return _stored(path, "tag", head.encode())


def point(path: Path, tag: str, object_id: str) -> None:
    """Let a tag lead to any object that is there: a blob, a tree, another tag."""
    git(path, "update-ref", f"refs/tags/{tag}", object_id)


def object_id(path: Path, revision: str) -> str:
    """Give 40 hex digits for something like ``1.0.0^{tree}`` or ``1.0.0:src/a.php``."""
    return git(path, "rev-parse", "--verify", "--end-of-options", revision).decode().strip()


def make_loose(path: Path) -> None:
    """Unpack everything, so that single objects can be damaged."""
    packs = list((path / "objects/pack").glob("*.pack"))
    for pack in packs:
        content = pack.read_bytes()
        for part in pack.parent.glob(f"{pack.stem}.*"):
            part.unlink()
        git(path, "unpack-objects", "-q", data=content)


def corrupt(path: Path, object_id: str) -> None:
    """Damage the last byte of a loose object, as a bad disk would."""
    loose = _loose(path, object_id)
    content = loose.read_bytes()
    loose.chmod(0o644)
    loose.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def truncate(path: Path, object_id: str) -> None:
    """Cut a loose object in half."""
    loose = _loose(path, object_id)
    content = loose.read_bytes()
    loose.chmod(0o644)
    loose.write_bytes(content[: len(content) // 2])


def remove(path: Path, object_id: str) -> None:
    """Lose a loose object."""
    _loose(path, object_id).unlink()


def _loose(path: Path, object_id: str) -> Path:
    loose = path / "objects" / object_id[:2] / object_id[2:]
    assert loose.exists(), f"{object_id} is not loose; call make_loose first"
    return loose


def _stored(path: Path, kind: str, content: bytes) -> str:
    written = git(path, "hash-object", "-t", kind, "-w", "--stdin", "--literally", data=content)
    return written.decode().strip()


def _commit(time: int, tree: Tree) -> bytes:
    """Give a commit whose mark is its time."""
    head = f"commit refs/heads/main\nmark :{time}\ncommitter {PERSON} {time} +0000\ndata 0\ndeleteall\n"
    return head.encode() + b"".join(_change(key, content) for key, content in tree.items()) + b"\n"


def _change(key: TreePath, content: Content) -> bytes:
    path, mode = key if isinstance(key, tuple) else (key, FILE)
    if isinstance(content, Submodule):
        return f"M 160000 {content.commit} ".encode() + _quoted(path) + b"\n"
    if isinstance(content, Symlink):
        mode, content = SYMLINK, content.target
    data = _bytes(content)
    return f"M {mode:o} inline ".encode() + _quoted(path) + f"\ndata {len(data)}\n".encode() + data + b"\n"


def _tag(name: str, target: str, time: int, *, annotated: bool) -> bytes:
    if annotated:
        return f"tag {name}\nfrom {target}\ntagger {PERSON} {time} +0000\ndata 0\n\n".encode()
    return f"reset refs/tags/{name}\nfrom {target}\n\n".encode()


def _quoted(path: str | bytes) -> bytes:
    return b'"' + "".join(f"\\{byte:03o}" for byte in _bytes(path)).encode() + b'"'


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
