"""Finding what a command was told to work on."""

from django.core.management.base import CommandError
from django.db import DatabaseError

from mirror.models import Distribution


def find_distribution(slug: str) -> Distribution:
    """Give a distribution by its slug.

    Raises:
        CommandError: there is none (it lists the known ones), or the database has no tables yet.
    """
    try:
        found = Distribution.objects.filter(slug=slug).first()
        known = ", ".join(Distribution.objects.values_list("slug", flat=True))
    except DatabaseError as error:
        raise CommandError(f"the database is not ready ({error}); run: manage.py migrate") from error
    if found is None:
        raise CommandError(f"there is no distribution {slug!r}; known are {known or 'none'}")
    return found
