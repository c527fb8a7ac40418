"""Secrets of second factors are encrypted in the database, with keys that can be changed."""

import json
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from mageos_portal.second_factor_secrets import UnreadableSecretError, decrypt, encrypt
from tests.support.staff import PASSWORD, SECRET, a_person, code, enrol

pytestmark = pytest.mark.django_db

OLD, NEW = "o" * 50, "n" * 50
PROOF = "/account/second-factor/authenticate/"


@pytest.fixture
def jane(settings: Settings) -> User:
    """Somebody with an app and recovery codes."""
    settings.SECRET_KEY = OLD
    user = a_person("jane", superuser=True)
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def stored() -> str:
    return json.dumps(list(Authenticator.objects.order_by("pk").values_list("data", flat=True)))


def changed_key(settings: Settings, *older: str) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, list(older)


def accepts(shown: str) -> bool:
    """Tell whether somebody with the right password gets in with this code."""
    client = Client()
    client.post("/account/login/", {"login": "jane", "password": PASSWORD})
    client.post(PROOF, {"code": shown})
    return "_auth_user_id" in client.session


def codes(user: User) -> list[str]:
    found = RecoveryCodes(Authenticator.objects.get(user=user, type="recovery_codes")).generate_codes()
    return [str(one) for one in found]


def test_nothing_in_the_database_gives_a_code(jane: User) -> None:
    assert SECRET not in stored()
    assert stored().count('"fernet:') == 2
    assert accepts(code())
    assert accepts(codes(jane)[0])


def test_a_secret_is_never_encrypted_alike_twice() -> None:
    assert encrypt(SECRET) != encrypt(SECRET)
    assert decrypt(encrypt(SECRET)) == SECRET


def test_a_factor_from_before_works_and_is_encrypted_by_the_command(jane: User) -> None:
    Authenticator.objects.all().delete()
    enrol(jane)
    assert SECRET in stored()
    said = StringIO()
    call_command("encrypt_second_factors", stdout=said)
    assert said.getvalue() == "Second factors encrypted with PORTAL_SECRET_KEY: 1.\n"
    assert SECRET not in stored()
    assert accepts(code())


def test_an_old_key_reads_until_the_command_has_run(jane: User, settings: Settings) -> None:
    before = codes(jane)
    changed_key(settings, OLD)
    assert codes(jane) == before
    call_command("encrypt_second_factors", stdout=StringIO())
    changed_key(settings)
    assert codes(jane) == before
    assert accepts(code())


def test_without_its_key_a_factor_lets_nobody_in_and_says_what_to_do(jane: User, settings: Settings) -> None:
    before, kept = codes(jane), stored()
    changed_key(settings)
    for shown in (code(), before[0]):
        with pytest.raises(UnreadableSecretError, match="add that one to PORTAL_OLD_SECRET_KEYS"):
            accepts(shown)
    with pytest.raises(CommandError, match="another secret key.*nothing was changed"):
        call_command("encrypt_second_factors")
    assert stored() == kept
