import errno
import hashlib
import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mirror import importing, receiving
from mirror.importing import BOUNDS, ImportingError
from mirror.models import Distribution, PackageVersion
from mirror.recipe import RecipeError
from mirror.storage import DiskFullError, LockedError, locked
from tests.support.packages import make_distribution, package, publish, put, take_in, zipped

pytestmark = pytest.mark.django_db

DEEP = b'{"name": "acme/library", "version": "1.0.0", "extra": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"
LARGE = json.dumps({"name": "acme/library", "version": "1.0.0", "extra": {"text": "x" * (10 << 20)}})


@pytest.fixture
def distribution(settings: Any, tmp_path: Path) -> Distribution:
    settings.PORTAL_DATA_DIR = tmp_path / "data"
    return make_distribution(tmp_path)


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    directory = tmp_path / "archives"
    directory.mkdir()
    return directory


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def rows(distribution: Distribution) -> list[str]:
    return [str(row) for row in PackageVersion.objects.of(distribution).order_by("path")]


def stored(distribution: Distribution) -> list[str]:
    dists = distribution.files.dists
    return sorted(path.relative_to(dists).as_posix() for path in dists.rglob("*") if path.is_file())


def fault(distribution: Distribution, archives: Path, content: bytes, *, keep_paths: bool = False) -> str:
    """Import one archive that is refused and give its faults."""
    report = take_in(distribution, put(archives, bad=content), keep_paths=keep_paths)
    assert (report.imported, report.already_there) == ((), ())
    assert (rows(distribution), stored(distribution)) == ([], [])
    assert [refused.archive for refused in report.refused] == ["bad.zip"]
    return "\n".join(report.refused[0].faults)


def test_a_good_archive_is_stored_unchanged_with_its_row(distribution: Distribution, archives: Path) -> None:
    content = package(type="library", require={"php": "^8.1"}, config={"not": "published"})
    report = take_in(distribution, put(archives, sub__any_name=content))

    assert [one.archive for one in report.imported] == ["sub/any_name.zip"]
    row = PackageVersion.objects.of(distribution).get()
    assert distribution.files.dist("packages/acme/library-1.0.0.zip").read_bytes() == content
    assert (row.path, row.sha256, row.size) == ("packages/acme/library-1.0.0.zip", sha256(content), len(content))
    assert (row.reference, row.time, row.origin, row.version_normalized) == (row.sha1, None, "imported", "1.0.0.0")
    assert json.loads(row.metadata) == {"name": "acme/library", "type": "library", "require": {"php": "^8.1"}}


def test_an_imported_archive_can_be_read_by_the_web_server(distribution: Distribution, archives: Path) -> None:
    take_in(distribution, put(archives, a=package()))
    assert distribution.files.dist("packages/acme/library-1.0.0.zip").stat().st_mode & 0o777 == 0o644


def test_a_second_import_changes_nothing(distribution: Distribution, archives: Path) -> None:
    take_in(distribution, put(archives, a=package()))
    report = take_in(distribution, archives)
    assert (len(report.imported), len(report.already_there), len(report.refused)) == (0, 1, 0)
    assert rows(distribution) == ["acme/library 1.0.0"]


def test_one_bad_archive_never_stops_the_others(distribution: Distribution, archives: Path) -> None:
    put(archives, a=package(version="1.0.0"), b=b"no zip", c=package(version="2.0.0"))
    report = take_in(distribution, archives)
    assert [one.version for one in report.imported] == ["1.0.0", "2.0.0"]
    assert report.refused[0].faults == ("is not a zip",)


def test_archives_of_closed_packages_are_taken(distribution: Distribution, archives: Path) -> None:
    report = take_in(distribution, put(archives, a=package("closed/any"), b=package("partner/module")))
    assert len(report.imported) == 2


