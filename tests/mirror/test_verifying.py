import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mirror import metadata, publishing, repositories
from mirror.comparing import Comparison, compare
from mirror.exporting import export
from mirror.models import Distribution, PackageVersion
from mirror.repositories import MissingFileError, RepositoryError, UnreachableError, Web
from mirror.verifying import TargetError, find_target, verify
from tests.support.packages import make_distribution, package, publish, put, take_in, zipped

pytestmark = pytest.mark.django_db

TOOL = "packages/acme/tool-1.0.0.zip"


@pytest.fixture
def distribution(settings: Any, tmp_path: Path) -> Distribution:
    settings.PORTAL_DATA_DIR = tmp_path / "data"
    distribution = make_distribution(tmp_path)
    put(tmp_path / "archives", a=package(version="1.0.0"), b=package(version="1.1.0"), c=package("acme/tool"))
    take_in(distribution, tmp_path / "archives")
    publish(distribution)
    return distribution


@pytest.fixture
def exported(distribution: Distribution, tmp_path: Path) -> Path:
    """An export whose archives are files of its own, to be tampered with."""
    directory = tmp_path / "export"
    export(distribution, directory, None)
    for path in directory.rglob("*.zip"):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    return directory


def found_in(target: object, *, metadata_only: bool = False) -> set[tuple[str, str]]:
    verification = verify(find_target(str(target)), metadata_only=metadata_only)
    return {(found.code, found.subject) for found in verification.findings}


