"""Public pages as people see them."""

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import WAYS_TO_LOOK, accessibility_faults, looking, scrolls_sideways
from tests.support.server import Site

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("way", WAYS_TO_LOOK)
def test_the_home_page_is_accessible_and_fits_its_window(browser: Browser, site: Site, way: str) -> None:
    with looking(browser, site.base_url, way) as page:
        page.goto("/")
        assert accessibility_faults(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.parametrize("way", WAYS_TO_LOOK)
def test_the_page_for_a_wrong_address_is_accessible_too(browser: Browser, site: Site, way: str) -> None:
    with looking(browser, site.base_url, way) as page:
        page.route("**/no-such-page", lambda route: route.fulfill(response=route.fetch(), status=200))
        page.goto("/no-such-page")
        expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
        assert accessibility_faults(page) == []
        assert not scrolls_sideways(page)


def test_the_first_tab_offers_to_skip_to_the_content(browser: Browser, site: Site) -> None:
    with looking(browser, site.base_url) as page:
        page.goto("/")
        page.keyboard.press("Tab")
        link = page.get_by_role("link", name="Skip to content")
        expect(link).to_be_focused()
        expect(link).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()


def test_the_focus_can_be_seen_on_every_stop(browser: Browser, site: Site) -> None:
    with looking(browser, site.base_url) as page:
        page.goto("/")
        for _ in range(page.locator("a, button, [tabindex='0']").count()):
            page.keyboard.press("Tab")
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_pages_are_complete_without_scripts(browser: Browser, site: Site) -> None:
    with looking(browser, site.base_url, java_script_enabled=False) as page:
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("contentinfo")).to_contain_text("not affiliated with Adobe")


def test_a_command_is_copied_with_one_click(browser: Browser, site: Site) -> None:
    with looking(browser, site.base_url, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.route("**/no-such-page", lambda route: route.fulfill(body=COMMAND_PAGE, content_type="text/html"))
        page.goto("/no-such-page")
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("status")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == "composer require <this>"


COMMAND_PAGE = """<!DOCTYPE html><title>t</title><link rel="stylesheet" href="/static/portal.css">
<link rel="icon" href="/static/portal.svg"><script src="/static/portal.js" defer></script>
<div class="command"><pre><code>composer require &lt;this&gt;
</code></pre></div>"""
