"""Make the files say what the database says."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mirror.exclusion import LeaseLostError
from mirror.models import Distribution
from mirror.publishing import PublishingError
from mirror.settling import LostPublicationError, settle
from mirror.storage import DiskFullError


class Command(BaseCommand):
    help = (
        "Serve what the database says is served, at the address that is set now. For operators, after restoring a "
        "backup and after changing an address; changes nothing where all is well."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--actor", default="", help="who is noted as having done it")

    def handle(self, *args: Any, **options: Any) -> None:
        faults = [fault for row in Distribution.objects.all() if (fault := self._settled(row, options["actor"]))]
        if faults:
            raise CommandError("\n  ".join(faults))

    def _settled(self, distribution: Distribution, actor: str) -> str:
        """Settle one distribution; gives what went wrong, so that the others are settled all the same."""
        try:
            made = settle(distribution, actor=actor)
        except (LostPublicationError, PublishingError, LeaseLostError, DiskFullError) as error:
            return str(error)
        if made:
            self.stdout.write(f"{distribution.slug}: published again as {made.number}, at {distribution.url}")
        elif distribution.publication:
            self.stdout.write(f"{distribution.slug}: publication {distribution.publication.number} is served")
        else:
            self.stdout.write(f"{distribution.slug}: nothing is published")
        return ""
