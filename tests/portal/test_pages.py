"""The home page, what machines ask for, and the error pages."""

import pytest
from django.core.cache import caches
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from pytest_django import Settings

from mageos_portal import urls, views
from mageos_portal.registry import DuplicateEntryError, HomeCard, Registry, home_cards, navigation


def refuse(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def misunderstand(request: HttpRequest) -> HttpResponse:
    raise BadRequest


def break_down(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the inside")


urlpatterns = [
    *urls.urlpatterns,
    path("refuse", refuse),
    path("misunderstand", misunderstand),
    path("break", break_down),
]
handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500


@pytest.mark.django_db
def test_the_home_page_says_what_the_site_is(client: Client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert b"<h1>Install Magento Open Source from a community mirror</h1>" in response.content
    assert b"not affiliated with Adobe" in response.content


def test_the_home_page_shows_the_cards_of_the_apps_in_order(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    second = HomeCard("b", "_command.html", lambda request: {"command": "run <b>"}, order=2)
    first = HomeCard("a", "_command.html", lambda request: {"command": "run <a>"}, order=1)
    monkeypatch.setattr(home_cards, "_entries", {"b": second, "a": first})
    content = client.get("/").content.decode()
    assert 0 < content.index("run &lt;a&gt;") < content.index("run &lt;b&gt;")


def test_a_registry_refuses_a_second_entry_of_the_same_key() -> None:
    registry: Registry[HomeCard] = Registry()
    registry.register(HomeCard("a", "a.html", lambda request: {}, 1))
    with pytest.raises(DuplicateEntryError, match="'a' is registered twice"):
        registry.register(HomeCard("a", "b.html", lambda request: {}, 2))


@pytest.mark.django_db
def test_every_link_of_the_header_leads_to_a_page(client: Client) -> None:
    response = client.get("/")
    links = response.context["navigation"]
    assert len(links) == len(list(navigation))
    assert [client.get(link["url"], follow=True).status_code for link in links] == [200] * len(links)


@pytest.mark.django_db
def test_the_cache_works_after_plain_migrations() -> None:
    caches["default"].set("key", "value", 60)
    assert caches["default"].get("key") == "value"


def test_robots_are_kept_out_of_the_admin(client: Client) -> None:
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert b"Disallow: /admin/" in response.content


def test_pages_without_an_icon_get_ours(client: Client) -> None:
    assert client.get("/favicon.ico")["Location"] == "/static/portal.svg"


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/robots.txt"])
def test_pages_are_only_for_reading(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.urls("tests.portal.test_pages")
@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/misunderstand", 400, "makes no sense to us"),
        ("/refuse", 403, "not open to you"),
        pytest.param("/no-such-page", 404, "There is no such page", marks=pytest.mark.django_db),  # it may have moved
        ("/break", 500, "broke on our side"),
    ],
)
def test_an_error_has_a_page_of_its_own(client: Client, path: str, status: int, text: str) -> None:
    client.raise_request_exception = False
    response = client.get(path)  # without a database: an error page must not need one
    content = response.content.decode()
    assert response.status_code == status
    assert text in content
    assert '<main id="content"' in content
    assert "secret of the inside" not in content


def test_a_host_that_is_not_ours_is_refused_with_a_page(client: Client) -> None:
    response = client.get("/", headers={"host": "evil.example.org"})
    assert response.status_code == 400
    assert "makes no sense to us" in response.content.decode()


def test_too_many_requests_have_a_page(rf: RequestFactory) -> None:
    response = views.too_many_requests(rf.get("/"))
    assert response.status_code == 429
    assert b"Wait a minute" in response.content


@pytest.mark.django_db
def test_the_canonical_address_never_comes_from_the_request(client: Client, settings: Settings) -> None:
    settings.PORTAL_BASE_URL = "https://repo.example.org"
    settings.ALLOWED_HOSTS = ["other.example.org"]
    content = client.get("/?page=2", headers={"host": "other.example.org"}).content.decode()
    assert '<link rel="canonical" href="https://repo.example.org/">' in content
    assert "other.example.org" not in content
