"""What apps contribute to shared pages, without knowing each other.

An app adds its entries in `AppConfig.ready()`; the site shows them in order.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from django.http import HttpRequest


class Entry(Protocol):
    """Anything with a name of its own and a place among its kind."""

    @property
    def key(self) -> str: ...

    @property
    def order(self) -> int: ...


EntryType = TypeVar("EntryType", bound=Entry)


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """A link in the header."""

    key: str
    title: str
    url_name: str  # "app:name", resolved without arguments
    order: int


@dataclass(frozen=True, slots=True)
class HomeCard:
    """A section of the home page, rendered by the app's own template."""

    key: str
    template_name: str
    context: Callable[[HttpRequest], Mapping[str, Any]]
    order: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One hit, as text."""

    title: str
    url: str
    summary: str


@dataclass(frozen=True, slots=True)
class SearchSource:
    """A kind of thing that site-wide search finds."""

    key: str
    title: str
    search: Callable[[str, int], Iterable[SearchResult]]  # words and the most results wanted
    order: int


class DuplicateEntryError(ValueError):
    """Two entries of a registry have the same key; the second was not added."""


class Registry(Generic[EntryType]):
    """Entries by key, in their order."""

    def __init__(self) -> None:
        self._entries: dict[str, EntryType] = {}

    def register(self, entry: EntryType) -> None:
        """Add an entry. Raises: DuplicateEntryError."""
        if entry.key in self._entries:
            raise DuplicateEntryError(f"{entry.key!r} is registered twice; give one of the two another key")
        self._entries[entry.key] = entry

    def __iter__(self) -> Iterator[EntryType]:
        return iter(sorted(self._entries.values(), key=lambda entry: (entry.order, entry.key)))


navigation: Registry[NavigationEntry] = Registry()
home_cards: Registry[HomeCard] = Registry()
search_sources: Registry[SearchSource] = Registry()
