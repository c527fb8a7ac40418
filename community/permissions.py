"""Who may do what on GitHub: an organization's teams, repositories and administrators, as values.

The shape is that of the variables which the OpenTofu configuration takes: an option that is not set
is absent (``None`` here, no key in a file), which is not the same as an empty list. Keys that this
module does not know are kept, so that what was read can be written again.
"""

import json
import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StrictBool, StrictStr, model_validator

DEEPEST = 20  # levels of values in a key that is not known

Data = dict[str, Any]  # what JSON holds, without null
Place = tuple[str | int, ...]  # ("repositories", "inventory", "topics", 0)
Section = Literal["teams", "repositories", "mirror_repositories", "administrators"]
SECTIONS: tuple[Section, ...] = ("administrators", "mirror_repositories", "repositories", "teams")


def _storable(text: str) -> str:
    """Refuse text that a file in UTF-8 or a database can't hold."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds a character that cannot be stored; remove it")
    return text


Text = Annotated[StrictStr, AfterValidator(_storable)]
Names = tuple[Text, ...]


def _checked(value: object, depth: int = 0) -> None:
    """Hold that a value of an unknown key can be written as JSON without null."""
    if depth > DEEPEST:
        raise ValueError(f"is nested deeper than {DEEPEST} levels; make it flatter")
    if isinstance(value, dict):
        for key, held in value.items():
            _storable(key)
            _checked(held, depth + 1)
    elif isinstance(value, list):
        for held in value:
            _checked(held, depth + 1)
    else:
        _checked_plain(value)


def _checked_plain(value: object) -> None:
    if isinstance(value, str):
        _storable(value)
    elif value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("holds null or a number without end; leave it out")


def hold_extras(extras: Data) -> None:
    """Hold that unknown keys can be kept and written again. Raises: ValueError."""
    for key, value in extras.items():
        try:
            _storable(key)
            _checked(value)
        except ValueError as error:
            raise ValueError(f"{key} {error}") from error


class _Value(BaseModel):
    """A frozen value that keeps keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="allow")

    @model_validator(mode="after")
    def _hold_extras(self) -> "_Value":
        hold_extras(self.extras)
        return self

    @property
    def extras(self) -> Data:
        """Give the keys that are kept without being understood."""
        return self.__pydantic_extra__ or {}

    def as_data(self) -> Data:
        """Give plain data as JSON holds it; an absent option has no key."""
        return self.model_dump(mode="json", exclude_none=True)


class Team(_Value):
    """People who are granted things together; its key in the organization is what GitHub calls it."""

    name: Text
    description: Text
    members: Names  # logins


class Repository(_Value):
    """A repository that people write to."""

    description: Text
    teams: Names  # keys of teams
    users: Names | None = None  # logins
    topics: Names | None = None
    default_branch: Text | None = None
    homepage_url: Text | None = None
    archived: StrictBool | None = None
    is_part_of_monorepo: StrictBool | None = None
    release_please_branch: Text | None = None


class Mirror(_Value):
    """A copy of a repository of somebody else; only the machine account writes to it."""

    description: Text
    teams: Names
    topics: Names | None = None


class Organization(_Value):
    """All that is proposed for one organization on GitHub."""

    administrators: Names  # logins
    teams: dict[str, Team]
    repositories: dict[str, Repository]
    mirror_repositories: dict[str, Mirror]


def people(organization: Organization) -> Iterator[tuple[str, Place]]:
    """Give every login with the place where it stands, once for each place."""
    for number, login in enumerate(organization.administrators):
        yield login, ("administrators", number)
    for key, team in sorted(organization.teams.items()):
        for number, login in enumerate(team.members):
            yield login, ("teams", key, "members", number)
    for key, repository in sorted(organization.repositories.items()):
        for number, login in enumerate(repository.users or ()):
            yield login, ("repositories", key, "users", number)


def person(login: str) -> str:
    """Give what two spellings of one login have in common: GitHub does not tell capitals apart."""
    return login.casefold()


def same(one: object, other: object) -> bool:
    """Tell whether two values are written alike: 1, 1.0 and true are not."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def printable(text: str) -> str:
    """Give text that somebody chose so that it stays on its line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(place: Place) -> str:
    """Give a place for people: "repositories → inventory → topics → number 1"."""
    return printable(" → ".join(f"number {part + 1}" if isinstance(part, int) else part for part in place))
