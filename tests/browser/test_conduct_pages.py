"""The code of conduct and the step of agreeing as people see them."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import WAYS_TO_LOOK, accessibility_faults, looking, scrolls_sideways
from tests.support.server import Site, running_site
from tests.support.staff import PASSWORD

pytestmark = pytest.mark.browser

# Runs in the site's own environment.
FILL = """
import django
django.setup()
from django.core.management import call_command
from community.models import PolicyVersion
from tests.support.made_conduct import a_version, agreed
from tests.support.staff import a_person
call_command("create_sample_conduct")
for name in ("reader", "returner", "leaver", "phone"):
    agreed(a_person(name, staff=False), PolicyVersion.objects.get(number=2))
LONG = "a" * 300
TEXT = f'''
# Another
{LONG} https://example.org/{LONG}
#### Deep
| {" | ".join(f"column {number}" for number in range(12))} |
|{"---|" * 12}
| {" | ".join(f"a cell of words {number}" for number in range(12))} |

> Quoted
'''
a_version(3, at=PolicyVersion.objects.get(number=2).effective_at, text=TEXT, title="Code " * 30, change_note=LONG)
a_version(3, locale="de", at=PolicyVersion.objects.get(number=2).effective_at, text="Seid nett.", title="Kodex")
a_person("newcomer", staff=False)
"""
PAGES = (
    "/code-of-conduct/", "/code-of-conduct/?lang=de", "/code-of-conduct/v/1/", "/code-of-conduct/diff/1..2/",
    "/code-of-conduct/diff/2..3/", "/code-of-conduct/report/",
)  # fmt: skip
FLOW = (
    "/join/agree/", "/account/agreement/", "/account/agreement/withdraw/", "/account/profile/", "/account/data/",
    "/account/data/copy/", "/account/data/delete/",
)  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_site(tmp_path_factory.mktemp("conduct")) as site:
        environment = {**site.environment, "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
        subprocess.run([sys.executable, "-c", FILL], env=environment, cwd=settings.BASE_DIR, check=True)
        yield site.base_url


def log_in(page: Page, name: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("User name or e-mail address").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).not_to_have_url(re.compile("/account/login/"))


@pytest.mark.parametrize("way", WAYS_TO_LOOK)
def test_pages_are_accessible_and_fit(browser: Browser, address: str, way: str) -> None:
    with looking(browser, address, way) as page:
        for path in PAGES:
            page.goto(path)
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            assert (path, accessibility_faults(page)) == (path, [])
            assert not scrolls_sideways(page), path


@pytest.mark.parametrize("way", ["light", "dark", "phone"])
def test_the_flow_is_accessible_and_fits(browser: Browser, address: str, way: str) -> None:
    with looking(browser, address, way) as page:
        log_in(page, "phone")
        for path in FLOW:
            page.goto(path)
            if path == "/join/agree/":
                page.locator("summary").click()
                page.locator("form").last.evaluate("form => form.noValidate = true")
                page.get_by_role("button", name="Agree").click()
                expect(page.get_by_text("Tick the box if you agree")).to_be_visible()
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            assert (path, accessibility_faults(page)) == (path, [])
            assert not scrolls_sideways(page), path


def test_without_a_version_the_page_is_accessible(browser: Browser, site: Site) -> None:
    with looking(browser, site.base_url) as page:
        page.goto("/code-of-conduct/")
        assert accessibility_faults(page) == []


def test_a_reader_finds_what_changed_without_scripts(browser: Browser, address: str) -> None:
    with looking(browser, address, java_script_enabled=False) as page:
        page.goto("/")
        page.get_by_role("link", name="Code of conduct", exact=True).click()
        page.get_by_role("link", name="Version 2", exact=True).click()
        page.get_by_role("link", name="Changes since version 1").click()
        expect(page.locator("ins").first).to_contain_text("added")
        expect(page.locator("del").first).to_contain_text("removed")


def test_somebody_agrees_and_withdraws_without_scripts(browser: Browser, address: str) -> None:
    with looking(browser, address, "phone", java_script_enabled=False) as page:
        log_in(page, "newcomer")
        page.goto("/join/agree/")
        expect(page.get_by_role("checkbox")).not_to_be_checked()
        page.get_by_label("I agree to the Mage-OS Code of Conduct, version 3 (2026-01-13)", exact=True).check()
        page.get_by_role("button", name="Agree", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Join us on Discord")
        page.goto("/account/agreement/")
        expect(page.get_by_text("You agreed to version 3")).to_be_visible()
        page.get_by_role("link", name="Withdraw my agreement").click()
        page.get_by_role("button", name="Withdraw", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Your agreement is withdrawn")