def sign(directory: Path) -> None:
    """Make the manifest fit to the files that are there."""
    paths = [path for path in directory.rglob("*") if path.suffix in {".zip", ".json"} and path.name[0] != "."]
    lines = {p.relative_to(directory).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}
    for path in paths:
        zipped_path = path.with_name(path.name + ".gz")
        if zipped_path.exists():
            zipped_path.write_bytes(gzip.compress(path.read_bytes()))
    manifest = metadata.manifest_file(lines)
    (directory / "manifest.sha256").write_bytes(manifest)
    (directory / "manifest.sha256.gz").unlink(missing_ok=True)


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file and the manifest above it."""
    body = json.loads(path.read_bytes())
    change(body)
    path.write_text(json.dumps(body))
    sign(next(parent for parent in path.parents if (parent / "manifest.sha256").exists()))


class QuietHandler(SimpleHTTPRequestHandler):
    seen: list[str]  # the login of each request

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization") or "")
        if self.path.startswith("/away/"):
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif self.path.startswith("/broken/"):
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    QuietHandler.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(directory))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_fresh_publication_is_whole(distribution: Distribution) -> None:
    found = verify(find_target("shop"))
    assert found.findings == ()
    assert (found.counts["packages"], found.counts["versions"], found.counts["files"]) == (2, 3, 6)


def test_a_fresh_export_is_whole(exported: Path) -> None:
    assert verify(find_target(str(exported))).findings == ()


def test_a_served_export_is_whole(exported: Path) -> None:
    with serving(exported) as url:
        found = verify(find_target(url))
    assert found.findings == ()
    assert found.counts["versions"] == 3


def test_an_export_at_another_address_is_whole(distribution: Distribution, tmp_path: Path) -> None:
    export(distribution, tmp_path / "usb", f"file://{tmp_path}/usb")
    assert verify(find_target(str(tmp_path / "usb"))).findings == ()


def test_an_archive_that_is_missing_or_changed_is_named(exported: Path) -> None:
    (exported / TOOL).write_bytes(b"evil")
    (exported / "packages/acme/library-1.0.0.zip").unlink()
    assert found_in(exported) == {
        ("changed", TOOL),
        ("shasum-differs", "acme/tool 1.0.0"),
        ("missing", "packages/acme/library-1.0.0.zip"),
    }


def test_an_archive_that_is_missing_or_changed_is_named_over_http(exported: Path) -> None:
    (exported / TOOL).write_bytes(b"evil")
    (exported / "packages/acme/library-1.0.0.zip").unlink()
    with serving(exported) as url:
        assert ("changed", TOOL) in found_in(url)
        assert ("missing", "packages/acme/library-1.0.0.zip") in found_in(url)


def test_archives_can_be_left_out(exported: Path) -> None:
    (exported / TOOL).write_bytes(b"evil")
    assert found_in(exported, metadata_only=True) == set()


def test_changed_metadata_are_named(exported: Path) -> None:
    path = exported / "p2/acme/tool.json"
    path.write_text(path.read_text() + " ")
    assert found_in(exported) == {("changed", "p2/acme/tool.json")}


def test_a_compressed_file_of_other_content_is_named(exported: Path) -> None:
    (exported / "p2/acme/tool.json.gz").write_bytes(gzip.compress(b"{}"))
    (exported / "packages.json.gz").write_bytes(b"no gzip")
    assert found_in(exported) == {("changed", "p2/acme/tool.json.gz"), ("changed", "packages.json.gz")}


def test_files_that_nobody_lists_are_reported_but_harmless(exported: Path) -> None:
    (exported / "packages/acme/stray.zip").write_bytes(b"")
    found = verify(find_target(str(exported)))
    assert [(one.level, one.code, one.subject) for one in found.findings] == [
        ("warning", "extra", "packages/acme/stray.zip")
    ]
    assert found.is_whole


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("version", None, "key-missing"),
        ("dist", None, "key-missing"),
        ("dist", {"type": "zip"}, "dist-invalid"),
        ("name", "acme/other", "name-differs"),
        ("version_normalized", "1.0.0", "version-differs"),
        ("version", "nonsense", "version-differs"),
    ],
)
def test_metadata_that_composer_cannot_use_are_named(exported: Path, key: str, value: Any, code: str) -> None:
    edit(exported / "p2/acme/tool.json", lambda body: body["packages"]["acme/tool"][0].update({key: value}))
    assert code in {found for found, _ in found_in(exported)}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (TOOL, "url-outside"),
        ("https://elsewhere.example.org/a.zip", "url-outside"),
        ("https://repo.example.org/a.zip", "not-listed"),
    ],
)
def test_an_archive_at_another_address_is_named(exported: Path, url: str, code: str) -> None:
    edit(exported / "p2/acme/tool.json", lambda body: body["packages"]["acme/tool"][0]["dist"].update(url=url))
    assert found_in(exported) == {(code, "acme/tool 1.0.0")}


def test_a_shasum_that_is_not_the_archives_is_named(exported: Path) -> None:
    edit(exported / "p2/acme/tool.json", lambda body: body["packages"]["acme/tool"][0]["dist"].update(shasum="0" * 40))
    assert found_in(exported) == {("shasum-differs", "acme/tool 1.0.0")}


def test_a_version_that_occurs_twice_is_named(exported: Path) -> None:
    edit(exported / "p2/acme/tool.json", lambda body: body["packages"]["acme/tool"].append({"version": "1.0"}))
    assert found_in(exported) == {("version-twice", "acme/tool 1.0")}


def test_a_release_among_the_development_versions_is_named(exported: Path) -> None:
    (exported / "p2/acme/tool.json").rename(exported / "p2/acme/tool~dev.json")
    (exported / "p2/acme/tool.json").write_text('{"packages": {"acme/tool": []}}')
    sign(exported)
    assert found_in(exported) == {("wrong-file", "p2/acme/tool~dev.json")}


@pytest.mark.parametrize("text", ["", "[]", '{"packages": []}', '{"packages": {"acme/tool": [1]}}', "[" * 100_000])
def test_a_metadata_file_of_another_shape_is_named(exported: Path, text: str) -> None:
    (exported / "p2/acme/tool.json").write_text(text)
    sign(exported)
    assert found_in(exported) == {("metadata-invalid", "p2/acme/tool.json")}


def test_packages_that_are_offered_or_listed_on_one_side_only_are_named(exported: Path) -> None:
    edit(exported / "packages.json", lambda body: body.update({"available-packages": ["acme/library", "acme/new"]}))
    assert found_in(exported) == {("not-listed", "p2/acme/new.json"), ("not-offered", "p2/acme/tool.json")}


def test_a_relative_metadata_url_is_named(exported: Path) -> None:
    edit(exported / "packages.json", lambda body: body.update({"metadata-url": "p2/%package%.json"}))
    assert ("url-relative", "packages.json") in found_in(exported)


def test_rows_that_say_otherwise_are_named(distribution: Distribution) -> None:
    PackageVersion.objects.filter(package__name="acme/tool").update(sha256="0" * 64)
    PackageVersion.objects.filter(version="1.1.0").update(size=1)
    assert found_in("shop") == {("row-differs", "acme/tool 1.0.0"), ("row-differs", "acme/library 1.1.0")}


def test_a_published_row_without_its_line_is_named(distribution: Distribution) -> None:
    PackageVersion.objects.filter(package__name="acme/tool").update(path="packages/acme/moved.zip")
    assert found_in("shop") == {
        ("not-listed", "acme/tool 1.0.0"),
        ("unknown", TOOL),
        ("missing", "packages/acme/moved.zip"),
    }


def test_a_manifest_that_was_written_anew_is_noticed(distribution: Distribution) -> None:
    tree = distribution.files.publication(1)
    place = distribution.files.dist(TOOL)
    place.write_bytes(b"evil")
    lines = repositories.manifest(find_target("shop").repository)
    lines[TOOL] = hashlib.sha256(b"evil").hexdigest()
    (tree / "manifest.sha256").write_bytes(metadata.manifest_file(lines))
    assert {("changed", "manifest.sha256"), ("row-differs", "acme/tool 1.0.0")} < found_in("shop")


def test_withdrawn_archives_are_looked_at_too(distribution: Distribution) -> None:
    row = PackageVersion.objects.get(package__name="acme/tool")
    publishing.withdraw([row], reason="broken", actor="test")
    assert found_in("shop") == set()
    distribution.files.dist(TOOL).write_bytes(b"evil")
    assert found_in("shop") == {("changed", TOOL)}


def test_a_purged_archive_is_not_missed(distribution: Distribution) -> None:
    publishing.purge([PackageVersion.objects.get(package__name="acme/tool")], reason="licence", actor="test")
    assert found_in("shop") == set()


def test_a_pointer_to_another_publication_is_named(distribution: Distribution, tmp_path: Path) -> None:
    publishing.withdraw([PackageVersion.objects.get(package__name="acme/tool")], reason="broken", actor="test")
    distribution.files.switch(1)
    assert found_in("shop") == {("pointer-differs", "shop #2")}


def test_files_in_the_data_directory_that_no_row_names_are_reported(distribution: Distribution) -> None:
    distribution.files.dist("packages/acme/stray.zip").write_bytes(b"")
    assert found_in("shop") == {("extra", "packages/acme/stray.zip")}


@pytest.mark.parametrize("text", ["nothing", "ftp://example.org/", "https:///x", ""])
def test_a_target_that_is_none_is_refused_with_the_known_slugs(distribution: Distribution, text: str) -> None:
    with pytest.raises(TargetError, match=r"neither the slug of a distribution \(known: .*shop.*\), nor a directory"):
        find_target(text)


def test_a_distribution_without_publication_cannot_be_verified(distribution: Distribution, tmp_path: Path) -> None:
    make_distribution(tmp_path, "empty")
    with pytest.raises(TargetError, match="empty has no publication to verify"):
        find_target("empty")


@pytest.mark.parametrize("name", ["packages.json", "manifest.sha256"])
def test_a_directory_that_is_no_repository_is_named(exported: Path, name: str) -> None:
    (exported / name).unlink()
    with pytest.raises(MissingFileError, match=name):
        verify(find_target(str(exported)))


@pytest.mark.parametrize("line", ["nonsense", f"{'0' * 64}  ../../etc/passwd", f"{'0' * 64}  /etc/passwd"])
def test_a_manifest_with_other_lines_is_refused(exported: Path, line: str) -> None:
    manifest = exported / "manifest.sha256"
    manifest.write_text(f"{manifest.read_text()}{line}\n")
    with pytest.raises(RepositoryError, match="lines that are not"):
        verify(find_target(str(exported)))


def test_a_host_that_does_not_answer_is_named() -> None:
    with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:9/packages\.json cannot be reached"):
        verify(find_target("http://127.0.0.1:9/"))


def test_an_error_of_the_server_is_named(tmp_path: Path) -> None:
    with serving(tmp_path) as url, pytest.raises(UnreachableError, match="answers 503"):
        verify(find_target(f"{url}broken/"))


def test_a_redirect_to_another_protocol_is_not_followed(tmp_path: Path) -> None:
    with serving(tmp_path) as url, pytest.raises(UnreachableError, match="not allowed"):
        verify(find_target(f"{url}away/"))


def test_a_login_is_sent_and_never_shown(exported: Path, tmp_path: Path) -> None:
    with serving(exported) as url:
        target = find_target(url.replace("//", "//user:secr%40t@"))
        found = verify(target)
        with pytest.raises(MissingFileError) as failure:
            repositories.read(target.repository, "nothing.json")
    assert QuietHandler.seen[0] == "Basic dXNlcjpzZWNyQHQ="
    assert "secr" not in f"{found} {target} {failure.value} {found.as_dict()}"


@pytest.mark.parametrize("url", ["https://a.example/x", "https://a.example/x/", "https://a.example/x/packages.json"])
def test_the_address_of_a_repository_can_be_written_in_three_ways(url: str) -> None:
    assert Web.at(url).url == "https://a.example/x/"


def against(here: object, there: object) -> Comparison:
    return compare(find_target(str(here)).repository, find_target(str(there)).repository)


def states(comparison: Comparison) -> list[tuple[str, str]]:
    return [(f"{found.package} {found.version}", found.state) for found in comparison.differences]


def test_an_export_equals_its_distribution_at_any_address(distribution: Distribution, tmp_path: Path) -> None:
    export(distribution, tmp_path / "export", "https://mirror.example.net/shop/")
    with serving(tmp_path / "export") as url:
        comparison = against("shop", url)
    assert comparison.is_equal
    assert comparison.counts["equal"] == 3
    assert comparison.differences == []


def other(tmp_path: Path, **archives: bytes) -> str:
    """Publish archives in another distribution and give its slug."""
    distribution = make_distribution(tmp_path, "other", base_url="https://other.example.org/")
    take_in(distribution, put(tmp_path / "other", **archives))
    publish(distribution)
    return "other"


def test_what_is_missing_or_different_on_a_side_is_named(distribution: Distribution, tmp_path: Path) -> None:
    slug = other(tmp_path, a=package(text="two"), b=package(version="3.0.0"), c=package("acme/new"))
    comparison = against("shop", slug)
    assert states(comparison) == [
        ("acme/library 1.0.0", "different archive"),
        ("acme/library 1.1.0", "missing there"),
        ("acme/library 3.0.0", "missing here"),
        ("acme/new 1.0.0", "missing here"),
        ("acme/tool 1.0.0", "missing there"),
    ]
    assert not comparison.is_equal


def test_other_metadata_for_the_same_archive_are_named_by_their_keys(exported: Path) -> None:
    edit(
        exported / "p2/acme/tool.json",
        lambda body: body["packages"]["acme/tool"][0].update(require={"php": "*"}, time="2020-01-01T00:00:00+00:00"),
    )
    comparison = against("shop", exported)
    assert [(found.state, found.detail) for found in comparison.differences] == [
        ("different metadata", "require, time")
    ]


def project(url: str, *, readme: str | None = "Hello", more: str | None = None, keyed: bool = False) -> bytes:
    repository = {"type": "composer", "url": url}
    repositories = {"shop": repository} if keyed else [repository]
    composer = {"name": "acme/project", "version": "1.0.0", "type": "project", "repositories": repositories}
    entries = {"composer.json": json.dumps(composer), "README.md": readme, "more": more}
    return zipped({name: content for name, content in entries.items() if content is not None})


@pytest.fixture
def shop_with_project(distribution: Distribution, tmp_path: Path) -> str:
    take_in(distribution, put(tmp_path / "project", a=project("https://repo.example.org/")))
    publish(distribution)
    return "shop"


def rest() -> dict[str, bytes]:
    return {"a": package(version="1.0.0"), "b": package(version="1.1.0"), "c": package("acme/tool")}


def test_a_project_that_differs_by_the_address_alone_is_no_failure(shop_with_project: str, tmp_path: Path) -> None:
    comparison = against(shop_with_project, other(tmp_path, p=project("https://other.example.org/"), **rest()))
    found = [(difference.package, difference.state) for difference in comparison.differences]
    assert found == [("acme/project", "different address")]
    assert "differs only by the repository's address" in str(comparison.differences[0])
    assert comparison.is_equal


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (project("https://other.example.org/", keyed=True), "composer.json differs"),
        (zipped({"composer.json": "{}", "README.md": "Hello"}), "composer.json differs"),
        (zipped({"composer.json": "[", "README.md": "Hello"}), "composer.json differs"),
        (project("https://repo.example.org/", readme="Hallo"), "README.md differs"),
        (project("https://repo.example.org/", readme="Hello you"), "README.md differs"),
        (project("https://repo.example.org/", readme=None), "README.md missing there"),
        (project("https://repo.example.org/", more=""), "more missing here"),
        (b"no zip", "packages/acme/project-1.0.0.zip of other is not a zip"),
    ],
)
def test_a_project_that_differs_otherwise_is_a_failure(
    shop_with_project: str, tmp_path: Path, content: bytes, detail: str
) -> None:
    other(tmp_path, p=project("https://other.example.org/"), **rest())
    target = find_target("other")
    assert target.distribution is not None
    place = target.distribution.files.dist("packages/acme/project-1.0.0.zip")
    place.write_bytes(content)
    found = {one.package: one for one in against(shop_with_project, "other").differences}
    assert (found["acme/project"].state, found["acme/project"].detail) == ("different archive", detail)


def test_a_project_archive_that_is_missing_is_a_difference(shop_with_project: str, tmp_path: Path) -> None:
    other(tmp_path, p=project("https://other.example.org/"), **rest())
    distribution = Distribution.objects.get(slug="other")
    distribution.files.dist("packages/acme/project-1.0.0.zip").unlink()
    found = against(shop_with_project, "other").differences[0]
    assert (found.state, found.detail) == ("different archive", "other has no packages/acme/project-1.0.0.zip")


def test_the_command_prints_counts_and_says_whole(
    distribution: Distribution, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_distribution", "shop")
    printed = capsys.readouterr().out
    assert "3  versions" in printed
    assert "shop is whole." in printed


def test_the_command_fails_for_what_is_not_whole(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (exported / TOOL).unlink()
    with pytest.raises(CommandError, match="is not whole") as failure:
        call_command("verify_distribution", str(exported), "--json")
    assert failure.value.returncode == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["whole"] is False
    assert [(found["code"], found["subject"]) for found in printed["errors"]] == [("missing", TOOL)]


def test_the_command_compares(distribution: Distribution, exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_distribution", "shop", "--against", str(exported))
    assert "hold the same packages" in capsys.readouterr().out


def test_the_command_fails_for_repositories_that_differ(
    distribution: Distribution, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slug = other(tmp_path, a=package(text="two"))
    with pytest.raises(CommandError, match="shop and other differ") as failure:
        call_command("verify_distribution", "shop", "--against", slug, "--json")
    assert failure.value.returncode == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["equal"] is False
    assert printed["counts"]["different archive"] == 1


def test_the_command_calls_an_unknown_target_a_mistake_of_usage(distribution: Distribution) -> None:
    with pytest.raises(CommandError, match="nor a directory") as failure:
        call_command("verify_distribution", "nothing")
    assert failure.value.returncode == 2


def test_the_command_names_what_cannot_be_reached(distribution: Distribution) -> None:
    with pytest.raises(CommandError, match="cannot be reached") as failure:
        call_command("verify_distribution", "shop", "--against", "http://127.0.0.1:9/")
    assert failure.value.returncode == 1
