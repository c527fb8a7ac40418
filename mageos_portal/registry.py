"""What apps contribute to shared pages, without knowing each other.

An app adds its entries in `AppConfig.ready()`; the site shows them in order.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from django.http import HttpRequest
from prometheus_client import Metric

if TYPE_CHECKING:  # no model can be imported before all apps are there
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet


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
class StaffLink:
    """A link in the sidebar of the admin."""

    key: str
    group: str  # groups stand in the order of their first links
    title: str
    icon: str  # a name of Material Symbols
    url_name: str  # "admin:app_model_changelist", resolved without arguments
    permission: str | None  # "app.codename"; None: everybody on the staff
    order: int


@dataclass(frozen=True, slots=True)
class Findable:
    """Something that the site's search finds, as an app hands it over."""

    key: str  # its own name within its source, at most 200 characters
    kind: str  # what it is, in a word that people read: "update", "document", "package"
    title: str
    url: str  # path on this site
    text: str  # plain
    day: date | None = None
    visibility: str = "public"  # see audience.Visibility
    team: str = ""
    appears_at: datetime | None = None  # not found before that


@dataclass(frozen=True, slots=True)
class SearchSource:
    """A kind of thing that the site's search finds."""

    key: str
    findables: Callable[[], Iterable[Findable]]  # all there is, for an index made anew
    order: int


@dataclass(frozen=True, slots=True)
class Membership:
    """What an app knows of somebody."""

    is_member: bool = False
    teams: frozenset[str] = frozenset()  # slugs


@dataclass(frozen=True, slots=True)
class AccountLink:
    """A page of an account, as its overview and its menu name it."""

    key: str
    title: str
    url_name: str  # resolved without arguments
    description: str
    order: int


@dataclass(frozen=True, slots=True)
class MembershipSource:
    """Somebody who knows who is a member, and of which teams."""

    key: str
    membership: "Callable[[AbstractBaseUser], Membership]"
    order: int


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """Something that the queue does by itself: every so many minutes, or once a day."""

    key: str  # "app.task", at most 80 characters
    function: Callable[..., object]  # importable by its module and name; its answer is shown to staff
    description: str
    arguments: tuple[str | int, ...] = ()
    permission: str = ""  # of those who may have it done at once; empty: superusers only
    minutes: int = 0  # between two runs; 0: once a day
    at: time = time(3, 17)  # UTC


@dataclass(frozen=True, slots=True)
class ScheduleSource:
    """What an app wants done by itself; asked anew at each sync, as it may depend on rows."""

    key: str
    tasks: Callable[[], Iterable[ScheduledTask]]
    order: int


@dataclass(frozen=True, slots=True)
class DashboardPanel:
    """A section of the admin's first page, rendered by the app's own template for those who may see it."""

    key: str
    template_name: str
    context: Callable[[HttpRequest], Mapping[str, Any]]
    permission: str  # "app.codename"
    order: int


@dataclass(frozen=True, slots=True)
class MetricSource:
    """What an app measures, asked for each time that Prometheus comes by."""

    key: str
    collect: Callable[[], Iterable[Metric]]
    order: int


@dataclass(frozen=True, slots=True)
class Need:
    """Something outside that a part of an app needs; without it pages are served, and a person should look."""

    key: str
    is_there: Callable[[], bool]  # asked by every probe, on a thread of its own
    order: int


@dataclass(frozen=True, slots=True)
class MachinePaths:
    """Addresses that only programs ask for: a 404 there is their answer, never the business of a redirect."""

    key: str
    first_parts: frozenset[str]  # "p2" stands for everything below /p2/
    order: int


@dataclass(frozen=True, slots=True)
class PersonalRecords:
    """A model that keeps something about people: what they get a copy of, and what ends it."""

    key: str  # "app_label.model_name"
    title: str  # as the people themselves would call it
    kept: str  # a sentence: how long, and why
    order: int
    of: "Callable[[AbstractBaseUser], QuerySet[Any]] | None" = None  # None: `kept` says why there is no copy
    fields: tuple[str, ...] = ()  # of the copy
    names: tuple[str, ...] = ()  # fields that hold a user name, which an erasure replaces
    rule: str = ""  # key of a retention rule; empty: it goes with the account, or `kept` says why it stays


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Something that goes by itself when its time is over."""

    key: str  # in settings.PORTAL_RETENTION_DAYS
    title: str  # what goes: "accounts whose address was never confirmed"
    purge: Callable[[datetime], int]  # takes away what ended before that moment, and counts it
    order: int


@dataclass(frozen=True, slots=True)
class ErasureStep:
    """What a part does when somebody's account is erased; all steps are one transaction."""

    key: str
    erase: "Callable[[AbstractBaseUser, datetime], object]"
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
membership_sources: Registry[MembershipSource] = Registry()
account_links: Registry[AccountLink] = Registry()
staff_links: Registry[StaffLink] = Registry()
dashboard_panels: Registry[DashboardPanel] = Registry()
schedule_sources: Registry[ScheduleSource] = Registry()
metric_sources: Registry[MetricSource] = Registry()
needs: Registry[Need] = Registry()
machine_paths: Registry[MachinePaths] = Registry()
personal_records: Registry[PersonalRecords] = Registry()
retention_rules: Registry[RetentionRule] = Registry()
erasure_steps: Registry[ErasureStep] = Registry()
