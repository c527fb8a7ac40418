"""Dists are made from git objects alone: whole or not at all, and the same whatever was made before."""

import contextlib
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror.git import Objects
from mirror.making import Failed, Group, Made, Maker, Task, make_groups, read_message, write_message
from mirror.rewriting import Edits
from mirror.workforce import FEW, make_all
from tests.support.repositories import (
    FILE,
    NO_COMMIT,
    Submodule,
    Symlink,
    Tree,
    blob,
    corrupt,
    make_loose,
    make_repository,
    object_id,
    package,
    raw_tree,
    truncate,
)

COMPOSER = package("acme/library", "1.0.0")
ROOT = Path(__file__).parents[2]


def task_for(path: Path, tag: str, target: Path, *, key: int = 0, directory: str = "", **fields: Any) -> Task:
    start = f"{directory}/" if directory else ""
    defaults: dict[str, Any] = {
        "key": key,
        "name": "acme/library",
        "version": tag,
        "target": str(target),
        "dir": directory,
        "tree": object_id(path, f"{tag}:{directory}"),
        "exclude": ("composer.json", ".git/"),
        "composer": object_id(path, f"{tag}:{start}composer.json"),
        "edits": Edits(tag),
    }
    return Task(**{**defaults, **fields})


def make(path: Path, temporary: Path, *tasks: Task) -> list[Made | Failed]:
    temporary.mkdir(exist_ok=True)
    with Objects(path) as objects:
        return list(Maker(objects, temporary).make_group(tasks))


def make_one(path: Path, temporary: Path, task: Task) -> Made:
    (made,) = make(path, temporary, task)
    assert isinstance(made, Made), made
    return made


def contents_of(archive: Path | str) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def permissions_of(archive: Path | str) -> dict[str, int]:
    with zipfile.ZipFile(archive) as opened:
        return {entry.filename: entry.external_attr >> 16 for entry in opened.infolist()}


def library(path: Path, tree: Tree, composer: str = COMPOSER) -> Path:
    return make_repository(path / "library", {"1.0.0": {"composer.json": composer, **tree}})


def test_a_dist_holds_the_files_of_the_tree_and_a_composer_json_with_its_version(tmp_path: Path) -> None:
    path = library(tmp_path, {"src/a.php": "<?php", "empty": b""}, package("acme/library", "0.9.0", type="library"))
    made = make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "out/dist.zip"))
    contents = contents_of(tmp_path / "out/dist.zip")
    assert list(contents) == ["composer.json", "empty", "src/", "src/a.php"]
    assert contents["composer.json"] == b'{\n  "name": "acme/library",\n  "version": "1.0.0",\n  "type": "library"\n}'
    assert json.loads(made.metadata) == {"name": "acme/library", "type": "library"}
    assert made.warnings == ()


