"""Builds with their steps and log, and uploads."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from mirror.models.distributions import Distribution
from mirror.models.versions import Publication, VersionSet


class BuildQuerySet(models.QuerySet["Build"]):
    """Each change of state is one conditional UPDATE: whoever comes second changes nothing."""

    def waiting(self) -> Self:
        return self.filter(state=Build.State.QUEUED)

    def due(self, now: datetime) -> Self:
        return self.waiting().filter(Q(not_before=None) | Q(not_before__lte=now))

    def held(self) -> Self:
        """Give those that a worker has taken and not ended."""
        return self.filter(state__in=HELD)

    def ended(self) -> Self:
        return self.filter(state__in=ENDED)

    def abandoned(self) -> Self:
        """Give those whose worker has not renewed its lease in time, by the database's clock: it is dead."""
        alive = Q(worker=F("distribution__lease_holder"), distribution__lease_until__gt=Now())
        return self.held().exclude(alive)

    def claim(self, pk: int, worker: str, now: datetime) -> bool:
        """Take a queued build for a worker; tell whether it was still there to take."""
        fields = {"state": Build.State.RUNNING, "worker": worker, "started_at": now, "attempts": F("attempts") + 1}
        return bool(self.waiting().filter(pk=pk).update(**fields))

    def end(self, build: "Build", state: str, now: datetime, **fields: Any) -> bool:
        """End a running build, unless another worker has it; one that is being canceled is canceled, whatever came."""
        ours = self.filter(worker=build.worker)
        if ours.filter(pk=build.pk, state=Build.State.RUNNING).update(state=state, ended_at=now, **fields):
            return True
        ours.canceled(build.pk, now, **fields)
        return False

    def cancel(self, pk: int, actor: str, now: datetime) -> bool:
        """Ask a running build to stop, or end one that still waits."""
        waiting = self.waiting().filter(pk=pk)
        if waiting.update(state=Build.State.CANCELED, canceled_by=actor, ended_at=now):
            return True
        running = self.filter(pk=pk, state=Build.State.RUNNING)
        return bool(running.update(state=Build.State.CANCELING, canceled_by=actor))

    def canceled(self, pk: int, now: datetime, **fields: Any) -> bool:
        canceling = self.filter(pk=pk, state=Build.State.CANCELING)
        return bool(canceling.update(state=Build.State.CANCELED, ended_at=now, **fields))

    def release(self, pk: int, worker: str) -> bool:
        """Let another worker take up a running build whose worker is gone."""
        lost = self.filter(pk=pk, state=Build.State.RUNNING, worker=worker)
        return bool(lost.update(state=Build.State.QUEUED, worker="", handed_at=None))

    def refuse(self, pk: int, now: datetime, failure: str) -> bool:
        """End a queued build that could not even be begun."""
        return bool(self.waiting().filter(pk=pk).update(state=Build.State.FAILED, ended_at=now, failure=failure))


class Build(models.Model):
    """One run: a build, the plan of one, an import or a sync, with its steps and its log."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        CANCELING = "canceling"
        CANCELED = "canceled"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    class Kind(models.TextChoices):
        BUILD = "build"
        PLAN = "plan"
        IMPORT = "import"
        SYNC = "sync"

    class Trigger(models.TextChoices):
        PERSON = "person"
        COMMAND = "command"
        SCHEDULE = "schedule"
        WEBHOOK = "webhook"

    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="builds")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.BUILD)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    trigger = models.CharField(max_length=10, choices=Trigger, default=Trigger.COMMAND)
    actor = models.CharField(max_length=150, blank=True, help_text="Who started it.")
    canceled_by = models.CharField(max_length=150, blank=True, help_text="Who canceled it.")
    parent = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="retries", help_text="The build that it repeats."
    )
    options = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(null=True, help_text="It waits until then, in case more is pushed.")
    handed_at = models.DateTimeField(null=True)  # to the queue, last
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=100, blank=True)  # holder of the distribution's lease while it runs
    attempts = models.PositiveSmallIntegerField(default=0)
    inputs = models.CharField(max_length=64, blank=True)  # sha256 of refs, recipe and settings
    built = models.PositiveIntegerField(default=0)
    reused = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)  # warnings and errors: lists of {code, subject, message}
    failure = models.TextField(blank=True)
    version_set = models.ForeignKey(VersionSet, null=True, on_delete=models.PROTECT)
    publication = models.ForeignKey(Publication, null=True, on_delete=models.PROTECT, related_name="builds")

    objects = BuildQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["distribution", "state"]), models.Index(fields=["state", "ended_at"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["distribution"],
                condition=Q(state__in=("running", "canceling")),
                name="mirror_one_build_at_a_time",
                violation_error_message="Another build of this distribution is running.",
            )
        ]
        permissions: ClassVar = [
            ("start_build", "Can start, cancel and retry builds"),
            ("read_raw_log", "Can read what git and other programs said"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of {self.distribution.slug}"

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


HELD = (Build.State.RUNNING, Build.State.CANCELING)
ENDED = (Build.State.SUCCEEDED, Build.State.FAILED, Build.State.CANCELED)


class BuildStep(models.Model):
    """How far one step of a build is."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELED = "canceled"

    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=30)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    unit = models.CharField(max_length=30, blank=True)
    item = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["build", "position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["build", "position"], name="mirror_step_once")]

    def __str__(self) -> str:
        return self.name


class BuildLine(models.Model):
    """One line of a build's log. Lines of other programs are for staff only."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        ERROR = "error"
        RAW = "raw"

    build = models.ForeignKey(Build, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    level = models.CharField(max_length=10, choices=Level, default=Level.INFO)
    step = models.CharField(max_length=30, blank=True)
    text = models.TextField()

    class Meta:
        ordering: ClassVar = ["build", "number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["build", "number"], name="mirror_line_once")]

    def __str__(self) -> str:
        return self.text


class Upload(models.Model):
    """Archives that a person uploaded to be imported, and what became of them."""

    class State(models.TextChoices):
        CHECKED = "checked"
        REFUSED = "refused"
        WAITING = "waiting for a second person"
        ACCEPTED = "accepted"
        WITHDRAWN = "withdrawn"

    distribution = models.ForeignKey(Distribution, on_delete=models.CASCADE, related_name="uploads")
    state = models.CharField(max_length=30, choices=State, default=State.CHECKED)
    actor = models.CharField(max_length=150, help_text="Who uploaded it.")
    confirmed_by = models.CharField(max_length=150, blank=True, help_text="The second person.")
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)
    directory = models.CharField(max_length=100, unique=True, help_text="Name below the data directory's uploads.")
    files = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    own_names = models.JSONField(default=list)  # package names of the recipe's own vendors
    report = models.JSONField(default=dict)  # what the check found
    build = models.ForeignKey(Build, null=True, on_delete=models.SET_NULL, related_name="uploads")

    class Meta:
        ordering: ClassVar = ["-pk"]
        permissions: ClassVar = [("import_archives", "Can import archives")]

    def __str__(self) -> str:
        return f"upload {self.pk}"
