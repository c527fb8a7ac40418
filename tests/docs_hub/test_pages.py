"""Pages of updates: what they show, to whom, and at which address."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from docs_hub.models import SourceFile, Update
from tests.support.made_documents import DAY, a_collection, an_update, somebody

pytestmark = pytest.mark.django_db

PICTURE = "updates/ab/" + "0" * 32 + ".png"


def titles(reply: Any) -> list[str]:
    """Give the titles of a list, in their order."""
    return re.findall(r'<h3><a href="[^"]+">([^<]+)</a></h3>', reply.content.decode())


def page_of(update: Update, client: Client | None = None) -> str:
    return (client or Client()).get(update.get_absolute_url()).content.decode()


def test_the_archive_lists_updates_newest_first_below_their_years(client: Client) -> None:
    an_update("old", published_at=DAY.replace(year=2022))
    an_update("new")
    reply = client.get("/updates/")
    assert titles(reply) == ["About new", "About old"]
    assert re.findall(r'<h2 id="year-\d+">(\d+)</h2>', reply.content.decode()) == ["2024", "2022"]


def test_the_archive_has_pages_of_twenty(client: Client) -> None:
    for number in range(21):
        an_update(f"number-{number}", published_at=DAY + timedelta(days=number))
    first, second = client.get("/updates/"), client.get("/updates/?page=2")
    assert len(titles(first)) == 20
    assert titles(second) == ["About number-0"]
    assert 'rel="next" href="?page=2"' in first.content.decode()
    assert 'rel="canonical" href="http://127.0.0.1:8000/updates/?page=2"' in second.content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "x", "99", "9" * 5000, "\0", ""])
def test_a_page_that_makes_no_sense_is_the_nearest_one(client: Client, page: str) -> None:
    an_update("only")
    assert titles(client.get("/updates/", {"page": page})) == ["About only"]


def test_years_and_categories_have_pages_of_their_own(client: Client) -> None:
    an_update("talk", category="events")
    an_update("older", category="releases", published_at=DAY.replace(year=2022))
    assert titles(client.get("/updates/2022/")) == ["About older"]
    assert titles(client.get("/updates/category/events/")) == ["About talk"]
    offered = client.get("/updates/").content.decode()
    for address in ("/updates/2022/", "/updates/2024/", "/updates/category/events/", "/updates/category/releases/"):
        assert f'href="{address}"' in offered


@pytest.mark.parametrize(
    "path", ["/updates/1999/", "/updates/02024/", "/updates/99999999999999999999/", "/updates/category/none/"]
)
def test_a_year_or_category_without_updates_is_no_page(client: Client, path: str) -> None:
    an_update("only")
    assert client.get(path).status_code == 404


def test_an_empty_archive_says_so(client: Client) -> None:
    assert "Nothing has been published yet" in client.get("/updates/").content.decode()


def test_an_update_shows_all_that_is_known_of_it() -> None:
    shown = an_update(
        "week-9", category="events", author="jane", words=700, image=f"/media/{PICTURE}", image_alt="A boat",
        html="<h2>Here</h2>", tags=["git"],
    )  # fmt: skip
    page = page_of(shown)
    for part in (
        "<h1>About week-9</h1>", "7 May 2024", "/updates/category/events/", "jane", "3 minutes to read",
        f'src="/media/{PICTURE}" alt="A boat"', "<h2>Here</h2>",
        'rel="canonical" href="http://127.0.0.1:8000/updates/2024/week-9/"',
        f'property="og:image" content="http://127.0.0.1:8000/media/{PICTURE}"',
        'property="article:published_time" content="2024-05-07T00:00:00+00:00"',
        'property="article:section" content="Events"', 'property="article:tag" content="git"',
    ):  # fmt: skip
        assert part in page, part


def test_a_table_of_contents_is_there_from_four_headings_on() -> None:
    headings = [[2, f"part-{number}", f"Part {number}"] for number in range(4)]
    assert 'href="#part-3">Part 3</a>' in page_of(an_update(headings=headings))
    assert 'class="contents"' not in page_of(an_update(headings=headings[:3]))


def test_search_engines_read_what_the_page_says_and_no_title_ends_the_script() -> None:
    hostile = '</script><script>alert(1)</script> & "so\u2028on"'
    page = page_of(an_update(title=hostile, author="jane"))
    assert page.count("<script") == 2  # the site's own, and this one
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    said = json.loads(found[1])
    assert (said["@type"], said["headline"], said["author"]["name"]) == ("BlogPosting", hostile, "jane")
    assert said["datePublished"] == "2024-05-07T00:00:00+00:00"


def test_neighbours_are_found_among_updates_of_the_same_moment() -> None:
    first, second, third = (an_update(slug) for slug in ("first", "second", "third"))
    assert f'rel="next" href="{third.get_absolute_url()}"' in page_of(second)
    assert f'rel="prev" href="{first.get_absolute_url()}"' in page_of(second)
    assert 'rel="prev"' not in page_of(first)
    assert 'rel="next"' not in page_of(third)


def test_an_imported_update_names_its_files_and_commit() -> None:
    shown = an_update()
    website = a_collection("website", kind="updates", repository="https://github.com/acme/site.git")
    SourceFile.objects.create(collection=website, update=shown, path="src/a b.md", blob="b" * 40, commit="c" * 40)
    page = page_of(shown)
    assert f'href="https://github.com/acme/site/blob/{"c" * 40}/src/a%20b.md"' in page
    assert "<code>src/a b.md</code> at commit <code>cccccccccccc</code>" in page


def test_a_repository_that_no_browser_opens_is_not_linked() -> None:
    shown = an_update()
    website = a_collection("website", kind="updates", repository="javascript:alert(1)//")
    SourceFile.objects.create(collection=website, update=shown, path="a.md", blob="b" * 40, commit="c" * 40)
    assert "javascript:" not in page_of(shown)


def test_a_future_update_appears_by_itself(client: Client) -> None:
    at = timezone.now() + timedelta(hours=1)
    planned = an_update(published_at=at)
    assert client.get(planned.get_absolute_url()).status_code == 404
    Update.objects.filter(pk=planned.pk).update(published_at=at - timedelta(hours=2))
    assert client.get(planned.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("state", ["draft", "review", "hidden"])
def test_what_is_not_published_is_not_there(client: Client, state: str) -> None:
    kept = an_update(state=state)
    assert client.get(kept.get_absolute_url()).status_code == 404
    assert titles(client.get("/updates/")) == []


def test_an_update_that_a_person_took_back_is_gone_for_those_who_may_have_read_it(client: Client) -> None:
    public = an_update(state="hidden", hidden_by="jane")
    for_members = an_update(state="hidden", hidden_by="jane", visibility="members")
    reply = client.get(public.get_absolute_url())
    assert (reply.status_code, public.title in reply.content.decode()) == (410, False)
    assert client.get(for_members.get_absolute_url()).status_code == 404
    assert somebody("member").get(for_members.get_absolute_url()).status_code == 410


def test_pages_made_for_somebody_are_not_kept_by_shared_caches() -> None:
    path = an_update().get_absolute_url()
    for_all, own = Client().get(path), somebody("member").get(path)
    assert "Cookie" in for_all.headers["Vary"]
    assert "private" not in for_all.headers.get("Cache-Control", "")
    assert own.headers["Cache-Control"] == "private"
    assert somebody("staff").get("/").headers["Cache-Control"] == "private"


def test_pages_of_updates_take_few_queries_and_read_no_texts_for_lists(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(25):
        shown = an_update(category="events")
    with django_assert_num_queries(4) as captured:
        client.get("/updates/")
    assert not any('"body"' in query["sql"] or '"html"' in query["sql"] for query in captured.captured_queries)
    with django_assert_num_queries(4):
        client.get(shown.get_absolute_url())


def test_a_picture_is_kept_for_ever_by_who_asked(client: Client, settings: Settings, tmp_path: Path) -> None:
    media = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "media": media}
    storages["media"].save(PICTURE, ContentFile(b"a picture"))
    reply = client.get(f"/media/{PICTURE}")
    assert (reply.headers["Content-Type"], b"".join(reply)) == ("image/png", b"a picture")
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    reply.close()


@pytest.mark.parametrize(
    "name", ["updates/ab/" + "1" * 32 + ".png", "../portal.sqlite3", "updates/ab/x.svg", "%2e%2e/secret_key", "\0"]
)
def test_nothing_but_pictures_is_given(client: Client, name: str) -> None:
    assert client.get(f"/media/{name}").status_code == 404


def test_the_home_page_shows_the_three_newest(client: Client) -> None:
    for number in range(4):
        an_update(f"number-{number}", published_at=datetime(2024, 1, 1 + number, tzinfo=UTC))
    page = client.get("/").content.decode()
    assert page.index("About number-3") < page.index("About number-2") < page.index("About number-1")
    assert "About number-0" not in page
