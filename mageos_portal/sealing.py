"""Secrets in the database: encrypted with the secret key, each use of it by itself, and older keys still read them."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


class UnreadableError(Exception):
    """No key of the settings reads it; whoever needs it has to be given another one."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A use of the secret key that has nothing to do with its others."""

    salt: str  # names the use

    def close(self, text: str) -> str:
        """Encrypt with the newest key."""
        return self._fernet().encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """Give what was encrypted with any key of the settings. Raises: UnreadableError."""
        try:
            return self._fernet().decrypt(sealed).decode()
        except (InvalidToken, ValueError):  # what was never sealed may be no token at all
            raise UnreadableError("it was encrypted with a secret key that is in the settings no more") from None

    def digest(self, text: str) -> str:
        """Give what finds a secret again without keeping it: 64 hex digits, of the newest key."""
        return self._digest(text, settings.SECRET_KEY)

    def digests(self, text: str) -> frozenset[str]:
        """Give the same for every key, one of which was the newest when a secret was noted."""
        return frozenset(self._digest(text, key) for key in _keys())

    def _digest(self, text: str, key: str) -> str:
        return salted_hmac(f"{self.salt}.digest", text, key, algorithm="sha256").hexdigest()

    def _fernet(self) -> MultiFernet:
        return MultiFernet([Fernet(self._derived(key)) for key in _keys()])

    def _derived(self, key: str) -> bytes:
        return urlsafe_b64encode(salted_hmac(self.salt, "", key, algorithm="sha256").digest())


def _keys() -> tuple[str, ...]:
    """Give the keys, of which the first one encrypts."""
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
