import errno
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mirror import publishing
from mirror.exporting import ExportError, checked_base_url, export
from mirror.models import Distribution, PackageVersion
from mirror.storage import DiskFullError
from mirror.verifying import find_target, verify
from tests.support.packages import BASE_URL, make_distribution, package, publish, put, take_in
from tests.support.programs import program

pytestmark = pytest.mark.django_db


@pytest.fixture
def distribution(settings: Any, tmp_path: Path) -> Distribution:
    """A distribution with two packages, one of them with a development version."""
    settings.PORTAL_DATA_DIR = tmp_path / "data"
    distribution = make_distribution(tmp_path)
    archives = put(
        tmp_path / "archives",
        a=package(version="1.0.0", require={"acme/tool": "^1.0"}),
        b=package(version="1.1.0", require={"acme/tool": "^1.0"}),
        c=package(version="dev-main"),
        d=package("acme/tool", "1.0.0"),
    )
    take_in(distribution, archives)
    publish(distribution)
    return distribution


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "export"


def files_of(directory: Path) -> dict[str, tuple[bytes, int]]:
    """Give content and inode of every file that is not hidden, by its path."""
    found = [path for path in directory.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(directory).as_posix(): (path.read_bytes(), path.stat().st_ino) for path in sorted(found)}


def p2(directory: Path, name: str = "acme/library") -> Any:
    return json.loads((directory / f"p2/{name}.json").read_bytes())["packages"][name]


def test_an_export_holds_what_composer_needs_and_nothing_else(distribution: Distribution, directory: Path) -> None:
    report = export(distribution, directory, None)
    metadata = ["manifest.sha256", "p2/acme/library.json", "p2/acme/library~dev.json", "p2/acme/tool.json"]
    names = [*metadata, "packages.json"]
    archives = [
        f"packages/acme/{name}.zip" for name in ("library-1.0.0", "library-1.1.0", "library-dev-main", "tool-1.0.0")
    ]
    assert sorted(files_of(directory)) == sorted([*names, *(f"{name}.gz" for name in names), *archives])
    assert (report.packages, report.archives) == (2, 4)


def test_the_root_of_an_export_names_nothing_that_only_a_portal_answers(
    distribution: Distribution, directory: Path
) -> None:
    export(distribution, directory, None)
    root = json.loads((directory / "packages.json").read_bytes())
    assert root["metadata-url"] == f"{BASE_URL}p2/%package%.json"
    assert root["available-packages"] == ["acme/library", "acme/tool"]
    assert not {"notify-batch", "search", "list", "providers-api"} & set(root)


def test_sha256sum_confirms_the_manifest(distribution: Distribution, directory: Path) -> None:
    export(distribution, directory, None)
    subprocess.run(
        [str(program("sha256sum")), "-c", "--strict", "--quiet", "manifest.sha256"], cwd=directory, check=True
    )


def test_an_export_keeps_the_bytes_and_times_that_are_served(distribution: Distribution, directory: Path) -> None:
    export(distribution, directory, None)
    files = distribution.files
    listing = files.listing(1)
    served = files.publication(1) / "p2/acme/library.json"
    exported = directory / "p2/acme/library.json"
    assert exported.read_bytes() == served.read_bytes()
    for name in ("p2/acme/library.json", "packages.json"):
        for suffix in ("", ".gz"):
            modified = (directory / (name + suffix)).stat().st_mtime
            assert int(modified) == listing.files[name].last_modified


def test_archives_are_linked_on_one_file_system(distribution: Distribution, directory: Path) -> None:
    export(distribution, directory, None)
    path = "packages/acme/tool-1.0.0.zip"
    assert (directory / path).samefile(distribution.files.dist(path))


def refuse_links(*_: Any, **__: Any) -> None:
    raise OSError(errno.EXDEV, "Invalid cross-device link")


def test_archives_are_copied_to_another_file_system_once(
    distribution: Distribution, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse_links)
    export(distribution, directory, None)
    path = "packages/acme/tool-1.0.0.zip"
    assert not (directory / path).samefile(distribution.files.dist(path))
    assert (directory / path).stat().st_mtime == pytest.approx(distribution.files.dist(path).stat().st_mtime, abs=2)
    assert export(distribution, directory, None).written == 0


def test_a_damaged_archive_is_not_copied(
    distribution: Distribution, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refuse_links)
    place = distribution.files.dist("packages/acme/tool-1.0.0.zip")
    place.write_bytes(place.read_bytes()[:-1] + b"x")
    with pytest.raises(ExportError, match=r"tool-1\.0\.0\.zip is damaged"):
        export(distribution, directory, None)
    assert not (directory / "packages/acme/tool-1.0.0.zip").exists()


def test_another_base_url_is_written_everywhere(distribution: Distribution, directory: Path) -> None:
    export(distribution, directory, "https://mirror.example.net/shop")
    for name, (content, _) in files_of(directory).items():
        assert b"repo.example.org" not in content, name
    urls = [f"https://mirror.example.net/shop/packages/acme/library-{version}.zip" for version in ("1.1.0", "1.0.0")]
    assert [version["dist"]["url"] for version in p2(directory)] == urls


