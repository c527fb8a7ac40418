"""Checks of names and texts: what GitHub would refuse or spell otherwise."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from community.known_facts import Found, Known
from community.permissions import Mirror, Organization, Place, Repository, people, person, shown

LOGIN = re.compile(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}\Z", re.ASCII)
LONGEST_LOGIN = 39
REPOSITORY = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}(?<!\.git)\Z", re.ASCII)
TEAM = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z", re.ASCII)
TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}\Z", re.ASCII)
BRANCH = re.compile(
    r"(?!.*(\.\.|@\{|//|/\.|\.lock(/|\Z)))[^\x00-\x20\x7f~^:?*\[\\/.-][^\x00-\x20\x7f~^:?*\[\\]*(?<![/.])\Z"
)
MOST_TOPICS = 20
LONGEST_DESCRIPTION = 350
LONGEST_ADDRESS = 255


def _all(organization: Organization) -> Iterator[tuple[Place, Repository | Mirror]]:
    for name, repository in sorted(organization.repositories.items()):
        yield ("repositories", name), repository
    for name, mirror in sorted(organization.mirror_repositories.items()):
        yield ("mirror_repositories", name), mirror


def invalid_login(organization: Organization, _: Known) -> Iterator[Found]:
    for login, place in people(organization):
        if len(login) > LONGEST_LOGIN or not LOGIN.match(login):
            yield shown(place), f"{login!r} is no login"


def invalid_repository_name(organization: Organization, _: Known) -> Iterator[Found]:
    for place, _entry in _all(organization):
        if not REPOSITORY.match(str(place[-1])):
            yield shown(place), f"{place[-1]!r} is no name of a repository"


def invalid_team_key(organization: Organization, _: Known) -> Iterator[Found]:
    for key in sorted(organization.teams):
        if not TEAM.match(key):
            yield shown(("teams", key)), f"{key!r} is not what GitHub would call the team"


def spelt_differently(organization: Organization, _: Known) -> Iterator[Found]:
    spellings: dict[str, dict[str, Place]] = {}
    for login, place in people(organization):
        spellings.setdefault(person(login), {}).setdefault(login, place)
    for found in spellings.values():
        (first, _place), *others = found.items()
        for login, place in others:
            yield shown(place), f"{login} is {first} with other capitals"


def same_name_twice(organization: Organization, _: Known) -> Iterator[Found]:
    yield from _clashes(place for place, _entry in _all(organization))
    yield from _clashes(("teams", key) for key in sorted(organization.teams))


def _clashes(places: Iterable[Place]) -> Iterator[Found]:
    seen: dict[str, Place] = {}
    for place in places:
        first = seen.setdefault(str(place[-1]).casefold(), place)
        if first != place:
            yield shown(place), f"has the name of {shown(first)}; GitHub does not tell capitals apart"


def listed_twice(organization: Organization, _: Known) -> Iterator[Found]:
    for place, names in _lists(organization):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield shown(place), f"{name} is listed {names.count(name)} times"


def _lists(organization: Organization) -> Iterator[tuple[Place, tuple[str, ...]]]:
    yield ("administrators",), organization.administrators
    for key, team in sorted(organization.teams.items()):
        yield ("teams", key, "members"), team.members
    for place, entry in _all(organization):
        yield (*place, "teams"), entry.teams
        yield (*place, "topics"), entry.topics or ()
        if isinstance(entry, Repository):
            yield (*place, "users"), entry.users or ()


def invalid_topic(organization: Organization, _: Known) -> Iterator[Found]:
    for place, entry in _all(organization):
        for topic in entry.topics or ():
            if not TOPIC.match(topic):
                yield shown((*place, "topics")), f"{topic!r} is no topic"


def too_many_topics(organization: Organization, _: Known) -> Iterator[Found]:
    for place, entry in _all(organization):
        if len(entry.topics or ()) > MOST_TOPICS:
            yield shown((*place, "topics")), f"has {len(entry.topics or ())} topics"


def invalid_description(organization: Organization, _: Known) -> Iterator[Found]:
    teams = ((("teams", key), team.description) for key, team in sorted(organization.teams.items()))
    for place, text in (*((place, entry.description) for place, entry in _all(organization)), *teams):
        if len(text) > LONGEST_DESCRIPTION:
            yield shown((*place, "description")), f"has {len(text)} characters"
        if not text.isprintable():
            yield shown((*place, "description")), "holds line ends or other control characters"


def no_description(organization: Organization, _: Known) -> Iterator[Found]:
    teams = ((("teams", key), team.description) for key, team in sorted(organization.teams.items()))
    for place, text in (*((place, entry.description) for place, entry in _all(organization)), *teams):
        if not text.strip():
            yield shown((*place, "description")), "is empty"


def invalid_branch(organization: Organization, _: Known) -> Iterator[Found]:
    for name, repository in sorted(organization.repositories.items()):
        for option in ("default_branch", "release_please_branch"):
            branch = getattr(repository, option)
            if branch is not None and not BRANCH.match(branch):
                yield shown(("repositories", name, option)), f"{branch!r} is no name of a branch"


def invalid_homepage(organization: Organization, _: Known) -> Iterator[Found]:
    for name, repository in sorted(organization.repositories.items()):
        if repository.homepage_url and not _is_address(repository.homepage_url):
            yield shown(("repositories", name, "homepage_url")), f"{repository.homepage_url!r} is no web address"


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    whole = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return whole and text.isprintable() and " " not in text and len(text) <= LONGEST_ADDRESS


def unknown_key(organization: Organization, _: Known) -> Iterator[Found]:
    for key in sorted(organization.extras):
        yield key, "is none of the variables of permissions"
    teams = ((("teams", key), team) for key, team in sorted(organization.teams.items()))
    for place, entry in (*teams, *_all(organization)):
        for key in sorted(entry.extras):
            yield shown((*place, key)), "is a key that the configuration does not read"
