"""The site as it runs in production: static files named by their content, https behind a proxy."""

from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest

from tests.support.server import Site, manage, running_site, site_environment

HTTPS = {"Host": "repo.example.org", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data_dir = tmp_path_factory.mktemp("production")
    environment = {
        "PORTAL_ENV": "production",
        "PORTAL_BASE_URL": "https://repo.example.org",
        "PORTAL_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-and-more",
        "PORTAL_TRUSTED_PROXIES": "127.0.0.1",
        "PORTAL_STATIC_ROOT": str(data_dir / "static"),
    }
    manage(site_environment(data_dir, **environment), "collectstatic", "--no-input", "--verbosity", "0")
    with running_site(data_dir, **environment) as site:
        yield site


def get(site: Site, path: str, **headers: str) -> tuple[HTTPResponse, str]:
    """Ask the server itself, as the proxy in front of it would; redirects are not followed."""
    connection = HTTPConnection(urlsplit(site.base_url).netloc)
    connection.request("GET", path, headers=HTTPS | headers)
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()
    return answer, content


def test_pages_name_static_files_that_browsers_may_keep_for_ever(production: Site) -> None:
    page, content = get(production, "/")
    stylesheet = content.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer, _ = get(production, stylesheet)
    assert page.status == answer.status == 200
    assert stylesheet.startswith("/static/portal.")
    assert stylesheet != "/static/portal.css"
    assert "immutable" in (answer.getheader("Cache-Control") or "")


def test_browsers_are_told_to_stay_with_https(production: Site) -> None:
    answer, _ = get(production, "/")
    assert answer.getheader("Strict-Transport-Security") == "max-age=31536000"


def test_plain_http_is_sent_to_https(production: Site) -> None:
    answer, _ = get(production, "/", **{"X-Forwarded-Proto": "http"})
    assert answer.status == 301
    assert answer.getheader("Location") == "https://repo.example.org/"


def test_health_probes_on_the_machine_itself_need_no_https(production: Site) -> None:
    answer, content = get(production, "/readyz", **{"X-Forwarded-Proto": "http", "Host": "127.0.0.1"})
    assert answer.status == 200
    assert '"status": "degraded"' in content  # nobody works on its queue


def test_an_error_page_has_its_style_too(production: Site) -> None:
    answer, content = get(production, "/no-such-page")
    assert answer.status == 404
    assert 'rel="stylesheet" href="/static/portal.' in content


def test_the_session_cookie_travels_by_https_only(production: Site) -> None:
    answer, _ = get(production, "/account/login/")
    assert "Secure" in (answer.getheader("Set-Cookie") or "")
