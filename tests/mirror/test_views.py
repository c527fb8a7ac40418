"""Search, names, providers and install notices, and the page of a repository."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from mirror import counting, views
from mirror.catalogue import install_command
from mirror.composer.versions import normalize
from mirror.models import Build, Distribution, Release
from tests.support.publications import LIBRARY, SHOP, Sample, publish, use_data_dir

pytestmark = pytest.mark.django_db

COMPOSER = "Composer/2.10.2 (Linux; 6.1.0; PHP 8.2.36; cURL 7.88.1; CI)"
Counted = Callable[[], list[counting.Install]]
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture
def distribution(settings: Settings, tmp_path: Path) -> Distribution:
    use_data_dir(settings, tmp_path)
    settings.ALLOWED_HOSTS = ["testserver"]
    return Distribution.objects.get(is_default=True)


@pytest.fixture
def other(distribution: Distribution) -> Distribution:
    return Distribution.objects.get(is_default=False)


@pytest.fixture
def published(distribution: Distribution) -> Distribution:
    publish(distribution)
    return distribution


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Ask what would be written by and by."""
    installs: list[counting.Install] = []
    collector = counting.InstallCollector(installs.extend, seconds=3600)
    monkeypatch.setattr(counting, "collector", collector)

    def ask() -> list[counting.Install]:
        collector.flush()
        return installs

    return ask


def release(distribution: Distribution, version: str, **more: Any) -> Release:
    values: dict[str, Any] = {"complete": True, "published_at": NOW, "time": 0, "commit": "0" * 40}
    return Release.objects.create(
        distribution=distribution, version=version, version_normalized=normalize(version), **values | more
    )


def names_found(client: Client, path: str) -> list[str]:
    return [result["name"] for result in client.get(path).json()["results"]]


def test_search_finds_words_of_names_and_descriptions_names_first(distribution: Distribution, client: Client) -> None:
    publish(distribution, [Sample("acme/a", composer={"description": "for the library"}), LIBRARY])
    assert names_found(client, "/search.json?q=Library") == ["acme/library", "acme/a"]
    assert names_found(client, "/search.json?q=acme+taxes") == ["acme/library"]
    assert names_found(client, "/search.json?q=nothing") == []


def test_search_answers_in_the_shape_that_composer_reads(published: Distribution, client: Client) -> None:
    assert client.get("/search.json?q=library").json() == {
        "results": [
            {
                "name": "acme/library",
                "description": "Prices and taxes",
                "url": "http://portal.example/repository/",
                "repository": "http://portal.example/",
            }
        ],
        "total": 1,
    }


def test_search_can_be_kept_to_a_type(published: Distribution, client: Client) -> None:
    assert names_found(client, "/search.json?q=&type=project") == ["acme/project"]
    assert len(names_found(client, "/search.json?q=&type=")) == 2


def test_search_has_pages(distribution: Distribution, client: Client) -> None:
    publish(distribution, [Sample(f"acme/p{number:02}") for number in range(20)])
    first = client.get("/search.json?q=acme").json()
    assert (len(first["results"]), first["total"]) == (15, 20)
    assert first["next"] == "http://portal.example/search.json?q=acme&type=&page=2"
    second = client.get("/search.json?q=acme&type=&page=2").json()
    assert (len(second["results"]), "next" in second) == (5, False)


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999", ""])
def test_a_page_that_makes_no_sense_is_still_an_answer(published: Distribution, client: Client, page: str) -> None:
    assert client.get("/search.json", {"page": page}).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["acme/library", "acme/project", "zoo/animal"]),
        ("?vendor=zoo", ["zoo/animal"]),
        ("?filter=acme/*", ["acme/library", "acme/project"]),
        ("?filter=*/L*Y", ["acme/library"]),
        ("?vendor=acme&filter=acme/p*", ["acme/project"]),
        ("?filter=acme", []),
    ],
)
def test_names(distribution: Distribution, client: Client, query: str, found: list[str]) -> None:
    publish(distribution, [SHOP, LIBRARY, Sample("zoo/animal")])
    assert client.get(f"/list.json{query}").json() == {"packageNames": found}


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("*", True),
        ("a*c*e", True),
        ("ab*bcde", False),
        ("abc", False),
        ("*e", True),
        ("*x*", False),
        ("a*b*c*d*e", True),
        ("abcde*", True),
    ],
)
def test_patterns(pattern: str, *, matching: bool) -> None:
    assert views.matches("abcde", pattern) is matching


def test_a_pattern_full_of_stars_is_quick() -> None:
    assert not views.matches("a" * 200, "*a" * 90 + "b")


