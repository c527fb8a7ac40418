"""When e-mail addresses were confirmed, which accounts themselves do not remember."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class VerifiedAddress(models.Model):
    """That an address of an account was confirmed. It goes with the account."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="verified_addresses")
    email = models.EmailField()
    verified_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    is_exact = models.BooleanField(default=True)  # else it was confirmed some time before, and seen then

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return f"confirmed {self.verified_at:%Y-%m-%d}"
