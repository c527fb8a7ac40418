"""What containers and services are made of: no engine is needed to see that its parts fit each other."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from mageos_portal import configuration
from tests.support.postgresql import PostgresqlCluster
from tests.support.programs import program
from tests.support.server import free_port, site_environment

ROOT = settings.BASE_DIR
DEPLOY = ROOT / "deploy"
ENTRY_POINT = DEPLOY / "entrypoint.sh"
SECONDS = 300
SECONDS_TO_STOP = 55  # less than compose.yaml waits
# The user of a container has no rights; this one may only read what is root's, as Python may be found there.
READING = "-all,+dac_read_search"
CAPABILITIES = (f"--inh-caps={READING}", f"--ambient-caps={READING}", f"--bounding-set={READING}")
NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *CAPABILITIES)
AS_NOBODY = NOBODY if os.geteuid() == 0 else ()
SECRET = "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-and-more"
READ = frozenset(re.findall(r'reader\.read\(\s*"([A-Z0-9_]+)"', Path(configuration.__file__).read_text()))
OF_DJANGO_Q = {"Q_CLUSTER_NAME"}
OF_THE_ENTRY_POINT = frozenset(re.findall(r"\$\{(WEB_[A-Z]+)", ENTRY_POINT.read_text()))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def roles() -> frozenset[str]:
    """What the entry point knows, without manage.py."""
    branches = re.findall(r"^    ([a-z| ]+)\)$", ENTRY_POINT.read_text(), re.MULTILINE)
    return frozenset(role.strip() for branch in branches for role in branch.split("|"))


def own_services(compose: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose["services"].items() if "build" in service}


# -------------------- the image


def test_the_dockerfile_has_no_fault_that_a_linter_knows() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    command = [str(hadolint), "--failure-threshold", "info", "Dockerfile"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (answer.stdout + answer.stderr, answer.returncode) == ("", 0)


def test_everything_that_the_image_copies_is_there_and_not_kept_out() -> None:
    kept_out = (ROOT / ".dockerignore").read_text().split()
    copied = [word for line in instructions("COPY") if "--from" not in line for word in line.split()[1:-1]]
    assert {"requirements.txt", "."} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists(), name
        assert name not in kept_out
    assert {".git", ".env", "var"} <= set(kept_out)


def test_the_image_runs_without_rights_and_says_whether_it_is_well(roles: frozenset[str]) -> None:
    (user,) = instructions("USER")
    assert user == "USER 1000:1000"
    (entry,) = instructions("ENTRYPOINT")
    assert os.access(ROOT / entry.partition('["')[2].rstrip('"]'), os.X_OK)
    (health,) = instructions("HEALTHCHECK")
    assert "healthy" in health
    (command,) = instructions("CMD")
    assert {"healthy", "web"} <= roles
    assert command == 'CMD ["web"]'


def test_what_the_image_is_made_of_is_pinned() -> None:
    (base,) = instructions("ARG")[:1]
    assert re.fullmatch(r"ARG PYTHON=3\.\d+\.\d+-slim-\w+", base)
    assert {line.split()[1] for line in instructions("FROM")} == {"python:${PYTHON}"}
    assert "--require-hashes" in (ROOT / "Dockerfile").read_text()


def test_the_last_stage_has_nothing_to_build_with() -> None:
    last = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "pip" not in last
    assert re.findall(r"apt-get install [^\n]*", last) == ["apt-get install --yes --no-install-recommends git \\"]


def instructions(name: str) -> list[str]:
    """Give the instructions of the Dockerfile with this name, each on one line."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    return [line for line in text.splitlines() if line.startswith(f"{name} ")]


# -------------------- compose.yaml


def test_every_service_runs_something_that_exists(compose: dict[str, Any], roles: frozenset[str]) -> None:
    services = own_services(compose)
    assert set(services) == {"prepare", "web", "worker", "builder"}
    for name, service in services.items():
        assert service["command"] == [name]
        assert name in roles
    for line in re.findall(r"manage\.py ([a-z_]+)", ENTRY_POINT.read_text()):
        assert line in get_commands(), line


def test_every_variable_is_read_by_somebody(compose: dict[str, Any]) -> None:
    known = READ | OF_DJANGO_Q | OF_THE_ENTRY_POINT
    for service in own_services(compose).values():
        assert set(service["environment"]) <= known
        assert service["env_file"] == ".env"
    sample = set(re.findall(r"^([A-Z0-9_]+)=", (DEPLOY / "env.sample").read_text(), re.MULTILINE))
    assert sample - {"POSTGRES_PASSWORD"} <= known
    interpolated = set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "compose.yaml").read_text()))
    assert interpolated <= known | {"POSTGRES_PASSWORD"}
    assert set(re.findall(r"\$\{([A-Z0-9_]+):\?", (ROOT / "compose.yaml").read_text())) <= sample
    for_caddy = set(re.findall(r"\{\$([A-Z_]+)\}", (DEPLOY / "Caddyfile").read_text()))
    assert for_caddy == set(compose["services"]["caddy"]["environment"])


