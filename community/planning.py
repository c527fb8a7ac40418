"""The difference of two states of permissions: as edits, in people's words, and what it would touch.

``apply(before, plan.edits)`` gives the state after; a plan without edits means equal states.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from community.github_effects import Access, access, members, resources
from community.permissions import Data, Organization, same
from community.plan_words import Sentence, sentences

MAPS = ("mirror_repositories", "repositories", "teams")

Path = tuple[str, ...]  # ("teams",), ("teams", "content") or ("teams", "content", "members")


class OutdatedPlanError(ValueError):
    """The state is not the one that the plan was made for; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One value that differs; None means that there is none."""

    path: Path
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """How much a plan touches, besides what administrators may do anyway."""

    people: tuple[str, ...]  # whose membership or access changes
    joining: tuple[str, ...]  # the organization
    leaving: tuple[str, ...]
    administrators_added: tuple[str, ...]
    administrators_removed: tuple[str, ...]
    repositories: tuple[str, ...]  # with changed settings, grants or access
    accesses_gained: int  # pairs of a person and a repository, or a higher level
    accesses_lost: int


@dataclass(frozen=True, slots=True)
class Work:
    """What OpenTofu would do, by kind of resource: {"github_team_repository.teams": 3}."""

    create: dict[str, int]
    change: dict[str, int]
    destroy: dict[str, int]
    refused: tuple[str, ...]  # addresses that the configuration protects from being destroyed


@dataclass(frozen=True, slots=True)
class Plan:
    """All that differs between two states."""

    edits: tuple[Edit, ...]
    sentences: tuple[Sentence, ...]
    radius: BlastRadius
    work: Work

    @property
    def is_empty(self) -> bool:
        return not self.edits

    def as_json(self) -> str:
        """Give the whole plan; equal plans give equal text."""
        held = asdict(self) | {"sentences": [each.as_dict() for each in self.sentences]}
        return json.dumps(held, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        return "\n".join(map(str, self.sentences)) or "Nothing changes."


def plan(before: Organization, after: Organization) -> Plan:
    """Compare two states; nothing is changed by it."""
    return Plan(
        tuple(_edits(before.as_data(), after.as_data())),
        sentences(before, after),
        _radius(before, after),
        _work(before, after),
    )


def apply(before: Organization, edits: Iterable[Edit]) -> Organization:
    """Give the state after edits. Raises: OutdatedPlanError."""
    data = before.as_data()
    for edit in edits:
        *parents, last = edit.path
        holder = data
        for key in parents:
            holder = _step(holder, key, edit)
        if not same(holder.get(last), edit.before):
            raise OutdatedPlanError(f"{'.'.join(edit.path)} has been changed since; make the plan anew")
        _put(holder, last, edit.after)
    return Organization.model_validate(data)


def _step(holder: Data, key: str, edit: Edit) -> Data:
    inner = holder.get(key)
    if not isinstance(inner, dict):
        raise OutdatedPlanError(f"{'.'.join(edit.path)} is not there any more; make the plan anew")
    return inner


def _put(holder: Data, key: str, value: Any) -> None:
    if value is None:
        holder.pop(key, None)
    else:
        holder[key] = json.loads(json.dumps(value))


def _edits(before: Data, after: Data, path: Path = ()) -> Iterator[Edit]:
    """Compare the top, the three maps, and the entries in them, each key of its own."""
    for key in sorted(before.keys() | after.keys()):
        one, other, here = before.get(key), after.get(key), (*path, key)
        if same(one, other):
            continue
        deeper = here[0] in MAPS and len(here) <= 2 and one is not None and other is not None  # noqa: PLR2004
        if deeper and isinstance(one, dict) and isinstance(other, dict):
            yield from _edits(one, other, here)
        else:
            yield Edit(here, one, other)


def _radius(before: Organization, after: Organization) -> BlastRadius:
    was, now = members(before), members(after)
    held, holds = access(before), access(after)
    gained = set(_higher(held, holds))
    lost = set(_higher(holds, held))
    old, new = set(before.administrators), set(after.administrators)
    people = {login for login, _ in gained | lost} | {n for n in was.keys() | now.keys() if was.get(n) != now.get(n)}
    return BlastRadius(
        people=tuple(sorted(people)),
        joining=tuple(sorted(now.keys() - was.keys())),
        leaving=tuple(sorted(was.keys() - now.keys())),
        administrators_added=tuple(sorted(new - old)),
        administrators_removed=tuple(sorted(old - new)),
        repositories=tuple(sorted({name for _, name in gained | lost} | _changed_repositories(before, after))),
        accesses_gained=len(gained),
        accesses_lost=len(lost),
    )


def _higher(before: dict[str, Access], after: dict[str, Access]) -> Iterator[tuple[str, str]]:
    """Give who may do more on what. Levels order by name as by might: maintain, push."""
    for login, found in after.items():
        held = before.get(login, {})
        yield from ((login, name) for name, level in found.items() if name not in held or level < held[name])


def _changed_repositories(before: Organization, after: Organization) -> set[str]:
    changed = set()
    for one, other in (
        (before.repositories, after.repositories),
        (before.mirror_repositories, after.mirror_repositories),
    ):
        changed |= {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
    return changed


def _work(before: Organization, after: Organization) -> Work:
    old, new = resources(before), resources(after)
    gone = old.keys() - new.keys()
    return Work(
        create=_by_kind(new.keys() - old.keys()),
        change=_by_kind(address for address in old.keys() & new.keys() if old[address] != new[address]),
        destroy=_by_kind(gone),
        refused=tuple(sorted(address for address in gone if address.startswith("github_repository."))),
    )


def _by_kind(addresses: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(address.split("[")[0] for address in addresses).items()))
