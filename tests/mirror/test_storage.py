"""Files below the data directory get there whole or not at all."""

import contextlib
import gzip
import hashlib
import multiprocessing
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirror.storage import (
    LISTING,
    DiskFullError,
    DistributionFiles,
    Listing,
    LockedError,
    Served,
    hash_file,
    locked,
    write_whole,
)
from tests.support.publications import lay_out

TIME = 1_645_567_342


@pytest.fixture
def files(tmp_path: Path) -> DistributionFiles:
    found = DistributionFiles(tmp_path, "shop")
    found.prepare()
    return found


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(directory)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a disk of its own can be mounted by root only")
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=True)


def served(files: DistributionFiles, content: bytes, time: int = TIME) -> Served:
    return Served(files.store(content), len(content), time)


def fill(directory: Path) -> None:
    with (directory / "filler").open("wb", buffering=0) as filler:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    filler.write(b"x" * size)


def paths_below(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir())


def test_preparing_makes_the_directories_and_clears_what_a_killed_process_left(files: DistributionFiles) -> None:
    digest = files.store(b"kept")
    (files.temporary / "123-4").write_text("half a dist")
    (files.publications / ".new-abc/p2").mkdir(parents=True)
    (files.stored(digest).parent / ".half.123").write_text("half")
    (files.root / ".current-9").symlink_to("publications/9")
    (files.dists / "packages").mkdir()
    (files.dists / "packages/a.zip").write_text("kept")
    files.prepare()
    assert paths_below(files.root) == [
        "dists/packages/a.zip",
        f"metadata/{digest[:2]}/{digest}",
        f"metadata/{digest[:2]}/{digest}.gz",
    ]
    assert list(files.temporary.iterdir()) == []


def test_a_dist_lies_below_the_dists(files: DistributionFiles) -> None:
    assert files.dist("packages/acme/a-1.0.0.zip") == files.dists / "packages/acme/a-1.0.0.zip"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "packages/../../x",
        "packages//x",
        "packages/./x",
        "x/",
        ".tmp/1",
        "a/.htaccess",
        "a\0b",
    ],
)
def test_a_path_that_leaves_the_dists_or_is_hidden_is_refused(files: DistributionFiles, path: str) -> None:
    with pytest.raises(ValueError, match="is not a path below the distribution"):
        files.dist(path)


