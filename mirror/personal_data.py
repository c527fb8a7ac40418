"""What the mirror keeps about people: who of the staff did what."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from mageos_portal.registry import PersonalRecords, personal_records
from mirror.models import Build, Change, Publication, Release, Upload

KEPT = "It stays with what it describes; when the account is erased, a pseudonym takes the place of the name."

# Model, title, fields of the copy, fields with a user name of which the first one says whose the row is
ACTORS: tuple[tuple[Any, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (Build, "Builds that you started", ("pk", "state"), ("actor", "canceled_by")),
    (Publication, "Publications that you made", ("pk", "created_at"), ("actor",)),
    (Upload, "Archives that you uploaded", ("pk", "created_at"), ("actor", "confirmed_by")),
    (Change, "Changes of versions that you made", ("pk", "at"), ("actor",)),
    (Release, "Releases that you approved", ("pk", "version"), ("approved_by",)),
)


def register() -> None:
    for order, (model, title, fields, names) in enumerate(ACTORS, start=60):
        personal_records.register(
            PersonalRecords(model._meta.label_lower, title, KEPT, order, _of(model, names[0]), fields, names)  # noqa: SLF001 - documented
        )


def _of(model: Any, name: str) -> Any:
    def of(user: AbstractBaseUser) -> Any:
        return model.objects.filter(**{name: user.get_username()})

    return of
