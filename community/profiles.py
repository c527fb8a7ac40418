"""What people say of themselves, and whether it may be shown."""

from django.contrib.auth.models import User
from django.db import transaction

from community import consenting
from community.models import Consent, Person

WORDING_VERSION = 1
PUBLIC_NAME = "Show my name on public pages of this site, such as those of the teams that I am a member of."


def correct(user: User, *, name: str, is_public: bool) -> Person:
    """Note the name somebody goes by, and whether it may be shown; both words about the latter are kept."""
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=Person.objects.of(user).pk)
        purpose = Consent.Purpose.PUBLIC_PROFILE
        if is_public:
            consenting.grant(user, purpose, wording=PUBLIC_NAME, wording_version=WORDING_VERSION)
        else:
            consenting.withdraw(user, purpose)
        person.name, person.is_public = name, is_public
        person.save(update_fields=["name", "is_public"])
    return person