def test_what_is_said_of_a_dist_is_true_of_its_bytes(tmp_path: Path) -> None:
    path = library(tmp_path, {"large": bytes(3 << 20), "small": "x"})
    made = make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip"))
    content = (tmp_path / "dist.zip").read_bytes()
    assert (made.size, made.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert made.sha1 == hashlib.sha1(content, usedforsecurity=False).hexdigest()
    assert list((tmp_path / "t").iterdir()) == []


def test_a_package_in_a_directory_has_its_files_at_the_root(tmp_path: Path) -> None:
    path = library(tmp_path, {"app/A/composer.json": COMPOSER, "app/A/x/y": "1", "app/B/z": "2", "top": "3"})
    make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip", directory="app/A"))
    assert list(contents_of(tmp_path / "dist.zip")) == ["composer.json", "x/", "x/y"]


def test_excludes_are_prefixes_of_paths_in_the_repository(tmp_path: Path) -> None:
    path = library(tmp_path, {"p/composer.json": COMPOSER, "p/dev/a": "", "p/developer": "", "p/Sub/b": "", "p/c": ""})
    exclude = ("p/dev", "p/Sub/", "c")
    make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip", directory="p", exclude=exclude))
    assert list(contents_of(tmp_path / "dist.zip")) == ["c", "composer.json"]


def test_attributes_and_ignore_files_in_the_tree_change_nothing(tmp_path: Path) -> None:
    tree = {".gitattributes": "a export-ignore\n* text eol=crlf\nb ident", ".gitignore": "*", "a": "1\n", "b": "$Id$"}
    path = library(tmp_path, tree)
    make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip"))
    contents = contents_of(tmp_path / "dist.zip")
    assert {name: contents[name].decode() for name in tree} == tree


def test_symlinks_and_submodules_are_left_out_with_a_warning_that_names_them(tmp_path: Path) -> None:
    path = library(tmp_path, {"src/link": Symlink("../../../etc/passwd"), "lib": Submodule(), "src/a": "1"})
    made = make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip"))
    assert list(contents_of(tmp_path / "dist.zip")) == ["composer.json", "src/", "src/a"]
    assert sorted(made.warnings) == [
        ("submodule-left-out", "lib is a submodule and was left out"),
        ("symlink-left-out", "src/link is a symlink and was left out"),
    ]


def test_a_path_that_is_not_utf8_is_left_out_with_a_warning(tmp_path: Path) -> None:
    path = library(tmp_path, {b"src/\xff.php": "1", b"src/\xc3\xa9.php": "2"})
    made = make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip"))
    assert list(contents_of(tmp_path / "dist.zip")) == ["composer.json", "src/", "src/é.php"]
    assert [code for code, _ in made.warnings] == ["path-not-utf8"]
    assert r"\xff.php" in made.warnings[0][1]


def test_paths_that_differ_by_case_are_kept_with_a_warning(tmp_path: Path) -> None:
    path = library(tmp_path, {"src/Test.php": "1", "src/test.php": "2"})
    made = make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip"))
    assert {"src/Test.php", "src/test.php"} <= set(contents_of(tmp_path / "dist.zip"))
    assert [code for code, _ in made.warnings] == ["paths-differ-by-case"]
    assert "src/Test.php" in made.warnings[0][1]
    assert "src/test.php" in made.warnings[0][1]


def test_the_executable_bit_comes_from_the_tree_and_from_nowhere_else(tmp_path: Path) -> None:
    tree = {("bin/a", 0o100755): "#!", "bin/b": "#!", ("composer.json", 0o100755): COMPOSER}
    path = make_repository(tmp_path / "library", {"1.0.0": tree})
    mask = os.umask(0o077)
    try:
        make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip"))
    finally:
        os.umask(mask)
    assert permissions_of(tmp_path / "dist.zip") == {
        "bin/": 0o775,
        "bin/a": 0o755,
        "bin/b": 0o644,
        "composer.json": 0o644,
    }


def test_a_mode_that_git_used_to_write_is_not_executable(tmp_path: Path) -> None:
    path = library(tmp_path, {})
    rows = [(0o100664, b"a", blob(path, "1")), (FILE, b"composer.json", blob(path, COMPOSER))]
    task = task_for(path, "1.0.0", tmp_path / "dist.zip", tree=raw_tree(path, rows))
    make_one(path, tmp_path / "t", task)
    assert permissions_of(tmp_path / "dist.zip")["a"] == 0o644


def test_a_metapackage_is_its_composer_json_alone(tmp_path: Path) -> None:
    path = library(tmp_path, {"src/a": "1"})
    make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip", tree=""))
    assert list(contents_of(tmp_path / "dist.zip")) == ["composer.json"]


def test_a_derived_composer_json_is_written_as_it_is_with_extra_files_beside_it(tmp_path: Path) -> None:
    path = library(tmp_path, {})
    extra = ((".gitignore", blob(path, "/vendor")),)
    derived = '{"name":"acme/project","version":"1.0.0"}'
    task = task_for(
        path, "1.0.0", tmp_path / "dist.zip", tree="", composer="", edits=None, derived=derived, extra=extra
    )
    make_one(path, tmp_path / "t", task)
    assert contents_of(tmp_path / "dist.zip") == {
        ".gitignore": b"/vendor",
        "composer.json": b'{\n  "name": "acme/project",\n  "version": "1.0.0"\n}',
    }


def test_a_replaced_file_keeps_its_bit_and_gets_the_other_content(tmp_path: Path) -> None:
    path = library(tmp_path, {("bin/a", 0o100755): "old", "b": "old"})
    extra = (("bin/a", blob(path, "new")), ("b", blob(path, "newer")))
    make_one(path, tmp_path / "t", task_for(path, "1.0.0", tmp_path / "dist.zip", extra=extra))
    contents = contents_of(tmp_path / "dist.zip")
    assert (contents["bin/a"], contents["b"]) == (b"new", b"newer")
    assert permissions_of(tmp_path / "dist.zip")["bin/a"] == 0o755


@pytest.mark.parametrize("name", [b"..", b".", b"", b"a/b", b"../x", b"a\\b", b"..\\..\\x", b"/x"])
def test_a_name_that_would_leave_the_package_is_refused(tmp_path: Path, name: bytes) -> None:
    path = library(tmp_path, {})
    content = blob(path, "evil")
    trees = [raw_tree(path, [(FILE, name, content)])]
    trees.append(raw_tree(path, [(0o40000, name, raw_tree(path, [(FILE, b"x", content)]))]))
    good = task_for(path, "1.0.0", tmp_path / "good.zip", key=2)
    tasks = [replace(good, key=n, tree=tree, target=str(tmp_path / f"{n}.zip")) for n, tree in enumerate(trees)]
    results = make(path, tmp_path / "t", *tasks, good)
    assert [type(result) for result in results] == [Failed, Failed, Made]
    assert [result.code for result in results if isinstance(result, Failed)] == ["path-unsafe"] * 2
    assert sorted(p.name for p in tmp_path.glob("*.zip")) == ["good.zip"]


def test_a_tree_a_thousand_levels_deep_costs_its_own_dist_only(tmp_path: Path) -> None:
    path = make_repository(
        tmp_path / "library", {"1.0.0": {"composer.json": COMPOSER}, "deep": {"d/" * 1500 + "x": ""}}
    )
    tree = object_id(path, "deep^{tree}")
    good = task_for(path, "1.0.0", tmp_path / "good.zip", key=1)
    results = make(path, tmp_path / "t", replace(good, key=0, tree=tree, target=str(tmp_path / "deep.zip")), good)
    assert isinstance(results[1], Made)


def test_a_name_too_long_for_a_zip_costs_its_own_dist_only(tmp_path: Path) -> None:
    path = library(tmp_path, {})
    tree = raw_tree(path, [(FILE, b"n" * 70_000, blob(path, "x"))])
    good = task_for(path, "1.0.0", tmp_path / "good.zip", key=1)
    bad, made = make(path, tmp_path / "t", replace(good, key=0, tree=tree, target=str(tmp_path / "bad.zip")), good)
    assert isinstance(bad, Failed)
    assert bad.code == "too-large"
    assert isinstance(made, Made)


@pytest.mark.parametrize("damage", [corrupt, truncate])
def test_a_damaged_object_costs_its_own_dist_only_and_leaves_nothing(tmp_path: Path, damage: Any) -> None:
    tags: dict[str, Tree | str] = {
        f"1.{n}.0": {"composer.json": COMPOSER, "a": f"text {n}" * 50, "b": "same"} for n in range(3)
    }
    path = make_repository(tmp_path / "library", tags)
    make_loose(path)
    tasks = [task_for(path, f"1.{n}.0", tmp_path / f"{n}.zip", key=n) for n in range(3)]
    damaged = object_id(path, "1.1.0:a")
    damage(path, damaged)
    first, second, third = make(path, tmp_path / "t", *tasks)
    assert isinstance(first, Made)
    assert isinstance(second, Failed)
    assert (second.key, second.code) == (1, "object-unreadable")
    assert damaged in second.sentence
    assert isinstance(third, Made)
    assert contents_of(tmp_path / "2.zip")["a"] == b"text 2" * 50
    assert sorted(p.name for p in tmp_path.glob("*.zip")) == ["0.zip", "2.zip"]
    assert list((tmp_path / "t").iterdir()) == []


def test_a_missing_tree_or_composer_json_is_a_named_failure(tmp_path: Path) -> None:
    path = library(tmp_path, {})
    good = task_for(path, "1.0.0", tmp_path / "x.zip")
    results = make(path, tmp_path / "t", replace(good, tree=NO_COMMIT), replace(good, composer=NO_COMMIT))
    assert [result.code for result in results if isinstance(result, Failed)] == ["object-unreadable"] * 2
    assert not (tmp_path / "x.zip").exists()


def test_a_tree_that_is_no_tree_is_a_named_failure(tmp_path: Path) -> None:
    path = library(tmp_path, {})
    tree = raw_tree(path, [(0o40000, b"src", blob(path, "no tree"))])
    good = task_for(path, "1.0.0", tmp_path / "x.zip")
    (failed,) = make(path, tmp_path / "t", replace(good, tree=tree))
    assert isinstance(failed, Failed)
    assert failed.code == "object-unreadable"


names = st.sampled_from(["a", "B", "b.php", "é", "7", "c/d", "c/e/f", "c-d", "x/y", "x/z/1"])
trees = st.dictionaries(names, st.tuples(st.booleans(), st.sampled_from(["", "one", "two", "three" * 9])), max_size=8)


@given(st.lists(st.tuples(trees, st.sampled_from(["", "lib"])), min_size=2, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_made_before_changes_no_byte(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[dict[str, tuple[bool, str]], str]]
) -> None:
    """A version copied in part from the version before is the same as one made alone."""
    here = tmp_path_factory.mktemp("history")
    tags: dict[str, Tree | str] = {}
    for number, (tree, _) in enumerate(history):
        files = {(name, 0o100755 if executable else FILE): text for name, (executable, text) in tree.items()}
        tags[f"1.{number}.0"] = {"composer.json": package("acme/library", type=f"t{number % 2}"), **files}
    path = make_repository(here / "library", tags)
    tasks = [
        task_for(path, tag, here / f"{tag}.zip", key=n, emptied=tuple(filter(None, [history[n][1]])))
        for n, tag in enumerate(tags)
    ]
    together = make(path, here / "t", *tasks)
    alone = [make_one(path, here / "t", replace(task, target=f"{task.target}.alone")) for task in tasks]
    assert together == alone
    for task in tasks:
        assert Path(task.target).read_bytes() == Path(f"{task.target}.alone").read_bytes()


def test_a_failure_in_between_does_not_spoil_what_is_copied_later(tmp_path: Path) -> None:
    tags: dict[str, Tree | str] = {
        f"1.{n}.0": {"composer.json": COMPOSER, "a": "same", "b": f"{n}", "c": "same too"} for n in range(3)
    }
    path = make_repository(tmp_path / "library", tags)
    tasks = [task_for(path, f"1.{n}.0", tmp_path / f"{n}.zip", key=n) for n in range(3)]
    tasks[1] = replace(tasks[1], tree=NO_COMMIT)
    results = make(path, tmp_path / "t", *tasks)
    assert results[2] == make_one(path, tmp_path / "t", replace(tasks[2], target=str(tmp_path / "alone.zip")))


def test_the_number_of_processes_changes_no_byte(tmp_path: Path) -> None:
    tags: dict[str, Tree | str] = {
        f"1.{n}.0": {"composer.json": COMPOSER, "a": "same", "b": f"{n}"} for n in range(FEW + 2)
    }
    path = make_repository(tmp_path / "library", tags)
    (tmp_path / "t").mkdir()
    tasks = [task_for(path, tag, tmp_path / f"{tag}.zip", key=n) for n, tag in enumerate(tags)]
    found = []
    for jobs in (1, 2):
        groups = [Group(str(path), str(tmp_path / "t"), tuple(tasks[n::3])) for n in range(3)]
        results = [result for group in make_all(groups, jobs) for result in group]
        found.append(sorted(results, key=lambda result: result.key))
        assert all(isinstance(result, Made) for result in results)
    assert found[0] == found[1]


def test_groups_of_several_repositories_are_made_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    groups = []
    for n in range(3):
        path = make_repository(tmp_path / f"r{n}", {"1.0.0": {"composer.json": COMPOSER, "a": f"{n}"}})
        task = task_for(path, "1.0.0", tmp_path / f"{n}.zip", key=n)
        groups.append(Group(str(path), str(tmp_path / "t"), (task,)))
    results = list(make_groups(iter([*groups, groups[0]])))
    assert [[result.key for result in group] for group in results] == [[0], [1], [2], [0]]
    assert contents_of(tmp_path / "2.zip")["a"] == b"2"


def test_a_message_through_a_pipe_comes_out_as_it_went_in() -> None:
    stream = io.BytesIO()
    messages = [Group("a", "b", ()), [Failed(1, "code", "sentence")], [Made(1, "x", "y", 3, "{}")]]
    for message in messages:
        write_message(stream, message)
    stream.seek(0)
    assert [read_message(stream) for _ in messages] == messages
    assert read_message(stream) is None


def test_half_a_message_is_the_end_of_a_pipe() -> None:
    stream = io.BytesIO()
    write_message(stream, "x" * 100)
    for length in (0, 3, 8, 50):
        assert read_message(io.BytesIO(stream.getvalue()[:length])) is None


def test_a_child_that_dies_costs_its_group_only(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = library(tmp_path, {"a": "1"})
    (tmp_path / "t").mkdir()
    tasks = [task_for(path, "1.0.0", tmp_path / f"{n}.zip", key=n) for n in range(FEW + 1)]
    deadly = replace(tasks[0], key=99, edits=None, composer="", derived="[]")
    groups = [Group(str(path), str(tmp_path / "t"), part) for part in ((deadly, tasks[0]), *((t,) for t in tasks[1:]))]
    results = [result for group in make_all(groups, 2) for result in group]
    assert "Traceback" in capfd.readouterr().err
    failed = {result.key: result for result in results if isinstance(result, Failed)}
    assert sorted(failed) == [0, 99]
    assert failed[99].code == "maker-died"
    assert "ended with status 1" in failed[99].sentence
    assert len(results) == FEW + 2


def test_children_are_gone_when_nobody_wants_the_rest(tmp_path: Path) -> None:
    path = library(tmp_path, {"a": "1"})
    (tmp_path / "t").mkdir()
    tasks = [task_for(path, "1.0.0", tmp_path / f"{n}.zip", key=n) for n in range(FEW + 1)]
    results = make_all([Group(str(path), str(tmp_path / "t"), (task,)) for task in tasks], 2)
    assert isinstance(results, Generator)
    assert len(next(results)) == 1
    results.close()
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for c in children for pid in c.read_text().split()]
    assert not [command for command in commands if b"mirror.making" in command]


def test_a_child_ends_when_nobody_talks_to_it_any_more() -> None:
    command = [sys.executable, "-c", "from mirror.making import main; main()"]
    ran = subprocess.run(command, input=b"", capture_output=True, cwd=ROOT, timeout=300, check=True)
    assert ran.stdout == b""


@contextlib.contextmanager
def tiny_disk(directory: Path) -> Iterator[Path]:
    """Give a disk of 256 KiB, where the system lets us have one."""
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", directory], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a disk of its own can be mounted by root only")
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=True)


