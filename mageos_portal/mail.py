"""How mail leaves the portal, and from whom, as the environment says."""

from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

SMTP = "django.core.mail.backends.smtp.EmailBackend"
FILES = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_EXAMPLES = "smtp+tls://USER:PASSWORD@HOST:587, or dummymail:// to send none"


def mail_server(value: str) -> dict[str, Any] | None:
    """Read the address of a mail server as Django's EMAIL_ settings; None when there is none. Raises: ValueError."""
    if not value:
        return None
    try:
        email: dict[str, Any] = dict(environ.Env.email_url_config(value))
    except Exception as error:  # the library raises whatever its parsing met
        raise ValueError(f"it is no address of a mail server; write {EMAIL_EXAMPLES}") from error
    if email["EMAIL_BACKEND"] == SMTP and not email["EMAIL_HOST"]:
        raise ValueError(f"it names no mail server; write {EMAIL_EXAMPLES}")
    if email["EMAIL_BACKEND"] == FILES:
        email["EMAIL_FILE_PATH"] = "/" + email["EMAIL_FILE_PATH"].lstrip("/")  # which the library takes off
    return email


def mail_address(value: str) -> str:
    """Return what mail may come from: an address, or a name with one. Raises: ValueError."""
    try:
        validate_email(parseaddr(value)[1])
    except ValidationError as error:
        raise ValueError(f"{value!r} is no e-mail address; write one such as portal@example.org") from error
    return value


def mail_addresses(value: str) -> tuple[str, ...]:
    """Return the addresses of a list. Raises: ValueError."""
    return tuple(mail_address(word) for word in value.replace(",", " ").split())


def mail_domain(base_url: str) -> str:
    """Name the domain that the portal's mail comes from; addresses of machines are none."""
    host = urlsplit(base_url).hostname or ""
    return host if "." in host and not host.replace(".", "").isdigit() else "localhost"
