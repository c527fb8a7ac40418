"""Passkeys as a browser would have registered them, for pages that list them. Nobody can log in with them."""

import hashlib

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth.models import User
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

MADE_BY = bytes(16)  # no maker says who it is


def a_passkey(user: User, name: str = "key on the key ring") -> Authenticator:
    """Give somebody a passkey."""
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    public_key = ES256(
        {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
    )  # RFC 9053, 7.1.1
    identity = hashlib.sha256(user.username.encode()).digest()
    credential = AttestedCredentialData.create(MADE_BY, identity, public_key)
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
    proof = AuthenticatorData.create(hashlib.sha256(b"portal.example").digest(), flags, 0, credential)
    client = CollectedClientData.create("webauthn.create", b"challenge", "http://portal.example")
    data = {
        "id": websafe_encode(identity),
        "rawId": websafe_encode(identity),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", proof, {})),
        },
        "clientExtensionResults": {},
    }
    kind = Authenticator.Type.WEBAUTHN
    return Authenticator.objects.create(user=user, type=kind, data={"name": name, "credential": data})
