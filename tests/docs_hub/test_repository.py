"""Repositories of texts: read at one commit, whatever is in them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from docs_hub.repository import RepositoryError, Snapshot, found_in, name_of
from tests.support import repositories
from tests.support.clones import Clones
from tests.support.repositories import FIRST_TIME, HOUR, Submodule, Symlink, git, make_loose, object_id


@pytest.fixture
def snapshot(clones: Clones) -> Snapshot:
    tree: dict[Any, Any] = {
        "docs/a.md": "A", "docs/b/C.MD": "C", "docs/run.sh": "x", ("docs/run.md", 0o100755): "R", "docs.md": "no",
        "docs/link.md": Symlink("a.md"), "docs/sub.md": Submodule(), "docs/ü \n.md": "Ü", b"docs/\xff.md": "F",
    }  # fmt: skip
    return Snapshot(clones.commit("handbook", tree))


def test_it_lists_files_below_a_folder_and_nothing_that_is_none(snapshot: Snapshot) -> None:
    paths = [blob.path for blob in snapshot.files("/docs/", (".md",))]
    assert paths == ["docs/a.md", "docs/b/C.MD", "docs/run.md", "docs/ü \n.md", "docs/\udcff.md"]
    assert len(list(snapshot.files(""))) == 7
    assert list(snapshot.files("none")) == list(snapshot.files("docs/a.md")) == []


@pytest.mark.parametrize(
    ("path", "there"),
    [("docs", True), ("docs/b/", True), ("", True), ("docs/a.md", False), ("none", False), ("..", False)],
)
def test_it_knows_its_folders(snapshot: Snapshot, path: str, there: bool) -> None:
    assert snapshot.has(path) == there


@pytest.mark.parametrize(
    "path", ["docs/none.md", "docs", "docs/link.md", "docs/sub.md", "../x", "", "/", "docs/a.md/x"]
)
def test_it_finds_files_only(snapshot: Snapshot, path: str) -> None:
    assert snapshot.find(path) is None


def test_it_reads_no_more_than_asked_for(snapshot: Snapshot) -> None:
    found = snapshot.find("docs/a.md")
    assert found
    assert (snapshot.read(found, 100), snapshot.read(found, 0)) == (b"A", b"")


def test_it_says_when_files_were_added_and_changed(clones: Clones) -> None:
    clones.commit("handbook", {"docs/a.md": "A", "docs/1700000000": "x", "b.md": "B"})
    path = clones.commit("handbook", {"docs/a.md": "AA", "docs/1700000000": "x", "b.md": "B"})
    first, second = (datetime.fromtimestamp(FIRST_TIME + HOUR * number, UTC) for number in (1, 2))
    days = Snapshot(path).days("docs", 60)
    assert days == {"docs/a.md": (first, second), "docs/1700000000": (first, first)}
    assert "b.md" in Snapshot(path).days("", 60)


def test_a_damaged_clone_is_said(clones: Clones) -> None:
    path = clones.commit("handbook", {"docs/a.md": "A"})
    snapshot = Snapshot(path)
    found = snapshot.find("docs/a.md")
    assert found
    make_loose(path)
    repositories.remove(path, found.id)
    with pytest.raises(RepositoryError, match="docs/a.md cannot be read: the clone is damaged"):
        snapshot.read(found, 10)


def test_branches_are_taken_by_name_and_main_is_usual(clones: Clones) -> None:
    path = clones.commit("handbook", {"a.md": "A"})
    git(path, "branch", "next", "main")
    clones.commit("handbook", {"a.md": "B"})
    assert Snapshot(path, "next").commit == object_id(path, "next")
    assert Snapshot(path).commit == object_id(path, "main")
    with pytest.raises(RepositoryError, match="no branch none; there are main, next"):
        Snapshot(path, "none")


def test_an_empty_repository_and_none_are_said(tmp_path: Path) -> None:
    git(tmp_path / "empty", "init", "--quiet", "--bare", "--template=", str(tmp_path / "empty"))
    with pytest.raises(RepositoryError, match="empty cannot be read"):
        Snapshot(tmp_path / "empty")
    with pytest.raises(RepositoryError, match="none is not a git repository"):
        Snapshot(tmp_path / "none")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/mage-os/site.git", "mage-os+site"),
        ("https://github.com/../../etc", "etc"),
        ("https://github.com/", "repository"),
        ("https://github.com/a/b/c", "b+c"),
    ],
)
def test_a_clone_is_called_by_owner_and_name(url: str, name: str) -> None:
    assert name_of(url) == name


@pytest.mark.parametrize("name", ["example+site", "example+site.git", "site", "site.git"])
def test_a_clone_is_found_under_its_usual_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert found_in(tmp_path, "https://github.com/example/site.git") == tmp_path / name
    with pytest.raises(RepositoryError, match="has no clone of https://github.com/example/other; expected other"):
        found_in(tmp_path, "https://github.com/example/other")
