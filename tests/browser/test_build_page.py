"""The page of a build as staff look at it while the build runs."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import accessibility_faults, looking, scrolls_sideways
from tests.support.server import Site, running_site

pytestmark = pytest.mark.browser

# What the theme itself does not do right on all its pages.
OF_THE_THEME = ("region:",)

# Runs in the site's own environment. Prints the cookie of a builder's session.
FILL = """
import django
django.setup()
from datetime import timedelta
from django.utils import timezone
from mirror.models import Build, BuildLine, BuildStep, Distribution
from tests.support.staff import a_person, logged_in
now = timezone.now()
distribution = Distribution.objects.get(is_default=True)
build = Build.objects.create(distribution=distribution, state="running", started_at=now, worker="here", actor="jane")
Distribution.objects.filter(pk=distribution.pk).update(lease_holder="here", lease_until=now + timedelta(days=1))
BuildStep.objects.create(build=build, position=1, name="plan", state="running", done=3, total=12, unit="sources")
BuildStep.objects.create(build=build, position=2, name="make", unit="dists")
BuildLine.objects.bulk_create(
    BuildLine(build=build, number=n, at=now, step="plan", text=f"line {n} <b>of</b> the log") for n in range(1, 121)
)
print(logged_in(a_person("jane", "builder")).cookies["sessionid"].value)
"""
GO_ON = """
import django
django.setup()
from django.utils import timezone
from mirror.models import BuildStep
BuildStep.objects.filter(name="plan").update(state="succeeded", done=12)
BuildStep.objects.filter(name="make").update(state="running", done=1, total=9)
"""
END = """
import django
django.setup()
from django.utils import timezone
from mirror.models import Build, BuildStep
BuildStep.objects.update(state="succeeded")
Build.objects.update(state="succeeded", ended_at=timezone.now())
"""
BACK = """
import django
django.setup()
from mirror.models import Build, BuildStep
BuildStep.objects.filter(name="plan").update(state="running", done=3, total=12)
BuildStep.objects.filter(name="make").update(state="waiting", done=0, total=0)
Build.objects.update(state="running", ended_at=None)
"""
NOTE_WHAT_IS_SAID = """
window.said = [];
const region = document.querySelector('[role=status]');
new MutationObserver(() => said.push(region.textContent)).observe(region, {childList: true, characterData: true});
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """A site with a build that runs, and somebody who may cancel it."""

    site: Site
    session: str

    def run(self, program: str) -> str:
        environment = {**self.site.environment, "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
        command = [sys.executable, "-c", program]
        answer = subprocess.run(
            command, env=environment, cwd=settings.BASE_DIR, check=True, capture_output=True, text=True
        )
        return answer.stdout.strip()

    def open(self, page: Page, path: str = "/admin/mirror/build/1/change/") -> None:
        page.context.add_cookies([{"name": "sessionid", "value": self.session, "url": self.site.base_url}])
        page.goto(path)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with running_site(tmp_path_factory.mktemp("watched")) as site:
        yield Watched(site, Watched(site, "").run(FILL))


@pytest.mark.parametrize("way", ["light", "dark", "phone"])
@pytest.mark.parametrize("path", ["/admin/", "/admin/mirror/build/1/change/", "/admin/mirror/build/add/"])
def test_a_page_fits_and_is_accessible(watched: Watched, browser: Browser, way: str, path: str) -> None:
    with looking(browser, watched.site.base_url, way) as page:
        watched.open(page, path)
        page.locator("main").wait_for()
        assert [fault for fault in accessibility_faults(page) if not fault.startswith(OF_THE_THEME)] == []
        assert not scrolls_sideways(page)


def test_all_can_be_read_and_done_without_scripts(watched: Watched, browser: Browser) -> None:
    with looking(browser, watched.site.base_url, java_script_enabled=False) as page:
        watched.open(page)
        expect(page.get_by_text("3 of 12 sources")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel")).to_be_enabled()
        page.get_by_role("link", name="reload it").click()
        expect(page.get_by_text("line 120 <b>of</b> the log")).to_be_visible()


@pytest.fixture
def ending(watched: Watched) -> Iterator[Watched]:
    """The same, for a test that lets the build end: the other tests find it running again."""
    yield watched
    watched.run(BACK)


def test_a_page_renews_itself_and_says_only_what_changed(ending: Watched, browser: Browser) -> None:
    with looking(browser, ending.site.base_url) as page:
        ending.open(page)
        page.evaluate(NOTE_WHAT_IS_SAID)
        with page.expect_response("**/progress/"):
            page.evaluate("document.getElementById('log-lines').scrollTop = 40")
        ending.run(GO_ON)
        page.get_by_text("1 of 9 dists").wait_for()
        assert page.evaluate("document.getElementById('log-lines').scrollTop") == 40
        ending.run(END)
        page.locator("#build:not([hx-get])").wait_for()
        page.get_by_text("Retry").wait_for()
        spoken = page.evaluate("said")
        assert spoken == ["Build 1 is running, at the step make.", "Build 1 is succeeded."]
