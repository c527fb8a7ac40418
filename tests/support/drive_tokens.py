"""The endpoint that gives a service account its tokens, for what it has signed."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = 3600  # seconds


@cache
def _key() -> tuple[str, str]:
    """Give a private and a public key; one pair will do for all tests."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    written = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return written.decode(), public.decode()


class Tokens:
    """Who has which token."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.scopes: list[str] = []  # that were asked for
        self.is_account_known = True
        self._valid: set[str] = set()
        self._count = 0

    def key_file(self, address: str) -> dict[str, str]:
        private, _ = _key()
        return {
            "type": "service_account",
            "project_id": "tests",
            "private_key_id": "1",
            "private_key": private,
            "client_email": self.account,
            "client_id": "1",
            "token_uri": address,
        }

    def knows(self, token: str) -> bool:
        return token in self._valid

    def forget(self) -> None:
        """End all tokens before their time."""
        self._valid.clear()

    def answer(self, sent: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Check what was signed, and give a token."""
        _, public = _key()
        try:
            claims = jwt.decode(sent["assertion"], certs=public, verify=True)  # type: ignore[no-untyped-call]
        except (KeyError, ValueError):
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        if sent.get("grant_type") != GRANT or claims["iss"] != self.account or not self.is_account_known:
            return 400, {"error": "invalid_grant", "error_description": "Invalid grant: account not found"}
        if claims["exp"] > time.time() + LIFETIME + 60:
            return 400, {"error": "invalid_grant", "error_description": "Token must be a short-lived token."}
        self.scopes.append(claims["scope"])
        self._count += 1
        token = f"token-{self._count}"
        self._valid.add(token)
        return 200, {"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"}
