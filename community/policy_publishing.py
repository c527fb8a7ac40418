"""Versions of a policy: drafting them, and publishing them for good.

PublishingError
└── ApproverError
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from community.models import PolicyVersion
from community.models.conduct import DEFAULT_LOCALE
from community.policy_texts import LONGEST, canonical, html_of, sha256_of

logger = logging.getLogger(__name__)

PUBLISH = "community.publish_policyversion"


class PublishingError(ValueError):
    """The version cannot be published; it is as it was."""


class ApproverError(PublishingError):
    """Whoever wrote a text does not approve it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A version that was in force elsewhere before it came here."""

    number: int
    title: str
    markdown: str
    published_at: datetime
    effective_at: datetime
    author: str
    approved_by: str
    locale: str = DEFAULT_LOCALE
    material: bool = True
    change_note: str = ""
    source_commit: str = ""


def save_draft(version: PolicyVersion, *, author: str) -> None:
    """Keep a draft; its author is who wrote its text last. Raises: PublishingError: it is published."""
    with transaction.atomic():
        kept = PolicyVersion.objects.select_for_update().filter(pk=version.pk).first() if version.pk else None
        if kept and kept.is_published:
            raise PublishingError(f"{kept} is published, and does not change any more; draft the next one")
        if kept is None or _text(kept) != _text(version):
            version.author = author
        _prepare(version)
        version.save()


def publish(version: PolicyVersion, *, actor: User, now: datetime | None = None) -> PolicyVersion:
    """Publish a draft for good, to count from ``effective_at`` on, or from now. Raises: PublishingError."""
    now = now or timezone.now()
    with transaction.atomic():
        _wait_for_turn(version.kind)
        version = PolicyVersion.objects.select_for_update().get(pk=version.pk)
        _refuse_own(version, actor)
        _prepare(version)
        version.published_at = now
        version.effective_at = _effective(version, now)
        _refuse_unfit(version)
        version.approved_by = actor.get_username()
        version.save()
    logger.info("%s was published, to count from %s on", version, version.day)
    return version


def import_version(imported: Imported) -> tuple[PolicyVersion, bool]:
    """Add a published version as it was elsewhere; tells whether it is new here. Raises: PublishingError."""
    fields = {name: getattr(imported, name) for name in Imported.__dataclass_fields__}
    version = PolicyVersion(kind=PolicyVersion.Kind.CONDUCT, **fields)
    with transaction.atomic():
        _wait_for_turn(version.kind)
        _prepare(version)
        there = PolicyVersion.objects.conduct().filter(number=version.number, locale=version.locale).first()
        if there and there.is_published and there.sha256 == version.sha256:
            return there, False
        if there:
            raise PublishingError(f"{there} is there already, with another text or as a draft; choose another number")
        _refuse_unfit(version)
        _refuse_faulty(version)
        version.save()
    logger.info("%s was imported", version)
    return version, True


def approvers() -> int:
    """Count those who may publish a version."""
    people = User.objects.with_perm(PUBLISH, backend="django.contrib.auth.backends.ModelBackend")
    return int(people.filter(is_staff=True).distinct().count())


def may_approve(version: PolicyVersion, actor: User) -> bool:
    """Say whether somebody may publish a version: another person than its author, as long as there is one."""
    return version.author != actor.get_username() or approvers() <= 1


def _refuse_own(version: PolicyVersion, actor: User) -> None:
    if version.is_published:
        raise PublishingError(f"{version} is published already")
    if not may_approve(version, actor):
        raise ApproverError(f"{actor.get_username()} wrote {version}; somebody else who may publish has to approve it")


def _refuse_unfit(version: PolicyVersion) -> None:
    """Hold a version against those that are published. Raises: PublishingError."""
    same = PolicyVersion.objects.published().filter(kind=version.kind)
    original = same.filter(number=version.number, locale=DEFAULT_LOCALE).first()
    if version.locale != DEFAULT_LOCALE:
        _refuse_stray_translation(version, original)
        return
    newest = same.filter(locale=DEFAULT_LOCALE).order_by("-number").first()
    if version.number != (newest.number if newest else 0) + 1:
        expected = f"the next one is {newest.number + 1}" if newest else "the first one is 1"
        raise PublishingError(f"{version} is out of turn: {expected}; change its number")
    if newest and _is_before(version, newest):
        raise PublishingError(
            f"{version} would be published or count before version {newest.number}, which counts from {newest.day} on; "
            "choose a later date"
        )


def _refuse_faulty(version: PolicyVersion) -> None:
    if version.effective_at and version.published_at and version.effective_at < version.published_at:
        raise PublishingError(f"{version} would count before it was published; choose a later date")
    if not version.approved_by:
        raise PublishingError(f"{version} was approved by nobody; say who did")
    try:
        version.full_clean(validate_unique=False)
    except ValidationError as error:
        raise PublishingError(f"{version}: {'; '.join(error.messages)}") from error


def _refuse_stray_translation(version: PolicyVersion, original: PolicyVersion | None) -> None:
    if original is None:
        raise PublishingError(f"{version} translates a version that is not published; publish that one first")
    if version.material != original.material:
        raise PublishingError(f"{version} and its original differ in whether they are material; make it the same")
    if _is_before(version, original):
        raise PublishingError(f"{version} would count before its original does, on {original.day}; choose a later date")


def _is_before(version: PolicyVersion, other: PolicyVersion) -> bool:
    mine, others = (version.published_at, version.effective_at), (other.published_at, other.effective_at)
    return any(one is None or two is None or one < two for one, two in zip(mine, others, strict=True))


def _effective(version: PolicyVersion, now: datetime) -> datetime:
    """Give from when on a version counts; a translation follows its original."""
    wanted = max(version.effective_at or now, now)
    if version.locale == DEFAULT_LOCALE:
        return wanted
    original = PolicyVersion.objects.published().filter(kind=version.kind, number=version.number, locale=DEFAULT_LOCALE)
    counts: datetime | None = original.aggregate(at=Max("effective_at"))["at"]
    return max(wanted, counts or now)


def _prepare(version: PolicyVersion) -> None:
    """Make what follows from the text. Raises: PublishingError: it is no text."""
    version.markdown = canonical(version.markdown)
    if not version.markdown.strip():
        raise PublishingError(f"{version} has no text; write one")
    if len(version.markdown) > LONGEST:
        raise PublishingError(f"{version} has {len(version.markdown)} characters; shorten it to {LONGEST}")
    version.html = html_of(version.markdown, version.title)
    version.sha256 = sha256_of(version.markdown)


def _text(version: PolicyVersion) -> tuple[str, ...]:
    said = (version.kind, version.locale, version.title, version.change_note, str(version.material))
    return (*said, canonical(version.markdown))


def _wait_for_turn(kind: str) -> None:
    """Let one version after the other be published, by a lock on all of its kind."""
    list(PolicyVersion.objects.select_for_update().filter(kind=kind).order_by("pk").values_list("pk"))
