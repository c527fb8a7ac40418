"""The page of a repository as people look at it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, expect

from tests.support.browser import WAYS_TO_LOOK, accessibility_faults, looking, scrolls_sideways
from tests.support.server import Site, running_site

pytestmark = pytest.mark.browser

# Runs in the site's own environment: rows and files as after a few builds.
FILL = """
import django
django.setup()
from django.utils import timezone
from mirror.models import Build, Distribution, Release
from tests.support.publications import LIBRARY, SHOP, publish
distribution = Distribution.objects.get(is_default=True)
publish(distribution, [SHOP, LIBRARY])
now = timezone.now()
missing = [
    {"name": f"acme/closed-{n}", "constraint": "1.0.0", "required_by": "acme/library", "origin": "not public"}
    for n in range(3)
]
def release(version, **more):
    Release.objects.create(
        distribution=distribution, version=version, version_normalized=f"{version}.0", time=0, commit="0" * 40,
        packages=305, **more,
    )
release("1.0.0", complete=True, published_at=now)
release("1.1.0", complete=True, published_at=now)
release("1.2.0", missing=missing)
release("1.3.0", complete=True, held_because="a person has to approve it")
Build.objects.create(distribution=distribution, state=Build.State.SUCCEEDED, built=512, ended_at=now)
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("filled")) as site:
        environment = {**site.environment, "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
        subprocess.run([sys.executable, "-c", FILL], env=environment, cwd=settings.BASE_DIR, check=True)
        yield site


@pytest.mark.parametrize("way", WAYS_TO_LOOK)
@pytest.mark.parametrize("path", ["/repository/", "/d/packages/", "/"])
def test_the_page_fits_and_is_accessible(filled: Site, browser: Browser, way: str, path: str) -> None:
    with looking(browser, filled.base_url, way) as page:
        page.goto(path)
        for summary in page.locator("summary").all():
            summary.click()
        assert accessibility_faults(page) == []
        assert not scrolls_sideways(page)


def test_the_command_can_be_read_without_scripts(filled: Site, browser: Browser) -> None:
    with looking(browser, filled.base_url, java_script_enabled=False) as page:
        page.goto("/repository/")
        assert "acme/project=1.1.0 shop" in page.locator(".command").first.inner_text()


def test_states_are_told_by_word_and_missing_packages_by_name(filled: Site, browser: Browser) -> None:
    with looking(browser, filled.base_url, java_script_enabled=False) as page:
        page.goto("/repository/")
        row = page.locator("tr", has_text="1.2.0")
        assert "Incomplete" in row.inner_text()
        row.locator("summary").click()
        expect(row.get_by_text("acme/closed-2")).to_be_visible()


def test_the_header_leads_to_the_page(filled: Site, browser: Browser) -> None:
    with looking(browser, filled.base_url) as page:
        page.goto("/")
        page.get_by_role("navigation").get_by_role("link", name="Repository").click()
        assert page.url == f"{filled.base_url}/repository/"
        assert page.locator("[aria-current=page]").inner_text() == "Repository"