def test_another_base_url_changes_nothing_but_addresses(distribution: Distribution, directory: Path) -> None:
    export(distribution, directory, "https://mirror.example.net/")
    other = (directory / "p2/acme/library.json").read_bytes()
    served = (distribution.files.publication(1) / "p2/acme/library.json").read_bytes()
    assert other.replace(b"https://mirror.example.net/", BASE_URL.encode()) == served


def test_content_that_changed_gets_a_later_time_even_at_the_same_publication(
    distribution: Distribution, directory: Path
) -> None:
    export(distribution, directory, None)
    before = int((directory / "packages.json").stat().st_mtime)
    export(distribution, directory, "https://mirror.example.net/")
    assert int((directory / "packages.json").stat().st_mtime) > before


@pytest.mark.parametrize(
    "url",
    [
        "mirror.example.net",
        "/media/usb",
        "//mirror.example.net/",
        "ftp://mirror.example.net/",
        "file://host/usb/",
        "file:usb",
        "https:///shop",
        "https://user:secret@mirror.example.net/",
        "https://mirror.example.net/?a=b",
        "https://mirror.example.net/#a",
        "https://mirror.example.net/a b",
        "https://mirror.example.net/\n",
        "javascript:alert(1)",
    ],
)
def test_a_base_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ExportError) as failure:
        checked_base_url(url)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("url", ["http://localhost:8080/a", "https://mirror.example.net", "file:///media/usb/"])
def test_http_and_file_addresses_are_taken(url: str) -> None:
    assert checked_base_url(url) == url.rstrip("/") + "/"


def test_over_the_file_protocol_no_metadata_file_is_missing(distribution: Distribution, directory: Path) -> None:
    export(distribution, directory, f"file://{directory}")
    empty = json.loads((directory / "p2/acme/tool~dev.json").read_bytes())
    assert empty == {"packages": {"acme/tool": []}, "minified": "composer/2.0"}
    assert verify(find_target(str(directory))).findings == ()


def test_a_second_export_touches_nothing(distribution: Distribution, directory: Path) -> None:
    export(distribution, directory, None)
    before = files_of(directory)
    report = export(distribution, directory, None)
    assert (report.written, report.removed) == (0, 0)
    assert files_of(directory) == before


def test_a_later_export_adds_what_is_new_and_removes_what_is_gone(
    distribution: Distribution, directory: Path, tmp_path: Path
) -> None:
    export(distribution, directory, None)
    untouched = files_of(directory)["p2/acme/tool.json"]
    take_in(distribution, put(tmp_path / "more", a=package(version="2.0.0")))
    publish(distribution)
    publishing.purge([version(distribution, "acme/library", "1.0.0")], reason="licence", actor="test")
    distribution.refresh_from_db()
    export(distribution, directory, None)
    assert [found["version"] for found in p2(directory)] == ["2.0.0", "1.1.0"]
    assert not (directory / "packages/acme/library-1.0.0.zip").exists()
    assert files_of(directory)["p2/acme/tool.json"] == untouched
    assert verify(find_target(str(directory))).findings == ()


def version(distribution: Distribution, name: str, pretty: str) -> PackageVersion:
    return PackageVersion.objects.of(distribution).get(package__name=name, version=pretty)


def test_a_withdrawn_version_keeps_its_archive(distribution: Distribution, directory: Path) -> None:
    publishing.withdraw([version(distribution, "acme/library", "1.0.0")], reason="broken", actor="test")
    distribution.refresh_from_db()
    export(distribution, directory, None)
    assert [found["version"] for found in p2(directory)] == ["1.1.0"]
    assert (directory / "packages/acme/library-1.0.0.zip").exists()
    assert "library-1.0.0.zip" in (directory / "manifest.sha256").read_text()


def test_a_version_that_was_never_published_is_not_exported(
    distribution: Distribution, directory: Path, tmp_path: Path
) -> None:
    take_in(distribution, put(tmp_path / "more", a=package(version="2.0.0")))
    export(distribution, directory, None)
    assert not (directory / "packages/acme/library-2.0.0.zip").exists()


def test_what_a_killed_export_left_is_taken_up_and_cleared(distribution: Distribution, directory: Path) -> None:
    export(distribution, directory, None)
    (directory / "packages.json").unlink()
    (directory / "manifest.sha256").unlink()
    (directory / "packages/acme/.tool-1.0.0.zip.123").write_bytes(b"half")
    (directory / "p2/acme/gone.json").write_bytes(b"{}")
    export(distribution, directory, None)
    assert verify(find_target(str(directory))).findings == ()


