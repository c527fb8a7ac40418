"""A plan's sentences: who gains, keeps and loses what, and what the configuration makes of it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from community.github_effects import TECH_LEAD, access, access_of_team, members, upstream_links
from community.permissions import Mirror, Organization, Repository, Team, printable, same

LONGEST_VALUE = 80  # characters of a value that is shown

Sign = Literal["+", "-", "~"]

LEAVES = "leaves the organization too: is in no team then"
NO_EFFECT = "no effect on GitHub"
UNREAD = "no effect: the configuration never reads teams of mirrors"
PROTECTED = "OpenTofu refuses to destroy it: take it out of the state first"
CODE_OWNERS = "CODEOWNERS is written anew"
SETTINGS = {
    "default_branch": "another branch becomes the default; it must exist",
    "homepage_url": "",
    "description": "",
    "topics": "",
    "is_part_of_monorepo": "decides whether only the machine account may push to its branches",
    "release_please_branch": "the branch is protected for the machine account",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One change of one thing, and its effects."""

    sign: Sign
    words: str  # "LOGIN joins Distribution"
    effects: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"text": str(self)}

    def __str__(self) -> str:
        return f"{self.sign} {self.words}" + (f" → {'; '.join(self.effects)}" if self.effects else "")


@dataclass(frozen=True, slots=True)
class States:
    """The two states and what follows from them, looked up once."""

    before: Organization
    after: Organization

    def team(self, key: str) -> str:
        found = self.after.teams.get(key) or self.before.teams.get(key)
        return found.name if found and found.name.strip() else key


def sentences(before: Organization, after: Organization) -> tuple[Sentence, ...]:
    """Put all that differs in words: administrators, teams, repositories, mirrors, then what is kept unread."""
    states = States(before, after)
    found = [*_administrators(states)]
    for key in sorted(before.teams.keys() | after.teams.keys()):
        found += _team(key, states)
    for name in sorted(before.repositories.keys() | after.repositories.keys()):
        found += _repository(name, states)
    for name in sorted(before.mirror_repositories.keys() | after.mirror_repositories.keys()):
        found += _mirror(name, states)
    found += _kept("", before.extras, after.extras)
    return tuple(replace(each, words=printable(each.words)) for each in found)


def _administrators(states: States) -> Iterator[Sentence]:
    old, new = states.before.administrators, states.after.administrators
    for login in _only(new, old):
        joins = () if login in members(states.before) else ("joins the organization",)
        yield Sentence("+", f"{login} becomes an administrator of the organization", (*joins, "may do everything"))
    for login in _only(old, new):
        stays = "stays a member through teams" if login in members(states.after) else LEAVES
        yield Sentence("-", f"{login} is no longer an administrator", (stays,))
    yield from _order("administrators", old, new, NO_EFFECT)


def _team(key: str, states: States) -> Iterator[Sentence]:
    old, new = states.before.teams.get(key), states.after.teams.get(key)
    called = states.team(key)
    if new is None:
        yield Sentence(
            "-", f"team {called} ({key}) is removed", (f"gives up {_amount(access_of_team(states.before, key))}",)
        )
    elif old is None:
        yield Sentence("+", f"team {called} ({key}) is created", (_amount(access_of_team(states.after, key)),))
    elif old != new:
        yield from _team_settings(key, old, new)
    yield from _members(key, old.members if old else (), new.members if new else (), states)


def _amount(held: dict[str, Any]) -> str:
    """Say what a team allows: "push on 46 repositories"."""
    level = next(iter(held.values()), "push")
    return f"{level} on {_count(len(held))}"


def _count(number: int) -> str:
    return f"{number} repository" if number == 1 else f"{number} repositories"


def _team_settings(key: str, old: Team, new: Team) -> Iterator[Sentence]:
    if old.name != new.name:
        effect = f"{NO_EFFECT}: the team is called {key} there"
        yield Sentence("~", f"name of team {key}: {_change(old.name, new.name)}", (effect,))
    if old.description != new.description:
        yield Sentence("~", f"description of team {key}: {_change(old.description, new.description)}")
    yield from _kept(f"team {key}: ", old.extras, new.extras)


def _members(key: str, old: Sequence[str], new: Sequence[str], states: States) -> Iterator[Sentence]:
    called = states.team(key)
    for login in _only(new, old):
        yield Sentence("+", f"{login} joins {called}", tuple(_joining(login, key, states)))
    for login in _only(old, new):
        yield Sentence("-", f"{login} leaves {called}", tuple(_leaving(login, key, states)))
    yield from _order(f"members of {called}", old, new, NO_EFFECT)


def _joining(login: str, key: str, states: States) -> Iterator[str]:
    gained = access_of_team(states.after, key)
    held = access(states.before).get(login, {})
    already = sum(name in held for name in gained)
    yield _amount(gained) + (f", {already} of them open to them before" if already else "")
    if login in states.after.administrators:
        yield "as maintainer of the team"
    if login not in members(states.before):
        yield "is invited to the organization"


def _leaving(login: str, key: str, states: States) -> Iterator[str]:
    lost = access_of_team(states.before, key)
    keeps = access(states.after).get(login, {})
    kept = sum(name in keeps for name in lost)
    yield f"loses {_amount(lost)}" + (f", keeps access to {kept} of them" if kept else "")
    if login not in members(states.after):
        yield LEAVES


def _repository(name: str, states: States) -> Iterator[Sentence]:
    old, new = states.before.repositories.get(name), states.after.repositories.get(name)
    if new is None:
        yield Sentence("-", f"repository {name} is removed", (PROTECTED,))
    elif old is None:
        yield Sentence("+", f"repository {name} is created", tuple(_created(name, new, states)))
    else:
        yield from _repository_grants(name, old, new, states)
        yield from _repository_settings(name, old, new)
        yield from _kept(f"repository {name}: ", old.extras, new.extras)