def test_the_folder_around_a_package_is_allowed(distribution: Distribution, archives: Path) -> None:
    composer = json.dumps({"name": "acme/library", "version": "1.0.0"})
    take_in(distribution, put(archives, a=zipped({"library/composer.json": composer, "library/a.php": ""})))
    assert rows(distribution) == ["acme/library 1.0.0"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped({"composer.json": DEEP}), "nested more than 200 levels deep"),
        (zipped({"composer.json": LARGE}, zipfile.ZIP_DEFLATED), "more than the 1,048,576 bytes"),
        (zipped({"composer.json": "[]"}), "composer.json is no object"),
        (zipped({"composer.json": "{"}), "not valid JSON"),
        (zipped({"composer.json": '{"version": "1.0.0"}'}), "has no name"),
        (zipped({"composer.json": b'{"name": "acme/library", "version": "1.0.0", "x": "\xff"}'}), "is not UTF-8"),
        (package("Acme/Library"), "'Acme/Library', which is not vendor/name"),
        (package("acme/../library"), "which is not vendor/name"),
        (package(version=None), "composer.json has no version"),
        (package(version="one"), "the version 'one', which is none"),
        (package(version="dev-../../etc/passwd"), "cannot be part of an address"),
        (package(version="1.0.0 as 2.0.0"), "cannot be part of an address"),
        (package(version="dev-" + "a" * 200), "more than 100 characters"),
        (package(require={"acme/other": "~>1.0"}), "acme/other has the constraint '~>1.0'"),
        (package(require={"no name": "1.0"}), "'no name', which is not vendor/name"),
        (package(require=["acme/other"]), "require of composer.json is no object"),
        (package(suggest={"acme/other": 1}), "acme/other is 1, not a text"),
        (package(autoload="src"), "autoload of composer.json is not an object"),
        (package(bin=["../../evil"]), "bin of composer.json has '../../evil'"),
        (package(description="__unset"), "'__unset', which means something else"),
        (zipped({"composer.json": '{"name":"acme/library","version":"1","extra":{"a":1e999}}'}), "cannot be written"),
        (zipped({"composer.json": '{"name":"acme/library","version":"1","homepage":"\\ud800"}'}), "cannot be written"),
        (package("other/library"), "none of the vendors of this distribution (acme)"),
        (package("acme/withheld"), "acme/withheld is withheld from this distribution: packagist.org has it"),
        (zipped({"composer.json": "{}", "../../etc/cron.d/evil": ""}), "leads out of the package"),
    ],
)
def test_a_bad_archive_is_refused_with_the_reason(
    distribution: Distribution, archives: Path, content: bytes, message: str
) -> None:
    assert message in fault(distribution, archives, content)


def test_all_faults_of_an_archive_are_told_at_once(distribution: Distribution, archives: Path) -> None:
    composer = json.dumps({"name": "acme/library", "version": "x", "require": {"php": ""}, "bin": 1})
    found = fault(distribution, archives, zipped({"composer.json": composer, "/etc/passwd": "", "a\\b": ""}))
    for message in ("is absolute", "has a backslash", "version 'x'", "constraint ''", "bin of composer.json"):
        assert message in found


def test_the_sha256_of_the_recipe_is_held(distribution: Distribution, archives: Path) -> None:
    content = package()
    recipe = Path(distribution.recipe)
    entry = f'[[archive]]\npackage = "acme/library"\nversion = "1.0.0"\nsha256 = "{sha256(content)}"\n'
    recipe.write_text(recipe.read_text() + entry)
    other = package(text="two")
    assert f"{sha256(other)}, and the recipe says {sha256(content)}" in fault(distribution, archives, other)
    put(archives, bad=content)
    assert len(take_in(distribution, archives).imported) == 1


def test_other_bytes_for_a_known_version_are_refused_naming_both(distribution: Distribution, archives: Path) -> None:
    one, two = package(text="one"), package(text="two", version="1.0.0.0")
    take_in(distribution, put(archives, a=one))
    report = take_in(distribution, put(archives, a=two))
    found = report.refused[0].faults[0]
    assert sha256(one) in found
    assert sha256(two) in found
    assert distribution.files.dist("packages/acme/library-1.0.0.zip").read_bytes() == one


def test_two_different_archives_of_one_version_are_both_refused(distribution: Distribution, archives: Path) -> None:
    report = take_in(distribution, put(archives, a=package(text="one"), b=package(text="two"), c=package("acme/c")))
    assert [refused.archive for refused in report.refused] == ["a.zip", "b.zip"]
    assert "b.zip" in report.refused[0].faults[0]
    assert "a.zip" in report.refused[1].faults[0]
    assert rows(distribution) == ["acme/c 1.0.0"]


def test_the_same_archive_twice_counts_once(distribution: Distribution, archives: Path) -> None:
    report = take_in(distribution, put(archives, a=package(), b=package()))
    assert [one.archive for one in report.imported] == ["a.zip"]
    assert [one.archive for one in report.already_there] == ["b.zip"]


def test_two_versions_that_would_have_one_address_are_both_refused(distribution: Distribution, archives: Path) -> None:
    put(archives, a=package("acme/b", "2023-01-15-1"), b=package("acme/b-2023-01-15", "1"))
    report = take_in(distribution, archives)
    assert [len(refused.faults) for refused in report.refused] == [1, 1]
    assert "would be the address of" in report.refused[0].faults[0]


