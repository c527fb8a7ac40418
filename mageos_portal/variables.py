"""Reading variables of the environment one after the other, for all that are checked together."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")

Value = TypeVar("Value")


class Reader:
    """Reads one variable after the other and remembers what was wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.faults: dict[str, str] = {}  # by variable

    def read(self, name: str, default: str, parse: Callable[[str], Value]) -> Value:
        """Parse the variable; an empty one counts as not set. A bad one is noted and its default returned."""
        value = self.environment.get(name, "").strip() or default
        try:
            return parse(value)
        except ValueError as error:
            self.faults[name] = str(error)
            return parse(default)


def boolean(value: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if value.lower() not in words:
        raise ValueError(f"{value!r} is neither true nor false; write one of the two")
    return words[value.lower()]


def host_names(value: str) -> frozenset[str]:
    names = value.lower().replace(",", " ").split()
    if wrong := [name for name in names if not HOST_NAME.fullmatch(name)]:
        raise ValueError(f"{wrong[0]!r} is not the name of a host; write names only, such as github.com, gitlab.com")
    return frozenset(names)