def test_volumes_and_files_are_there_where_programs_look(compose: dict[str, Any]) -> None:
    mounted = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
    for mount in mounted:
        source = mount.split(":")[0]
        assert (ROOT / source).is_file() if source.startswith("./") else source in compose["volumes"], mount
    assert "VOLUME /data" in (ROOT / "Dockerfile").read_text()
    caddy = compose["services"]["caddy"]
    assert f"data:{caddy['environment']['DATA_DIR']}:ro" in caddy["volumes"]
    assert caddy["environment"]["PORTAL"] == "web:8000"
    assert {service for service in compose["services"] if compose["services"][service].get("ports")} == {"caddy"}


def test_services_wait_for_what_they_need_and_come_back(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services
            healthy = services[needed].get("healthcheck") or needed in own_services(compose)
            assert how["condition"] != "service_healthy" or healthy
        assert service["restart"] == ("no" if name == "prepare" else "unless-stopped")
    for name in ("web", "worker", "builder"):
        assert services[name]["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    assert services["prepare"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_images_of_others_are_pinned_by_version(compose: dict[str, Any]) -> None:
    for name in ("postgres", "caddy"):
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-\w+", compose["services"][name]["image"])


def test_the_variables_of_compose_are_accepted_by_the_portal(compose: dict[str, Any], tmp_path: Path) -> None:
    given = {"POSTGRES_PASSWORD": "0" * 64}
    own = {name: filled(value, given) for name, value in compose["services"]["web"]["environment"].items()}
    of_image = {"PORTAL_ENV": "production", "PORTAL_DATA_DIR": str(tmp_path)}
    of_file = {"PORTAL_BASE_URL": "https://repo.example.org", "PORTAL_SECRET_KEY": "0" * 64}
    found = configuration.read_configuration(own | of_image | of_file, tmp_path)
    assert found.database["HOST"] == "postgres"
    assert len(found.trusted_proxies) == 4
    assert "web" in found.allowed_hosts


def filled(value: str, given: Mapping[str, str]) -> str:
    """Do what compose does with ${NAME:-default} and ${NAME:?reason}."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*))?(?::\?[^}]*)?\}", lambda found: given.get(found[1], found[2] or ""), value)


# -------------------- deploy/start.sh

DOCKER = '#!/bin/sh\necho "$@" >>"$NOTE"\n'  # stands in for the program that no test can have


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what start.sh touches, and a docker that only notes how it was called."""
    (tmp_path / "deploy").mkdir()
    for name in ("start.sh", "env.sample"):
        shutil.copy2(DEPLOY / name, tmp_path / "deploy")
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin/docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    return tmp_path


def start(checkout: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": f"{checkout / 'bin'}:{os.environ['PATH']}", "NOTE": str(checkout / "note")}
    command = [str(checkout / "deploy/start.sh"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_first_start_makes_secrets_that_only_its_user_can_read(checkout: Path) -> None:
    answer = start(checkout, "https://repo.example.org")
    assert answer.returncode == 0, answer.stderr
    values = dict(re.findall(r"^(\w+)=(.*)$", (checkout / ".env").read_text(), re.MULTILINE))
    assert values["PORTAL_BASE_URL"] == "https://repo.example.org"
    secrets = [values[name] for name in ("POSTGRES_PASSWORD", "PORTAL_SECRET_KEY", "PORTAL_METRICS_TOKEN")]
    assert len(set(secrets)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{64}", secret) for secret in secrets)
    assert not [secret for secret in secrets if secret in answer.stdout]
    assert (checkout / ".env").stat().st_mode & 0o777 == 0o600
    assert (checkout / "note").read_text() == "compose up --detach --build --wait\n"
    assert "enrol_administrator" in answer.stdout


def test_a_second_start_keeps_the_secrets(checkout: Path) -> None:
    start(checkout, "https://repo.example.org")
    before = (checkout / ".env").read_text()
    assert start(checkout).returncode == 0
    assert start(checkout, "https://repo.example.org").returncode == 0
    answer = start(checkout, "https://other.example.org")
    assert (answer.returncode, "another address" in answer.stderr) == (2, True)
    assert (checkout / ".env").read_text() == before


@pytest.mark.parametrize("address", [[], ["repo.example.org"], ["http://repo.example.org"], ["https://"]])
def test_a_start_without_an_address_says_what_is_missing(checkout: Path, address: list[str]) -> None:
    answer = start(checkout, *address)
    assert (answer.returncode, "deploy/start.sh https://HOST" in answer.stderr) == (2, True)
    assert not (checkout / ".env").exists()
    assert not (checkout / "note").exists()


# -------------------- the entry point, run for real


@pytest.fixture(scope="module")
def installation() -> Iterator[Path]:
    """A directory that the user of a container may use, and nothing else."""
    directory = Path(tempfile.mkdtemp(prefix="portal-installation-"))
    for path in (directory, *(directory / name for name in ("data", "web", "worker", "builder"))):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
        if AS_NOBODY:
            shutil.chown(path, "nobody")
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def environment(postgresql: PostgresqlCluster, installation: Path) -> dict[str, str]:
    """The environment of a container: PostgreSQL, and production."""
    more = {
        "DATABASE_URL": postgresql.create_database("containers"),
        "PORTAL_ENV": "production",
        "PORTAL_BASE_URL": "https://repo.example.org",
        "PORTAL_SECRET_KEY": SECRET,
        "PORTAL_TRUSTED_PROXIES": "127.0.0.1",
        "HOME": str(installation),
        "TMPDIR": str(installation / "web"),
        "WEB_HOST": "127.0.0.1",
        "WEB_PORT": str(free_port()),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return site_environment(installation / "data", **more)


def entry(environment: Mapping[str, str], *words: str, **more: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([*AS_NOBODY, str(ENTRY_POINT), *words], env={**environment, **more}, cwd="/")


def ended(process: "subprocess.Popen[bytes]") -> int:
    return process.wait(SECONDS)


def test_an_installation_is_prepared_started_asked_and_stopped(environment: dict[str, str], installation: Path) -> None:
    assert ended(entry(environment, "prepare")) == 0
    assert ended(entry(environment, "prepare")) == 0  # at every start
    roles = ("web", "worker", "builder")
    running = {role: entry(environment, role, TMPDIR=str(installation / role)) for role in roles}
    try:
        wait_for_readiness(f"http://127.0.0.1:{environment['WEB_PORT']}/readyz")
        probes = [entry(environment, "healthy", TMPDIR=str(installation / role)) for role in roles]
        assert [ended(probe) for probe in probes] == [0, 0, 0]
    finally:
        asked = time.monotonic()
        for process in running.values():
            process.terminate()
        statuses = {role: ended(process) for role, process in running.items()}
    assert statuses == dict.fromkeys(roles, 0)
    assert time.monotonic() - asked < SECONDS_TO_STOP
    assert ended(entry(environment, "healthy")) != 0


def wait_for_readiness(url: str) -> None:
    """Return when everything works, workers of both clusters included."""
    deadline, found = time.monotonic() + SECONDS, ""
    while '"status": "ok"' not in found:
        assert time.monotonic() < deadline, found
        with contextlib.suppress(URLError), urlopen(url) as answer:
            found = answer.read().decode()
        time.sleep(0.1)  # between two looks; the loop ends by itself


def test_anything_else_is_a_command(environment: dict[str, str]) -> None:
    command = [str(ENTRY_POINT), "sync_schedules", "--help"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (answer.returncode, "sync_schedules" in answer.stdout) == (0, True)


# -------------------- systemd


def units() -> list[Path]:
    return sorted((DEPLOY / "systemd").glob("*.service"))


def test_units_are_understood_by_systemd(tmp_path: Path) -> None:
    for unit in units():
        (tmp_path / unit.name).write_text(unit.read_text().replace("/srv/portal", str(ROOT)))
    command = [str(program("systemd-analyze")), "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.stdout + answer.stderr, answer.returncode) == ("", 0)


def test_units_start_what_containers_start(roles: frozenset[str]) -> None:
    text = {unit.stem.removeprefix("portal-"): unit.read_text() for unit in units()}
    assert set(text) == {"web", "worker", "builder"}
    for role, unit in text.items():
        assert f"ExecStart=/srv/portal/deploy/entrypoint.sh {role}\n" in unit
        assert role in roles
        assert "KillMode=mixed" in unit  # a cluster whose guard is killed with it never ends
        (line,) = re.findall("^Environment=(.*)$", unit, re.MULTILINE)
        assert {pair.partition("=")[0] for pair in shlex.split(line)} <= READ | OF_THE_ENTRY_POINT | {"PATH"}
