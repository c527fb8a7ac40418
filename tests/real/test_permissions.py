"""The organization's real permissions, from its repository's clone: `make test-real SOURCES=DIR`."""

import json
import subprocess
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from community.github_effects import members, resources, upstream_links
from community.models import Grant, Person, Repository, Team, TeamMember
from community.permission_rows import read_rows
from community.planning import plan
from community.terraform_reading import TFVARS, read_tfvars, read_variables
from docs_hub.repository import RepositoryError, found_in
from tests.real.test_upstream import SOURCES

CONFIGURATION = "https://github.com/mage-os/terraform"
COUNTED = "eed3015304ff839c0c7d12e086e12b8d70ba9c43"  # where the numbers below were counted by other means
TEAMS = {
    "async-events": 2,
    "content": 5,
    "continuous-integration": 1,
    "distribution": 6,
    "infrastructure": 7,
    "tech-lead": 2,
}
OPTIONS = {  # of repositories
    "description": 59, "teams": 59, "topics": 47, "default_branch": 26, "users": 9, "is_part_of_monorepo": 3,
    "homepage_url": 2, "archived": 2, "release_please_branch": 1,
}  # fmt: skip
OF_MIRRORS = {"description": 36, "teams": 36, "topics": 26}


def shown(commit: str) -> bytes:
    """Give variables.tf of the clone. Raises: RepositoryError, CalledProcessError."""
    clone = found_in(Path(SOURCES or "/nowhere").resolve(), CONFIGURATION)
    command = ["git", "-C", str(clone), "show", f"{commit}:variables.tf"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def missing(commit: str) -> str:
    """Say why a commit cannot be looked at; ``""`` if it can."""
    if not SOURCES:
        return "needs real clones: make test-real SOURCES=DIR"
    try:
        shown(commit)
    except (RepositoryError, subprocess.CalledProcessError) as failure:
        return f"{CONFIGURATION}: {failure}"
    return ""


pytestmark = [
    pytest.mark.real,
    pytest.mark.django_db,
    pytest.mark.skipif(bool(missing("HEAD")), reason=missing("HEAD") or "-"),
]


def imported(tmp_path: Path, commit: str) -> Path:
    """Import a commit's file."""
    file = tmp_path / "variables.tf"
    file.write_bytes(shown(commit))
    administrators = read_variables(file.read_bytes()).organization.administrators
    machines = [f"--machine={login}" for login in administrators if login.endswith("-ci")]
    call_command("import_permissions", file, *machines, stdout=StringIO())
    return file


def test_the_real_permissions_come_back_as_they_were(tmp_path: Path) -> None:
    file, out, said = imported(tmp_path, "HEAD"), tmp_path / TFVARS, StringIO()
    real = read_variables(file.read_bytes()).organization

    call_command("export_permissions", "--output", out, stdout=said)

    exported = read_tfvars(out.read_bytes()).organization
    assert (len(exported.teams), len(exported.repositories)) >= (6, 59)
    assert len(exported.mirror_repositories) >= 36
    assert exported == real == read_rows()
    assert plan(real, exported).is_empty
    assert said.getvalue().startswith("Nothing changes.")
    was = out.read_bytes()
    call_command("import_permissions", out, stdout=StringIO())
    call_command("export_permissions", "--output", out, stdout=said)
    assert (out.read_bytes(), "null" in json.dumps(json.loads(was))) == (was, False)
    assert "is so already" in said.getvalue()


def test_a_change_of_the_real_permissions_is_told_to_people(tmp_path: Path) -> None:
    imported(tmp_path, "HEAD")
    TeamMember.objects.create(
        team=Team.objects.get(key="distribution"), person=Person.objects.create(github_login="newcomer"), position=99
    )
    said = StringIO()
    call_command("export_permissions", "--plan-against", tmp_path / "variables.tf", stdout=said)
    assert said.getvalue().startswith("+ newcomer joins Distribution → push on 4")


@pytest.mark.skipif(bool(missing(COUNTED)), reason=missing(COUNTED) or "-")
def test_the_rows_are_as_many_as_were_counted(tmp_path: Path) -> None:
    imported(tmp_path, COUNTED)
    held, data = read_rows(), read_rows().as_data()

    assert {key: len(team.members) for key, team in held.teams.items()} == TEAMS
    assert Counter(option for entry in data["repositories"].values() for option in entry) == OPTIONS
    assert Counter(option for entry in data["mirror_repositories"].values() for option in entry) == OF_MIRRORS
    assert len(members(held)) == 12
    assert TeamMember.objects.count() == 23
    assert Grant.objects.filter(level="push").count() == 72
    assert sum("github_team_repository.teams[" in address for address in resources(held)) == 72
    assert len(upstream_links(held)) == 26
    assert Repository.objects.filter(archived=True).count() == 2


def test_real_people_are_counted_and_not_named(tmp_path: Path, client: Client) -> None:
    imported(tmp_path, "HEAD")
    pages = b"".join(
        client.get(path).content
        for path in ("/community/teams/", "/community/teams.json", "/community/teams/distribution/")
    ).decode()
    assert not [login for login in members(read_rows()) if f"/{login}" in pages or f'"{login}"' in pages]