@pytest.mark.parametrize("step", ["packages/acme/tool-1.0.0.zip", "p2/acme/tool.json", "packages.json"])
def test_an_export_that_fails_on_the_way_is_finished_by_the_next(
    distribution: Distribution, directory: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    replace = Path.replace

    def fail(path: Path, target: Path) -> Path:
        if Path(target) == directory / step:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="o space left"):
        export(distribution, directory, None)
    assert not (directory / "packages.json").exists()
    monkeypatch.undo()
    export(distribution, directory, None)
    assert verify(find_target(str(directory))).findings == ()


def test_a_full_disk_is_named(distribution: Distribution, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", refuse_links)
    monkeypatch.setattr(shutil, "copyfileobj", fill)
    with pytest.raises(DiskFullError, match="free some and export again"):
        export(distribution, directory, None)


def test_a_directory_with_other_things_in_it_is_refused(distribution: Distribution, directory: Path) -> None:
    directory.mkdir()
    (directory / "photo.jpg").write_bytes(b"")
    with pytest.raises(ExportError, match="is not empty and not an earlier export"):
        export(distribution, directory, None)
    assert [path.name for path in directory.iterdir()] == ["photo.jpg"]


def test_the_export_of_another_distribution_is_refused(
    distribution: Distribution, directory: Path, tmp_path: Path
) -> None:
    export(distribution, directory, None)
    other = make_distribution(tmp_path, "other", base_url="https://other.example.org/")
    take_in(other, tmp_path / "archives")
    publish(other)
    before = files_of(directory)
    with pytest.raises(ExportError, match="is an export of shop"):
        export(other, directory, None)
    assert files_of(directory) == before


def test_the_data_directory_of_the_portal_is_refused(distribution: Distribution) -> None:
    with pytest.raises(ExportError, match="belongs to the portal's own data"):
        export(distribution, distribution.files.root / "export", None)


def test_a_missing_archive_stops_the_export_before_it_begins(distribution: Distribution, directory: Path) -> None:
    distribution.files.dist("packages/acme/tool-1.0.0.zip").unlink()
    with pytest.raises(ExportError, match=r"tool-1\.0\.0\.zip is missing"):
        export(distribution, directory, None)
    assert not directory.exists()


def test_without_a_publication_there_is_nothing_to_export(settings: Any, tmp_path: Path) -> None:
    settings.PORTAL_DATA_DIR = tmp_path / "data"
    with pytest.raises(ExportError, match="shop has no publication; run build_distribution shop"):
        export(make_distribution(tmp_path), tmp_path / "export", None)


def test_lines_of_a_manifest_that_lead_elsewhere_remove_nothing(
    distribution: Distribution, directory: Path, tmp_path: Path
) -> None:
    export(distribution, directory, None)
    precious = tmp_path / "precious"
    precious.write_bytes(b"")
    manifest = directory / "manifest.sha256"
    manifest.write_text(f"{manifest.read_text()}{'0' * 64}  ../precious\n{'0' * 64}  {precious}\n")
    export(distribution, directory, None)
    assert precious.exists()


def test_the_command_says_what_it_wrote(
    distribution: Distribution, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export_distribution", "shop", directory, "--base-url", "https://mirror.example.net")
    assert "2 packages and 4 archives are in" in capsys.readouterr().out


def test_the_command_explains_a_refusal(distribution: Distribution, directory: Path) -> None:
    with pytest.raises(CommandError, match="is not an absolute address"):
        call_command("export_distribution", "shop", directory, "--base-url", "usb")


def test_the_command_names_a_directory_that_cannot_be_written(distribution: Distribution, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CommandError, match="Not a directory"):
        call_command("export_distribution", "shop", tmp_path / "file" / "export")


@pytest.mark.composer
@pytest.mark.parametrize("minimum_stability", ["stable", "dev"])
def test_composer_installs_from_an_export_on_a_stick(
    distribution: Distribution, tmp_path: Path, minimum_stability: str
) -> None:
    stick = tmp_path / "usb"
    export(distribution, stick, f"file://{stick}/")
    shop = tmp_path / "installed"
    shop.mkdir()
    composer = {
        "repositories": [{"type": "composer", "url": f"file://{stick}/"}, {"packagist.org": False}],
        "require": {"acme/library": "^1.0"},
        "minimum-stability": minimum_stability,
        "prefer-stable": True,
    }
    (shop / "composer.json").write_text(json.dumps(composer))
    environment = {**os.environ, "COMPOSER_HOME": str(tmp_path / "home"), "COMPOSER_ALLOW_SUPERUSER": "1"}
    command = [str(program("composer")), "install", "--no-interaction", "--no-progress"]
    found = subprocess.run(command, cwd=shop, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    locked = {entry["name"]: entry for entry in json.loads((shop / "composer.lock").read_text())["packages"]}
    assert locked["acme/library"]["version"] == "1.1.0"
    content = distribution.files.dist("packages/acme/library-1.1.0.zip").read_bytes()
    assert locked["acme/library"]["dist"]["shasum"] == hashlib.sha1(content, usedforsecurity=False).hexdigest()
    assert (shop / "vendor/acme/library/src/text.txt").read_text() == "one"
    assert (shop / "vendor/acme/tool/composer.json").exists()