def test_providers_are_suggested(published: Distribution, client: Client) -> None:
    assert client.get("/providers/acme/prices.json").json() == {
        "providers": [{"name": "acme/library", "description": "Prices and taxes", "type": "library"}]
    }
    assert client.get("/providers/acme/none.json").json() == {"providers": []}


def test_each_distribution_has_its_own_answers(published: Distribution, other: Distribution, client: Client) -> None:
    publish(other, [Sample("zoo/animal")])
    assert names_found(client, f"/d/{other.slug}/search.json?q=") == ["zoo/animal"]
    assert client.get(f"/d/{other.slug}/list.json").json() == {"packageNames": ["zoo/animal"]}
    assert client.get("/d/none/list.json").status_code == 404


def test_a_new_publication_is_searched_at_once(published: Distribution, client: Client) -> None:
    assert len(names_found(client, "/search.json?q=")) == 2
    publish(published, [SHOP], number=2)
    assert names_found(client, "/search.json?q=") == ["acme/project"]


def test_nothing_published_is_an_empty_answer(distribution: Distribution, client: Client) -> None:
    assert client.get("/search.json?q=").json() == {"results": [], "total": 0}
    assert client.get("/list.json").json() == {"packageNames": []}


def notice(*installed: tuple[str, str]) -> str:
    return json.dumps({"downloads": [{"name": name, "version": version} for name, version in installed]})


def notify(client: Client, body: str | bytes, agent: str = COMPOSER, path: str = "/notify") -> Any:
    return client.post(path, body, content_type="application/json", HTTP_USER_AGENT=agent)


def test_installs_are_counted(published: Distribution, counted: Counted) -> None:
    client = Client(enforce_csrf_checks=True)
    reply = notify(client, notice(("acme/library", "2.0.0.0"), ("Acme/Project", "1.1.0.0")))
    assert (reply.status_code, reply.json()) == (201, {"status": "success"})
    assert {(one.name, one.version) for one in counted()} == {("acme/library", "2.0.0.0"), ("acme/project", "1.1.0.0")}


def test_a_package_counts_once_a_request(published: Distribution, counted: Counted, client: Client) -> None:
    notify(client, notice(("acme/library", "2.0.0.0"), ("acme/library", "1.0.0.0-patch1")))
    assert len(counted()) == 1


def test_what_is_not_ours_is_named(published: Distribution, counted: Counted, client: Client) -> None:
    reply = notify(client, notice(("acme/library", "2.0.0.0"), ("acme/library", "9.9.9.9"), ("none/none", "1")))
    assert reply.status_code == 200
    assert reply.json() == {
        "status": "partial",
        "message": 'Packages [{"name": "acme/library", "version": "9.9.9.9"}, '
        '{"name": "none/none", "version": "1"}] not found',
    }
    assert len(counted()) == 1


@pytest.mark.parametrize("agent", ["", "curl/8", "Mozilla/5.0", "Composer", "Composer/2.1 (x)"])
def test_only_composer_counts(published: Distribution, counted: Counted, client: Client, agent: str) -> None:
    assert notify(client, notice(("acme/library", "2.0.0.0")), agent).status_code == 201
    assert not counted()


@pytest.mark.parametrize(
    "agent",
    [
        "Composer/1.10.27 (Linux; 6.1.0; PHP 7.4.3)",
        "Composer/2.7.9 (Windows NT; 10.0; PHP 8.3.1; cURL 8.4; Platform-PHP 8.1.0; CI)",
        "Composer/2.8-dev+0123abc (Darwin; 23.1; PHP 8.4.0)",
    ],
)
def test_clients_that_count(published: Distribution, counted: Counted, client: Client, agent: str) -> None:
    notify(client, notice(("acme/library", "2.0.0.0")), agent)
    assert counted()


@pytest.mark.parametrize(
    "body",
    [
        "", "x", "[]", "{}", '{"downloads": 1}', '{"downloads": ["a/b"]}', '{"downloads": [{"name": "a/b"}]}',
        '{"downloads": [{"name": 1, "version": "1"}]}', b"\xff", "[" * 100_000,
        notice(*[("acme/library", "2.0.0.0")] * 1001),
    ],
)  # fmt: skip
def test_a_wrong_notice_gets_the_answer_of_packagist(
    published: Distribution, counted: Counted, client: Client, body: str | bytes
) -> None:
    reply = notify(client, body)
    assert (reply.status_code, reply.json()["status"]) == (200, "error")
    assert reply.json()["message"].startswith("Invalid request format")
    assert not counted()


