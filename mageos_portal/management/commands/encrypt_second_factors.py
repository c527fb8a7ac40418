"""Second factors, encrypted anew after the secret key was changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mageos_portal.second_factor_secrets import UnreadableSecretError, encrypt_all


class Command(BaseCommand):
    help = (
        "Encrypt the second factors of all staff with PORTAL_SECRET_KEY. "
        "For operators who changed it: afterwards nothing needs PORTAL_OLD_SECRET_KEYS to log in."
    )

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            count = encrypt_all()
        except UnreadableSecretError as error:
            raise CommandError(f"{error}; nothing was changed") from error
        return f"Second factors encrypted with PORTAL_SECRET_KEY: {count}."
