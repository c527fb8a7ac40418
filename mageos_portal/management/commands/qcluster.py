"""The queue's cluster, which also ends when all its processes are told to at once, as those of a process group are."""

import os
import threading
from typing import Any

from django_q.cluster import Cluster
from django_q.management.commands import qcluster


class _Cluster(Cluster):  # type: ignore[misc] # it has no types
    start_event: Any
    stop_event: Any

    def stop(self) -> bool:
        """Ask the guard of the workers to stop, and wait for its end rather than for its answer.

        Setting the event waits for whoever waits for it, for ever if a signal has killed that process.
        """
        if not self.sentinel.is_alive():
            return False
        threading.Thread(target=self.stop_event.set, daemon=True).start()
        self.sentinel.join()
        self.start_event = self.stop_event = None
        return True


class Command(qcluster.Command):  # type: ignore[misc] # it has no types
    def handle(self, *args: Any, **options: Any) -> None:
        if options["cluster_name"]:
            os.environ["Q_CLUSTER_NAME"] = options["cluster_name"]
        cluster = _Cluster()
        cluster.start()
        if options["run_once"]:
            cluster.stop()
