"""People: who has an account, who is on a team, and who is both."""

import uuid
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

GITHUB_LOGIN = r"^[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}$"


class PersonQuerySet(models.QuerySet["Person"]):
    def of(self, user: AbstractBaseUser) -> "Person":
        """Give the person behind an account, noted down at the first need."""
        return self.get_or_create(user_id=user.pk)[0]

    def with_login(self, login: str) -> Self:
        """Give who has a login on GitHub, which tells no capital letters apart."""
        return self.filter(github_login__iexact=login)


class Person(models.Model):
    """Somebody: with an account here, or known only by a login on GitHub, or both.

    An erased person keeps the row and the key, so that what must be kept says "one person", but not who.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)  # the pseudonym in what is evidence
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="person"
    )
    name = models.CharField(max_length=100, blank=True, help_text="As they want to be called; shown where they agreed.")
    github_login = models.CharField(
        max_length=39,
        blank=True,
        validators=[RegexValidator(GITHUB_LOGIN, "a login of GitHub: letters, digits and single hyphens, at most 39")],
        help_text="Login on GitHub.",
    )
    github_id = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        unique=True,
        help_text="GitHub's number for the account; it stays when the login changes.",
    )
    is_bot = models.BooleanField(default=False, help_text="An account of a program.")
    is_public = models.BooleanField(default=False, help_text="They agreed to be named on public pages.")
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["github_login", "pk"]
        verbose_name_plural = "people"
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("github_login"),
                condition=~Q(github_login=""),
                name="community_login_once",
                violation_error_message="Somebody has this login already.",
            )
        ]

    def __str__(self) -> str:
        if self.erased_at:
            return f"former member #{self.pk}"
        return self.name or self.github_login or f"person {self.pk}"
