"""Publish what was built, or an earlier publication anew."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mirror import publishing
from mirror.exclusion import LeaseLostError
from mirror.management.distributions import find_distribution
from mirror.models import Distribution, Publication
from mirror.storage import DiskFullError


class Command(BaseCommand):
    help = "Publish the newest build's result, or set an earlier publication anew. For operators."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="distribution, for example mirror")
        parser.add_argument("--to", type=int, metavar="PUBLICATION", help="number of a publication to set anew")
        parser.add_argument("--actor", default="", help="who is noted as having done it")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        distribution = find_distribution(options["slug"])
        try:
            publication = _publish(distribution, options["to"], options["actor"])
        except (publishing.PublishingError, LeaseLostError, DiskFullError) as error:
            raise CommandError(str(error)) from error
        number = publication.number if publication else None
        if options["json"]:
            self.stdout.write(json.dumps({"publication": number}))
        elif number:
            self.stdout.write(self.style.SUCCESS(f"Publication {number} is served."))
        else:
            self.stdout.write("Nothing to change: exactly this is served already.")


def _publish(distribution: Distribution, to: int | None, actor: str) -> Publication | None:
    if to is None:
        return publishing.publish_newest_build(distribution, actor=actor)
    chosen = distribution.publications.filter(number=to).first()
    if chosen is None:
        numbers = distribution.publications.order_by("-number").values_list("number", flat=True)[:5]
        newest = ", ".join(map(str, numbers)) or "none"
        raise CommandError(f"{distribution.slug} has no publication {to}; the newest are {newest}")
    return publishing.roll_back(chosen, actor=actor)
