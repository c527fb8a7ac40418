"""A repository that follows another one says so, and one that follows no more builds on what it has."""

import json
import zipfile
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from mirror.models import Build, Distribution, Publication
from tests.support.portal import ADDRESS, SHOP, Portal, codes, new_portal, new_shop, release, snapshot
from tests.support.publications import publish, use_data_dir
from tests.support.repositories import add_tags, make_repository, package

COPY_URL = "https://copy.example.org"
ORIGIN = "https://repo.example.org/"


@pytest.fixture
def follower(settings: Settings, tmp_path: Path, db: None) -> Distribution:
    use_data_dir(settings, tmp_path)
    Distribution.objects.filter(is_default=True).update(follows=ORIGIN)
    return Distribution.objects.get(is_default=True)


def test_the_page_of_a_follower_does_not_say_that_it_builds(follower: Distribution, client: Client) -> None:
    said = client.get("/repository/").content.decode()
    assert "the same file by file as another one, which it follows" in said
    assert f"python manage.py sync_distribution {follower.slug}" in said
    assert "build" not in said.partition("<main")[2].partition("</main")[0].replace("build.svg", "")
    publish(follower)
    build = Build.objects.create(distribution=follower, kind=Build.Kind.SYNC, state=Build.State.SUCCEEDED, built=7)
    Build.objects.filter(pk=build.pk).update(ended_at=build.created_at)
    said = client.get("/repository/").content.decode()
    assert "Last sync" in said
    assert f"Number {build.pk} succeeded: 7 archives fetched," in said
    assert "built from public git repositories" not in said


def test_what_was_copied_stays_and_what_is_new_is_built_once_it_follows_no_more(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    before, served = snapshot(copy.files / "dists"), copy.manifest()
    assert copy.query("SELECT cause FROM mirror_publication") == [(Publication.Cause.SYNC,)]
    copy.set(follows="")
    make_repository(copy.sources / "core", {"1.0.0": release("1.0.0")})
    make_repository(copy.sources / "extension", {"1.0.0": {"composer.json": package("acme/extension"), "other": "x"}})
    report = copy.build("--approve")
    assert (report["built"], report["errors"]) == (0, [])
    assert "published-differs" not in codes(report["warnings"])
    assert copy.manifest() == served
    add_tags(copy.sources / "core", {"1.0.1": release("1.0.1")})
    add_tags(copy.sources / "extension", {"1.0.1": {"composer.json": package("acme/extension")}})
    report = copy.build("--approve")
    assert (report["errors"], report["releases"]["1.0.1"]["complete"]) == ([], True)
    assert before.items() <= snapshot(copy.files / "dists").items()
    assert {path: digest for path, digest in copy.manifest().items() if path in before}.items() <= served.items()
    assert [named_by(copy, version) for version in ("1.0.0", "1.0.1")] == [f"{ADDRESS}/", f"{COPY_URL}/"]
    copy.assert_whole()
    copy.command("verify_distribution", copy.slug)


def copied(directory: Path) -> Portal:
    """Give a portal that followed an exported one."""
    shop = new_shop(directory / "shop")
    shop.build("--approve")
    shop.command("export_distribution", shop.slug, str(directory / "export"))
    copy = new_portal(directory / "copy", SHOP, PORTAL_BASE_URL=COPY_URL)
    copy.command("sync_distribution", copy.slug, str(directory / "export"))
    return copy


def named_by(portal: Portal, version: str) -> str:
    """Give the address from which a project of this version says that its packages come."""
    with zipfile.ZipFile(portal.files / f"dists/packages/acme/project-{version}.zip") as archive:
        (found,) = json.loads(archive.read("composer.json"))["repositories"]
    return str(found["url"])
