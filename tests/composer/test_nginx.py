"""The files of an export and of the portal behind nginx, with the configuration that operators start from."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from mirror.archives import GONE, NO_SUCH_ARCHIVE
from tests.composer.web_servers import PRODUCT, answered, installed_from, wait_until_listening
from tests.support.composer import LIBRARY, NEW, OLD, REQUEST, Client, Mirror, Request, RequestLog
from tests.support.programs import program
from tests.support.server import free_port, stop

CONFIGURATION = settings.BASE_DIR / "deploy/nginx.conf"
SECOND = "\n# 2. "  # where the file's second way begins

pytestmark = [pytest.mark.composer, pytest.mark.nginx, pytest.mark.xdist_group("nginx")]


def for_an_export(port: int, export: Path) -> str:
    """Give the configuration as the operator of an export edits it."""
    return edited(CONFIGURATION.read_text().partition(SECOND)[0], port, {"EXPORT_DIR": str(export)})


def for_a_portal(port: int, mirror: Mirror) -> str:
    """Give the configuration as the operator of a portal edits it."""
    text = CONFIGURATION.read_text()
    common, _, rest = text.partition("\n# 1. ")
    chosen = common + SECOND + rest.partition(SECOND)[2]
    words = {"DATA_DIR": str(mirror.portal.data), "server PORTAL;": f"server 127.0.0.1:{mirror.port};"}
    return edited(chosen, port, words)


def edited(text: str, port: int, words: Mapping[str, str]) -> str:
    everything = {"REPO_HOST": "127.0.0.1", "listen 80;": f"listen 127.0.0.1:{port};", **words}
    head, _, body = text.partition("\n\n")  # the head explains the words
    for word, meant in everything.items():
        assert word in body, word
        body = body.replace(word, meant)
    return f"{head}\n\n{body}"


@contextmanager
def running_nginx(directory: Path, included: str, port: int) -> Iterator[RequestLog]:
    """Serve with nginx, and give its access log."""
    directory.mkdir()
    (directory / "repository.conf").write_text(included, encoding="utf-8")
    (directory / "nginx.conf").write_text(around(directory), encoding="utf-8")
    command = [str(program("nginx")), "-e", str(directory / "error.log"), "-c", str(directory / "nginx.conf")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        wait_until_listening(process, port, directory / "error.log")
        yield RequestLog(directory / "access.log", f"http://127.0.0.1:{port}/")
    finally:
        stop(process)


def around(directory: Path) -> str:
    """Give what a machine's own nginx.conf has around the included file."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "\n".join(f"    {kind}_temp_path {directory / kind};" for kind in kinds)
    return f"""
daemon off;
worker_processes 1;
{"user root;" if os.geteuid() == 0 else ""}
pid {directory / "nginx.pid"};
events {{ }}
http {{
    log_format requests '{REQUEST} $status $request_method $request_uri';
    access_log {directory / "access.log"} requests;
{places}
    include {directory / "repository.conf"};
}}
"""


@pytest.fixture(scope="module")
def export(sample: Mirror, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestLog]:
    """The sample, exported for an address where nginx serves it."""
    directory, port = tmp_path_factory.mktemp("export"), free_port()
    sample.portal.command(
        "export_distribution", "mirror", str(directory / "files"), "--base-url", f"http://127.0.0.1:{port}/"
    )
    with running_nginx(directory / "nginx", for_an_export(port, directory / "files"), port) as log:
        yield log


def exported_file(export: RequestLog, path: str) -> Path:
    return export.file.parent.parent / "files" / path


# -------------------- an export