def test_a_huge_notice_is_refused(published: Distribution, client: Client) -> None:
    assert notify(client, "x" * (views.LARGEST_NOTICE + 1)).status_code == 413


def test_notices_are_posted(published: Distribution, client: Client) -> None:
    assert client.get("/notify").status_code == 405


def page(client: Client, path: str = "/repository/") -> str:
    reply = client.get(path)
    assert reply.status_code == 200
    return reply.content.decode()


def test_the_page_says_how_to_install_the_newest_release(published: Distribution, client: Client) -> None:
    release(published, "1.0.0")
    release(published, "1.1.0")
    shown = page(client)
    assert (
        "composer create-project --repository-url=http://portal.example/ --no-secure-http acme/project=1.1.0 shop"
        in shown
    )
    assert f"composer config repositories.{published.slug} composer http://portal.example/" in shown
    assert "http://portal.example/manifest.sha256" in shown


def test_the_newest_is_a_stable_complete_published_release(published: Distribution) -> None:
    release(published, "2.0.0", complete=False)
    release(published, "1.3.0", published_at=None)
    release(published, "1.2.0-beta1")
    release(published, "1.1.0")
    found = views.newest_installable(views.newest_first(published.releases.all()))
    assert found is not None
    assert found.version == "1.1.0"


def test_https_needs_no_permission() -> None:
    command = install_command("https://repo.example/", "acme/project", "1.0.0")
    assert command == "composer create-project --repository-url=https://repo.example/ acme/project=1.0.0 shop"


def test_states_have_a_word_and_the_missing_packages(published: Distribution, client: Client) -> None:
    missing = [{"name": "acme/closed", "constraint": "1.0", "required_by": "acme/library", "origin": "sold elsewhere"}]
    release(published, "1.2.0", complete=False, missing=missing)
    release(published, "1.3.0", published_at=None, held_because="a person has to approve it")
    shown = page(client)
    for word in ("Incomplete", "Waiting", "1 package is missing", "acme/closed 1.0", "a person has to approve it"):
        assert word in shown


def test_the_notice_is_shown_as_text(published: Distribution, client: Client) -> None:
    Distribution.objects.filter(pk=published.pk).update(notice="<b>Careful</b>")
    assert "&lt;b&gt;Careful&lt;/b&gt;" in page(client)


def test_an_empty_repository_says_what_to_do(distribution: Distribution, client: Client) -> None:
    shown = page(client)
    assert "Nothing is published yet" in shown
    assert f"python manage.py build_distribution {distribution.slug}" in shown


def test_every_distribution_has_a_page(published: Distribution, other: Distribution, client: Client) -> None:
    shown = page(client, f"/d/{other.slug}/")
    assert f"<h1>{other.title}</h1>" in shown
    assert '<a href="/repository/">' in shown
    assert f'href="http://portal.example/d/{other.slug}/"' in shown
    assert client.get("/d/none/").status_code == 404


def test_the_last_build_is_told_without_its_actor(published: Distribution, client: Client) -> None:
    Build.objects.create(distribution=published, state=Build.State.SUCCEEDED, built=7, actor="jane", ended_at=NOW)
    Build.objects.create(distribution=published, actor="jane")
    shown = page(client)
    assert "succeeded: 7 archives made" in shown
    assert "2026-01-02T03:04:00" in shown
    assert "jane" not in shown


@pytest.mark.parametrize(("path", "queries"), [("/repository/", 3), ("/", 5)])  # home asks for updates, too
def test_a_page_takes_few_queries(
    published: Distribution, client: Client, django_assert_num_queries: DjangoAssertNumQueries, path: str, queries: int
) -> None:
    for patch in range(5):
        release(published, f"1.0.{patch}")
        Build.objects.create(distribution=published, ended_at=NOW)
    page(client, path)
    with django_assert_num_queries(queries):
        page(client, path)


@pytest.mark.parametrize("path", ["/search.json?q=a", "/list.json", "/providers/a/b.json"])
def test_an_answer_to_composer_takes_one_query(
    published: Distribution, client: Client, django_assert_num_queries: DjangoAssertNumQueries, path: str
) -> None:
    with django_assert_num_queries(1):
        client.get(path)


def test_the_home_page_has_the_command(published: Distribution, client: Client) -> None:
    release(published, "1.1.0")
    assert "acme/project=1.1.0 shop" in page(client, "/")


def test_the_home_page_lives_without_a_distribution(settings: Settings, client: Client) -> None:
    Distribution.objects.all().delete()
    assert client.get("/").status_code == 200
    assert client.get("/repository/").status_code == 404
