"""Teams, their people, repositories, and who may do what with them on GitHub.

What the configuration of GitHub cannot say (leads, alumni, purposes) is kept here only; what it can say stands here so
that writing it gives the very data that was read: an option that is absent is null, which empty is not.
"""

import json
from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Count, F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from simple_history.models import HistoricalRecords

from community.lint_text import REPOSITORY, TEAM
from community.models.people import Person
from community.permission_limits import LONGEST_BRANCH, LONGEST_HOMEPAGE, LONGEST_KEY, LONGEST_TEAM_NAME

GITHUB = "https://github.com"
PERMISSIONS: tuple[str, ...] = ("add", "change", "view")


def _extras() -> "models.TextField[str, str]":
    """Make a field for keys that the portal does not understand and keeps, as a JSON object.

    Text, because a database that takes JSON apart gives numbers back in another spelling.
    """
    return models.TextField("other keys", default="{}", blank=True)


class TeamQuerySet(models.QuerySet["Team"]):
    def active(self) -> Self:
        return self.filter(is_archived=False)

    def of_user(self, user: AbstractBaseUser) -> Self:
        """Give the teams that somebody works in."""
        in_it = Q(memberships__person__user_id=user.pk, memberships__person__erased_at=None)
        return self.active().filter(in_it & Q(memberships__role__in=TeamMember.ACTIVE))

    def with_sizes(self) -> Self:
        active = Q(memberships__role__in=TeamMember.ACTIVE)
        return self.annotate(size=Count("memberships", filter=active))


class Team(models.Model):
    """People who do something together and are granted things together."""

    key = models.SlugField(
        max_length=LONGEST_KEY,
        unique=True,
        validators=[RegexValidator(rf"\A{TEAM.pattern}", "lower-case letters, digits and single hyphens")],
        help_text="What GitHub calls the team; it cannot be changed later.",
    )
    name = models.CharField(max_length=LONGEST_TEAM_NAME, blank=True)
    description = models.TextField(blank=True, help_text="One line; everybody sees it here and on GitHub.")
    purpose = models.TextField(blank=True, help_text="What the team is for, in a few sentences; everybody sees it.")
    is_archived = models.BooleanField(
        "archived",
        default=False,
        help_text="It ended: its members become alumni, its grants go, and it is no longer exported.",
    )
    extras = _extras()
    history = HistoricalRecords()

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["key"]
        default_permissions: ClassVar = PERMISSIONS

    def __str__(self) -> str:
        return self.name.strip() or self.key

    def get_absolute_url(self) -> str:
        return reverse("community:team", args=[self.key])


class TeamMemberQuerySet(models.QuerySet["TeamMember"]):
    def active(self) -> Self:
        return self.filter(role__in=TeamMember.ACTIVE)


