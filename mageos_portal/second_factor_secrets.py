"""Secrets of second factors: in the database they are encrypted with the secret key, and older keys still read them."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from mageos_portal.sealing import Seal, UnreadableError

MARK = "fernet:"  # what does not begin so was stored before secrets were encrypted
SEAL = Seal("mageos_portal.second_factor_secrets")
ONE, MANY = ("secret", "seed"), "migrated_codes"  # what is secret in the data of an app and of recovery codes


class UnreadableSecretError(Exception):
    """No key reads a secret; its owner cannot use it, and nobody else can."""


def encrypt(text: str) -> str:
    return MARK + SEAL.close(text)


def decrypt(stored: str) -> str:
    """Give a secret as it was.

    Raises:
        UnreadableSecretError: it was encrypted with a key that is in the settings no more.
    """
    if not stored.startswith(MARK):
        return stored
    try:
        return SEAL.open(stored.removeprefix(MARK))
    except UnreadableError as error:
        raise UnreadableSecretError(
            "a second factor was encrypted with another secret key; add that one to PORTAL_OLD_SECRET_KEYS, "
            "or replace the factor: manage.py enrol_administrator --replace-second-factor"
        ) from error


@transaction.atomic
def encrypt_all() -> int:
    """Encrypt every secret with the newest key, so that older ones may go; tell how many factors there are.

    Raises:
        UnreadableSecretError: nothing was changed.
    """
    rows = Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN)
    for row in rows:
        row.data = {name: _anew(name, value) for name, value in row.data.items()}
        row.save(update_fields=["data"])
    return len(rows)


def _anew(name: str, value: Any) -> Any:
    if name in ONE:
        return encrypt(decrypt(value))
    return [encrypt(decrypt(code)) for code in value] if name == MANY else value
