"""The staff's view of the mirror. What the system writes is read-only; each action calls one verb."""

from mirror.admin import (
    builds,
    distributions,
    history,
    publications,
    records,
    releases,
    sources,
    uploads,
    versions,
)

__all__ = [
    "builds",
    "distributions",
    "history",
    "publications",
    "records",
    "releases",
    "sources",
    "uploads",
    "versions",
]
