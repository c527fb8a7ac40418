"""Pages of updates and documents as people see them."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, expect

from tests.support.browser import WAYS_TO_LOOK, accessibility_faults, looking, scrolls_sideways
from tests.support.server import Site, running_site

pytestmark = pytest.mark.browser

# Runs in the site's own environment.
FILL = """
import django
django.setup()
from datetime import timedelta
from docs_hub import rendering
from tests.support.made_documents import DAY, a_collection, a_document, a_version, an_update
LONG = "a" * 300
TEXT = f'''
## Technical topics
A word {LONG}, https://example.org/{LONG}, `{LONG}` and ![](/no.png).

### https://example.org/{LONG}
| {" | ".join(f"column {number}" for number in range(12))} |
|{"---|" * 12}
| {" | ".join(f"a cell of words {number}" for number in range(12))} |

## Pictures
![A boat](/boat.png)

> Quoted

```
{LONG}
```

#### A deeper heading

- one
  - two

<div class="not-prose"><img src="/boat.png" alt="Boat"><img src="/boat.png" alt="Boats"></div>
'''
made = rendering.render(TEXT, lambda link: link, lambda link: "/static/portal.svg" if "boat" in link else None)
fields = {"html": made.html, "headings": [[each.level, each.id, each.text] for each in made.headings], "words": 900}
for number in range(25):
    at = DAY + timedelta(days=30 * number)
    an_update(f"week-{number}", published_at=at, category=("events", "updates")[number % 2])
an_update("long", title=f"Weeks 8 and 9 {LONG}"[:250], image="/static/portal.svg", author=LONG[:90], **fields)
an_update("gone", state="hidden", hidden_by="jane")
for number in range(60):
    kind = ("design", "minutes")[number % 2]
    a_document(f"paper-{number}", folder=f"Designs/Mirror/{number % 3}", kind=kind, team="docs")
a_document("long", title=LONG, url=f"https://drive.example/{LONG}", folder=LONG, status="draft", team=LONG[:50])
new = a_document("vision", title="Product vision", **{name: fields[name] for name in ("html", "headings")})
a_document("old", status="superseded", superseded_by=new)
text = f"Chapter one\\nWe write {LONG} and agree.\\nThe end."
changed = a_document("changed", title=f"Charter {LONG}"[:250], text=text)
a_version(changed, 1, f"Chapter one\\nWe wrote {LONG} once.\\nThe end.", changed_at=DAY)
a_version(changed, 2, f"Chapter one\\n{LONG}\\nThe end.")
a_collection("links", title="Links", kind="links")
"""
PAGES = (
    "/updates/", "/updates/2024/", "/updates/category/events/", "/updates/2024/long/", "/updates/2024/gone/", "/docs/",
    "/docs/?kind=design&page=2", "/docs/?kind=role", "/docs/handbook/?folder=Designs/Mirror", "/docs/links/",
    "/docs/handbook/long/", "/docs/handbook/vision/", "/docs/handbook/old/", "/",
    "/docs/handbook/changed/", "/docs/handbook/changed/history/", "/docs/handbook/changed/history/1/",
    "/docs/handbook/changed/history/changes/?from=1&to=2", "/docs/handbook/vision/history/",
)  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_site(tmp_path_factory.mktemp("documents")) as site:
        environment = {**site.environment, "DJANGO_SETTINGS_MODULE": "mageos_portal.settings"}
        subprocess.run([sys.executable, "-c", FILL], env=environment, cwd=settings.BASE_DIR, check=True)
        yield site.base_url


@pytest.mark.parametrize("way", WAYS_TO_LOOK)
def test_pages_are_accessible(browser: Browser, address: str, way: str) -> None:
    few = PAGES if way == "light" else ("/updates/2024/long/", "/docs/")
    with looking(browser, address, way) as page:
        for path in few:
            page.route(f"**{path}", lambda route: route.fulfill(response=route.fetch(), status=200))  # a 410 is told
            page.goto(path)
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            assert (path, accessibility_faults(page)) == (path, [])


def test_pages_fit_a_small_phone_whatever_they_hold(browser: Browser, address: str) -> None:
    with looking(browser, address, "small phone") as page:
        for path in PAGES:
            page.route(f"**{path}", lambda route: route.fulfill(response=route.fetch(), status=200))
            page.goto(path)
            assert not scrolls_sideways(page), path


@pytest.mark.parametrize("path", ["/updates/", "/docs/"])
def test_pages_without_anything_to_show_are_accessible_too(browser: Browser, site: Site, path: str) -> None:
    with looking(browser, site.base_url, "phone") as page:
        page.goto(path)
        expect(page.get_by_role("heading", name=re.compile(r"yet$"))).to_be_visible()
        assert accessibility_faults(page) == []


def test_a_reader_finds_an_update_and_its_neighbours_without_scripts(browser: Browser, address: str) -> None:
    with looking(browser, address, java_script_enabled=False) as page:
        page.goto("/")
        page.get_by_role("link", name="Updates", exact=True).click()
        page.get_by_role("link", name="Older").click()
        expect(page).to_have_url(f"{address}/updates/?page=2")
        page.get_by_role("navigation", name="Categories").get_by_role("link", name="Events").click()
        page.get_by_role("link", name="About week-24").click()
        page.get_by_role("link", name=re.compile("Older")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("About week-23")


def test_a_reader_finds_a_document_by_folder_and_kind_without_scripts(browser: Browser, address: str) -> None:
    with looking(browser, address, java_script_enabled=False) as page:
        page.goto("/")
        page.get_by_role("link", name="Docs", exact=True).click()
        folders = page.get_by_role("navigation", name="Folders")
        folders.get_by_role("link", name="Designs").click()
        folders.get_by_role("link", name="Mirror").click()
        page.get_by_label("Kind").select_option("Minutes")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", level=2)).to_have_text("30 documents")
        page.get_by_role("link", name="Paper paper-1", exact=True).click()
        expect(page.get_by_role("link", name="Open the document")).to_be_visible()


def test_a_reader_compares_a_former_text_with_the_one_of_today_without_scripts(browser: Browser, address: str) -> None:
    with looking(browser, address, java_script_enabled=False) as page:
        page.goto("/docs/handbook/changed/")
        page.get_by_role("link", name="What changed, and when").click()
        page.get_by_label("From").select_option("Text 1")
        page.get_by_role("button", name="Compare").click()
        expect(page.locator("del").first).to_contain_text("wrote")
        expect(page.locator("ins").first).to_contain_text("write")
        page.get_by_role("link", name="text 1").click()
        expect(page.get_by_text("We wrote")).to_be_visible()


def test_print_leaves_out_what_paper_cannot_use(browser: Browser, address: str) -> None:
    with looking(browser, address) as page:
        page.goto("/updates/2024/long/")
        page.emulate_media(media="print")
        expect(page.get_by_role("navigation", name="Contents")).to_be_hidden()
        expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
        expect(page.get_by_role("heading", name="Technical topics")).to_be_visible()