def _created(name: str, new: Repository, states: States) -> Iterator[str]:
    if new.archived:
        yield "archived: nobody can push"
    if new.teams:
        yield f"push for {', '.join(map(states.team, new.teams))}"
    if new.users:
        yield f"an allowance to push, but no access, for {', '.join(new.users)}"
    yield f"maintain for {states.team(TECH_LEAD)}"
    mirror = upstream_links(states.after).get(name)
    if mirror:
        yield f"merges from {mirror}"


def _repository_grants(name: str, old: Repository, new: Repository, states: States) -> Iterator[Sentence]:
    closed = ("archived: nobody can push",) if new.archived else ()
    for team in _only(new.teams, old.teams):
        yield Sentence("+", f"{states.team(team)} gets push on {name}", (_people(team, states.after), *closed))
    for team in _only(old.teams, new.teams):
        yield Sentence("-", f"{states.team(team)} loses push on {name}", (_people(team, states.before),))
    yield from _order(f"teams of {name}", old.teams, new.teams, CODE_OWNERS)
    yield from _users(name, old.users or (), new.users or (), states)
    if not old.users and not new.users and old.users != new.users:
        yield Sentence("~", f"users of {name}: {_change(old.users, new.users)}", (NO_EFFECT,))


def _people(team: str, organization: Organization) -> str:
    found = organization.teams.get(team)
    number = len(set(found.members)) if found else 0
    return "1 person" if number == 1 else f"{number} people"


def _users(name: str, old: Sequence[str], new: Sequence[str], states: States) -> Iterator[Sentence]:
    held = access(states.after)
    for login in _only(new, old):
        has = name in held.get(login, {}) or login in states.after.administrators
        effect = "has access already" if has else "no access by it: the configuration grants persons none"
        yield Sentence("+", f"{login} gets an allowance to push to {name} and owns its code", (effect,))
    for login in _only(old, new):
        effect = "keeps access through a team" if name in held.get(login, {}) else CODE_OWNERS
        yield Sentence("-", f"{login} loses the allowance to push to {name} and no longer owns its code", (effect,))
    yield from _order(f"users of {name}", old, new, CODE_OWNERS)


def _repository_settings(name: str, old: Repository, new: Repository) -> Iterator[Sentence]:
    if old.archived != new.archived:
        yield _archiving(name, old, new)
    for option, effect in SETTINGS.items():
        before, after = getattr(old, option), getattr(new, option)
        if before != after:
            words = f"{option.replace('_', ' ')} of {name}: {_change(before, after)}"
            yield Sentence("~", words, (effect,) if effect else ())


def _archiving(name: str, old: Repository, new: Repository) -> Sentence:
    if bool(old.archived) == bool(new.archived):
        return Sentence("~", f"archived of {name}: {_change(old.archived, new.archived)}", (NO_EFFECT,))
    if new.archived:
        effects = ("nobody can push", "its CODEOWNERS and grants stay managed", "loses branch protection and scanning")
        return Sentence("~", f"repository {name} is archived", effects)
    return Sentence("~", f"repository {name} is taken out of the archive", ("its teams can push again",))


def _mirror(name: str, states: States) -> Iterator[Sentence]:
    old, new = states.before.mirror_repositories.get(name), states.after.mirror_repositories.get(name)
    if new is None:
        yield Sentence("-", f"mirror {name} is removed", (PROTECTED, *_linked(name, states.before, "no longer merges")))
    elif old is None:
        only = "only the machine account can push"
        yield Sentence("+", f"mirror {name} is created", (only, *_linked(name, states.after, "merges")))
    else:
        yield from _mirror_settings(name, old, new)


def _linked(name: str, organization: Organization, verb: str) -> tuple[str, ...]:
    return tuple(f"{own} {verb} from it" for own, mirror in upstream_links(organization).items() if mirror == name)


def _mirror_settings(name: str, old: Mirror, new: Mirror) -> Iterator[Sentence]:
    if old.teams != new.teams:
        yield Sentence("~", f"teams of mirror {name}: {_change(old.teams, new.teams)}", (UNREAD,))
    if old.description != new.description:
        yield Sentence("~", f"description of mirror {name}: {_change(old.description, new.description)}")
    if old.topics != new.topics:
        yield Sentence("~", f"topics of mirror {name}: {_change(old.topics, new.topics)}")
    yield from _kept(f"mirror {name}: ", old.extras, new.extras)


def _kept(of: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Sentence]:
    """Name keys that nobody here understands."""
    for key in sorted(old.keys() | new.keys()):
        if not same(old.get(key), new.get(key)):
            effect = "the configuration does not read it"
            yield Sentence("~", f"{of}{key}: {_change(old.get(key), new.get(key))}", (effect,))


def _order(what: str, old: Sequence[str], new: Sequence[str], effect: str) -> Iterator[Sentence]:
    """Say that names which stay stand in another order, or more or less often."""
    kept, keeps = [n for n in old if n in new], [n for n in new if n in old]
    if kept != keeps:
        yield Sentence("~", f"order of {what}", (effect,))


def _only(some: Sequence[str], others: Sequence[str]) -> list[str]:
    return sorted(set(some) - set(others))


def _change(before: object, after: object) -> str:
    return f"{_value(before)} → {_value(after)}"


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list) and all(isinstance(each, str) for each in value):
        text = ", ".join(value) or "an empty list"
    else:
        text = value if isinstance(value, str) else repr(value)
    return (text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…") or "nothing"