def test_links_and_special_files_are_refused_by_name(distribution: Distribution, archives: Path) -> None:
    put(archives.parent, outside=package())
    (archives / "link.zip").symlink_to(archives.parent / "outside.zip")
    (archives / "folder").symlink_to(archives.parent)
    os.mkfifo(archives / "pipe.zip")
    report = take_in(distribution, archives)
    assert {refused.archive: refused.faults[0] for refused in report.refused} == {
        "folder": "is a symbolic link to a folder; import that folder itself",
        "link.zip": "is a symbolic link; import the file itself",
        "pipe.zip": "is not a regular file",
    }


def test_an_odd_file_name_is_shown_escaped(distribution: Distribution, archives: Path) -> None:
    (archives / os.fsdecode(b"bad\xff\x1b[2J.zip")).write_bytes(b"")
    report = take_in(distribution, archives)
    assert report.refused[0].archive.isascii()
    assert report.refused[0].archive.isprintable()


def test_kept_paths_are_served_as_they_were(distribution: Distribution, archives: Path) -> None:
    content = package()
    take_in(distribution, put(archives, archives__acme__library_1=content), keep_paths=True)
    assert PackageVersion.objects.of(distribution).get().path == "archives/acme/library_1.zip"
    assert stored(distribution) == ["archives/acme/library_1.zip"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("p2/a.zip", "which the site keeps for itself"),
        ("admin/a.zip", "which the site keeps for itself"),
        ("a b.zip", "cannot be an address"),
        ("a%2e.zip", "cannot be an address"),
        (".hidden/a.zip", "cannot be an address"),
        ("a.ZIP", "does not end"),
        ("a.zip/b.zip", "does not only end"),
        ("packages/acme/other-1.0.0.zip", "is the place of another package or version"),
        ("packages/acme/library-2.0.0.zip", "is the place of another package or version"),
    ],
)
def test_a_path_that_cannot_be_kept_is_refused(
    distribution: Distribution, archives: Path, path: str, message: str
) -> None:
    place = archives / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(package())
    report = take_in(distribution, archives, keep_paths=True)
    assert message in "\n".join(report.refused[0].faults)
    assert stored(distribution) == []


def test_a_kept_path_that_another_version_has_is_refused(distribution: Distribution, archives: Path) -> None:
    take_in(distribution, put(archives, old__a=package()), keep_paths=True)
    report = take_in(distribution, put(archives, old__a=package(version="2.0.0")), keep_paths=True)
    assert report.refused[0].faults == (
        "old/a.zip is the address of acme/library 1.0.0; move the archive to another path",
    )


def test_a_file_of_other_content_is_never_overwritten(distribution: Distribution, archives: Path) -> None:
    place = distribution.files.dist("packages/acme/library-1.0.0.zip")
    place.parent.mkdir(parents=True)
    place.write_bytes(b"somebody's")
    report = take_in(distribution, put(archives, a=package()))
    assert "is taken by a file of other content" in report.refused[0].faults[0]
    assert place.read_bytes() == b"somebody's"


def test_a_file_that_a_killed_import_left_is_taken_up(distribution: Distribution, archives: Path) -> None:
    place = distribution.files.dist("packages/acme/library-1.0.0.zip")
    place.parent.mkdir(parents=True)
    place.write_bytes(package())
    assert len(take_in(distribution, put(archives, a=package())).imported) == 1


def test_a_stored_archive_that_got_lost_is_put_back(distribution: Distribution, archives: Path) -> None:
    take_in(distribution, put(archives, a=package()))
    place = distribution.files.dist("packages/acme/library-1.0.0.zip")
    place.unlink()
    assert len(take_in(distribution, archives).already_there) == 1
    assert place.read_bytes() == package()


def test_a_purged_version_never_comes_back(distribution: Distribution, archives: Path) -> None:
    take_in(distribution, put(archives, a=package()))
    PackageVersion.objects.of(distribution).update(purged_at="2026-01-01T00:00:00Z")
    distribution.files.dist("packages/acme/library-1.0.0.zip").unlink()
    report = take_in(distribution, archives)
    assert "was purged from this distribution for good" in report.refused[0].faults[0]
    assert stored(distribution) == []


