"""What people allow us to do beyond what being a member needs, each purpose by itself."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from community.models import Consent, Person


def grant(
    user: User,
    purpose: str,
    *,
    wording: str,
    wording_version: int,
    channel: str = Consent.Channel.WEB,
    now: datetime | None = None,
) -> Consent:
    """Note that somebody allowed something, in these words; to the same words again it is noted once."""
    with transaction.atomic():
        person = _locked(user)
        last = _last_word(person, purpose)
        is_same = last is not None and (last.wording, last.wording_version) == (wording, wording_version)
        if last is not None and last.act == Consent.Act.GRANTED and is_same:
            return last
        return Consent.objects.create(
            subject=person.key,
            account=user,
            purpose=Consent.Purpose(purpose),
            act=Consent.Act.GRANTED,
            wording=wording,
            wording_version=wording_version,
            channel=Consent.Channel(channel),
            at=now or timezone.now(),
        )


def withdraw(
    user: User, purpose: str, *, channel: str = Consent.Channel.WEB, now: datetime | None = None
) -> Consent | None:
    """Note that somebody does not allow it any more; gives their last word, None if they never allowed it."""
    with transaction.atomic():
        person = _locked(user)
        last = _last_word(person, purpose)
        if last is None or last.act == Consent.Act.WITHDRAWN:
            return last
        return Consent.objects.create(
            subject=person.key,
            account=user,
            purpose=last.purpose,
            act=Consent.Act.WITHDRAWN,
            wording=last.wording,
            wording_version=last.wording_version,
            channel=Consent.Channel(channel),
            at=now or timezone.now(),
        )


def is_granted(person: Person, purpose: str) -> bool:
    """Say whether somebody allows something now."""
    last = _last_word(person, purpose)
    return last is not None and last.act == Consent.Act.GRANTED


def _last_word(person: Person, purpose: str) -> Consent | None:
    return Consent.objects.of(person).filter(purpose=purpose).order_by("-pk").first()


def _locked(user: User) -> Person:
    """Give the person, whom no other request can speak for before this one ends."""
    person = Person.objects.of(user)
    return Person.objects.select_for_update().get(pk=person.pk)
