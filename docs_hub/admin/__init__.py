"""The staff's view of updates and documents: what is imported is read-only, each action calls one verb."""

from docs_hub.admin import (
    aliases,
    categories,
    checked_links,
    collections,
    documents,
    offered_links,
    runs,
    text_versions,
    updates,
)

__all__ = [
    "aliases",
    "categories",
    "checked_links",
    "collections",
    "documents",
    "offered_links",
    "runs",
    "text_versions",
    "updates",
]
