"""Clones of repositories with texts, and the collections that are read from them."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from docs_hub.models import Collection, Run
from docs_hub.syncing import sync
from tests.support.repositories import (
    FIRST_TIME,
    HOUR,
    PERSON,
    Content,
    Tree,
    add_tags,
    git,
    make_repository,
    object_id,
)

POSTS, BLOG, PAGES = "src/data/post", "src/pages/blog", "docs"
HOST = "https://github.com/example"


@dataclass(slots=True)
class Clones:
    """A directory of clones, as ``--sources`` takes it."""

    directory: Path
    commits: int = 0

    def commit(self, name: str, files: Tree) -> Path:
        """Make these the files of a repository, and no others, by a commit on top of what it has."""
        self.commits += 1
        path, tree = self.directory / name, {f"c{self.commits}": files}
        if not path.exists():
            return make_repository(path, tree)
        parent = object_id(path, "main")
        add_tags(path, tree)
        person = f"{PERSON} {FIRST_TIME + HOUR * self.commits} +0000"
        lines = f"tree {object_id(path, 'main^{tree}')}\nparent {parent}\nauthor {person}\ncommitter {person}\n\ntest\n"
        made = git(path, "hash-object", "-t", "commit", "-w", "--stdin", data=lines.encode())
        git(path, "update-ref", "refs/heads/main", made.decode().strip())
        return path

    def posts(self, files: Mapping[str, Content], name: str = "posts") -> None:
        """Make these the posts of a repository of the newer layout, by the names of their files."""
        self.commit(name, {f"{POSTS}/{path}": content for path, content in files.items()})

    def sync(self, *collections: Collection, **options: Any) -> list[Run]:
        return sync(collections, sources=self.directory, **options)

    def report(self, collection: Collection, **options: Any) -> dict[str, Any]:
        """Sync a collection that can be read, and give its report."""
        (run,) = self.sync(collection, **options)
        assert (run.state, run.failure) == (Run.State.SUCCEEDED, "")
        report: dict[str, Any] = run.report
        return report


def updates_of(name: str = "posts", **fields: Any) -> Collection:
    usual = {"kind": Collection.Kind.UPDATES, "repository": f"{HOST}/{name}", "path": POSTS, "title": name.title()}
    return Collection.objects.create(slug=name, **{**usual, **fields})


def pages_of(name: str = "handbook", **fields: Any) -> Collection:
    return updates_of(name, **{"kind": Collection.Kind.PAGES, "path": PAGES, **fields})


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 4), colour: str = "red", **options: Any) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind, **options)
    return written.getvalue()


def codes(report: dict[str, Any], path: str, level: str = "warnings") -> list[str]:
    """Give the codes of what a report says of a file."""
    return [code for code, _, _ in report[level].get(path, [])]
