"""The state of each distribution, for the public: a page, and badges for other people's pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from mirror.freshness import Facts, State, behind_since, state_of
from mirror.models import HELD, Build, Distribution, Release

COLOURS: Mapping[str, str] = {"good": "#1a6b3c", "warn": "#7a4d00", "bad": "#a3231f", "": "#50565c"}  # below white
ICONS: Mapping[str, str] = {"good": "✓", "warn": "!", "bad": "!", "": "…"}
DIRECTORY = "file:"
LETTER, PADDING = 6.2, 12  # pixels: of a letter on the average, and beside a text


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to say about one distribution."""

    distribution: Distribution
    facts: Facts
    state: State

    @property
    def icon(self) -> str:
        return ICONS[self.state.style]

    @property
    def origin(self) -> str:
        """Give the address that it follows; where a directory lies is nobody's business."""
        follows = self.distribution.follows
        return "" if follows.startswith(DIRECTORY) else follows

    @property
    def behind_since(self) -> datetime | None:
        return behind_since(self.facts)


@dataclass(frozen=True, slots=True)
class Part:
    """One half of a badge; lengths are pixels."""

    text: str
    colour: str
    start: int
    width: int

    @property
    def middle(self) -> float:
        return self.start + self.width / 2

    @property
    def length(self) -> int:
        return self.width - PADDING


@dataclass(frozen=True, slots=True)
class Badge:
    """A state as a picture, or as the numbers that shields.io makes one of."""

    label: Part
    message: Part

    @property
    def width(self) -> int:
        return self.label.width + self.message.width

    def as_shield(self) -> dict[str, Any]:
        """Give shields.io's endpoint schema, version 1."""
        said = {"label": self.label.text, "message": self.message.text, "color": self.message.colour}
        return {"schemaVersion": 1, **said}


def badge_of(status: Status) -> Badge:
    label, message = status.distribution.slug, status.state.word
    return Badge(
        Part(label, "#333", 0, _width(label)),
        Part(message, COLOURS[status.state.style], _width(label), _width(message)),
    )


def _width(text: str) -> int:
    return round(len(text) * LETTER) + PADDING


def statuses(distributions: Iterable[Distribution], now: datetime) -> list[Status]:
    """Give the status of each, with as many queries for all as for one."""
    rows = list(distributions)
    pks = [row.pk for row in rows]
    builds, releases = _builds(pks), _releases(pks)
    found = []
    for row in rows:
        facts = _facts(row, builds.get(row.pk, {}), releases.get(row.pk, {}))
        found.append(Status(row, facts, state_of(facts, now)))
    return found


def _facts(row: Distribution, builds: Mapping[str, Any], releases: Mapping[str, Any]) -> Facts:
    is_follower = bool(row.follows)
    return Facts(
        is_published=row.publication_id is not None,
        is_building=bool(builds.get("running")),
        is_follower=is_follower,
        interval=timedelta(minutes=row.interval),
        seen_at=row.followed_at if is_follower else builds.get("built_at"),
        origin_changed_at=row.origin_changed_at,
        releases=releases.get("all", 0),
        incomplete=releases.get("incomplete", 0),
    )


def _builds(pks: list[int]) -> dict[int, dict[str, Any]]:
    built = Q(kind=Build.Kind.BUILD, state=Build.State.SUCCEEDED)
    running = Q(kind__in=(Build.Kind.BUILD, Build.Kind.SYNC), state__in=HELD)
    counted = {"built_at": Max("ended_at", filter=built), "running": Count("pk", filter=running)}
    return _by_distribution(
        Build.objects.filter(distribution__in=pks).order_by().values("distribution").annotate(**counted)
    )


def _releases(pks: list[int]) -> dict[int, dict[str, Any]]:
    counted = {"all": Count("pk"), "incomplete": Count("pk", filter=Q(complete=False))}
    rows = Release.objects.filter(distribution__in=pks).order_by().values("distribution")
    return _by_distribution(rows.annotate(**counted))


def _by_distribution(rows: QuerySet[Any, Any]) -> dict[int, dict[str, Any]]:
    return {row.pop("distribution"): row for row in rows}
