"""Importing, checking and exporting permissions from the command line."""

import hashlib
import json
import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from community import whole_files
from community.models import Grant, PermissionState, Person, Repository, Team, TeamMember
from community.permission_exporting import OutdatedError, draft, export
from community.permission_importing import import_permissions
from community.terraform_reading import TFVARS, read_tfvars
from mageos_portal.models import SearchEntry
from tests.support.made_conduct import a_version, agreed
from tests.support.made_permissions import made_data, made_organization, small, small_data, variables_tf
from tests.support.staff import a_person

pytestmark = pytest.mark.django_db


def run(command: str, *arguments: Any, **options: Any) -> str:
    said = StringIO()
    call_command(command, *map(str, arguments), stdout=said, **options)
    return said.getvalue()


@pytest.fixture
def variables(tmp_path: Path) -> Path:
    file = tmp_path / "variables.tf"
    file.write_text(variables_tf())
    return file


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / TFVARS


@pytest.fixture(autouse=True)
def directory(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()


def imported(data: Any = None, *machines: str) -> None:
    import_permissions(data or small(), reason="start", now=timezone.now(), machines=machines or ["owner"])


def test_what_is_imported_is_exported(variables: Path, out: Path) -> None:
    said = run("import_permissions", variables, "--machine", "orchard-ci")
    assert "left alone: github_app_id" in said
    assert "Imported 6 teams, 59 repositories, 36 mirrors" in said

    said = run("export_permissions", "--output", out)

    assert json.loads(out.read_bytes()) == made_data()
    assert "Nothing changes." in said
    assert hashlib.sha256(out.read_bytes()).hexdigest() in said
    state = PermissionState.objects.get()
    assert (state.kind, state.reason) == ("imported", "imported from variables.tf")
    assert state.content.encode() == out.read_bytes()
    assert run("export_permissions", "--plan-against", variables, "--output", out).startswith("Nothing changes.")


def test_the_same_import_and_export_again_change_nothing(variables: Path, out: Path) -> None:
    run("import_permissions", variables, "--machine", "orchard-ci")
    run("export_permissions", "--output", out)
    was, at = out.read_bytes(), out.stat().st_mtime_ns
    history = Team.history.count() + Grant.history.count() + Repository.history.count() + TeamMember.history.count()

    assert "Nothing changed: 6 teams" in run("import_permissions", variables)
    assert "Nothing changed: 6 teams" in run("import_permissions", out)
    assert "is so already" in run("export_permissions", "--output", out)

    assert (out.read_bytes(), out.stat().st_mtime_ns) == (was, at)
    again = Team.history.count() + Grant.history.count() + Repository.history.count() + TeamMember.history.count()
    assert again == history
    assert PermissionState.objects.count() == 1
    out.unlink()
    assert "was written" in run("export_permissions", "--output", out)
    assert out.read_bytes() == was
    assert [each.name for each in out.parent.iterdir()] == [TFVARS]


def test_a_dry_run_shows_the_plan_and_writes_nothing(variables: Path) -> None:
    said = run("import_permissions", variables, "--dry-run")

    assert "+ Alder-1 joins Content" in said
    assert "Nothing was imported (--dry-run)" in said
    assert not Team.objects.exists()
    assert not Person.objects.exists()
    assert not SearchEntry.objects.exists()


def test_all_that_is_wrong_with_a_file_is_said_at_once_and_nothing_is_imported(variables: Path) -> None:
    data = made_data()
    data["teams"]["content"]["members"] += ["-bad-", "alder-1"]
    data["repositories"]["meta"]["teams"] += ["nobody"]
    variables.write_text(variables_tf(data))

    with pytest.raises(CommandError) as error:
        run("import_permissions", variables, "--machine", "nobody-ci")

    for words in ("'-bad-' is no login", "with other capitals", "there is no team nobody", "nobody-ci: the file does"):
        assert words in str(error.value)
    assert not Team.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("variables.tf", None, "cannot be read (No such file"),
        ("variables.tf", "variable {", "line 1"),
        ("x.json", "{", "is no JSON there"),
        ("x.json", "{}", "teams is missing"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(CommandError) as error:
        run("import_permissions", tmp_path / name)
    assert words in str(error.value)
    with pytest.raises(CommandError):
        run("export_permissions", "--plan-against", tmp_path / name)


def test_an_import_does_not_change_administrators() -> None:
    imported()
    other = small(administrators=["owner", "intruder"])

    with pytest.raises(ValueError, match="administrators: the file has intruder, owner|owner, intruder") as error:
        imported(other)

    assert "propose the change in the admin" in str(error.value)
    assert PermissionState.objects.count() == 1


def test_an_export_with_errors_is_refused_unless_they_are_named(out: Path) -> None:
    imported()
    Repository.objects.filter(name="website").update(topics=["Not a topic"])

    with pytest.raises(CommandError, match=r"1 errors stop the export(.|\n)*\[topic\]"):
        run("export_permissions", "--output", out, "--reason", "x")
    assert not out.exists()
    with pytest.raises(CommandError, match="no such check"):
        run("export_permissions", "--output", out, "--despite", "everything")
    run("export_permissions", "--output", out, "--reason", "x", "--despite", "topic")

    assert out.exists()
    assert PermissionState.objects.latest("pk").overlooked == "topic"


def test_an_export_of_something_new_needs_a_reason(out: Path) -> None:
    imported()
    Repository.objects.filter(name="website").update(description="Another")

    with pytest.raises(CommandError, match="say why with a reason"):
        run("export_permissions", "--output", out)
    said = run("export_permissions", "--output", out, "--reason", "the minutes of May")

    assert "~ description of website: The website → Another" in said
    state = PermissionState.objects.latest("pk")
    assert (state.kind, state.reason, state.actor) == ("exported", "the minutes of May", "")
    assert read_tfvars(out.read_bytes()).organization == state.organization


def test_newcomers_have_to_agree_to_the_code_of_conduct_first(out: Path) -> None:
    imported()
    version = a_version(1, at=timezone.now() - timedelta(days=9))
    user = a_person("newcomer", staff=False)
    person = Person.objects.create(github_login="newcomer", user=user)
    TeamMember.objects.create(team=Team.objects.get(key="content"), person=person, position=9)

    with pytest.raises(CommandError, match="agreement-missing.*newcomer has not agreed"):
        run("export_permissions", "--output", out, "--reason", "x")
    agreed(user, version)

    said = run("export_permissions", "--output", out, "--reason", "x")
    assert "+ newcomer joins Content → push on 2 repositories; is invited to the organization" in said


def test_a_check_fails_where_the_file_is_not_what_would_be_written(out: Path) -> None:
    imported()
    with pytest.raises(CommandError, match="is not what would be exported"):
        run("export_permissions", "--check", "--output", out)
    run("export_permissions", "--output", out)
    assert "is what would be exported" in run("export_permissions", "--check", "--output", out)
    out.write_bytes(out.read_bytes() + b"\n")
    with pytest.raises(CommandError, match="is not what"):
        run("export_permissions", "--check", "--output", out)


def test_a_plan_against_a_file_is_told_to_people_and_programs(tmp_path: Path, out: Path) -> None:
    imported()
    other = small_data()
    other["teams"]["content"]["members"] = ["hazel"]
    file = tmp_path / "other.json"
    file.write_text(json.dumps(other))

    assert "+ fir joins Content → push on 2 repositories" in run("export_permissions", "--plan-against", file)
    told = json.loads(run("export_permissions", "--plan-against", file, "--json", "--output", out))

    assert told["plan"]["radius"]["joining"] == ["fir"]
    assert {"bytes", "findings", "plan", "sha256"} == told.keys()
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_kept(tmp_path: Path) -> None:
    imported()
    Repository.objects.filter(name="website").update(description="Another")
    with pytest.raises(CommandError, match="cannot be written"):
        run("export_permissions", "--output", tmp_path / "no" / "such", "--reason", "x")
    assert PermissionState.objects.count() == 1


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"as it was")

    def fail(_: int) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="full"):
        whole_files.write_whole(file, b"new")
    assert file.read_bytes() == b"as it was"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["x"]


