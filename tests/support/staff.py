"""Members of staff who are logged in as they are after password and second factor.

client = logged_in(a_person("jane", "builder"))
"""

import time

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import Group, User
from django.test import Client

PASSWORD = "long-enough-for-tests"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
USER_SESSION_KEY = f"{AUTHENTICATION_METHODS_SESSION_KEY}_user"


def a_person(name: str, *roles: str, superuser: bool = False, staff: bool = True) -> User:
    """Make a person with a password, a verified address and roles: "auditor", "builder", "publisher"."""
    address = f"{name}@example.org"
    user = User.objects.create_user(name, address, PASSWORD, is_staff=staff, is_superuser=superuser)
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def enrol(user: User) -> Authenticator:
    """Give somebody an authenticator app whose secret is SECRET."""
    of_app = {"type": Authenticator.Type.TOTP, "defaults": {"data": {"secret": SECRET}}}
    authenticator, _ = Authenticator.objects.get_or_create(user=user, **of_app)
    return authenticator


def logged_in(user: User, client: Client | None = None, *, seconds_ago: float = 0) -> Client:
    """Log a client in as it is after password and second factor."""
    client = client or Client()
    authenticator = enrol(user)
    client.force_login(user)
    session = client.session
    at = time.time() - seconds_ago
    session[USER_SESSION_KEY] = str(user.pk)
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": at, "username": user.get_username()},
        {"method": "mfa", "at": at, "id": authenticator.pk, "type": authenticator.type},
    ]
    session.save()
    return client


def code(secret: str = SECRET) -> str:
    """Return what an authenticator app with the secret shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
