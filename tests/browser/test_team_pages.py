"""Teams as everybody sees them, and the page Permissions as their keepers do."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, expect

from tests.support.browser import WAYS_TO_LOOK, accessibility_faults, looking, scrolls_sideways
from tests.support.server import Site, running_site

pytestmark = pytest.mark.browser

OF_THE_THEME = ("region:",)  # what the theme itself does not do right on all its pages
ADMIN = "/admin/community"
# Runs in the site's own environment. Prints the cookie of a keeper's session.
FILL = """
import django
django.setup()
from django.core.management import call_command
from community.models import Grant, Person, Repository, Team, TeamMember
from tests.support.staff import a_person, logged_in
call_command("create_sample_teams")
LONG = "a" * 150
Team.objects.filter(key="infrastructure").update(name=LONG, description=LONG, purpose=LONG)
long = Repository.objects.create(name="x" * 100, description="y" * 300)
team = Team.objects.get(key="infrastructure")
Grant.objects.create(repository=long, team=team)
TeamMember.objects.create(team=team, person=Person.objects.create(name="z" * 100, is_public=True))
print(logged_in(a_person("kim", "team keeper")).cookies["sessionid"].value)
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    with running_site(tmp_path_factory.mktemp("teams")) as site:
        environment = {**site.environment, "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
        command = [sys.executable, "-c", FILL]
        said = subprocess.run(
            command, env=environment, cwd=settings.BASE_DIR, check=True, capture_output=True, text=True
        )
        yield site, said.stdout.split()[-1]


@pytest.mark.parametrize("way", WAYS_TO_LOOK)
def test_pages_of_teams_are_accessible_and_fit(browser: Browser, filled: tuple[Site, str], way: str) -> None:
    with looking(browser, filled[0].base_url, way) as page:
        for path in (
            "/community/",
            "/community/teams/",
            "/community/teams/content/",
            "/community/teams/infrastructure/",
        ):
            page.goto(path)
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            assert (path, accessibility_faults(page)) == (path, [])
            assert not scrolls_sideways(page), path


def test_a_reader_finds_a_team_without_scripts(browser: Browser, filled: tuple[Site, str]) -> None:
    with looking(browser, filled[0].base_url, java_script_enabled=False) as page:
        page.goto("/community/")
        page.get_by_role("link", name="All about teams").click()
        page.get_by_role("link", name="Content", exact=True).click()
        expect(page.get_by_role("link", name="Ada Ash")).to_be_visible()
        expect(page.get_by_text("people who are not named here")).to_be_visible()
        expect(page.get_by_text("Olga Oak")).to_be_visible()


@pytest.mark.parametrize("way", ["light", "dark", "phone"])
def test_the_page_permissions_is_accessible_and_fits(browser: Browser, filled: tuple[Site, str], way: str) -> None:
    site, session = filled
    with looking(browser, site.base_url, way) as page:
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": site.base_url}])
        page.goto(f"{ADMIN}/permissionstate/now/")
        faults = [fault for fault in accessibility_faults(page) if not fault.startswith(OF_THE_THEME)]
        assert faults == []
        for path in (page.url, f"{ADMIN}/permissionstate/1/change/", f"{ADMIN}/team/1/change/"):
            page.goto(path)
            assert not scrolls_sideways(page), path


def test_a_keeper_exports_with_a_reason_and_downloads_the_file(
    browser: Browser, filled: tuple[Site, str], tmp_path: Path
) -> None:
    site, session = filled
    with looking(browser, site.base_url) as page:
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": site.base_url}])
        page.goto(f"{ADMIN}/permissionstate/now/")
        expect(page.get_by_text("is created").first).to_be_visible()
        page.get_by_label("Reason").fill("A new repository for the mirrors")
        page.get_by_role("button", name="Export", exact=True).click()
        expect(page.get_by_text("Download the file, and bring it to GitHub")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download portal.auto.tfvars.json").click()
        download.value.save_as(tmp_path / "downloaded.json")
        page.goto(f"{ADMIN}/permissionstate/now/")
        expect(page.get_by_text("The latest state is what would be exported")).to_be_visible()
    site.manage("export_permissions", "--output", str(tmp_path / "written.json"))
    assert (tmp_path / "downloaded.json").read_bytes() == (tmp_path / "written.json").read_bytes()
