"""Making administrators: accounts that may do everything, with a verified address and a second factor."""

from collections.abc import Callable

from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from mageos_portal.second_factor import has_second_factor


def find_or_new(username: str) -> User:
    """Return the account of that name, or one that is not saved yet."""
    return User.objects.filter(username=username).first() or User(username=username)


def is_complete(user: User) -> bool:
    """Say whether nothing is left to do for this administrator."""
    return bool(user.pk and user.is_superuser and user.is_active and has_second_factor(user) and _has_address(user))


def faults(user: User, email: str, password: str | None) -> list[str]:
    """Say what is wrong with what was given; no password means that the account keeps its own."""
    found = _messages(lambda: User(username=user.username).clean_fields(exclude=["password"]))
    found += _messages(lambda: EmailAddress(email=email).clean_fields(exclude=["user"])) if email else []
    if not email:
        found.append("an e-mail address is needed, to reset the password")
    elif EmailAddress.objects.filter(email__iexact=email, verified=True).exclude(user_id=user.pk).exists():
        found.append(f"{email} belongs to another account; give another address")
    if password is None and not (user.pk and user.has_usable_password()):
        found.append("a password is needed")
    if password is not None:
        found += _messages(lambda: validate_password(password, User(username=user.username, email=email)))
    return found


def new_secret(user: User, *, replace: bool) -> str | None:
    """Make a secret for somebody who has no second factor, or whose own is lost."""
    if user.pk and not replace and has_second_factor(user):
        return None
    secret: str = generate_totp_secret()
    return secret


def is_code_of(secret: str, code: str) -> bool:
    """Say whether an app with this secret shows that code now."""
    return bool(validate_totp_code(secret, code.replace(" ", "")))


def totp_address(user: User, email: str, secret: str) -> str:
    """Name the secret in the form that authenticator apps read."""
    address: str = get_adapter().build_totp_url(User(username=user.username, email=email), secret)
    return address


@transaction.atomic
def make(user: User, email: str, password: str | None, secret: str | None) -> list[str]:
    """Save the account as an administrator; a secret replaces all factors. Return the new recovery codes."""
    user.email, user.is_staff, user.is_superuser, user.is_active = email, True, True, True
    if password is not None:
        user.set_password(password)
    user.save()
    _verify_address(user, email)
    if secret is None:
        return []
    Authenticator.objects.filter(user=user).delete()
    TOTP.activate(user, secret)
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes


def _has_address(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, verified=True).exists())


def _verify_address(user: User, email: str) -> None:
    EmailAddress.objects.filter(
        user=user, verified=False
    ).delete()  # one that waits would keep factors from being added
    EmailAddress.objects.filter(user=user).exclude(email__iexact=email).update(primary=False)
    EmailAddress.objects.update_or_create(user=user, email=email.lower(), defaults={"verified": True, "primary": True})


def _messages(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except ValidationError as error:
        named = getattr(error, "error_dict", {"": [error]})
        return [
            f"{field}: {message}" if field else message
            for field, errors in named.items()
            for error in errors
            for message in error.messages
        ]
    return []
