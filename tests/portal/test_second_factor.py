"""Who gets into the admin: staff who proved a second factor in this session, and nobody else."""

import time
from collections.abc import Iterator
from urllib.parse import quote_plus

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse
from pytest_django import Settings

from tests.support.staff import PASSWORD, USER_SESSION_KEY, a_person, code, enrol, logged_in

pytestmark = pytest.mark.django_db

AN_HOUR = 3600  # seconds
LOGIN, PROOF, ENROLMENT = "/account/login/", "/account/second-factor/reauthenticate/", "/account/second-factor/"
APP, PASSKEY = "/account/second-factor/totp/activate/", "/account/second-factor/webauthn/add/"
CHANGES = [
    PASSKEY, "/account/second-factor/totp/deactivate/", "/account/second-factor/recovery-codes/",
    "/account/second-factor/recovery-codes/generate/", "/account/second-factor/recovery-codes/download/",
]  # fmt: skip
OPEN = {"login", "logout"}  # pages of the admin that lead elsewhere, whoever asks


def pages_of_the_admin() -> Iterator[str]:
    """Name every address that opens without a row: lists, forms to add, pages of the site itself."""
    for pattern in admin.site.get_urls():
        nested = getattr(pattern, "url_patterns", [pattern])
        for page in nested:
            if isinstance(page, URLPattern) and page.name and page.name not in OPEN and not page.pattern.regex.groups:
                yield page.name


def address_of(name: str) -> str:
    return reverse(f"admin:{name}")


def password_only(name: str = "jane") -> Client:
    client = Client()
    user = a_person(name, superuser=True)
    client.force_login(user)
    return client


def just_logged_in(seconds_ago: float = 0) -> Client:
    """Log in with a password, as somebody who has no factor yet."""
    client = password_only()
    session = client.session
    session[USER_SESSION_KEY] = str(User.objects.get().pk)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time() - seconds_ago}]
    session.save()
    return client


def add_app(client: Client) -> None:
    secret = client.get(APP).context["form"].secret
    assert client.post(APP, {"code": code(secret)})["Location"] == "/account/second-factor/recovery-codes/"


def wrong_code(client: Client) -> str:
    """Give six digits that the app to be added shows neither now nor a little earlier or later."""
    secret = client.get(APP).context["form"].secret
    step = int(time.time()) // 30
    shown = {format_hotp_value(hotp_value(secret, step + n)) for n in range(-3, 4)}
    return next(digits for digits in map("{:06}".format, range(8)) if digits not in shown)


def test_whoever_proved_a_factor_sees_the_admin() -> None:
    client = logged_in(a_person("jane", superuser=True))
    assert client.get("/admin/").status_code == 200


def test_no_page_of_the_admin_opens_with_a_password_alone() -> None:
    clients = [Client(), password_only(), logged_in(a_person("member", staff=False))]
    names = list(pages_of_the_admin())
    assert "mirror_build_changelist" in names
    for name in names:
        for client in clients:
            for reply in (client.get(address_of(name)), client.post(address_of(name))):
                assert reply.status_code == 302, name
                assert reply["Location"].startswith("/admin/login/?next="), name


def test_nobody_is_led_to_the_login_and_back() -> None:
    reply = Client().get("/admin/auth/user/", follow=True)
    assert reply.redirect_chain[-1] == ("/account/login/?next=%2Fadmin%2Fauth%2Fuser%2F", 302)


def test_whoever_has_no_factor_is_led_to_enrol() -> None:
    reply = password_only().get("/admin/auth/user/", follow=True)
    assert reply.redirect_chain[-1] == (ENROLMENT, 302)
    assert "opens to staff with a second factor only" in reply.content.decode()


def test_whoever_has_a_factor_but_did_not_use_it_is_asked_for_it() -> None:
    client = password_only()
    enrol(Authenticator._meta.get_field("user").related_model.objects.get())
    reply = client.get("/admin/auth/user/", follow=True)
    assert reply.redirect_chain[-1][0].startswith(PROOF)
    reply = client.post(reply.redirect_chain[-1][0], {"code": code()})
    assert reply["Location"] == "/admin/auth/user/"
    assert client.get("/admin/auth/user/").status_code == 200


