"""Archives are, to the byte, what the tool that Mage-OS published with makes of the same files."""

import base64
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.archive import (
    EMPTIED_FOLDER,
    EXECUTABLE,
    FILE,
    FOLDER,
    MOST_ENTRIES,
    ArchiveTooLargeError,
    Slot,
    central_record,
    end_record,
    local_record,
    slots_of,
)
from mirror.git import Objects
from mirror.making import Made, Maker, Task
from mirror.rewriting import Edits
from tests.support.repositories import make_repository, object_id

VECTORS = Path(__file__).parent / "vectors" / "archive.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_bytes())["cases"]

paths = st.lists(st.sampled_from(["a", "B", "b", "c-d", "c_d", "é", "10"]), min_size=1, max_size=4).map("/".join)


def archive_of(case: Mapping[str, Any], tmp_path: Path) -> bytes:
    """Make the dist of a vector: its files come from git, its composer.json is written anew."""
    tree = {(path, 0o100755 if executable else 0o100644): text for path, executable, text in case["files"]}
    repository = make_repository(tmp_path / "library", {"1.0.0": {**tree, "composer.json": case["composer"]}})
    target = tmp_path / "dist.zip"
    task = Task(
        key=0,
        name="acme/x",
        version="1.0.0",
        target=str(target),
        dir="",
        tree=object_id(repository, "1.0.0^{tree}"),
        exclude=("composer.json",),
        composer=object_id(repository, "1.0.0:composer.json"),
        edits=Edits("1.0.0"),
        emptied=tuple(case["emptied"]),
    )
    with Objects(repository) as objects:
        (made,) = Maker(objects, tmp_path).make_group((task,))
    assert isinstance(made, Made)
    content = target.read_bytes()
    assert (made.size, made.sha256) == (len(content), sha256(content))
    return content


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entries_of(content: bytes) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.infolist()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_an_archive_has_the_bytes_that_the_published_tool_gives_it(case: dict[str, Any], tmp_path: Path) -> None:
    content = archive_of(case, tmp_path)
    assert (len(content), sha256(content)) == (case["size"], case["sha256"])


def test_the_smallest_archive_is_known_byte_by_byte(tmp_path: Path) -> None:
    assert archive_of(CASES[0], tmp_path) == base64.b64decode(CASES[0]["base64"])


def test_every_entry_is_stored_with_one_date_and_nothing_that_a_machine_could_change(tmp_path: Path) -> None:
    for entry in entries_of(archive_of(CASES[1], tmp_path)):
        assert entry.compress_type == zipfile.ZIP_STORED
        assert entry.date_time == (2022, 2, 22, 22, 2, 22)
        assert (entry.create_system, entry.create_version, entry.extract_version) == (3, 30, 10)
        assert (entry.flag_bits, entry.extra, entry.comment, entry.internal_attr) == (0, b"", b"", 0)


def test_permissions_carry_no_type_and_folders_have_the_mark_of_dos(tmp_path: Path) -> None:
    attributes = {entry.filename: entry.external_attr for entry in entries_of(archive_of(CASES[3], tmp_path))}
    assert attributes["bin/magento"] == 0o755 << 16
    assert attributes["composer.json"] == 0o644 << 16
    assert attributes["app/"] == 0o775 << 16 | 0x10
    assert attributes["app/code/Magento/"] == 0o755 << 16 | 0x10


def test_a_name_that_is_not_ascii_is_given_twice(tmp_path: Path) -> None:
    entry = next(e for e in entries_of(archive_of(CASES[2], tmp_path)) if e.filename == "ü.txt")
    name = "ü.txt".encode()
    assert entry.flag_bits == 0x0800
    assert entry.extra == struct.pack("<2sHBI", b"up", 5 + len(name), 1, zlib.crc32(name)) + name


def test_a_folder_stands_before_the_first_file_below_it() -> None:
    assert slots_of({"b/c/d": False, "a": True, "b/x": False}) == [
        Slot("a", EXECUTABLE),
        Slot("b/", FOLDER),
        Slot("b/c/", FOLDER),
        Slot("b/c/d", FILE),
        Slot("b/x", FILE),
    ]


def test_an_emptied_folder_that_holds_a_file_is_an_ordinary_folder() -> None:
    assert slots_of({"a/b": False}, ["a", "c"]) == [Slot("a/", FOLDER), Slot("a/b", FILE), Slot("c/", EMPTIED_FOLDER)]


def test_a_folder_is_not_repeated_where_the_order_leaves_it_and_comes_back() -> None:
    names = [slot.name for slot in slots_of({"a/b.x": False, "A/b.y": False, "a/b.z": False})]
    assert names == ["a/", "a/b.x", "A/", "A/b.y", "a/b.z"]


@given(st.dictionaries(paths, st.booleans(), max_size=12), st.lists(paths, max_size=3))
@settings(deadline=None)
def test_every_entry_occurs_once_and_below_folders_that_came_before(files: dict[str, bool], emptied: list[str]) -> None:
    names = [slot.name for slot in slots_of(files, emptied)]
    assert len(names) == len(set(names))
    assert set(files) <= set(names)
    for index, name in enumerate(names):
        folder = name.rstrip("/").rpartition("/")[0]
        assert not folder or f"{folder}/" in names[:index]


@given(st.dictionaries(paths, st.booleans(), max_size=12), st.lists(paths, max_size=3), st.randoms())
@settings(deadline=None)
def test_the_order_in_which_files_are_given_counts_for_nothing(
    files: dict[str, bool], emptied: list[str], random: Any
) -> None:
    shuffled = random.sample(sorted(files.items()), len(files))
    assert slots_of(dict(shuffled), reversed(emptied)) == slots_of(files, emptied)


def test_more_entries_than_the_format_counts_are_refused() -> None:
    assert end_record(MOST_ENTRIES, 0, 0)
    with pytest.raises(ArchiveTooLargeError, match="65536 entries"):
        end_record(MOST_ENTRIES + 1, 0, 0)


def test_an_archive_of_more_than_four_gibibytes_is_refused() -> None:
    with pytest.raises(ArchiveTooLargeError, match="4294967296 bytes"):
        end_record(1, 100, 2**32 - 100)


@pytest.mark.parametrize("number", [2**32, 2**40])
def test_an_entry_behind_the_first_four_gibibytes_is_refused_by_the_same_name(number: int) -> None:
    with pytest.raises(ArchiveTooLargeError):
        central_record(Slot("a", FILE), 0, 0, number)
    with pytest.raises(ArchiveTooLargeError):
        local_record("a", 0, number)


@pytest.mark.parametrize("name", ["a" * 65_536, "é" * 32_766], ids=["ascii", "with the second name"])
def test_a_name_that_is_longer_than_the_format_has_room_for_is_refused_by_the_same_name(name: str) -> None:
    with pytest.raises(ArchiveTooLargeError):
        local_record(name, 0, 0)