class TeamMember(models.Model):
    """That somebody is, or was, in a team."""

    class Role(models.TextChoices):
        LEAD = "lead"
        MEMBER = "member"
        ALUMNI = "alumni"

    ACTIVE = (Role.LEAD, Role.MEMBER)

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="team_memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER, help_text="Who leaves becomes alumni.")
    since = models.DateField(null=True, blank=True)
    until: "models.DateField[date | None, date | None]" = models.DateField(null=True, blank=True)
    position = models.PositiveIntegerField(default=0, editable=False)
    history = HistoricalRecords()

    objects = TeamMemberQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        default_permissions: ClassVar = PERMISSIONS
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["team", "person"],
                name="community_team_member_once",
                violation_error_message="They are or were in this team already: change that row.",
            ),
            models.CheckConstraint(
                condition=Q(role="alumni", until__isnull=False) | (~Q(role="alumni") & Q(until=None)),
                name="community_alumni_have_left",
                violation_error_message="Alumni, and nobody else, have a day on which they left.",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(since=None) | Q(until__gte=F("since")),
                name="community_team_member_leaves_later",
                violation_error_message="They left after they joined.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.team}"


class RepositoryQuerySet(models.QuerySet["Repository"]):
    def managed(self) -> Self:
        return self.filter(is_managed=True)

    def sources(self) -> Self:
        return self.managed().filter(kind=Repository.Kind.SOURCE)

    def pushed_to_by(self, team: Team) -> Self:
        return self.sources().filter(grants__team=team)


class Repository(models.Model):
    """A repository of the organization: one that people write to, or the mirror of somebody else's."""

    class Kind(models.TextChoices):
        SOURCE = "source"
        MIRROR = "mirror"

    name = models.CharField(
        max_length=100,
        validators=[
            RegexValidator(
                rf"\A{REPOSITORY.pattern}", "letters, digits, dots, hyphens and underscores, not ending in .git"
            )
        ],
        help_text="It cannot be changed later.",
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SOURCE)
    description = models.TextField(blank=True, help_text="One line; everybody sees it on GitHub.")
    topics = models.JSONField(null=True, blank=True)  # a list of texts; None: absent
    default_branch = models.CharField(max_length=LONGEST_BRANCH, null=True, blank=True)  # noqa: DJ001 - null is absent
    homepage_url = models.CharField(max_length=LONGEST_HOMEPAGE, null=True, blank=True)  # noqa: DJ001 - null is absent
    archived = models.BooleanField(
        null=True, blank=True, help_text="On GitHub: everybody can read it, nobody can push to it."
    )
    is_part_of_monorepo = models.BooleanField(
        "part of the monorepo", null=True, blank=True, help_text="Only the machine account may push to its branches."
    )
    release_please_branch = models.CharField(max_length=LONGEST_BRANCH, null=True, blank=True)  # noqa: DJ001 - as above
    lists_nobody = models.BooleanField(default=False, editable=False)  # its users are an empty list, not absent
    is_managed = models.BooleanField(
        "managed", default=True, help_text="Else its grants go, and it is no longer exported. On GitHub it stays."
    )
    extras = _extras()
    history = HistoricalRecords()

    objects = RepositoryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        default_permissions: ClassVar = PERMISSIONS
        verbose_name_plural = "repositories"
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("name"),
                name="community_repository_once",
                violation_error_message="There is a repository of this name; capitals make no difference.",
            ),
            models.CheckConstraint(
                condition=~Q(kind="mirror")
                | Q(
                    default_branch=None,
                    homepage_url=None,
                    archived=None,
                    is_part_of_monorepo=None,
                    release_please_branch=None,
                    lists_nobody=False,
                ),
                name="community_mirror_has_no_options",
                violation_error_message="A mirror has a description and topics, and no other option.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return f"{GITHUB}/{settings.PORTAL_GITHUB_ORGANIZATION}/{self.name}"


class Grant(models.Model):
    """What a team or a person is granted on a repository, as the configuration understands it."""

    class Level(models.TextChoices):
        PUSH = "push", "push"
        ALLOWANCE = "allowance", "allowance to push, without access"
        LISTED = "listed", "listed, without effect"  # teams of mirrors

    repository = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="grants")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="grants")
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="grants")
    level = models.CharField(max_length=10, choices=Level, default=Level.PUSH, editable=False)
    position = models.PositiveIntegerField(default=0, editable=False)
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        default_permissions: ClassVar = ["add", "delete", "view"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(team__isnull=False, person=None, level__in=["push", "listed"])
                | Q(team=None, person__isnull=False, level="allowance"),
                name="community_grant_to_one",
                violation_error_message="A grant is to a team or to a person.",
            ),
            models.UniqueConstraint(
                fields=["repository", "team"],
                condition=Q(team__isnull=False),
                name="community_team_granted_once",
                violation_error_message="The team has this repository already.",
            ),
            models.UniqueConstraint(
                fields=["repository", "person"],
                condition=Q(person__isnull=False),
                name="community_person_granted_once",
                violation_error_message="The person has this repository already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.repository}: {self.team or self.person}"


class Administrator(models.Model):
    """That somebody may do everything with the organization; comes and goes by an approved change only."""

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="administrator")
    position = models.PositiveIntegerField(default=0, editable=False)
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        default_permissions: ClassVar = ["view"]

    def __str__(self) -> str:
        return str(self.person)


class Variable(models.Model):
    """A variable beside those of permissions that an import held: kept and exported, not understood."""

    name = models.TextField(unique=True)
    value = models.TextField()  # JSON
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar = ["name"]
        default_permissions: ClassVar = []

    def __str__(self) -> str:
        return self.name


def as_text(extras: dict[str, Any]) -> str:
    """Give unknown keys as a row holds them; equal keys give equal text."""
    return json.dumps(extras, sort_keys=True, ensure_ascii=False)
