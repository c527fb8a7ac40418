"""Reads an organization from ``variables.tf`` or from an exported ``portal.auto.tfvars.json``.

In ``variables.tf`` the data stands in the defaults of variables without a type. Both readers give
every fault at once, with its place. An option that is null counts as absent and is noted: written
out, null would become a branch or a person of that name.
"""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from community.hcl_literals import Literals, NotLiteralError, Variable, variables
from community.permissions import SECTIONS, Data, Organization, Place, shown

VARIABLES = "variables.tf"
TFVARS = "portal.auto.tfvars.json"
LARGEST = 256 * 1024  # bytes; the real file has 27,000
MOST_FAULTS = 100
NAMED = "organization_name"

WORDS = {
    "missing": "is missing; add it",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": "must be a list; write it in [ ]",
    "dict_type": "must be an object; write it in { }",
    "model_type": "must be an object; write it in { }",
}


class UnreadableError(ValueError):
    """The file gives no organization; ``faults`` name each place and what to do."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults[:MOST_FAULTS])
        more = [f"… and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
        super().__init__("\n".join([*self.faults, *more]))


@dataclass(frozen=True, slots=True)
class Source:
    """What a file held."""

    organization: Organization
    name: str = ""  # of the organization; an export does not carry it
    left_alone: tuple[str, ...] = ()  # variables that are none of ours and stay where they are
    notes: tuple[str, ...] = ()


def read_variables(content: bytes, name: str = VARIABLES) -> Source:
    """Read HCL. Raises: UnreadableError."""
    literals = Literals()
    try:
        found = _once_each(variables(_text(content, name)), name)
        data = {key: _default(found[key], literals) for key in (*SECTIONS, NAMED) if key in found}
    except NotLiteralError as error:
        raise UnreadableError([f"{_at(name, error.line)}: {error}"]) from error
    organization_name = data.pop(NAMED, None)
    others = tuple(sorted(set(found) - set(SECTIONS) - {NAMED}))
    organization, notes = _organization(data, name, literals.lines)
    return Source(organization, _name(organization_name, name), others, notes)


def read_tfvars(content: bytes, name: str = TFVARS) -> Source:
    """Read JSON. Raises: UnreadableError."""
    text = _text(content, name)
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        fault = f"{_at(name, error.lineno)}, column {error.colno}: is no JSON there ({error.msg}); export it anew"
        raise UnreadableError([fault]) from error
    except (ValueError, RecursionError) as error:
        wrong = "is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise UnreadableError([f"{name}: {wrong}; export it anew"]) from error
    if not isinstance(data, dict):
        raise UnreadableError([f"{name}: must hold one object; export it anew"])
    organization, notes = _organization(data, name, {})
    return Source(organization, notes=notes)


def _text(content: bytes, name: str) -> str:
    if len(content) > LARGEST:
        raise UnreadableError([f"{name}: has {len(content)} bytes, at most {LARGEST} are read; is it the right file?"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError([f"{_at(name, line)}: is not UTF-8; save the file in UTF-8"]) from error


def _once_each(found: list[Variable], name: str) -> dict[str, Variable]:
    """Give variables by their names; the four that hold permissions must be there."""
    named: dict[str, Variable] = {}
    faults = []
    for variable in found:
        if variable.name in named:
            first = named[variable.name].line
            faults.append(
                f"{_at(name, variable.line)}: variable {variable.name} stands here again (first on line {first}); "
                "remove one"
            )
        named.setdefault(variable.name, variable)
    faults += [f"{name}: has no variable {key}; add it with its default" for key in SECTIONS if key not in named]
    if faults:
        raise UnreadableError(faults)
    return named


def _default(variable: Variable, literals: Literals) -> Any:
    if variable.default is None:
        raise NotLiteralError(variable.line, f"variable {variable.name} has no default; the data is expected there")
    return literals.value(variable.default, (variable.name,))


def _name(value: object, name: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise UnreadableError([f"{name}: {NAMED} must be text in quotes"])


def _object(pairs: list[tuple[str, Any]]) -> Data:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"holds the key {twice!r} twice in one object")
    return found


def _no_constant(written: str) -> None:
    raise ValueError(f"holds {written}, which is no number")


def _organization(data: Data, name: str, lines: dict[Place, int]) -> tuple[Organization, tuple[str, ...]]:
    notes: list[str] = []
    data = {key: _without_nulls(value, (key,), name, lines, notes) for key, value in data.items()}
    try:
        return Organization.model_validate(data), tuple(notes)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        faults = [_fault(each["type"], each["msg"], each["loc"], name, lines) for each in found]
        raise UnreadableError(faults) from error


def _without_nulls(section: Any, place: Place, name: str, lines: dict[Place, int], notes: list[str]) -> Any:
    """Leave out the options of a section's entries that are null."""
    if place[0] not in SECTIONS or not isinstance(section, dict):
        return section
    kept = {}
    for key, entry in section.items():
        kept[key] = entry
        if isinstance(entry, dict):
            empty = [option for option, value in entry.items() if value is None]
            notes += [f"{_where((*place, key, option), name, lines)} is null; it is read as absent" for option in empty]
            kept[key] = {option: value for option, value in entry.items() if value is not None}
    return kept


def _fault(kind: str, message: str, place: Place, name: str, lines: dict[Place, int]) -> str:
    words = WORDS.get(kind, message.removeprefix("Value error, "))
    return f"{_where(place, name, lines)} {words}"


def _where(place: Place, name: str, lines: dict[Place, int]) -> str:
    known = next((place[:end] for end in range(len(place), 0, -1) if place[:end] in lines), None)
    return f"{_at(name, lines[known] if known else 0)}: {shown(place)}"


def _at(name: str, line: int) -> str:
    return f"{name}, line {line}" if line else name
