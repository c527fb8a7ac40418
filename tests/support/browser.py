"""Pages seen through Debian's Chromium: in the ways that people look at them, with everything noted that is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.programs import npm_package_file, program

OFFLINE = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
TOO_QUICK = "Autofocus processing was blocked"  # said when a test types before the page has put the cursor somewhere
WAYS_TO_LOOK: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}},
    "small phone": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
    "forced colors": {"forced_colors": "active"},
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start Chromium without a screen, and without looking for anything on the internet."""
    executable = program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(executable), args=["--no-sandbox", "--disable-gpu", *OFFLINE], headless=True
        )
        yield browser
        browser.close()


@contextmanager
def looking(browser: Browser, base_url: str, way: str = "light", **more: Any) -> Iterator[Page]:
    """Open a tab, and fail at the end if a page complained or asked another host for something."""
    context = browser.new_context(base_url=base_url, **WAYS_TO_LOOK[way], **more)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: None if TOO_QUICK in message.text else complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.extend(foreign(request.url, base_url)))
    yield page
    context.close()
    assert complaints == []


def foreign(url: str, base_url: str) -> list[str]:
    """Return the address as a complaint if it is on another host."""
    return [] if url.startswith((f"{base_url}/", "data:", "blob:")) else [f"third party: {url}"]


def accessibility_faults(page: Page) -> list[str]:
    """Let axe-core look at the page, all its rules for WCAG 2.2 AA and good practice."""
    page.evaluate(npm_package_file("axe-core/axe.min.js").read_text(encoding="utf-8"))
    result = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [
        f"{violation['id']}: {violation['help']}: {', '.join(str(node['target']) for node in violation['nodes'])}"
        for violation in result["violations"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Say whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
