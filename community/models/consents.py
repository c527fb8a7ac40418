"""What people allowed us to do beyond what being a member needs, and what they no longer allow."""

import uuid
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from community.models.people import Person


class ConsentQuerySet(models.QuerySet["Consent"]):
    def of(self, person: Person) -> Self:
        return self.filter(subject=person.key).order_by("pk")

    def last_words(self) -> Self:
        """Give the last word of everybody to each purpose."""
        of_same = Consent.objects.filter(subject=models.OuterRef("subject"), purpose=models.OuterRef("purpose"))
        return self.filter(pk=models.Subquery(of_same.order_by("-pk").values("pk")[:1]))


class Consent(models.Model):
    """One word about one purpose: one more row each time. Only the link to the account can be cut."""

    class Purpose(models.TextChoices):
        NEWSLETTER = "newsletter"
        PUBLIC_PROFILE = "public_profile", "public profile"
        APPLICATIONS = "applications"

    class Act(models.TextChoices):
        GRANTED = "granted"
        WITHDRAWN = "withdrawn"

    class Channel(models.TextChoices):
        WEB = "web"
        EMAIL = "email", "e-mail"  # a link in a mail
        STAFF = "staff"  # told to a person, who noted it
        IMPORTED = "imported"

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subject = models.UUIDField(db_index=True)  # Person.key: stays when the account is erased
    account = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="consents")
    purpose = models.CharField(max_length=20, choices=Purpose)
    act = models.CharField(max_length=10, choices=Act)
    wording_version = models.PositiveSmallIntegerField()
    wording = models.TextField()  # exactly what stood beside the box
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.WEB)
    at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = ["view"]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.act}"
