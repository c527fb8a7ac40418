import base64
import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirror.zips import Bounds, Examined, examine
from tests.support.packages import zipped

COMPOSER = '{"name": "acme/library"}'
LIBRARY = {"composer.json": COMPOSER}
# What Info-ZIP 3.0 packs with -fz: everything in the format for large archives, with its extra fields.
LARGE_FORMAT = (
    "UEsDBC0AAAAAAE0jd12onAKN//////////8NADAAY29tcG9zZXIuanNvblVUCQADccADa3HAA2t1eAsAAQQAAAAABAAAAAABABAA"
    "IQAAAAAAAAAhAAAAAAAAAHsibmFtZSI6ImEvYiIsInZlcnNpb24iOiIxLjAuMCJ9ClBLAQIeAy0AAAAAAE0jd12onAKNIQAAAP//"
    "//8NACQAAAAAAAEAAACkgQAAAABjb21wb3Nlci5qc29uVVQFAANxwANrdXgLAAEEAAAAAAQAAAAAAQAIACEAAAAAAAAAUEsGBiwA"
    "AAAAAAAAHgMtAAAAAAAAAAAAAQAAAAAAAAABAAAAAAAAAF8AAAAAAAAAfAAAAAAAAABQSwYHAAAAANsAAAAAAAAAAQAAAFBLBQYA"
    "AAAAAQABAF8AAAD/////AAA="
)


def look_at(directory: Path, content: bytes, bounds: Bounds | None = None) -> Examined:
    path = directory / "archive.zip"
    path.write_bytes(content)
    return examine(path, bounds)


def faults_of(directory: Path, content: bytes, bounds: Bounds | None = None) -> str:
    return "\n".join(look_at(directory, content, bounds).faults)


