"""What accounts, addresses and agreements say of where somebody stands."""

from collections.abc import Mapping
from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.utils import timezone

from community.facts import state_of_user
from community.lapsing import Mail, Term, term
from community.models import Agreement, Person, PolicyVersion, Reminder
from community.standing import is_member
from mageos_portal.registry import Membership


def of_account(user: AbstractBaseUser, now: datetime) -> Mapping[str, bool]:
    """Tell whether there is an account, with a confirmed address."""
    verified = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    erased = Person.objects.filter(user=OuterRef("pk"), erased_at__isnull=False)
    found = User.objects.filter(pk=user.pk, is_active=True).values_list(Exists(verified), Exists(erased)).first()
    is_verified, is_erased = found or (False, False)
    return {"has_account": found is not None, "is_verified": is_verified, "is_erased": is_erased}


def of_agreements(user: AbstractBaseUser, now: datetime) -> Mapping[str, bool]:
    """Tell what somebody said to the code of conduct, and whether that still holds."""
    word = last_word(user)
    if word is None or word.act == Agreement.Act.WITHDRAWN:
        return {"has_withdrawn": word is not None}
    return {"has_agreed": True, "has_lapsed": term_of(word, now).is_over(now)}


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
