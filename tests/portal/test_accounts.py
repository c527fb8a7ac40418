"""Pages of accounts: limits, what they tell strangers, and mail."""

import html
import ipaddress
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail, signing
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mageos_portal.account_forms import SALT
from tests.support.staff import PASSWORD, a_person, code, enrol, logged_in

pytestmark = pytest.mark.django_db

LOGIN, RESET = "/account/login/", "/account/password/reset/"
SIGN_UP, CODE = "/account/signup/", "/account/login/code/"


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


def the_code(number: int = -1) -> str:
    """Give the code of a mail: the line that is nothing else."""
    [found] = re.findall(r"^([A-Z0-9]{3,}(?:-?[A-Z0-9]{3,})*)$", str(mail.outbox[number].body), re.MULTILINE)
    return str(found)


def sign_up(client: Client, email: str = "eve@example.org", *, seconds: int = 10, **more: str) -> Any:
    """Send the form as somebody does who took some seconds."""
    shown_at = signing.dumps(int(time.time()) - seconds, salt=SALT)
    return client.post(SIGN_UP, {"email": email, "shown_at": shown_at, **more})


def test_an_account_made_in_the_admin_confirms_its_address_at_the_first_login(client: Client) -> None:
    User.objects.create_user("joe", "joe@example.org", PASSWORD, is_staff=True)
    reply = client.post(LOGIN, {"login": "joe", "password": PASSWORD}, follow=True)
    assert "Confirm your e-mail address" in reply.content.decode()
    assert client.post("/account/confirm-email/", {"code": the_code()})["Location"] == "/admin/"
    assert EmailAddress.objects.get().verified


def test_an_address_and_its_code_make_an_account(client: Client) -> None:
    assert sign_up(client)["Location"] == "/account/confirm-email/"
    assert not EmailAddress.objects.get().verified
    assert client.post("/account/confirm-email/", {"code": the_code()})["Location"] == "/join/agree/"
    eve = User.objects.get()
    assert EmailAddress.objects.get(user=eve).verified
    assert not eve.has_usable_password()
    assert "eve" not in eve.username
    assert client.get("/account/").status_code == 200


def test_a_wrong_code_makes_nobody_verified(client: Client) -> None:
    sign_up(client)
    statuses = [client.post("/account/confirm-email/", {"code": "AAAA-AAAA"}).status_code for _ in range(4)]
    assert statuses[0] == 200
    assert statuses[-1] == 302
    assert not EmailAddress.objects.get().verified


def test_somebody_logs_in_by_a_code(client: Client) -> None:
    jane = a_person("jane", staff=False)
    reply = client.post(CODE, {"email": "jane@example.org"})
    assert reply["Location"] == "/account/login/code/confirm/"
    assert client.post("/account/login/code/confirm/", {"code": the_code()})["Location"] == "/account/"
    assert client.session["_auth_user_id"] == str(jane.pk)


def test_a_code_is_no_way_round_the_second_factor(client: Client) -> None:
    enrol(a_person("jane", superuser=True))
    client.post(CODE, {"email": "jane@example.org"})
    reply = client.post("/account/login/code/confirm/", {"code": the_code()})
    assert reply["Location"] == "/account/second-factor/authenticate/"
    assert client.get("/admin/").status_code == 302


def test_staff_without_a_factor_get_nothing_of_the_admin_by_a_code(client: Client) -> None:
    a_person("jane", superuser=True)
    client.post(CODE, {"email": "jane@example.org"})
    client.post("/account/login/code/confirm/", {"code": the_code()})
    assert client.get("/admin/auth/user/").status_code == 302


@pytest.mark.parametrize("send", [sign_up, lambda client, email: client.post(CODE, {"email": email})])
def test_nobody_learns_which_addresses_have_accounts(send: Any) -> None:
    a_person("jane", staff=False)
    told = []
    for email in ("jane@example.org", "john@example.org"):
        client = Client()
        reply = send(client, email)
        page = client.get(reply["Location"])
        text = re.sub(r'value="[^"]*"', "", page.content.decode()).replace(email, "")
        headers = {
            name: value for name, value in page.headers.items() if name not in {"Content-Security-Policy", "Expires"}
        }
        wrong = client.post(reply["Location"], {"code": "AAAA-AAAA"})
        told.append((reply.status_code, reply["Location"], page.status_code, text, headers, wrong.status_code))
    assert told[0] == told[1]
    assert [message.to for message in mail.outbox] == [["jane@example.org"], ["john@example.org"]]


def test_programs_get_no_account(client: Client) -> None:
    reply = sign_up(client, website="https://spam.example")
    assert reply.status_code == 302
    assert "faster than people" in sign_up(client, seconds=0).content.decode()
    assert client.post(SIGN_UP, {"email": "eve@example.org"}).status_code == 200
    assert not User.objects.exists()
    assert not mail.outbox


def test_who_was_too_fast_presses_the_button_again(client: Client) -> None:
    page = sign_up(client, seconds=0).content.decode()
    [shown_at] = re.findall(r'name="shown_at" value="([^"]+)"', page)
    later = int(signing.loads(shown_at, salt=SALT))
    assert abs(later - time.time()) < 5


def test_sign_up_is_limited_for_an_address(client: Client) -> None:
    statuses = [sign_up(client, f"eve-{number}@example.org").status_code for number in range(6)]
    assert statuses == [302] * 5 + [429]


def test_codes_are_limited(client: Client) -> None:
    a_person("jane", staff=False)
    statuses = [Client().post(CODE, {"email": "jane@example.org"}).status_code for _ in range(6)]
    assert statuses[-1] == 429


def test_sign_up_can_be_closed(client: Client, settings: Settings) -> None:
    settings.PORTAL_SIGN_UP = False
    for reply in (client.get(SIGN_UP), sign_up(client)):
        assert "Nobody can sign up now" in reply.content.decode()
    assert not User.objects.exists()


def test_mails_are_text_and_html_and_say_the_same(client: Client) -> None:
    a_person("jane", staff=False)
    sign_up(client)
    sign_up(Client(), "jane@example.org")
    client.post(RESET, {"email": "jane@example.org"})
    for each in mail.outbox:
        assert isinstance(each, EmailMultiAlternatives)
        [(page, kind)] = each.alternatives
        assert kind == "text/html"
        links = re.findall(r"https?://\S+", str(each.body))
        assert [html.unescape(link) for link in re.findall(r'href="(http[^"]+)"', str(page))] == links
        assert not re.search(r"<(img|link|script)", str(page))
    assert "http://127.0.0.1:8000/account/login/code/" in str(mail.outbox[1].body)


def test_the_overview_lists_what_an_account_has() -> None:
    client = logged_in(a_person("jane", staff=False))
    page = client.get("/account/").content.decode()
    for address in ("/account/email/", "/account/second-factor/", "/account/data/", "/account/agreement/"):
        assert f'href="{address}"' in page
        assert client.get(address).status_code == 200


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
