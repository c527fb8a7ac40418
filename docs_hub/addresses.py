"""Addresses as they are known outside."""

from django.conf import settings


def whole(path: str) -> str:
    """Give the address of a path of this site with its host, which no request can choose."""
    return f"{settings.PORTAL_BASE_URL}{path}"
