"""The code of conduct in its versions, and who agreed to which."""

import uuid
from datetime import UTC, datetime
from typing import ClassVar, Self
from urllib.parse import urlencode

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone

from community.models.people import Person

DEFAULT_LOCALE = "en"  # whose versions decide what is in force; others are translations of the same number

hex64 = RegexValidator(r"^[0-9a-f]{64}$", "64 hex digits")


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def effective(self, now: datetime) -> Self:
        """Give those in force now or earlier, the newest first."""
        return self.published().filter(effective_at__lte=now).order_by("-number", "locale")

    def in_force(self, now: datetime, kind: str = "conduct", locale: str = "en") -> "PolicyVersion | None":
        """Give the one that counts now; None before the first."""
        return self.effective(now).filter(kind=kind, locale=locale).first()

    def conduct(self) -> Self:
        return self.filter(kind=PolicyVersion.Kind.CONDUCT)

    def material_after(self, number: int, now: datetime) -> Self:
        """Give the versions in force of the code of conduct that need the word of who agreed to an earlier one."""
        return self.effective(now).conduct().filter(locale=DEFAULT_LOCALE, material=True, number__gt=number)


class PolicyVersion(models.Model):
    """One version of a text that people agree to. Nothing of it changes once it is published."""

    class Kind(models.TextChoices):
        CONDUCT = "conduct", "code of conduct"
        PRIVACY = "privacy", "privacy policy"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CONDUCT)
    number = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1)], help_text="1, 2, 3 …; the same in each language."
    )
    locale = models.CharField(
        max_length=10,
        default=DEFAULT_LOCALE,
        validators=[RegexValidator(r"^[a-z]{2,3}(-[A-Z]{2})?$", "a language such as en, de or pt-BR")],
        help_text="Language of the text, e.g. en or de.",
    )
    title = models.CharField(max_length=200)
    markdown = models.TextField(help_text="The text itself. It cannot be changed once it is published.")
    html = models.TextField(blank=True, editable=False)  # rendered and cleaned
    sha256 = models.CharField(max_length=64, blank=True, editable=False, validators=[hex64])  # of the canonical text
    material = models.BooleanField(
        default=True, help_text="Everybody is asked to agree again. Leave it out for a change of wording only."
    )
    change_note = models.TextField(blank=True, help_text="What changed since the version before; shown to everybody.")
    author = models.CharField(max_length=150, blank=True)
    approved_by = models.CharField(max_length=150, blank=True, editable=False)
    source_commit = models.CharField(
        max_length=40, blank=True, help_text="Commit that the text was taken from, if any."
    )
    published_at = models.DateTimeField(null=True, editable=False)
    effective_at = models.DateTimeField(null=True, blank=True, help_text="From when on it counts.")

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["kind", "-number", "locale"]
        permissions: ClassVar = [("publish_policyversion", "Can publish a policy version")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "number", "locale"],
                name="community_policy_version_once",
                violation_error_message="There is this version already.",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None)
                | (~Q(sha256="") & ~Q(approved_by="") & Q(effective_at__gte=F("published_at"))),
                name="community_published_is_approved",
            ),
        ]

    def __str__(self) -> str:
        language = "" if self.locale == DEFAULT_LOCALE else f" ({self.locale})"
        return f"{self.get_kind_display()}, version {self.number}{language}"

    def get_absolute_url(self) -> str:
        address = reverse("community:conduct_version", args=[self.number])
        return address if self.locale == DEFAULT_LOCALE else f"{address}?{urlencode({'lang': self.locale})}"

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def day(self) -> str:
        """Give the day since which it counts, as it is written in agreements: "2026-01-13"."""
        return f"{self.effective_at.astimezone(UTC):%Y-%m-%d}" if self.effective_at else "no date"


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def of(self, person: Person) -> Self:
        return self.filter(subject=person.key).order_by("pk")

    def said(self) -> Self:
        """Give what people said themselves, without the notes that a newer word took the place of an older."""
        return self.exclude(act=Agreement.Act.SUPERSEDED).filter(version__kind=PolicyVersion.Kind.CONDUCT)

    def last_words(self) -> Self:
        """Give the last word of everybody."""
        newest = Agreement.objects.said().filter(subject=OuterRef("subject")).order_by("-pk")
        return self.said().filter(pk=Subquery(newest.values("pk")[:1]))

    def standing(self) -> Self:
        """Give the agreements of accounts that were not withdrawn, one for each."""
        return self.last_words().filter(act=Agreement.Act.AGREED, account__is_active=True)


class Agreement(models.Model):
    """What somebody said to a version: one more row each time. Only the link to the account can be cut."""

    class Act(models.TextChoices):
        AGREED = "agreed"
        WITHDRAWN = "withdrawn"
        SUPERSEDED = "superseded"

    class Method(models.TextChoices):
        WEB = "web"
        IMPORTED = "imported"
        PAPER = "paper"

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subject = models.UUIDField(db_index=True)  # Person.key: stays when the account is erased
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="agreements"
    )
    act = models.CharField(max_length=10, choices=Act, default=Act.AGREED)
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="agreements")
    text_sha256 = models.CharField(max_length=64, validators=[hex64])
    label = models.CharField(max_length=300)  # exactly what stood beside the box
    method = models.CharField(max_length=10, choices=Method, default=Method.WEB)
    at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    address_verified_at = models.DateTimeField(null=True)
    request_id = models.CharField(max_length=40, blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions: ClassVar = ["view"]
        permissions: ClassVar = [("export_agreement", "Can export agreements")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject", "act", "request_id"],
                condition=~Q(request_id=""),
                name="community_agreement_once_a_request",
            ),
            models.CheckConstraint(
                condition=~Q(act="agreed", method="web") | Q(address_verified_at__isnull=False),
                name="community_agreement_of_a_verified_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.version}"


class Reminder(models.Model):
    """A mail that asks somebody to agree to a version; the time to answer runs from the first that was sent.

    The row is there before the mail goes. One that stays without ``sent_at`` belongs to a worker that died while
    it sent: nobody knows whether the mail left, so a person decides.
    """

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conduct_reminders")
    version = models.ForeignKey(PolicyVersion, on_delete=models.CASCADE, related_name="reminders")
    number = models.PositiveSmallIntegerField(default=1)  # 1: the first
    claimed_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)  # the mail server took it

    class Meta:
        ordering: ClassVar = ["pk"]
        default_permissions: ClassVar = ["view", "change"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "version", "number"], name="community_reminder_once")
        ]

    def __str__(self) -> str:
        return f"reminder {self.number} of {self.version}"
