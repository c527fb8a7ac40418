"""What every answer tells browsers, and which proxies are believed."""

import ipaddress

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client, RequestFactory
from pytest_django import Settings

from mageos_portal.middleware import believe_trusted_proxies_only, client_address
from tests.support.staff import a_person, logged_in

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1"))
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


@pytest.mark.parametrize("path", ["/", "/account/email/", "/account/second-factor/webauthn/add/", "/no-such-page"])
@pytest.mark.django_db
def test_every_page_has_the_strict_policy(path: str) -> None:
    response = logged_in(a_person("jane")).get(path)
    assert policy_of(response) == POLICY
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


@pytest.mark.django_db
def test_the_login_has_the_strict_policy(client: Client) -> None:
    assert policy_of(client.get("/account/login/")) == POLICY


@pytest.mark.django_db
def test_the_admin_may_do_what_its_scripts_need_and_no_more() -> None:
    response = logged_in(a_person("jane", superuser=True)).get("/admin/")
    needed = {"script-src": "'self' 'unsafe-eval'", "style-src": "'self' 'unsafe-inline'"}
    assert response.status_code == 200
    assert policy_of(response) == POLICY | needed


def policy_of(response: HttpResponseBase) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))


@pytest.mark.django_db
def test_production_asks_for_https_from_then_on(client: Client, settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    assert client.get("/", secure=True)["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
    ],
)
def test_the_client_is_the_last_address_that_is_no_proxy(peer: str, forwarded_for: str, expected: str) -> None:
    assert client_address(peer, forwarded_for, PROXIES) == expected


def seen(settings: Settings, peer: str) -> HttpRequest:
    """Return the request as views see it when `peer` forwards one that came by https."""
    requests: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        requests.append(request)
        return HttpResponse()

    settings.PORTAL_TRUSTED_PROXIES = PROXIES
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    believe_trusted_proxies_only(view)(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))
    return requests[0]


def test_a_trusted_proxy_is_believed(settings: Settings) -> None:
    request = seen(settings, peer="10.1.2.3")
    assert request.is_secure()
    assert request.META["REMOTE_ADDR"] == "198.51.100.7"


def test_anybody_else_is_not_believed(settings: Settings) -> None:
    request = seen(settings, peer="203.0.113.9")
    assert not request.is_secure()
    assert request.META["REMOTE_ADDR"] == "203.0.113.9"
    assert "HTTP_X_FORWARDED_FOR" not in request.META
