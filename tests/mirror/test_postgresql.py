"""The whole story on PostgreSQL and on SQLite: every publication is the same."""

import shutil
from pathlib import Path

import pytest

from tests.support.portal import Portal, migrated_database, new_portal, recipe, sample_sources
from tests.support.postgresql import PostgresqlCluster
from tests.support.repositories import add_tags, make_repository, package
from tests.support.server import migrated

pytestmark = pytest.mark.postgresql

Story = list[tuple[int | None, dict[str, str]]]  # what is served after each step


def told(portal: Portal) -> Story:
    """Build the sample, complete it, roll back, and publish the newest again."""
    sample = str(sample_sources())
    story: Story = []

    def step(number: int | None) -> None:
        portal.assert_whole()
        story.append((number, portal.manifest()))

    step(portal.command("build_distribution", "mirror", "--sources", sample, "--json").report["publication"])
    portal.command("import_archives", "mirror", f"{sample}/archives")
    step(portal.command("build_distribution", "mirror", "--jobs", "1", "--json").report["publication"])
    step(portal.publish("--to", "1"))
    step(portal.publish())
    step(portal.command("build_distribution", "mirror", "--json").report["publication"])
    portal.command("verify_distribution", "mirror")
    return story


def unbuilt(directory: Path, **database: str) -> Portal:
    shutil.copytree(migrated(), directory / "data")
    return Portal(directory, database)


def test_the_whole_story_is_the_same_on_postgresql(postgresql: PostgresqlCluster, tmp_path: Path) -> None:
    url = migrated_database(postgresql, "story")
    on_postgresql = told(unbuilt(tmp_path / "postgresql", DATABASE_URL=url))
    assert [number for number, _ in on_postgresql] == [1, 2, 3, 4, None]
    assert on_postgresql[0][1] == on_postgresql[2][1]
    assert on_postgresql[1][1].keys() > on_postgresql[0][1].keys()
    assert on_postgresql == told(unbuilt(tmp_path / "sqlite"))


# What SQLite takes as it comes and PostgreSQL may refuse: long texts, NUL, characters beyond the basic plane.
ODD = {
    "1.0.0": {"composer.json": package("acme/library", description="\0 and \U0001f600")},
    "1.1.0": {"composer.json": package("acme/library", "1.1.0+" + "a" * 90)},
    "1.2.0": {"composer.json": package("acme/library", "1.2.0+" + "a" * 120)},
    "1.3.0+" + "a" * 120: {"composer.json": package("acme/library")},
    "1.4.0": {"composer.json": package("acme/" + "a" * 190, "1.4.0")},
    "1.5.0": {"composer.json": package("acme/" + "a" * 220, "1.5.0")},
    "1.6.0": {"composer.json": package("acme/\0", "1.6.0\0", require={"php\0": "\0"})},
}


def odd_report(portal: Portal) -> tuple[list[dict[str, str]], dict[str, str]]:
    report = portal.build()
    portal.assert_whole()
    return report["errors"] + report["warnings"], portal.manifest()


def test_odd_texts_are_judged_alike_on_postgresql(postgresql: PostgresqlCluster, tmp_path: Path) -> None:
    on_sqlite = new_portal(tmp_path / "sqlite", recipe("library"))
    add_tags(make_repository(on_sqlite.sources / "library", {}), ODD)
    database = {**on_sqlite.more, "DATABASE_URL": migrated_database(postgresql, "odd")}
    on_postgresql = Portal(on_sqlite.copy_to(tmp_path / "postgresql").directory, database)
    path = str(on_postgresql.directory / "mirror.toml")
    on_postgresql.python(f"Distribution.objects.filter(pk=distribution.pk).update(recipe={path!r})")
    found, manifest = odd_report(on_postgresql)
    assert (found, manifest) == odd_report(on_sqlite)
    assert "packages/acme/library-1.0.0.zip" in manifest
    assert found
