"""Pages of accounts: limits, what they tell strangers, and mail."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.support.staff import PASSWORD, a_person, code, enrol, logged_in

pytestmark = pytest.mark.django_db

LOGIN, RESET = "/account/login/", "/account/password/reset/"


@pytest.fixture(autouse=True)
def no_limits_of_other_tests() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def fail(client: Client, login: str = "jane", **more: Any) -> int:
    return client.post(LOGIN, {"login": login, "password": "wrong"}, **more).status_code


def test_five_wrong_passwords_close_an_account_for_some_minutes(client: Client) -> None:
    a_person("jane")
    assert [fail(client, REMOTE_ADDR=f"198.51.100.{number}") for number in range(6)] == [200] * 5 + [429]
    reply = client.post(LOGIN, {"login": "jane", "password": PASSWORD})
    assert reply.status_code == 429
    assert "Wait a minute" in reply.content.decode()


def test_ten_wrong_passwords_close_the_login_for_an_address(client: Client) -> None:
    statuses = [fail(client, f"somebody-{number}") for number in range(11)]
    assert statuses == [200] * 10 + [429]
    assert fail(client, "another", REMOTE_ADDR="198.51.100.7") == 200


def test_the_limit_counts_the_client_behind_our_proxy(client: Client, settings: Settings) -> None:
    settings.PORTAL_TRUSTED_PROXIES = (ipaddress.ip_network("10.0.0.0/8"),)
    forwarded = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.1, 198.51.100.1"}
    assert [fail(client, f"somebody-{number}", **forwarded) for number in range(11)][-1] == 429
    other = {**forwarded, "HTTP_X_FORWARDED_FOR": "203.0.113.1, 198.51.100.2"}
    assert fail(client, "another", **other) == 200


def test_an_invented_forwarded_address_escapes_no_limit(client: Client) -> None:
    statuses = [fail(client, f"x{n}", HTTP_X_FORWARDED_FOR=f"198.51.100.{n}") for n in range(11)]
    assert statuses[-1] == 429


def test_wrong_codes_are_limited_too(client: Client) -> None:
    enrol(a_person("jane"))
    client.post(LOGIN, {"login": "jane", "password": PASSWORD})
    wrong = "000000" if code() != "000000" else "000001"
    statuses = [client.post("/account/second-factor/authenticate/", {"code": wrong}).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_a_wrong_password_and_an_unknown_name_look_the_same(client: Client) -> None:
    a_person("jane")
    pages = [client.post(LOGIN, {"login": name, "password": "wrong"}).content.decode() for name in ("jane", "nobody")]
    told = [re.sub(r'value="[^"]*"', "", page) for page in pages]
    assert told[0] == told[1]
    assert "not correct" in told[0]


def test_a_reset_tells_nobody_which_addresses_have_accounts(client: Client) -> None:
    a_person("jane")
    replies = [client.post(RESET, {"email": f"{name}@example.org"}, follow=True) for name in ("jane", "nobody")]
    assert replies[0].content == replies[1].content
    assert [message.to for message in mail.outbox] == [["jane@example.org"], ["nobody@example.org"]]
    assert "There is no such account" in mail.outbox[1].body


def test_a_failing_mail_server_tells_nothing_either(client: Client, settings: Settings) -> None:
    a_person("jane")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 9  # nothing listens
    assert client.post(RESET, {"email": "jane@example.org"})["Location"] == "/account/password/reset/done/"


def test_a_password_is_reset_by_mail_and_the_second_factor_stays(client: Client, settings: Settings) -> None:
    settings.PORTAL_BASE_URL = "https://repo.example.org"
    settings.ALLOWED_HOSTS = ["other.example.org", "testserver"]
    enrol(a_person("jane", superuser=True))
    client.post(RESET, {"email": "jane@example.org"}, headers={"host": "other.example.org"})
    [link] = re.findall(r"https?://\S+", str(mail.outbox[0].body))
    assert link.startswith("https://repo.example.org/account/password/reset/key/")
    page = client.get(link.removeprefix("https://repo.example.org"), follow=True)
    new = {"password1": "another-long-password", "password2": "another-long-password"}
    client.post(page.context["action_url"], new)
    reply = client.post(LOGIN, {"login": "jane", "password": new["password1"]})
    assert reply["Location"] == "/account/second-factor/authenticate/"
    assert mail.outbox[1].subject == "[Mage-OS portal] Password Reset"


def test_a_short_password_is_refused() -> None:
    client = logged_in(a_person("jane"))
    new = {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}
    page = client.post("/account/password/change/", new).content.decode()
    assert "at least 12 characters" in page


def test_an_account_made_in_the_admin_confirms_its_address_at_the_first_login(client: Client) -> None:
    User.objects.create_user("joe", "joe@example.org", PASSWORD, is_staff=True)
    reply = client.post(LOGIN, {"login": "joe", "password": PASSWORD}, follow=True)
    assert "Confirm your e-mail address" in reply.content.decode()
    [link] = re.findall(r"http://127.0.0.1:8000(\S+)", str(mail.outbox[0].body))
    client.post(link)
    assert EmailAddress.objects.get().verified
    assert client.post(LOGIN, {"login": "joe", "password": PASSWORD})["Location"] == "/admin/"


def test_nobody_signs_up(client: Client) -> None:
    fields = {"username": "eve", "email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
    for reply in (client.get("/account/signup/"), client.post("/account/signup/", fields)):
        assert "Nobody can sign up yet" in reply.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("path", [LOGIN, "/account/signup/", RESET, "/account/second-factor/", "/admin/"])
def test_nothing_of_accounts_is_kept_or_indexed(path: str) -> None:
    for client in (Client(), logged_in(a_person("jane", superuser=True))):
        reply = client.get(path)
        assert reply["Cache-Control"] == "no-store, private"
        assert reply["X-Robots-Tag"] == "noindex, nofollow"


def test_robots_are_kept_out_of_accounts(client: Client) -> None:
    assert "Disallow: /account/" in client.get("/robots.txt").content.decode()


def test_somebody_logged_in_sees_who_they_are_and_the_way_to_their_factor() -> None:
    page = logged_in(a_person("jane", superuser=True)).get("/account/password/change/").content.decode()
    assert "Logged in as <strong>jane</strong>" in page
    assert f'href="{reverse("mfa_index")}"' in page


def test_a_change_of_factors_is_told_by_mail() -> None:
    jane = a_person("jane", superuser=True)
    logged_in(jane).post("/account/second-factor/totp/deactivate/")
    assert mail.outbox[0].to == ["jane@example.org"]
    assert "Authenticator app deactivated" in mail.outbox[0].body


def test_recovery_codes_open_the_account_once(client: Client) -> None:
    jane = a_person("jane", superuser=True)
    enrolled = logged_in(jane)
    enrolled.post("/account/second-factor/recovery-codes/generate/")
    first = enrolled.get("/account/second-factor/recovery-codes/").context["unused_codes"][0]
    statuses = []
    for _ in range(2):
        visitor = Client()
        visitor.post(LOGIN, {"login": "jane", "password": PASSWORD})
        statuses.append(visitor.post("/account/second-factor/authenticate/", {"code": first}).status_code)
    assert statuses == [302, 200]
