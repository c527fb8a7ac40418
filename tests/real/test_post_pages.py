"""The website's real posts as pages: `make test-real SOURCES=DIR`."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.real.test_posts import CLONES, SETUP, UPDATES, missing, said
from tests.support.browser import accessibility_faults, looking, running_browser, scrolls_sideways
from tests.support.server import Site, running_site

# Those that wait for a person, too.
SHOW_ALL = """
import json
from docs_hub.models import Update
Update.objects.update(state=Update.State.PUBLISHED)
print(json.dumps([update.get_absolute_url() for update in Update.objects.all()]))
"""

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("posts")) as site:
        site.manage("import_collections", str(SETUP))
        site.manage("sync_documents", "--sources", str(CLONES))
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.mark.parametrize("way", ["light", "dark", "phone"])
def test_every_post_is_accessible_and_fits_its_window(site: Site, browser: Browser, way: str) -> None:
    addresses = json.loads(site.manage("shell", "--no-imports", "-c", SHOW_ALL))
    faults = {}
    with looking(browser, site.base_url, way) as page:
        for address in addresses:
            page.goto(address)
            found = accessibility_faults(page) + ["scrolls sideways"] * scrolls_sideways(page)
            if found:
                faults[address] = found
    said(f"{len(addresses)} pages looked at, {way}: axe and sideways scrolling, {len(faults)} with faults")
    assert len(addresses) == UPDATES
    assert not faults