def test_checks_are_told_with_ids_and_fail_only_on_errors() -> None:
    imported(made_organization(), "orchard-ci")
    said = run("lint_permissions")
    assert "warning [tech-lead-twice] repositories → meta → teams" in said
    assert "0 errors" in said
    assert {each["id"] for each in json.loads(run("lint_permissions", "--json"))} >= {"tech-lead-twice", "mirror-teams"}
    TeamMember.objects.filter(team__key="async-events").delete()
    with pytest.raises(CommandError, match="errors stop an export"):
        run("lint_permissions")


def test_what_changed_since_it_was_looked_at_is_not_exported() -> None:
    imported()
    seen = draft(timezone.now()).sha256
    Repository.objects.filter(name="website").update(description="Another")
    with pytest.raises(OutdatedError, match="look again"):
        export(actor="jane", reason="x", now=timezone.now(), seen=seen)


def test_the_sample_is_made_once_and_only_on_this_machine(settings: Any, out: Path) -> None:
    settings.PORTAL_BASE_URL = "http://127.0.0.1:8000"
    assert run("create_sample_teams") == "Made 4 sample teams.\n"
    assert run("create_sample_teams") == "There are teams already.\n"
    assert "was written" in run("export_permissions", "--output", out)
    settings.PORTAL_BASE_URL = "https://portal.example.org"
    with pytest.raises(CommandError, match="no sample"):
        run("create_sample_teams")