def test_a_member_who_is_no_staff_is_refused() -> None:
    assert logged_in(a_person("member", staff=False)).get("/admin/", follow=True).status_code == 403


def test_who_enrols_an_app_goes_on_to_the_page_they_wanted() -> None:
    client = Client()
    a_person("jane", superuser=True)
    client.get("/admin/auth/user/", follow=True)
    reply = client.post(f"{LOGIN}?next=/admin/auth/user/", {"login": "jane", "password": PASSWORD}, follow=True)
    assert reply.redirect_chain[-1][0] == ENROLMENT
    secret = client.get("/account/second-factor/totp/activate/").context["form"].secret
    reply = client.post("/account/second-factor/totp/activate/", {"code": code(secret)}, follow=True)
    assert "Your recovery codes" in reply.content.decode()
    reply = client.get("/admin/login/", follow=True)
    assert reply.redirect_chain == [("/admin/auth/user/", 302)]
    assert reply.status_code == 200


def test_a_code_that_is_wrong_enrols_and_proves_nothing() -> None:
    client = just_logged_in()
    assert "Incorrect code" in client.post(APP, {"code": wrong_code(client)}).content.decode()
    assert client.get("/admin/").status_code == 302


def test_a_stolen_session_enrols_nothing_without_the_password() -> None:
    client = just_logged_in(seconds_ago=AN_HOUR)
    for path in (APP, PASSKEY):
        for reply in (client.get(path), client.post(path, {"code": code()})):
            assert reply["Location"] == f"/account/reauthenticate/?next={quote_plus(path)}"
    assert not Authenticator.objects.exists()
    assert client.get("/admin/").status_code == 302


def test_who_enrols_an_app_after_a_while_gives_the_password_first() -> None:
    client = just_logged_in(seconds_ago=AN_HOUR)
    client.get(APP)
    assert client.post(f"/account/reauthenticate/?next={APP}", {"password": PASSWORD})["Location"] == APP
    add_app(client)
    assert client.get("/admin/").status_code == 200