def test_a_shop_is_installed_from_an_export(sample: Mirror, export: RequestLog, client: Client, tmp_path: Path) -> None:
    with sample.log.watching() as at_the_portal, export.watching() as requests:
        shop = installed_from(client, export.url, tmp_path)
    assert shop.installed[PRODUCT] == "2.4.4"
    assert (shop.directory / "bin/magento").stat().st_mode & 0o777 == 0o755
    urls = [found["dist"]["url"] for name, found in shop.locked.items() if sample.portal.versions(name)]
    assert len(urls) > 50
    assert all(url.startswith(export.url) for url in urls)
    assert {request.status for request in requests} == {200, 304}
    assert {request.path for request in at_the_portal} <= {"/packages.json"}


def test_a_second_update_from_an_export_is_answered_without_content(
    export: RequestLog, client: Client, tmp_path: Path
) -> None:
    project = client.project(tmp_path / "project", export.url, {LIBRARY: "^1.8", "magento/security-package": "*"})
    project.run("update")
    with export.watching() as requests:
        assert "Nothing to modify in lock file" in project.run("update")
    assert len(requests) > 5
    assert {(request.status, request.method) for request in requests} == {(304, "GET")}


def test_metadata_is_sent_as_it_was_compressed_and_has_to_be_asked_for_again(export: RequestLog) -> None:
    path = f"p2/{LIBRARY}.json"
    status, headers, body = answered(export.url + path, Accept_Encoding="gzip")
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert body == exported_file(export, f"{path}.gz").read_bytes()
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    status, headers, body = answered(export.url + path)
    assert (status, "Content-Encoding" in headers) == (200, False)
    assert body == exported_file(export, path).read_bytes()


def test_archives_may_be_kept_for_ever(sample: Mirror, export: RequestLog) -> None:
    path = next(path for path in sample.portal.manifest() if path.endswith(".zip"))
    status, headers, body = answered(export.url + path, Accept_Encoding="gzip", Range="bytes=0-3")
    assert (status, body, headers["Content-Type"]) == (206, b"PK\x03\x04", "application/zip")
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path",
    ["p2/nobody/nothing.json", "p2/nobody/nothing~dev.json", "packages/nobody/nothing-1.zip", "", ".export.json",
     "packages.json.gz", "p2/", "packages/"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(export: RequestLog, path: str) -> None:
    assert answered(export.url + path)[0] == 404


def test_a_client_with_newer_metadata_is_not_given_older_ones(export: RequestLog) -> None:
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    assert answered(f"{export.url}packages.json", If_Modified_Since=later)[0] == 304


def test_an_unknown_package_is_left_to_the_other_repositories(
    export: RequestLog, client: Client, tmp_path: Path
) -> None:
    project = client.project(tmp_path / "project", export.url, {})
    project.run("require", "monolog/monolog")
    assert "could not be found" in project.run("require", "nobody/nothing:^1.0", status=2)


def test_an_export_holds_the_same_as_the_portal(sample: Mirror, export: RequestLog) -> None:
    said = sample.portal.command("verify_distribution", sample.url, "--against", export.url, "--json").report
    assert said["equal"]
    assert said["counts"]["equal"] == len([path for path in sample.portal.manifest() if path.endswith(".zip")])
    sample.portal.command("verify_distribution", export.url)


def test_an_export_is_used_from_a_directory(sample: Mirror, client: Client, tmp_path: Path) -> None:
    files = tmp_path / "stick"
    url = f"{files.as_uri()}/"
    sample.portal.command("export_distribution", "mirror", str(files), "--base-url", url)
    with sample.log.watching() as at_the_portal:
        shop = installed_from(client, json.dumps({"type": "composer", "url": url}), tmp_path)
    assert shop.installed[PRODUCT] == "2.4.4"
    assert shop.locked[PRODUCT]["dist"]["url"].startswith(url)
    assert {request.path for request in at_the_portal} <= {"/packages.json"}


def test_a_rollback_is_seen_through_an_export(copied: Mirror, client: Client, tmp_path: Path) -> None:
    portal, files, port = copied.portal, tmp_path / "files", free_port()
    url = f"http://127.0.0.1:{port}/"
    before = portal.publication
    with running_nginx(tmp_path / "nginx", for_an_export(port, files), port):
        portal.command("export_distribution", "mirror", str(files), "--base-url", url)
        project = client.project(tmp_path / "project", url, {LIBRARY: "^1.8"})
        project.run("update")
        assert project.installed[LIBRARY] == OLD
        after = copied.release()
        for number, version in ((after, NEW), (before, OLD)):
            portal.publish("--to", str(number))
            portal.command("export_distribution", "mirror", str(files), "--base-url", url)
            project.run("update")
            assert project.installed[LIBRARY] == version


# -------------------- a portal behind nginx


@pytest.fixture(scope="module")
def behind(built: Mirror, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mirror, RequestLog]]:
    """The sample with nginx in front of the portal, and the log of nginx."""
    directory, port = tmp_path_factory.mktemp("behind"), free_port()
    mirror = built.moved_to(directory / "mirror", f"http://127.0.0.1:{port}")
    nginx = running_nginx(directory / "nginx", for_a_portal(port, mirror), port)
    with nginx as log, mirror.served():
        yield mirror, log


