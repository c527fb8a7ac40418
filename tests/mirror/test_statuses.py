"""How far each repository is behind, in words that a badge has room for."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from mirror.freshness import Facts, short, state_of
from mirror.models import Build, Distribution, Release
from tests.support.publications import publish, use_data_dir

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUILT = Facts(is_published=True, is_building=False, is_follower=False, interval=HOUR, seen_at=NOW, releases=3)
FOLLOWER = replace(BUILT, is_follower=True, origin_changed_at=NOW - DAY, seen_at=NOW - HOUR)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("facts", "word", "style"),
    [
        (BUILT, "complete", "good"),
        (replace(BUILT, releases=0), "up to date", "good"),
        (replace(BUILT, incomplete=2), "incomplete 2", "warn"),
        (replace(BUILT, is_building=True, incomplete=2), "building", ""),
        (replace(BUILT, seen_at=NOW - 9 * DAY), "stale 9 d", "bad"),
        (replace(BUILT, seen_at=NOW - 6 * DAY, interval=2 * DAY), "complete", "good"),
        (replace(BUILT, seen_at=NOW - 6 * DAY, interval=timedelta()), "complete", "good"),
        (replace(BUILT, seen_at=NOW - 8 * DAY, interval=timedelta()), "stale 8 d", "bad"),
        (replace(BUILT, is_published=False), "nothing yet", ""),
        (replace(BUILT, is_published=False, is_building=True), "building", ""),
        (FOLLOWER, "up to date", "good"),
        (replace(FOLLOWER, incomplete=2), "incomplete 2", "warn"),
        (replace(FOLLOWER, origin_changed_at=NOW - 3 * HOUR, seen_at=NOW - 4 * HOUR), "3 h behind", "warn"),
        (replace(FOLLOWER, origin_changed_at=NOW - 3 * HOUR, seen_at=NOW - 3 * HOUR), "up to date", "good"),
        (replace(FOLLOWER, seen_at=NOW - 4 * DAY, origin_changed_at=NOW - 5 * DAY), "stale 4 d", "bad"),
        (replace(FOLLOWER, is_building=True, origin_changed_at=NOW, seen_at=None), "1 min behind", "warn"),
    ],
)
def test_a_state_says_what_matters_most(facts: Facts, word: str, style: str) -> None:
    state = state_of(facts, NOW)
    assert (state.word, state.style) == (word, style)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "1 min"), (59, "1 min"), (3599, "59 min"), (3600, "1 h"), (47 * 3600, "47 h"), (48 * 3600, "2 d")],
)
def test_spans_are_short(seconds: int, text: str) -> None:
    assert short(timedelta(seconds=seconds)) == text


@pytest.fixture
def distribution(db: None, settings: Any, tmp_path: Any) -> Distribution:
    use_data_dir(settings, tmp_path)
    distribution = Distribution.objects.get(is_default=True)
    publish(distribution)
    return distribution


def badge(client: Client, slug: str) -> tuple[str, str]:
    """Give what the picture says to those who see it and to those who hear it."""
    answer = client.get(reverse("mirror:badge", args=[slug]))
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer["Cache-Control"] == "public, max-age=300"
    picture = ElementTree.fromstring(answer.content)  # noqa: S314 - our own
    assert picture.get("role") == "img"
    title = picture.find(f"{SVG}title")
    assert title is not None
    return " | ".join(text.text or "" for text in picture.iter(f"{SVG}text")), title.text or ""


def test_a_badge_says_the_state_in_words(client: Client, distribution: Distribution) -> None:
    Release.objects.create(
        distribution=distribution, product="a/b", version="1.0", version_normalized="1.0.0.0", commit="", time=0
    )
    slug = distribution.slug
    assert badge(client, slug) == (f"{slug} | incomplete 1", f"{slug}: incomplete 1")


def test_a_follower_says_how_far_it_is_behind(client: Client, distribution: Distribution) -> None:
    now = datetime.now(UTC)
    fields = {"follows": "https://first.example/", "followed_at": now - 9 * HOUR, "origin_changed_at": now - 5 * HOUR}
    Distribution.objects.filter(pk=distribution.pk).update(**fields)
    assert badge(client, distribution.slug)[0] == f"{distribution.slug} | 5 h behind"
    page = client.get(reverse("mirror:status")).content.decode()
    assert '<a href="https://first.example/">' in page
    assert "5\N{NO-BREAK SPACE}hours behind" in page


def test_where_a_followed_directory_lies_is_not_told(client: Client, distribution: Distribution) -> None:
    Distribution.objects.filter(pk=distribution.pk).update(follows="file:///srv/secret/export/")
    page = client.get(reverse("mirror:status")).content.decode()
    assert "exported to a directory" in page
    assert "secret" not in page


def test_shields_gets_its_schema(client: Client, distribution: Distribution) -> None:
    answer = client.get(reverse("mirror:shield", args=[distribution.slug]))
    assert answer["Cache-Control"] == "public, max-age=300"
    said = json.loads(answer.content)
    assert said.pop("cacheSeconds") == 300
    assert said == {
        "schemaVersion": 1, "label": distribution.slug, "message": "up to date", "color": "#1a6b3c",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["badge", "shield"])
def test_an_unknown_repository_has_no_badge(client: Client, distribution: Distribution, name: str) -> None:
    assert client.get(reverse(f"mirror:{name}", args=["unknown"])).status_code == 404
    assert client.post(reverse(f"mirror:{name}", args=[distribution.slug])).status_code == 405


def test_a_running_build_shows(client: Client, distribution: Distribution) -> None:
    Build.objects.create(distribution=distribution, state=Build.State.RUNNING)
    assert badge(client, distribution.slug)[0].endswith("building")


def test_the_page_asks_as_much_for_many_as_for_one(
    client: Client, distribution: Distribution, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        other = Distribution.objects.create(slug=f"other-{number}", title="Other", recipe="mirror.toml")
        Build.objects.create(distribution=other, state=Build.State.SUCCEEDED, ended_at=NOW)
    with django_assert_num_queries(3):
        assert client.get(reverse("mirror:status")).status_code == 200
