"""Which clusters of the queue are alive, by name, and the brokers that remember it.

A cluster tells how it is every two seconds, but not which one it is, and is forgotten after three: too soon on
a machine that is busy. Ours add the name, keep both for longer, and read without writing.
"""

import socket
from collections import Counter
from collections.abc import Mapping
from typing import Any

import redis
from django.core.cache import cache
from django_q.brokers import get_broker, orm, redis_broker
from django_q.conf import Conf
from django_q.signing import BadSignature, SignedPackage
from django_q.status import Status
from redis.exceptions import RedisError

CLUSTERS = ("default", "builds")
SECONDS_REMEMBERED = 15
SECONDS_FOR_ANSWER = 5  # of Redis, which blocks for one when there is nothing to do
ENDING = (Conf.STOPPING, Conf.STOPPED)


class QueueUnreachableError(Exception):
    """The queue's broker, or the cache, does not answer; nothing is known about the workers."""


class OrmBroker(orm.ORM):  # type: ignore[misc] # it has no types
    """The queue in the database."""

    def set_stat(self, key: str, value: str, timeout: int) -> Any:
        cache.set(_name_of(key), self.list_key, SECONDS_REMEMBERED)
        return super().set_stat(key, value, max(timeout, SECONDS_REMEMBERED))

    def get_stats(self, pattern: str) -> list[str]:
        return list(cache.get_many(cache.get(Conf.Q_STAT, [])).values())


class RedisBroker(redis_broker.Redis):  # type: ignore[misc] # it has no types
    """The queue in Redis."""

    def set_stat(self, key: str, value: str, timeout: int) -> Any:
        cache.set(_name_of(key), self.list_key.split(":")[1], SECONDS_REMEMBERED)
        return super().set_stat(key, value, max(timeout, SECONDS_REMEMBERED))

    @staticmethod
    def get_connection(list_key: str | None = None) -> "redis.Redis":
        seconds = SECONDS_FOR_ANSWER
        return redis.from_url(Conf.REDIS, socket_connect_timeout=seconds, socket_timeout=seconds)


def workers_alive() -> Mapping[str, int]:
    """Count the workers of each cluster that was heard of lately; those of ours are there even without any.

    Raises:
        QueueUnreachableError: see there.
    """
    try:
        heard = [status for status in map(_read, get_broker().get_stats(f"{Conf.Q_STAT}:*") or ()) if status]
        names = cache.get_many([_name_of(_key_of(status)) for status in heard])
    except (RedisError, OSError) as failure:
        raise QueueUnreachableError(str(failure)) from failure
    workers: Counter[str] = Counter(dict.fromkeys(CLUSTERS, 0))
    for status in heard:
        name = names.get(_name_of(_key_of(status)))
        if name and status.status not in ENDING:
            workers[name] += len(status.workers)
    return workers


def is_stopping(sentinel: int) -> bool:
    """Tell whether the cluster with this sentinel (its process id, on this machine) was asked to stop."""
    try:
        heard = [status for status in map(_read, get_broker().get_stats(f"{Conf.Q_STAT}:*") or ()) if status]
    except (RedisError, OSError):
        return False
    host = socket.gethostname()
    return any((s.sentinel, s.host) == (sentinel, host) and s.status in ENDING for s in heard)


def _read(packed: str) -> Status | None:
    try:
        status: Status = SignedPackage.loads(packed)
    except BadSignature:
        return None
    return status


def _key_of(status: Status) -> str:
    return f"{Conf.Q_STAT}:{status.cluster_id}"


def _name_of(key: str) -> str:
    return f"{key}:name"