def test_a_portal_behind_nginx_is_asked_for_what_is_no_file_only(
    behind: tuple[Mirror, RequestLog], client: Client, tmp_path: Path
) -> None:
    mirror, log = behind
    project = client.project(tmp_path / "project", mirror.url, {LIBRARY: "^1.8", "magento/security-package": "*"})
    with mirror.log.watching() as at_the_portal, log.watching() as requests:
        project.run("update")
        assert "magento/module-catalog" in project.run("search", "catalog")
    assert {request.status for request in requests} == {200, 201}
    assert sorted(at_the_portal) == [Request(200, "GET", "/search.json"), Request(201, "POST", "/notify")]
    with mirror.log.watching() as at_the_portal, log.watching() as requests:
        project.run("update")
    assert {request.status for request in requests} == {304}
    assert at_the_portal == []


def test_files_behind_nginx_have_the_headers_of_the_portal(behind: tuple[Mirror, RequestLog]) -> None:
    mirror, _ = behind
    archive = mirror.portal.versions(LIBRARY)["1.9.0"]["dist"]["url"].removeprefix(mirror.url)
    names = ("Content-Encoding", "Cache-Control", "Last-Modified", "Vary", "X-Content-Type-Options")
    for path in ("packages.json", f"p2/{LIBRARY}.json", "manifest.sha256", archive, f"d/mirror/p2/{LIBRARY}.json"):
        status, headers, body = answered(mirror.url + path, Accept_Encoding="gzip")
        direct_status, direct_headers, direct_body = answered(mirror.log.url + path, Accept_Encoding="gzip")
        assert (status, body) == (direct_status, direct_body), path
        found = {name: headers[name] for name in names}
        expected = {name: direct_headers[name] for name in names}
        assert found == expected, path
        assert headers["Content-Type"] == direct_headers["Content-Type"].partition(";")[0], path


def test_a_purged_archive_is_gone_behind_nginx(behind: tuple[Mirror, RequestLog]) -> None:
    mirror, _ = behind
    url = mirror.portal.versions(LIBRARY)["1.6.0"]["dist"]["url"]
    assert answered(url)[0] == 200
    mirror.take_out("purge", "1.6.0")
    status, _, body = answered(url)
    assert (status, json.loads(body)) == (410, {"warning": GONE})


def test_a_missing_archive_is_answered_by_the_portal(behind: tuple[Mirror, RequestLog]) -> None:
    mirror, _ = behind
    status, headers, body = answered(f"{mirror.url}packages/nobody/nothing-1.zip")
    assert (status, headers["Content-Type"]) == (404, "application/json")
    assert json.loads(body) == {"warning": NO_SUCH_ARCHIVE}
    assert answered(f"{mirror.url}p2/nobody/nothing.json")[0] == 404
    assert answered(f"{mirror.url}repository/")[0] == 200
