"""Members of the association, which is another thing than an account; and who is shut out for a time."""

from datetime import date, datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from community.models.people import Person


class Membership(models.Model):
    """A membership of the association, as the board decided it."""

    class Class(models.TextChoices):
        REGULAR = "regular"
        HONORARY = "honorary"
        SUPPORTING = "supporting"

    class Decision(models.TextChoices):
        OPEN = "", "not decided"
        ADMITTED = "admitted"
        DECLINED = "declined"

    class End(models.TextChoices):
        RESIGNED = "resigned"
        EXCLUDED = "excluded"
        DIED = "died"
        DISSOLVED = "dissolved", "legal person dissolved"
        OTHER = "other"

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    kind = models.CharField("class", max_length=10, choices=Class, default=Class.REGULAR)
    declared_on: "models.DateField[date, date]" = models.DateField(help_text="Day of the declaration of intent.")
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.OPEN, blank=True)
    decided_on = models.DateField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True, help_text="Who decided, e.g. the board.")
    minutes = models.CharField(max_length=300, blank=True, help_text="Where the decision is written down.")
    active_from = models.DateField(null=True, blank=True)
    active_to = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=10, choices=End, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["-declared_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(decision="") | (Q(decided_on__isnull=False) & ~Q(decided_by="") & ~Q(minutes="")),
                name="community_decision_is_documented",
                violation_error_message="A decision needs its day, who decided, and where it is written down.",
            ),
            models.CheckConstraint(
                condition=Q(active_from=None) | Q(decision="admitted"),
                name="community_active_is_admitted",
                violation_error_message="A membership begins only after the admission.",
            ),
            models.CheckConstraint(
                condition=Q(active_to=None) | (Q(active_to__gte=F("active_from")) & ~Q(end_reason="")),
                name="community_end_has_a_reason",
                violation_error_message="A membership ends after it began, and with a reason.",
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(active_to=None) & ~Q(decision="declined"),
                name="community_one_membership_at_a_time",
                violation_error_message="There is a membership, or a declaration, of this person already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} membership of {self.person}"


class SanctionQuerySet(models.QuerySet["Sanction"]):
    def in_force(self, now: datetime) -> Self:
        """Give those that count now."""
        return self.filter(since__lte=now, lifted_at=None).filter(Q(until=None) | Q(until__gt=now))


class Sanction(models.Model):
    """Somebody is suspended; seen by the conduct team only."""

    class Kind(models.TextChoices):
        WARNING = "warning"
        SUSPENSION = "suspension"
        EXCLUSION = "exclusion"

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="sanctions")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SUSPENSION)
    since: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is lifted.")
    ground = models.TextField(help_text="Seen by the conduct team only.")
    decision = models.CharField(max_length=300, help_text="Where the decision is written down.")
    appeal = models.TextField(blank=True, help_text="An appeal, and what became of it.")
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = SanctionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-since", "-pk"]
        default_permissions: ClassVar = ["add", "change", "view"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")),
                name="community_sanction_ends_later",
                violation_error_message="It ends after it began.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def shuts_out(self) -> bool:
        return self.kind != Sanction.Kind.WARNING
