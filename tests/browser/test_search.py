"""The search as people use it: with keys, without scripts, on small screens."""

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import WAYS_TO_LOOK, accessibility_faults, looking, scrolls_sideways
from tests.support.server import Site

pytestmark = pytest.mark.browser

FILL = """
from datetime import date
from mageos_portal.finding import replace
from mageos_portal.registry import Findable
long = "averylongwordwithoutanyplacetobreakit" * 5
replace("browser", [
    Findable("vision", "document", "Product vision", "/search/?q=1", "Where the vision leads. " * 40, date(2022, 3, 7)),
    Findable("long", "update", f"The vision of {long}", "/search/?q=2", f"vision {long}"),
    *(Findable(f"m{n}", "package", f"acme/vision-{n}", f"/search/?q=m{n}", "A package.") for n in range(25)),
])
"""
PAGES = ["?q=a", "?q=vision&in=package&page=2", "?q=vsiion", "?q=zzzzzz"]


@pytest.fixture(scope="module")
def filled(site: Site) -> Site:
    """The site with something to find."""
    site.manage("shell", "--verbosity", "0", "--command", FILL)
    return site


@pytest.mark.parametrize("way", WAYS_TO_LOOK)
def test_every_state_of_the_search_is_accessible_and_fits_its_window(browser: Browser, filled: Site, way: str) -> None:
    with looking(browser, filled.base_url, way) as page:
        for query in PAGES:
            page.goto(f"/search/{query}")
            assert accessibility_faults(page) == [], query
            assert not scrolls_sideways(page), query


def test_a_key_leads_to_the_search(browser: Browser, filled: Site) -> None:
    with looking(browser, filled.base_url) as page:
        page.goto("/")
        page.keyboard.press("/")
        box = page.get_by_role("searchbox", name="Search this site")
        expect(box).to_be_focused()
        expect(box).to_have_value("")
        page.keyboard.type("acme/vision-3")
        expect(box).to_have_value("acme/vision-3")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="acme/vision-3", exact=True)).to_be_visible()


def test_the_key_can_be_switched_off(browser: Browser, filled: Site) -> None:
    with looking(browser, filled.base_url) as page:
        page.goto("/search/")
        page.get_by_role("checkbox", name="The key / leads here from every page").uncheck()
        page.goto("/")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).not_to_be_focused()
        page.goto("/search/")
        page.get_by_role("checkbox").check()
        page.get_by_role("heading", level=1).click()
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox", name="Words to search for")).to_be_focused()


def test_it_works_without_scripts(browser: Browser, filled: Site) -> None:
    with looking(browser, filled.base_url, java_script_enabled=False) as page:
        page.goto("/")
        page.get_by_role("searchbox").fill("product vision")
        page.get_by_role("searchbox").press("Enter")
        expect(page.get_by_role("link", name="Product vision")).to_be_visible()
        expect(page.locator("mark").first).to_have_text("Product")
        page.get_by_role("searchbox").fill("vision")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Package 25").click()
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_text("Page 2 of 2")).to_be_visible()
        expect(page.get_by_role("checkbox")).to_have_count(0)
