"""Whether everything that a release pulls in is to be had."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from mirror.composer.constraints import InvalidConstraintError, intersects
from mirror.composer.constraints import parse as parse_constraint
from mirror.composer.names import is_platform
from mirror.composer.versions import STABILITIES, InvalidVersionError, normalize, sort_key, stability

Identity: TypeAlias = tuple[str, str]  # name, normalized version
MOST_WALKS = 100  # the worst real metapackage needed 39


@dataclass(frozen=True, slots=True)
class Missing:
    """A requirement that nothing here meets, and where it would have to come from."""

    name: str
    constraint: str
    required_by: str
    origin: str


@dataclass(frozen=True, slots=True)
class Closure:
    """What a release needs: how many packages of ours, and what is missing."""

    packages: int
    missing: tuple[Missing, ...]


@dataclass(slots=True)
class Offers:
    """All versions that could be served, by name, and who replaces or provides what."""

    versions: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    stand_ins: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    _sorted: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, normalized: str, body: Mapping[str, Any]) -> None:
        """Add a version with its `metadata.body_of`."""
        self.versions.setdefault(name, {})[normalized] = body
        self._sorted.pop(name, None)
        for section in ("replace", "provide"):
            for other in body.get(section) or {}:
                self.stand_ins.setdefault(other, []).append((name, normalized, _own(body[section][other], normalized)))

    def newest_first(self, name: str) -> list[str]:
        if name not in self._sorted:
            found = self.versions.get(name, {})
            self._sorted[name] = sorted(found, key=sort_key, reverse=True)
        return self._sorted[name]


def check(name: str, body: Mapping[str, Any], release: str, offers: Offers, origin: Callable[[str], str]) -> Closure:
    """Follow a product's requirements.

    ``origin`` says where a name that is not served would come from: ``""`` if that is none of
    this repository's business. A walk takes the newest version that fits; where that leads into a
    lack, another walk goes without the version that asked for too much. The walk that lacks least
    counts.
    """
    least, avoided = stability(normalize(release)), set[Identity]()
    best: Closure | None = None
    for _ in range(MOST_WALKS):
        walk = _Walk(offers, origin, least, frozenset(avoided))
        closure = walk.from_product(name, body)
        if best is None or len(closure.missing) < len(best.missing):
            best = closure
        culprit = walk.culprit()
        if culprit is None:
            break
        avoided.add(culprit)
    return best or Closure(0, ())


class _Walk:
    def __init__(self, offers: Offers, origin: Callable[[str], str], least: str, avoided: frozenset[Identity]) -> None:
        self._offers = offers
        self._origin = origin
        self._least = STABILITIES.index(least)
        self._avoided = avoided
        self._chosen: dict[str, str] = {}
        self._asked: dict[str, list[str]] = defaultdict(list)
        self._missing: dict[tuple[str, str], Missing] = {}
        self._owners: list[Identity | None] = []  # who asked for what is missing; None is the product
        self._exact: deque[_Requirement] = deque()
        self._ranges: deque[_Requirement] = deque()
        self._not_served: list[_Requirement] = []

    def from_product(self, name: str, body: Mapping[str, Any]) -> Closure:
        self._follow(None, name, body)
        while self._exact or self._ranges:
            self._meet((self._exact or self._ranges).popleft())
        for requirement in self._not_served:
            self._meet_elsewhere(requirement)
        return Closure(len(self._chosen), tuple(sorted(self._missing.values(), key=_by_name)))

    def culprit(self) -> Identity | None:
        """Give the first that asked for something missing and has other versions instead."""
        owners = [owner for owner in self._owners if owner and len(self._offers.newest_first(owner[0])) > 1]
        return next((owner for owner in owners if owner not in self._avoided), None)

    def _follow(self, owner: Identity | None, shown: str, body: Mapping[str, Any]) -> None:
        for name, constraint in (body.get("require") or {}).items():
            requirement = _Requirement(name, constraint, owner, shown)
            (self._exact if _is_exact(constraint) else self._ranges).append(requirement)

    def _meet(self, requirement: "_Requirement") -> None:
        name, constraint = requirement.name, requirement.constraint
        if is_platform(name) or constraint in self._asked[name]:
            return
        self._asked[name].append(constraint)
        if name not in self._offers.versions:
            self._not_served.append(requirement)
            return
        chosen = self._best(name)
        if chosen is None:
            self._asked[name].remove(constraint)
            self._not_served.append(requirement)
        elif self._chosen.get(name) != chosen:
            self._chosen[name] = chosen
            self._follow((name, chosen), f"{name} {chosen}", self._offers.versions[name][chosen])

    def _best(self, name: str) -> str | None:
        """Give the newest version that meets all that was asked so far."""
        try:
            asked = [parse_constraint(text) for text in self._asked[name]]
        except InvalidConstraintError:
            return None
        for version in self._offers.newest_first(name):
            allowed = self._stable_enough(version) and (name, version) not in self._avoided
            if allowed and all(constraint.matches(version) for constraint in asked):
                return version
        return None

    def _stable_enough(self, version: str) -> bool:
        return STABILITIES.index(stability(version)) >= self._least

    def _meet_elsewhere(self, requirement: "_Requirement") -> None:
        for stand_in, version, constraint in self._offers.stand_ins.get(requirement.name, ()):
            if self._chosen.get(stand_in) == version and _overlap(requirement.constraint, constraint):
                return
        if requirement.name in self._offers.versions:
            self._lack(requirement)
        elif origin := self._origin(requirement.name):
            self._miss(requirement, origin)

    def _lack(self, requirement: "_Requirement") -> None:
        name, constraint = requirement.name, requirement.constraint
        others = [text for text in self._asked[name] if text != constraint]
        has = ", ".join(self._offers.newest_first(name)[:3])
        self._miss(requirement, f"served here are {has}" + (f"; also required: {', '.join(others)}" * bool(others)))

    def _miss(self, requirement: "_Requirement", origin: str) -> None:
        name, constraint = requirement.name, requirement.constraint
        self._owners.append(requirement.owner)
        self._missing.setdefault((name, constraint), Missing(name, constraint, requirement.shown, origin))


class _Requirement(NamedTuple):
    name: str
    constraint: str
    owner: Identity | None
    shown: str  # the owner in words


def _by_name(missing: Missing) -> tuple[str, str]:
    return missing.name, missing.constraint


def _own(constraint: str, normalized: str) -> str:
    return normalized if constraint == "self.version" else constraint


@lru_cache(maxsize=1 << 14)
def _is_exact(constraint: str) -> bool:
    try:
        normalize(constraint)
    except InvalidVersionError:
        return False
    return True


def _overlap(a: str, b: str) -> bool:
    try:
        return intersects(parse_constraint(a), parse_constraint(b))
    except InvalidConstraintError:
        return False
