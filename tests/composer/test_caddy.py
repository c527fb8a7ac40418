"""The portal and an export behind Caddy, with the configurations that operators and compose.yaml use as they are."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from tests.composer.web_servers import PRODUCT, answered, installed_from, wait_until_listening
from tests.support.composer import LIBRARY, Client, Mirror, Request
from tests.support.programs import program
from tests.support.server import free_port, stop

DEPLOY = settings.BASE_DIR / "deploy"
OTHER_HOST = "packages.example.org"
AROUND = "{\n\tadmin off\n}\nimport Caddyfile\n"  # an interface for changes at run time would be of one port for all

pytestmark = [pytest.mark.composer, pytest.mark.caddy, pytest.mark.xdist_group("nginx")]


@contextmanager
def running_caddy(directory: Path, configuration: str, port: int, variables: Mapping[str, str]) -> Iterator[str]:
    """Serve with Caddy, and give its address."""
    directory.mkdir()
    (directory / "Caddyfile").write_text(configuration, encoding="utf-8")
    (directory / "around").write_text(AROUND, encoding="utf-8")
    url, log = f"http://127.0.0.1:{port}", directory / "log"
    environment = {
        **os.environ, "HOME": str(directory), "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory),
        "REPO_HOST": f"{url}, http://{OTHER_HOST}:{port}", **variables,
    }  # fmt: skip
    command = [str(program("caddy")), "run", "--adapter", "caddyfile", "--config", str(directory / "around")]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            wait_until_listening(process, port, log)
            yield f"{url}/"
        finally:
            stop(process)


@pytest.mark.parametrize("name", ["Caddyfile", "Caddyfile.export"])
def test_the_configurations_are_valid_and_formatted(name: str) -> None:
    variables = {"REPO_HOST": "https://repo.example.org", "PORTAL": "web:8000"}
    places = {"DATA_DIR": "/data", "EXPORT_DIR": "/export"}
    file = DEPLOY / name
    caddy(["adapt", "--adapter", "caddyfile", "--config", str(file)], variables | places)
    assert caddy(["fmt", str(file)], {}) == file.read_text()


def caddy(arguments: Sequence[str], variables: Mapping[str, str]) -> str:
    command = [str(program("caddy")), *arguments]
    answer = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


# -------------------- a portal behind Caddy


@pytest.fixture(scope="module")
def behind(built: Mirror, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    """The sample with Caddy in front of the portal, which has a host for another distribution, too."""
    directory, port = tmp_path_factory.mktemp("caddy"), free_port()
    mirror = built.moved_to(directory / "mirror", f"http://127.0.0.1:{port}")
    configuration = (DEPLOY / "Caddyfile").read_text().replace(f"# {OTHER_HOST} packages", f"{OTHER_HOST} packages")
    variables = {"DATA_DIR": str(mirror.portal.data), "PORTAL": f"127.0.0.1:{mirror.port}"}
    with running_caddy(directory / "caddy", configuration, port, variables), mirror.served():
        yield mirror


def test_a_portal_behind_caddy_is_asked_for_what_is_no_file_only(
    behind: Mirror, client: Client, tmp_path: Path
) -> None:
    project = client.project(tmp_path / "project", behind.url, {LIBRARY: "^1.8", "magento/security-package": "*"})
    with behind.log.watching() as at_the_portal:
        project.run("update")
        assert "magento/module-catalog" in project.run("search", "catalog")
    assert sorted(at_the_portal) == [Request(200, "GET", "/search.json"), Request(201, "POST", "/notify")]
    with behind.log.watching() as at_the_portal:
        assert "Nothing to modify in lock file" in project.run("update")
    assert at_the_portal == []


def test_files_behind_caddy_have_the_headers_of_the_portal(behind: Mirror) -> None:
    archive = behind.portal.versions(LIBRARY)["1.9.0"]["dist"]["url"].removeprefix(behind.url)
    names = ("Content-Encoding", "Cache-Control", "Last-Modified", "Vary", "X-Content-Type-Options")
    for path in (
        "packages.json", f"p2/{LIBRARY}.json", "manifest.sha256", archive, f"d/mirror/p2/{LIBRARY}.json",
        f"d/mirror/{archive}",
    ):  # fmt: skip
        status, headers, body = answered(behind.url + path, Accept_Encoding="gzip")
        direct_status, direct_headers, direct_body = answered(behind.log.url + path, Accept_Encoding="gzip")
        assert (status, body) == (direct_status, direct_body), path
        assert {name: headers[name] for name in names} == {name: direct_headers[name] for name in names}, path
        assert headers["Content-Type"].partition(";")[0] == direct_headers["Content-Type"].partition(";")[0], path


def test_what_a_client_has_is_not_sent_again(behind: Mirror) -> None:
    url = f"{behind.url}p2/{LIBRARY}.json"
    _, headers, _ = answered(url)
    assert answered(url, If_Modified_Since=headers["Last-Modified"])[0] == 304
    assert answered(url, If_None_Match=headers["ETag"])[0] == 304
    assert answered(url, If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT")[0] == 304


def test_a_part_of_an_archive_is_sent(behind: Mirror) -> None:
    status, headers, body = answered(behind.portal.versions(LIBRARY)["1.9.0"]["dist"]["url"], Range="bytes=0-3")
    assert (status, body) == (206, b"PK\x03\x04")
    assert headers["Content-Range"].startswith("bytes 0-3/")


@pytest.mark.parametrize(
    "path",
    ["p2/nobody/nothing.json", "d/mirror/p2/nobody/nothing.json", "packages/nobody/nothing-1.zip", "packages.json.gz",
     "d/mirror/packages.json.gz", ".listing.json", "p2/", "d/mirror/.listing.json", "d/nobody/packages.json"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(behind: Mirror, path: str) -> None:
    assert answered(behind.url + path)[0] == answered(behind.log.url + path)[0] == 404


def test_a_host_of_its_own_has_its_own_distribution(behind: Mirror) -> None:
    current = behind.portal.data / "distributions/packages/current"
    current.mkdir(parents=True)
    (current / "packages.json").write_text('{"packages": []}')
    port = behind.url.rstrip("/").rpartition(":")[2]
    status, _, body = answered(f"{behind.url}packages.json", Host=f"{OTHER_HOST}:{port}")
    assert (status, json.loads(body)) == (200, {"packages": []})
    assert json.loads(answered(f"{behind.url}packages.json")[2]) != {"packages": []}


def test_a_purged_archive_is_gone_behind_caddy(behind: Mirror) -> None:
    url = behind.portal.versions(LIBRARY)["1.6.0"]["dist"]["url"]
    assert answered(url)[0] == 200
    behind.take_out("purge", "1.6.0")
    assert answered(url)[0] == 410


# -------------------- an export


def test_a_shop_is_installed_from_an_export_behind_caddy(sample: Mirror, client: Client, tmp_path: Path) -> None:
    port, files = free_port(), tmp_path / "files"
    sample.portal.command("export_distribution", "mirror", str(files), "--base-url", f"http://127.0.0.1:{port}/")
    configuration = (DEPLOY / "Caddyfile.export").read_text()
    with running_caddy(tmp_path / "caddy", configuration, port, {"EXPORT_DIR": str(files)}) as url:
        shop = installed_from(client, url, tmp_path)
        assert shop.installed[PRODUCT] == "2.4.4"
        status, headers, body = answered(f"{url}packages.json", Accept_Encoding="gzip")
        assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
        assert body == (files / "packages.json.gz").read_bytes()
        assert headers["Cache-Control"] == "public, max-age=0, must-revalidate"
        for path in ("", ".export.json", "packages.json.gz", "p2/", "packages/nobody/nothing-1.zip"):
            assert answered(url + path)[0] == 404, path
        sample.portal.command("verify_distribution", url)