def test_an_app_that_is_removed_again_proves_nothing() -> None:
    client = just_logged_in()
    add_app(client)
    assert client.get("/admin/").status_code == 200
    client.post("/account/second-factor/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("path", CHANGES)
def test_the_password_changes_and_shows_no_factors_once_there_is_one(path: str) -> None:
    client = just_logged_in()
    RecoveryCodes.activate(enrol(User.objects.get()).user)
    before = list(Authenticator.objects.values_list("pk", "data"))
    assert client.get(path)["Location"] == f"{PROOF}?next={quote_plus(path)}"
    reply = client.post(path, {"code": code()})
    assert reply.status_code == 405 or reply["Location"] == f"{PROOF}?next={quote_plus(ENROLMENT)}"
    assert list(Authenticator.objects.values_list("pk", "data")) == before
    assert client.get("/admin/").status_code == 302


def test_what_was_kept_until_the_password_came_enrols_nothing_beside_a_new_factor() -> None:
    client = just_logged_in(seconds_ago=AN_HOUR)
    client.post(APP, {"code": code()})
    enrol(User.objects.get())
    reply = client.post(f"/account/reauthenticate/?next={APP}", {"password": PASSWORD})
    assert reply["Location"].startswith(PROOF)
    assert Authenticator.objects.count() == 1
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("by", ["jane", "jane@example.org"])
def test_a_login_asks_for_password_and_code(by: str) -> None:
    client = Client()
    enrol(a_person("jane", superuser=True))
    reply = client.post(LOGIN, {"login": by, "password": PASSWORD})
    assert reply["Location"] == "/account/second-factor/authenticate/"
    assert client.get("/admin/").status_code == 302
    assert client.post("/account/second-factor/authenticate/", {"code": code()})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_code_works_once() -> None:
    enrol(a_person("jane", superuser=True))
    replies = []
    for client in (Client(), Client()):
        client.post(LOGIN, {"login": "jane", "password": PASSWORD})
        replies.append(client.post("/account/second-factor/authenticate/", {"code": code()}))
    assert [reply.status_code for reply in replies] == [302, 200]
    assert "Incorrect code" in replies[1].content.decode()


def test_a_session_ends_for_the_admin_when_its_factor_is_removed() -> None:
    client = logged_in(a_person("jane", superuser=True))
    Authenticator.objects.all().delete()
    assert client.get("/admin/").status_code == 302


def test_a_proof_is_worth_nothing_in_the_session_of_somebody_else() -> None:
    client = logged_in(a_person("jane", superuser=True))
    other = a_person("joe", superuser=True)
    enrol(other)
    session = client.session
    session["account_authentication_methods_user"] = str(other.pk)
    session.save()
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("onward", ["https://evil.example.org/", "//evil.example.org", "/admin/login/", ""])
def test_the_way_back_leads_nowhere_else(onward: str) -> None:
    client = logged_in(a_person("jane", superuser=True))
    assert client.get("/admin/login/", {"next": onward})["Location"] == "/admin/"


def test_with_the_second_factor_off_a_password_is_enough(settings: Settings) -> None:
    settings.PORTAL_SECOND_FACTOR = False
    assert password_only().get("/admin/").status_code == 200


def test_logging_out_of_the_admin_ends_the_session() -> None:
    client = logged_in(a_person("jane", superuser=True))
    assert client.post("/admin/logout/")["Location"] == "/"
    assert client.get("/admin/").status_code == 302


def test_the_admin_leads_to_the_password_page_of_accounts() -> None:
    client = logged_in(a_person("jane", superuser=True))
    assert client.get("/admin/password_change/")["Location"] == "/account/password/change/"


def remove_factor(client: Client, *people: object) -> str:
    chosen = {"action": "remove_second_factor", "_selected_action": [getattr(person, "pk", 0) for person in people]}
    return client.post("/admin/auth/user/", chosen, follow=True).content.decode()


def test_a_lost_factor_is_removed_by_a_superuser_who_just_logged_in() -> None:
    jane, joe = a_person("jane", superuser=True), a_person("joe", "builder")
    enrol(joe)
    assert "1 enrol a second factor" in remove_factor(logged_in(jane), joe)
    assert not Authenticator.objects.filter(user=joe).exists()
    assert LogEntry.objects.get().object_repr == "joe"


def test_who_logged_in_long_ago_confirms_it_and_what_was_posted_goes_on() -> None:
    jane, joe = a_person("jane", superuser=True), a_person("joe", "builder")
    enrol(joe)
    client = logged_in(jane, seconds_ago=AN_HOUR)
    assert "Confirm that it is you" in remove_factor(client, joe)
    assert Authenticator.objects.filter(user=joe).exists()
    reply = client.post("/account/reauthenticate/?next=/admin/auth/user/", {"password": PASSWORD}, follow=True)
    assert "1 enrol a second factor" in reply.content.decode()
    assert not Authenticator.objects.filter(user=joe).exists()


def test_roles_see_neither_accounts_nor_the_queue() -> None:
    client = logged_in(a_person("jane", "publisher"))
    for name in ("auth_user", "auth_group", "django_q_success", "django_q_failure", "django_q_ormq"):
        assert client.get(address_of(f"{name}_changelist")).status_code == 403


def test_the_sidebar_shows_what_a_role_may_see() -> None:
    page = logged_in(a_person("jane", "auditor")).get("/admin/").content.decode()
    assert "/admin/mirror/build/" in page
    assert "/admin/auth/user/" not in page
    assert "/admin/auth/user/" in logged_in(a_person("joe", superuser=True)).get("/admin/").content.decode()


def test_every_page_of_a_superuser_opens() -> None:
    client = logged_in(a_person("jane", superuser=True))
    for link in client.get("/admin/").context["sidebar_navigation"]:
        for item in link["items"]:
            assert client.get(item["link"]).status_code == 200, item


def test_secrets_of_factors_are_not_in_the_admin() -> None:
    assert not admin.site.is_registered(Authenticator)
