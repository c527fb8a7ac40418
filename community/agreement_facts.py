"""What accounts, addresses and agreements say of where somebody stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from community.facts import state_of_user
from community.lapsing import Mail, Term, term
from community.models import Agreement, Person, PolicyVersion, Reminder
from community.standing import is_member
from mageos_portal.registry import Membership


def of_account(user: AbstractBaseUser, now: datetime) -> Mapping[str, bool]:
    """Tell whether there is an account with a confirmed address, what it said to the code, and whether that holds."""
    found = _known(user, now)
    if found is None:
        return {}
    is_behind = found["act"] == Agreement.Act.AGREED and found["behind"]
    word = last_word(user) if is_behind else None
    return {
        "has_account": True,
        "is_verified": found["verified"],
        "is_erased": found["erased"],
        "has_agreed": found["act"] == Agreement.Act.AGREED,
        "has_withdrawn": found["act"] == Agreement.Act.WITHDRAWN,
        "has_lapsed": word is not None and term_of(word, now).is_over(now),
    }


def _known(user: AbstractBaseUser, now: datetime) -> Mapping[str, Any] | None:
    """Ask once for what nearly everybody needs only; None: there is no account that can be used."""
    said = Agreement.objects.said().filter(account=OuterRef("pk")).order_by("-pk")
    newer = PolicyVersion.objects.material_after(0, now).order_by().filter(number__gt=OuterRef("number"))
    accounts = User.objects.filter(pk=user.pk, is_active=True).annotate(
        verified=Exists(EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)),
        erased=Exists(Person.objects.filter(user=OuterRef("pk"), erased_at__isnull=False)),
        act=Subquery(said.values("act")[:1]),
        number=Subquery(said.values("version__number")[:1]),
    )
    found = accounts.annotate(behind=Exists(newer)).values("verified", "erased", "act", "behind").first()
    return dict(found) if found else None


def last_word(user: AbstractBaseUser) -> Agreement | None:
    """Give what somebody said last to the code of conduct, with the version; None: nothing yet."""
    said = Agreement.objects.said().filter(account_id=user.pk).order_by("-pk")
    return said.select_related("version").defer("version__markdown", "version__html").first()


def term_of(word: Agreement, now: datetime) -> Term:
    """Say what somebody who agreed has to agree to besides, and until when."""
    unanswered = unanswered_by(word, now)
    mails = mails_to(word, unanswered) if unanswered else []
    return term(unanswered, mails, settings.PORTAL_AGREEMENT_DAYS)


def unanswered_by(word: Agreement, now: datetime) -> list[int]:
    """Give the numbers of the material versions in force that an agreement does not cover."""
    newer = PolicyVersion.objects.material_after(word.version.number, now)
    return list(newer.values_list("number", flat=True))


def mails_to(word: Agreement, numbers: list[int]) -> list[Mail]:
    sent = Reminder.objects.filter(account_id=word.account_id, version__number__in=numbers)
    return [Mail(*found) for found in sent.values_list("version__number", "number", "sent_at")]


def membership(user: AbstractBaseUser) -> Membership:
    """Tell the site who is a member."""
    return Membership(is_member=is_member(state_of_user(user, timezone.now())))
