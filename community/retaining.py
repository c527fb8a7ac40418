"""What the community takes away when its time is over."""

from datetime import datetime

from django.db.models import Q, QuerySet

from community.invitation_states import LIVE
from community.models import Invitation, Membership, Person, Sanction

NEEDS = ("memberships", "sanctions", "team_memberships", "grants", "administrator_changes")  # what a person is kept for


def purge_invitations(before: datetime) -> int:
    return Invitation.objects.exclude(state__in=LIVE).filter(ended_at__lt=before).delete()[0]


def purge_memberships(before: datetime) -> int:
    return _purge_memberships(Membership.objects.filter(active_to__lt=before.date()))


def purge_declined(before: datetime) -> int:
    declined = Membership.objects.filter(decision=Membership.Decision.DECLINED, decided_on__lt=before.date())
    return _purge_memberships(declined)


def purge_sanctions(before: datetime) -> int:
    """Delete sanctions that ended, with the marks that recognize somebody."""
    ended = Q(lifted_at__lt=before) | Q(until__lt=before) | Q(kind=Sanction.Kind.WARNING, since__lt=before)
    return Sanction.objects.filter(ended).delete()[1].get("community.Sanction", 0)


def purge_pseudonyms(before: datetime) -> int:
    """Delete what connects the words of an erased person with each other, once nothing else needs it."""
    erased = Person.objects.filter(erased_at__lt=before)
    for relation in NEEDS:
        erased = erased.filter(**{f"{relation}__isnull": True})
    return erased.delete()[1].get("community.Person", 0)


def _purge_memberships(ended: "QuerySet[Membership]") -> int:
    """Delete memberships, and then all that their history has, of which their end is the last word."""
    keys = list(ended.values_list("pk", flat=True))
    Membership.objects.filter(pk__in=keys).delete()
    Membership.history.filter(id__in=keys).delete()
    return len(keys)
