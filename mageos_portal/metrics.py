"""What is measured, in the words of Prometheus: the site's own figures, and those that apps register.

A source that cannot answer is left out and says so (portal_source_up), so that the others are seen all the same.
"""

import logging
import secrets
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import DatabaseError
from django_q.brokers import get_broker
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from mageos_portal.heartbeat import CLUSTERS, QueueUnreachableError, workers_alive
from mageos_portal.registry import MetricSource, metric_sources

logger = logging.getLogger(__name__)

SCHEME = "Bearer "
FAILURES = (DatabaseError, OSError, QueueUnreachableError, RedisError)


def may_read(authorization: str) -> bool:
    """Tell whether a request's Authorization header has the token, in a time that tells nothing of it."""
    token: str | None = settings.PORTAL_METRICS_TOKEN
    given = authorization.removeprefix(SCHEME) if authorization.startswith(SCHEME) else ""
    return token is not None and secrets.compare_digest(given.encode(), token.encode())


def exposition() -> bytes:
    """Ask all sources, and write down what they say (Prometheus' text format, version 0.0.4)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Sources())
    return generate_latest(registry)


class _Sources(Collector):
    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("portal_source_up", "Whether these figures could be had.", labels=["source"])
        for source in metric_sources:
            found = _asked(source)
            up.add_metric([source.key], int(found is not None))
            yield from found or ()
        yield up


def _asked(source: MetricSource) -> list[Metric] | None:
    try:
        return list(source.collect())
    except FAILURES as failure:
        logger.warning("There are no metrics of %s: %s", source.key, failure)
        return None


def queue() -> Iterable[Metric]:
    """Measure the clusters of the queue."""
    alive = GaugeMetricFamily("portal_workers", "Workers alive.", labels=["cluster"])
    for cluster, workers in sorted(workers_alive().items()):
        alive.add_metric([cluster], workers)
    waiting = GaugeMetricFamily("portal_queue_tasks", "Tasks that no worker has taken yet.", labels=["cluster"])
    for cluster in CLUSTERS:
        waiting.add_metric([cluster], get_broker(cluster).queue_size())
    return alive, waiting