def test_a_full_disk_is_named_and_leaves_nothing_of_the_dist(tmp_path: Path) -> None:
    tags: dict[str, Tree | str] = {
        "1.0.0": {"composer.json": COMPOSER, "a": "small"},
        "1.1.0": {"composer.json": COMPOSER, "a": "small", **{f"f{n}": f"{n}" * 4_000 for n in range(450)}},
        "1.2.0": {"composer.json": COMPOSER, "a": "small", "z": "other"},
    }
    path = make_repository(tmp_path / "library", tags)
    with tiny_disk(tmp_path / "disk") as disk:
        tasks = [task_for(path, tag, disk / f"out/{tag}.zip", key=n) for n, tag in enumerate(tags)]
        results = make(path, disk / "t", *tasks)
        assert [type(result) for result in results] == [Made, Failed, Made]
        assert results[1] == Failed(1, "disk-full", "no space left on the disk")
        assert sorted(p.name for p in (disk / "out").iterdir()) == ["1.0.0.zip", "1.2.0.zip"]
        assert list((disk / "t").iterdir()) == []
        assert contents_of(disk / "out/1.2.0.zip")["z"] == b"other"


def test_a_limit_on_the_size_of_files_is_named_like_a_full_disk(tmp_path: Path) -> None:
    path = library(tmp_path, {"a": bytes(200_000)})
    (tmp_path / "t").mkdir()
    group = Group(str(path), str(tmp_path / "t"), (task_for(path, "1.0.0", tmp_path / "dist.zip"),))
    stream = io.BytesIO()
    write_message(stream, group)
    ran = subprocess.run(
        [sys.executable, "-c", "from mirror.making import main; main()"],
        input=stream.getvalue(),
        capture_output=True,
        cwd=ROOT,
        timeout=300,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    (failed,) = read_message(io.BytesIO(ran.stdout))
    assert failed.code == "disk-full"
    assert not (tmp_path / "dist.zip").exists()


def test_a_name_too_long_for_the_file_system_costs_its_own_dist_only(tmp_path: Path) -> None:
    path = library(tmp_path, {})
    good = task_for(path, "1.0.0", tmp_path / "good.zip", key=1)
    bad, made = make(path, tmp_path / "t", replace(good, key=0, target=str(tmp_path / ("n" * 300 + ".zip"))), good)
    assert isinstance(bad, Failed)
    assert isinstance(made, Made)


def peak_of(path: Path, temporary: Path, tasks: list[Task]) -> int:
    with Objects(path) as objects:
        tracemalloc.start()
        try:
            for result in Maker(objects, temporary).make_group(tuple(tasks)):
                assert isinstance(result, Made)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_memory_grows_neither_with_the_number_of_versions_nor_with_what_they_hold_together(tmp_path: Path) -> None:
    def tree(version: int) -> Mapping[str, bytes | str]:
        files = {f"f{n}": bytes([n, version % 250]) * 20_000 for n in range(50)}
        return {"composer.json": COMPOSER, **files}

    tags = {f"1.{n}.0": tree(n) for n in range(12)}
    path = make_repository(tmp_path / "library", tags)
    (tmp_path / "t").mkdir()
    tasks = [task_for(path, tag, tmp_path / f"{tag}.zip", key=n) for n, tag in enumerate(tags)]
    few = peak_of(path, tmp_path / "t", tasks[:2])
    for task in tasks[:2]:
        Path(task.target).unlink()
    many = peak_of(path, tmp_path / "t", tasks)
    assert many < few * 1.2
    assert many < 8 << 20