def test_an_archive_that_changes_while_it_is_read_is_refused(
    distribution: Distribution, archives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(archives, a=package())
    hash_it = receiving.copy

    def change(source: Any, target: Any, most: int) -> receiving.Digests:
        found = hash_it(source, target, most)
        (archives / "a.zip").write_bytes(package(text="changed"))
        return found

    monkeypatch.setattr(importing, "copy", change)
    report = take_in(distribution, archives)
    assert "changed while it was read" in report.refused[0].faults[0]
    assert stored(distribution) == []


class FullDisk(io.BytesIO):
    def write(self, _: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_half_stored(
    distribution: Distribution, archives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(archives, a=package(), b=package(version="2.0.0"))
    open_it = Path.open

    def fill(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return FullDisk() if mode == "wb" and ".tmp" in path.parts else open_it(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", fill)
    with pytest.raises(DiskFullError, match="no space left on the disk; free some and import again"):
        take_in(distribution, archives)
    monkeypatch.undo()
    assert (rows(distribution), stored(distribution)) == ([], [])


def test_a_directory_without_zips_is_no_error(distribution: Distribution, archives: Path) -> None:
    report = take_in(distribution, archives)
    assert report.as_dict() == {"imported": (), "already_there": (), "refused": ()}


def test_a_directory_that_is_not_there_is_named(distribution: Distribution, tmp_path: Path) -> None:
    with pytest.raises(ImportingError, match="nowhere is not a directory"):
        take_in(distribution, tmp_path / "nowhere")


def test_a_bad_recipe_stops_the_import(distribution: Distribution, archives: Path) -> None:
    Path(distribution.recipe).write_text("schema = 2")
    with pytest.raises(RecipeError, match="title"):
        take_in(distribution, archives)


def test_an_import_waits_for_nobody(distribution: Distribution, archives: Path, settings: Any) -> None:
    lock = Path(settings.PORTAL_DATA_DIR) / "locks" / "shop.lock"
    with locked(lock, "a build of shop", wait=False), pytest.raises(LockedError, match="a build of shop"):
        take_in(distribution, archives)


def test_memory_does_not_grow_with_the_size_of_an_archive(distribution: Distribution, archives: Path) -> None:
    composer = json.dumps({"name": "acme/library", "version": "1.0.0"})
    put(archives, large=zipped({"composer.json": composer, "data": os.urandom(40 << 20)}))
    tracemalloc.start()
    try:
        assert len(take_in(distribution, archives).imported) == 1
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_many_archives_are_written_in_batches(
    distribution: Distribution, archives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    put(archives, **{f"a{number}": package(version=f"1.0.{number}") for number in range(5)})
    assert len(take_in(distribution, archives).imported) == 5
    assert len(rows(distribution)) == 5


def test_imported_archives_can_be_published(distribution: Distribution, archives: Path) -> None:
    take_in(distribution, put(archives, a=package()))
    assert publish(distribution).versions == 1


def test_an_archive_above_the_bound_is_refused_unread(distribution: Distribution, archives: Path) -> None:
    with (archives / "bad.zip").open("wb") as file:
        file.truncate(BOUNDS.archive + 1)
    report = take_in(distribution, archives)
    assert report.refused[0].faults == ("has more than the 1,073,741,824 bytes allowed",)


def test_the_command_reports_each_archive_and_says_what_follows(
    distribution: Distribution, archives: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_archives", "shop", put(archives, a=package()))
    printed = capsys.readouterr().out
    assert "imported       a.zip: acme/library 1.0.0 at packages/acme/library-1.0.0.zip" in printed
    assert "build_distribution shop" in printed


def test_the_command_fails_when_an_archive_was_refused(
    distribution: Distribution, archives: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(archives, a=package(), b=b"")
    with pytest.raises(CommandError, match="1 archives were refused") as failure:
        call_command("import_archives", "shop", archives, "--json")
    report = json.loads(capsys.readouterr().out)
    assert failure.value.returncode == 1
    assert report["refused"] == [{"archive": "b.zip", "faults": ["is empty"]}]
    assert [one["archive"] for one in report["imported"]] == ["a.zip"]


def test_the_command_refuses_paths_of_the_site(distribution: Distribution, archives: Path) -> None:
    put(archives, healthz__a=package())
    with pytest.raises(CommandError, match="refused"):
        call_command("import_archives", "shop", archives, "--keep-paths")


def test_the_command_names_who_is_at_work(distribution: Distribution, archives: Path, settings: Any) -> None:
    lock = Path(settings.PORTAL_DATA_DIR) / "locks" / "shop.lock"
    with locked(lock, "a build of shop", wait=False), pytest.raises(CommandError, match="a build of shop is running"):
        call_command("import_archives", "shop", archives)


def test_the_command_lists_the_known_distributions(distribution: Distribution, archives: Path) -> None:
    with pytest.raises(CommandError, match="shop"):
        call_command("import_archives", "nothing", archives)