def entry(name: str, content: bytes = b"", **fields: int) -> bytes:
    """Make a zip with a composer.json and one entry whose fields are set by hand."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("composer.json"), COMPOSER)
        info = zipfile.ZipInfo("x" * len(name))
        for field, value in fields.items():
            setattr(info, field, value)
        archive.writestr(info, content)
    return buffer.getvalue().replace(b"x" * len(name), name.encode())


def flagged(flag: int) -> bytes:
    content = bytearray(zipped(LIBRARY))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        struct.pack_into("<H", content, content.index(signature) + offset, flag)
    return bytes(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_good_archive_has_no_faults_and_gives_its_composer_json(tmp_path: Path, method: int) -> None:
    found = look_at(tmp_path, zipped({**LIBRARY, "src/a.php": "<?php " * 1000, "ä.txt": ""}, method))
    assert found == Examined(COMPOSER.encode(), ())


def test_the_composer_json_of_the_single_top_folder_counts(tmp_path: Path) -> None:
    entries = {"library-1.0/composer.json": COMPOSER, "library-1.0/a.php": "", ".DS_Store": ""}
    assert look_at(tmp_path, zipped(entries)).composer == COMPOSER.encode()


@pytest.mark.parametrize("entries", [{"a.php": ""}, {"a/composer.json": COMPOSER, "b/composer.json": COMPOSER}, {}])
def test_without_a_composer_json_at_either_place_an_archive_is_refused(
    tmp_path: Path, entries: dict[str, str | bytes]
) -> None:
    assert "has no composer.json at its root" in faults_of(tmp_path, zipped(entries))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"<html>not found</html>", "is not a zip"),
        (zipped(LIBRARY)[:-30], "is cut short"),
        (zipped(LIBRARY)[:-1], "is not a zip|is cut short"),
        (zipped(LIBRARY)[5:], "is cut short or has bytes in front"),
        (b"#!/bin/sh\n" + zipped(LIBRARY), "is cut short or has bytes in front"),
        (zipped(LIBRARY) + b"more", "bytes behind its end"),
        (zipped(LIBRARY).replace(b"acme/library", b"evil/library"), "checksum is wrong"),
        (flagged(0x0001), "is encrypted"),
        (flagged(0x0041), "is encrypted"),
    ],
)
def test_what_is_no_whole_open_zip_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    assert any(part in faults_of(tmp_path, content) for part in fault.split("|"))


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_an_archive_cut_anywhere_is_refused(tmp_path: Path, cut: int) -> None:
    content = zipped({**LIBRARY, "a.php": "<?php"})
    assert faults_of(tmp_path, content[: len(content) * cut // 60])


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("/etc/passwd", "is absolute"),
        ("C:/a.php", "is absolute"),
        ("../a.php", "leads out of the package"),
        ("a/../../b.php", "leads out of the package"),
        ("a//b.php", "has an empty part"),
        ("./a.php", "has an empty part"),
        ("a\\b.php", "has a backslash"),
        ("a\0b.php", "has a control character"),
        ("a\nb.php", "has a control character"),
        ("a" * 256, "is too long"),
        ("a/" * 600 + "b", "is too long"),
        ("composer.json", "occurs twice"),
        ("composer.json/", "occurs twice"),
        ("composer.json/a", "is a file and a folder"),
    ],
)
def test_an_entry_at_a_place_that_harms_is_refused_by_name(tmp_path: Path, name: str, fault: str) -> None:
    found = faults_of(tmp_path, entry(name))
    assert fault in found
    assert ascii(name)[1:20] in found or "composer.json" in found


@pytest.mark.parametrize(
    ("kind", "fault"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFCHR, "device"), (stat.S_IFIFO, "device")]
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: int, fault: str) -> None:
    assert fault in faults_of(tmp_path, entry("link", b"/etc/passwd", external_attr=(kind | 0o777) << 16))


@pytest.mark.parametrize("kind", [0, stat.S_IFREG])
def test_regular_files_with_unix_modes_are_fine(tmp_path: Path, kind: int) -> None:
    assert not faults_of(tmp_path, entry("file", b"", external_attr=(kind | 0o755) << 16))


def test_the_name_that_only_some_programs_read_is_checked_too(tmp_path: Path) -> None:
    field = b"\1" + struct.pack("<I", zlib.crc32(b"a.php")) + b"../a.php"
    info = zipfile.ZipInfo("a.php")
    info.extra = struct.pack("<2H", 0x7075, len(field)) + field
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("composer.json"), COMPOSER)
        archive.writestr(info, "")
    assert "'../a.php' leads out of the package" in faults_of(tmp_path, buffer.getvalue())


def test_an_entry_that_calls_itself_otherwise_where_it_lies_is_refused(tmp_path: Path) -> None:
    content = zipped({**LIBRARY, "good.php": ""})
    start = content.index(b"good.php")
    assert "another one in the directory" in faults_of(tmp_path, content[:start] + b"evil.php" + content[start + 8 :])


def test_a_bomb_is_refused_before_it_is_inflated_to_its_end(tmp_path: Path) -> None:
    bounds = Bounds(ratio_from=1 << 20)
    content = zipped({**LIBRARY, "zeros": bytes(64 << 20)}, zipfile.ZIP_DEFLATED)
    assert "'zeros' unpacks to more than 200 times its size: a bomb" in faults_of(tmp_path, content, bounds)


def test_a_bomb_of_many_entries_is_refused(tmp_path: Path) -> None:
    entries: dict[str, str | bytes] = {**LIBRARY, **{str(number): bytes(1 << 20) for number in range(8)}}
    content = zipped(entries, zipfile.ZIP_DEFLATED)
    assert "the archive unpacks to more than" in faults_of(tmp_path, content, Bounds(ratio_from=2 << 20))


def test_a_bomb_whose_header_lies_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({**LIBRARY, "zeros": bytes(8 << 20)}, zipfile.ZIP_DEFLATED))
    local, central = content.rindex(b"PK\3\4"), content.rindex(b"PK\1\2")
    for place in (local + 22, central + 24):
        struct.pack_into("<I", content, place, 10)
    assert "unpacks to more than 200 times" in faults_of(tmp_path, bytes(content), Bounds(ratio_from=1 << 20))
    assert "has 8,388,608 bytes and claims 10" in faults_of(tmp_path, bytes(content))


def test_overlapping_entries_are_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({**LIBRARY, "a.php": "one", "b.php": "two"}))
    first, last = content.index(b"PK\1\2"), content.rindex(b"PK\1\2")
    second = content.index(b"PK\1\2", first + 1)
    content[last + 42 : last + 46] = content[second + 42 : second + 46]
    content[last + 46 : last + 51] = b"a.php"
    assert "overlaps" in faults_of(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("bounds", "fault"),
    [
        (Bounds(archive=100), "more than the 100 allowed"),
        (Bounds(unpacked=100), "unpacks to more than the 100 bytes allowed"),
        (Bounds(entries=2), "has 3 entries, more than the 2 allowed"),
        (Bounds(directory=50), "has a directory of"),
        (Bounds(composer=10), "composer.json has more than the 10 bytes"),
    ],
)
def test_the_bounds_hold(tmp_path: Path, bounds: Bounds, fault: str) -> None:
    assert fault in faults_of(tmp_path, zipped({**LIBRARY, "a": "a" * 100, "b": "b" * 100}), bounds)


def test_a_count_of_entries_that_lies_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({**LIBRARY, "a": ""}))
    end = content.rindex(b"PK\5\6")
    struct.pack_into("<2H", content, end + 8, 1, 1)
    assert "more in it than its end says" in faults_of(tmp_path, bytes(content))


def test_another_packing_method_is_refused_with_advice(tmp_path: Path) -> None:
    content = zipped(LIBRARY, zipfile.ZIP_LZMA)
    assert "packed by method 14; pack the archive with deflate" in faults_of(tmp_path, content)


def test_all_faults_are_told_but_not_without_end(tmp_path: Path) -> None:
    entries: dict[str, str | bytes] = {f"../{number}": "" for number in range(30)}
    found = look_at(tmp_path, zipped({**LIBRARY, **entries}))
    assert len(found.faults) == 21
    assert found.faults[-1] == "and 10 more faults"


def test_more_entries_than_the_old_format_counts_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("composer.json", COMPOSER)
        for number in range(66_000):
            archive.writestr(zipfile.ZipInfo(str(number)), "")
    assert not faults_of(tmp_path, buffer.getvalue())


def test_a_streamed_archive_is_read(tmp_path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("composer.json", COMPOSER)
        archive.writestr("a.php", "<?php " * 100)
    assert not faults_of(tmp_path, pipe.getvalue())


def test_the_format_for_large_archives_is_read(tmp_path: Path) -> None:
    found = look_at(tmp_path, base64.b64decode(LARGE_FORMAT))
    assert found == Examined(b'{"name":"a/b","version":"1.0.0"}\n', ())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_damage_never_crashes(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(zipped({**LIBRARY, "a/b.php": "<?php " * 50}, zipfile.ZIP_DEFLATED))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(look_at(tmp_path, bytes(content)), Examined)
