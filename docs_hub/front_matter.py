"""The block of YAML between two lines of three dashes that a Markdown file begins with."""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime

import yaml

from docs_hub.cleaning import storable

LARGEST = 64 * 1024  # characters
DEEPEST = 20  # lists and mappings within one another
MOST_PARTS = 5_000  # keys, values, beginnings and ends
LARGEST_NUMBER = 2**53  # beyond it, JSON's numbers are not exact

LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LONG_NUMBER = re.compile(r"[-+]?[0-9][0-9a-fA-FxX_:.]{300}")
FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)

Values = dict[str, object]  # the keys' values as YAML gives them
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class FrontMatterError(Exception):
    """The file's front matter cannot be read; the text says why, without naming the file."""


def split(text: str) -> tuple[str, str]:
    """Give the YAML and the body.

    Raises:
        FrontMatterError: there is none, it has no end, or it is too large.
    """
    first = FENCE.match(text)
    if first is None:
        raise FrontMatterError("has no front matter: its first line must be ---")
    last = FENCE.search(text, first.end())
    if last is None:
        raise FrontMatterError("has front matter without an end: close it with a line of ---")
    if last.start() - first.end() > LARGEST:
        raise FrontMatterError(f"has front matter of more than {LARGEST // 1024} KiB; shorten it")
    return text[first.end() : last.start()], text[last.end() :].lstrip("\n")


def parse(block: str) -> Values:
    """Read the YAML.

    Raises:
        FrontMatterError: it is no YAML, no mapping, says types or other parts of itself, or nests too deep.
    """
    try:
        _check_bounds(block)
        values = yaml.load(block, Loader=LOADER)  # noqa: S506 - both loaders are safe ones
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as failure:
        raise FrontMatterError(f"has front matter that is not valid YAML: {_reason(failure)}") from failure
    if not isinstance(values, Mapping):
        raise FrontMatterError("has front matter that is no list of keys and values, such as title: A title")
    return {str(key): value for key, value in values.items()}


def json_of(value: object) -> Json:
    """Give a value of YAML as one that JSON and a database can hold."""
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return _collection(value)


def _number(value: float) -> Json:
    if isinstance(value, int):
        return value if abs(value) < LARGEST_NUMBER else f"{value:#x}"
    return value if math.isfinite(value) else str(value)


def _collection(value: object) -> Json:
    if isinstance(value, Mapping):
        return {storable(str(key)): json_of(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set):
        return [json_of(part) for part in value]
    return storable(str(value))


def _check_bounds(block: str) -> None:
    """Hold that reading cannot take long: an alias may stand for a million values."""
    depth = 0
    for number, event in enumerate(yaml.parse(block, Loader=LOADER)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if number > MOST_PARTS:
            raise FrontMatterError(f"has front matter with more than {MOST_PARTS} parts; shorten it")
        if depth > DEEPEST:
            raise FrontMatterError(f"has front matter that nests deeper than {DEEPEST} levels; flatten it")
        _check_part(event)


def _check_part(event: yaml.Event) -> None:
    if isinstance(event, yaml.AliasEvent):
        raise FrontMatterError("has front matter with an alias (*name); write the value out")
    if getattr(event, "tag", None):
        raise FrontMatterError("has front matter with a tag (!!name); leave it out")
    if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and LONG_NUMBER.match(event.value):
        raise FrontMatterError("has front matter with a number of hundreds of digits; quote it")


def _reason(failure: Exception) -> str:
    if isinstance(failure, yaml.MarkedYAMLError) and failure.problem_mark is not None:
        return f"{failure.problem} in line {failure.problem_mark.line + 1} of the file"
    return str(failure).partition("\n")[0][:200]
