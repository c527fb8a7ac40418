"""Tell whether the workers of a cluster are alive."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mageos_portal.heartbeat import CLUSTERS, QueueUnreachableError, workers_alive


class Command(BaseCommand):
    help = "Tell by the exit status whether a cluster's workers were heard of lately. For container runtimes and cron."
    requires_system_checks = ()  # it is run every minute

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cluster", choices=CLUSTERS)

    def handle(self, *args: Any, **options: Any) -> str:
        name: str = options["cluster"]
        try:
            alive = workers_alive()[name]
        except QueueUnreachableError as error:
            raise CommandError(f"the queue does not answer ({error}); see that its broker runs") from error
        if not alive:
            raise CommandError(
                f"no worker of the cluster {name} is alive; start Q_CLUSTER_NAME={name} manage.py qcluster"
            )
        return f"Workers of the cluster {name} alive: {alive}."