def test_metadata_is_kept_by_its_digest_with_a_gzip_beside_it(files: DistributionFiles) -> None:
    content = b'{"packages":[]}' * 50
    digest = files.store(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert files.stored(digest).read_bytes() == content
    zipped = files.stored(digest).with_name(f"{digest}.gz").read_bytes()
    assert gzip.decompress(zipped) == content
    assert zipped[4:8] == bytes(4)  # no time, so that the same content gives the same bytes


def test_storing_again_writes_nothing(files: DistributionFiles) -> None:
    digest = files.store(b"text")
    before = files.stored(digest).stat()
    assert files.store(b"text") == digest
    after = files.stored(digest).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_publication_is_laid_out_with_contents_gzips_and_times(files: DistributionFiles) -> None:
    listing = Listing(1, {"packages.json": served(files, b"root"), "p2/acme/a.json": served(files, b"a", TIME + 5)})
    lay_out(files, listing)
    directory = files.publication(1)
    assert paths_below(directory) == [
        LISTING,
        "p2/acme/a.json",
        "p2/acme/a.json.gz",
        "packages.json",
        "packages.json.gz",
    ]
    assert (directory / "p2/acme/a.json").read_bytes() == b"a"
    for suffix in ("", ".gz"):
        assert int((directory / f"p2/acme/a.json{suffix}").stat().st_mtime) == TIME + 5
    assert files.listing(1) == listing
    assert [path.name for path in files.publications.iterdir()] == ["1"]


def test_a_file_that_is_stamped_is_linked_and_keeps_its_first_time(files: DistributionFiles) -> None:
    entry = served(files, b"root")
    files.stamp(entry.sha256, TIME)
    lay_out(files, Listing(1, {"packages.json": entry}))
    stored = files.stored(entry.sha256)
    assert (files.publication(1) / "packages.json").stat().st_ino == stored.stat().st_ino
    files.stamp(entry.sha256, TIME + 100)
    assert int(stored.stat().st_mtime) == TIME
    lay_out(files, Listing(2, {"packages.json": Served(entry.sha256, 4, TIME + 100)}))
    assert int((files.publication(2) / "packages.json").stat().st_mtime) == TIME + 100
    assert int((files.publication(1) / "packages.json").stat().st_mtime) == TIME


def test_a_publication_laid_out_again_is_whole_again(files: DistributionFiles) -> None:
    listing = Listing(1, {"packages.json": served(files, b"root")})
    lay_out(files, listing)
    (files.publication(1) / "packages.json").unlink()
    (files.publication(1) / "stray").write_text("x")
    lay_out(files, listing)
    assert paths_below(files.publication(1)) == [LISTING, "packages.json", "packages.json.gz"]


def test_a_publication_of_a_file_that_is_not_stored_appears_not_at_all(files: DistributionFiles) -> None:
    with pytest.raises(FileNotFoundError):
        lay_out(files, Listing(1, {"a": served(files, b"a"), "b": Served("0" * 64, 1, TIME)}))
    assert list(files.publications.iterdir()) == []


def test_everybody_may_read_a_publication_whatever_the_umask(files: DistributionFiles) -> None:
    lay_out(files, Listing(1, {"p2/acme/a.json": served(files, b"a")}))
    assert files.publication(1).stat().st_mode & 0o777 == 0o755


def test_the_switch_is_one_step_and_readers_see_the_old_or_the_new_one(files: DistributionFiles) -> None:
    assert files.current_number() is None
    for number in (1, 2):
        lay_out(files, Listing(number, {"packages.json": served(files, f"{number}".encode())}))
        files.switch(number)
        assert files.current_number() == number
        assert (files.current / "packages.json").read_bytes() == f"{number}".encode()
    files.switch(1)
    assert files.current_number() == 1
    assert [path.name for path in files.root.iterdir() if path.name.startswith(".")] == []


def test_a_link_that_a_killed_process_left_is_no_obstacle(files: DistributionFiles) -> None:
    (files.root / f".current-{os.getpid()}").symlink_to("nowhere")
    lay_out(files, Listing(1, {}))
    files.switch(1)
    assert files.current_number() == 1


def test_pruning_keeps_the_newest_and_the_one_that_is_served(files: DistributionFiles) -> None:
    for number in range(1, 12):
        lay_out(files, Listing(number, {"packages.json": served(files, b"root")}))
    files.switch(3)
    files.prune(2)
    assert sorted(int(path.name) for path in files.publications.iterdir()) == [3, 10, 11]
    assert (files.current / "packages.json").read_bytes() == b"root"


def test_pruning_more_than_there_is_removes_nothing(files: DistributionFiles) -> None:
    lay_out(files, Listing(1, {}))
    files.prune(5)
    assert files.listing(1) == Listing(1, {})


def test_a_listing_is_written_in_one_order_and_read_back() -> None:
    one, two = Served("1" * 64, 1, 2), Served("2" * 64, 3, 4)
    listing = Listing(7, {"b": two, "a": one}, ("z.zip", "a.zip"))
    assert listing.to_json() == Listing(7, {"a": one, "b": two}, ("a.zip", "z.zip")).to_json()
    assert Listing.from_json(listing.to_json()) == Listing(7, {"a": one, "b": two}, ("a.zip", "z.zip"))


def test_a_file_is_written_whole_over_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    write_whole(target, b"new")
    assert target.read_bytes() == b"new"
    assert paths_below(tmp_path) == ["file"]


def test_a_full_disk_is_named_and_the_old_file_is_there_still(tiny_disk: Path) -> None:
    target = tiny_disk / "file"
    target.write_bytes(b"old")
    with pytest.raises(DiskFullError, match="no space left on the disk while writing file; free some and build again"):
        write_whole(target, bytes(200_000))
    assert target.read_bytes() == b"old"
    assert paths_below(tiny_disk) == ["file"]


def test_metadata_that_does_not_fit_leaves_nothing_that_looks_stored(tiny_disk: Path) -> None:
    files = DistributionFiles(tiny_disk, "s")
    files.prepare()
    content = os.urandom(100_000)
    with pytest.raises(DiskFullError):
        files.store(content)
    assert not files.stored(hashlib.sha256(content).hexdigest()).exists()
    assert [path for path in paths_below(files.metadata) if not path.endswith(".gz")] == []


def test_a_publication_that_does_not_fit_is_named_and_the_served_one_stays(tiny_disk: Path) -> None:
    files = DistributionFiles(tiny_disk, "s")
    files.prepare()
    entry = served(files, b"root")
    lay_out(files, Listing(1, {"packages.json": entry}))
    files.switch(1)
    fill(tiny_disk)
    with pytest.raises(DiskFullError):
        lay_out(files, Listing(2, {f"p2/acme/{n}.json": entry for n in range(50)}))
    assert [path.name for path in files.publications.iterdir()] == ["1"]
    assert (files.current / "packages.json").read_bytes() == b"root"


def test_another_fault_of_the_disk_is_not_called_a_full_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "gone/file", b"x")


def try_to_lock(path: Path, answers: "multiprocessing.Queue[str]") -> None:
    try:
        with locked(path, "the second", wait=False):
            answers.put("got it")
    except LockedError as error:
        answers.put(f"held by {error.holder}")


def ask_from_another_process(path: Path) -> str:
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    process = context.Process(target=try_to_lock, args=(path, answers))
    process.start()
    answer = answers.get(timeout=300)
    process.join()
    return str(answer)


def test_a_lock_is_held_by_one_and_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "locks/shop.lock"
    with locked(path, "a build (process 5)", wait=False):
        assert ask_from_another_process(path) == "held by a build (process 5)"
    assert ask_from_another_process(path) == "got it"


def test_a_lock_is_free_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "shop.lock"
    with pytest.raises(RuntimeError), locked(path, "first", wait=False):
        raise RuntimeError
    assert ask_from_another_process(path) == "got it"


def test_a_lock_that_nobody_has_named_is_held_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "shop.lock"
    with (
        locked(path, "", wait=False),
        pytest.raises(LockedError, match="another process"),
        locked(path, "x", wait=False),
    ):
        pass


def test_a_file_is_hashed_in_one_go(tmp_path: Path) -> None:
    content = os.urandom((1 << 20) + 7)
    (tmp_path / "file").write_bytes(content)
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    assert hash_file(tmp_path / "file") == (sha1, hashlib.sha256(content).hexdigest(), len(content))
