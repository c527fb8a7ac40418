"""Backups as the documentation has them: taken while a build runs, restored elsewhere, verified, and built on."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.portal import Portal, hanging_at, migrated_database, new_portal, recipe
from tests.support.postgresql import USER, PostgresqlCluster
from tests.support.repositories import add_tags, make_repository, package

MANUAL = settings.BASE_DIR / "docs/operations.md"
ELSEWHERE = "https://elsewhere.example.org"
SQLITE, POSTGRESQL, FILES, RESTORE = "The database: SQLite", "The database: PostgreSQL", "The files", "Restore"
LEASE_OVER = {"lease_until": "2020-01-01 00:00:00"}


def commands(heading: str) -> str:
    """Give the commands that the manual has below a heading."""
    section = re.split(rf"^#+ {re.escape(heading)}$", MANUAL.read_text(), flags=re.MULTILINE)[1]
    return section.partition("```sh\n")[2].partition("```")[0]


def run(heading: str, portal: Portal, backup: Path) -> str:
    """Do what the manual says, as an operator would, and give what was said."""
    environment = {**portal.environment, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", "-eu", "-c", commands(heading)],
        env=environment | {"BACKUP": str(backup)},
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    ).stdout


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    directory = tmp_path / "backup"
    directory.mkdir()
    return directory


def portal_with_a_build_to_do(directory: Path, **environment: str) -> Portal:
    """Give a portal that serves one version and has others to build."""
    portal = new_portal(directory, recipe("library"), **environment)
    if environment:
        portal.python(f"Distribution.objects.update(recipe={str(directory / 'mirror.toml')!r})")
    library = make_repository(portal.sources / "library", {"1.0.0": {"composer.json": package("acme/library")}})
    portal.build()
    add_tags(library, {f"1.0.{n}": {"composer.json": package("acme/library"), "n": str(n)} for n in range(1, 9)})
    return portal


def restored(portal: Portal, directory: Path, backup: Path, **environment: str) -> Portal:
    """Restore a backup as the manual says, into a directory and a database of its own."""
    elsewhere = Portal(directory, {**portal.more, **environment})
    elsewhere.data.mkdir(parents=True)
    assert "mirror is whole." in run(RESTORE, elsewhere, backup)
    elsewhere.assert_whole()
    return elsewhere


def build_on(portal: Portal, sources: Path) -> None:
    portal.command("build_distribution", "mirror", "--sources", str(sources))
    portal.assert_whole()


def test_files_newer_than_the_database_are_settled(tmp_path: Path, backup: Path) -> None:
    """The database is caught in the middle of a build, the files after it was published."""
    portal = portal_with_a_build_to_do(tmp_path / "portal")
    before = portal.manifest()
    with hanging_at("first-dists-made", portal, *portal.build_arguments()):
        assert len(portal.dists()) > 1
        run(SQLITE, portal, backup)
    portal.set(**LEASE_OVER)
    portal.build()
    run(FILES, portal, backup)
    assert portal.publication == 2
    with closing(sqlite3.connect(backup / "portal.sqlite3")) as database:  # it is restored some minutes later
        assert database.execute("SELECT state FROM mirror_build ORDER BY id DESC").fetchone() == ("running",)
        database.execute("UPDATE mirror_distribution SET lease_until = ?", tuple(LEASE_OVER.values()))
        database.commit()
    elsewhere = restored(portal, tmp_path / "elsewhere", backup)
    assert (elsewhere.publication, elsewhere.manifest()) == (1, before)
    build_on(elsewhere, portal.sources)
    assert elsewhere.manifest() == portal.manifest()
    assert elsewhere.dists() == portal.dists()


@pytest.mark.postgresql
def test_a_backup_of_postgresql_is_restored_under_another_address(
    postgresql: PostgresqlCluster, tmp_path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{postgresql.programs}:{os.environ['PATH']}")
    migrated_database(postgresql, "backed_up")
    portal = portal_with_a_build_to_do(tmp_path / "portal", DATABASE_URL=address(postgresql, "backed_up"))
    before = portal.dists()
    run(POSTGRESQL, portal, backup)
    run(FILES, portal, backup)
    postgresql.create_database("restored")
    database = address(postgresql, "restored")
    elsewhere = restored(portal, tmp_path / "elsewhere", backup, DATABASE_URL=database, PORTAL_BASE_URL=ELSEWHERE)
    (version,) = elsewhere.versions("acme/library").values()
    assert version["dist"]["url"] == f"{ELSEWHERE}/packages/acme/library-1.0.0.zip"
    assert elsewhere.dists() == before
    build_on(elsewhere, portal.sources)
    assert len(elsewhere.versions("acme/library")) == 9


def test_what_belongs_to_the_machine_is_left_out(tmp_path: Path, backup: Path) -> None:
    portal = portal_with_a_build_to_do(tmp_path / "portal")
    for name in ("sources/library.git/HEAD", "locks/mirror.lock", "metrics/0", "distributions/mirror/dists/.tmp/half"):
        (portal.data / name).parent.mkdir(parents=True, exist_ok=True)
        (portal.data / name).touch()
    run(FILES, portal, backup)
    listed = subprocess.run(
        ["tar", "--list", "--file", backup / "files.tar"], capture_output=True, text=True, check=True
    )
    kept = {name.split("/")[1] for name in listed.stdout.split()}
    assert kept == {"", "distributions", "secret_key"}
    assert "half" not in listed.stdout


def test_settling_changes_nothing_where_all_is_well_and_refuses_what_it_cannot_mend(tmp_path: Path) -> None:
    portal = portal_with_a_build_to_do(tmp_path / "portal")
    before = portal.manifest()
    assert "mirror: publication 1 is served" in portal.command("settle_distributions").out
    assert (portal.publication, portal.manifest()) == (1, before)
    shutil.rmtree(portal.files / "publications/1")  # as if the files were of a time when it had been cleared away
    answer = portal.command("settle_distributions", status=1)
    assert "the files have no such publication; restore files that were copied right after the database" in answer.err


def address(postgresql: PostgresqlCluster, name: str) -> str:
    """Give a database's address as PostgreSQL's own programs read it, too."""
    return f"postgresql://{USER}@/{name}?host={postgresql.socket}"
