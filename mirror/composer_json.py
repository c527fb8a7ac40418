"""Reading a composer.json that nobody has vouched for."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mirror import javascript
from mirror.composer.constraints import InvalidConstraintError
from mirror.composer.constraints import parse as parse_constraint
from mirror.composer.minify import UNSET
from mirror.composer.names import is_package_name, is_platform
from mirror.composer.versions import InvalidVersionError, normalize

LARGEST = 1 << 20  # bytes
# Clients stop at a value of another type; PHP writes an empty object as [].
_SHAPES: Mapping[str, tuple[type, ...]] = {
    "description": (str,),
    "homepage": (str,),
    "type": (str,),
    "target-dir": (str,),
    "keywords": (list,),
    "license": (str, list),
    "authors": (list,),
    "funding": (list,),
    "support": (dict,),
    "autoload": (dict,),
    "autoload-dev": (dict,),
    "extra": (dict,),
    "php-ext": (dict,),
    "include-path": (list,),
    "bin": (str, list),
    "abandoned": (bool, str),
}
_WORDS = {str: "a text", list: "a list", dict: "an object", bool: "true or false"}
LONGEST_NAME, LONGEST_VERSION = 200, 100
CONSTRAINED = ("require", "require-dev", "conflict", "replace", "provide")


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a composer.json says of its package; ``faults`` are (code, sentence) pairs."""

    name: str
    version: str
    composer: Mapping[str, Any]
    faults: tuple[tuple[str, str], ...]


def inspect(data: bytes) -> Inspected:
    """Check everything that would make a client refuse the package, and name every fault."""
    if len(data) > LARGEST:
        size = f"{len(data):,} bytes, more than the {LARGEST:,} that are read"
        return _unreadable("composer-json-too-large", f"composer.json has {size}")
    try:
        composer = javascript.parse(data)
    except javascript.InvalidJsonError as error:
        return _unreadable("composer-json-invalid", f"composer.json is not valid JSON: {error}")
    if not isinstance(composer, dict):
        return _unreadable("composer-json-invalid", "composer.json is no object")
    name, version = composer.get("name"), composer.get("version")
    return Inspected(
        name if isinstance(name, str) else "",
        version if isinstance(version, str) else "",
        composer,
        (
            *_name_faults(name),
            *_version_faults(version),
            *_link_faults(composer),
            *_shape_faults(composer),
            *_unwritable_faults(composer),
        ),
    )


def _unreadable(code: str, sentence: str) -> Inspected:
    return Inspected("", "", {}, ((code, sentence),))


def _name_faults(name: Any) -> Iterator[tuple[str, str]]:
    if not name:
        yield "name-missing", "composer.json has no name"
    elif not isinstance(name, str) or not is_package_name(name):
        yield "name-invalid", f"composer.json has the name {_shown(name)}, which is not vendor/name"
    elif len(name) > LONGEST_NAME:
        yield "name-invalid", f"the package's name has more than {LONGEST_NAME} characters"


def _version_faults(version: Any) -> Iterator[tuple[str, str]]:
    if version is None or version == "":
        return
    try:
        normalize(version if isinstance(version, str) else "")
    except InvalidVersionError:
        yield "version-invalid", f"composer.json has the version {_shown(version)}, which is none"
        return
    if len(version) > LONGEST_VERSION:
        yield "version-invalid", f"the version has more than {LONGEST_VERSION} characters"


def _link_faults(composer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for section in (*CONSTRAINED, "suggest"):
        links = composer.get(section)
        if links is None or links == []:
            continue
        if not isinstance(links, dict):
            yield "links-invalid", f"{section} of composer.json is no object"
            continue
        for name, constraint in links.items():
            yield from _link_fault(section, name, constraint)


def _link_fault(section: str, name: str, constraint: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(constraint, str):
        yield "constraint-invalid", f"{section} {name} is {constraint!r}, not a text"
        return
    if section == "suggest" or constraint == "self.version":
        return
    if not (is_package_name(name.lower()) or is_platform(name)):
        yield "name-invalid", f"{section} names {name!r}, which is not vendor/name"
    try:
        parse_constraint(constraint)
    except InvalidConstraintError:
        yield "constraint-invalid", f"{section} {name} has the constraint {constraint!r}"


def _shown(value: Any) -> str:
    return repr(value)[:LONGEST_NAME]


def _shape_faults(composer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, types in _SHAPES.items():
        value = composer.get(key)
        if value is None or (value == [] and dict in types):
            continue
        if not isinstance(value, types):
            yield "value-invalid", f"{key} of composer.json is not {' or '.join(_WORDS[kind] for kind in types)}"
        elif value == UNSET:
            yield "value-reserved", f"{key} of composer.json is {UNSET!r}, which means something else to composer"
    bins = composer.get("bin")
    for path in bins if isinstance(bins, list) else [bins]:
        if path is not None and (not isinstance(path, str) or ".." in path.split("/")):
            yield "value-invalid", f"bin of composer.json has {path!r}, which is no path in the package"


def _unwritable_faults(composer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell of a number like 1e999 or half a character, which no JSON of ours could say."""
    try:
        json.dumps(composer, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        yield "value-invalid", "composer.json holds a number or a character that cannot be written again"
