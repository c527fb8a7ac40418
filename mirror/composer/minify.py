"""The metadata format "composer/2.0": each version as its difference to the one before."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

UNSET: Final = "__unset"


class ReservedValueError(ValueError):
    """A version has the value that the format uses for "gone"; nothing was minified."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f'"{self.key}" has the reserved value "{UNSET}"; take it out of composer.json'


def minify(versions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the first version whole, of the others what differs from the one before.

    Keys that are null are left out: clients disagree on them, and absent means the same.
    Raises: ReservedValueError.
    """
    state: dict[str, Any] = {}
    minified = []
    for version in versions:
        present = {key: value for key, value in version.items() if value is not None}
        changes = _changes(state, present)
        state.update(changes)
        for key in [key for key in state if key not in present]:
            del state[key]
            changes[key] = UNSET
        minified.append(changes)
    return minified


def expand(minified: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the versions whole again; values are shared between them, not copied."""
    state: dict[str, Any] = {}
    versions = []
    for changes in minified:
        state = {**state, **changes}
        state = {key: value for key, value in state.items() if value != UNSET}
        versions.append(state)
    return versions


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    changes = {}
    for key, value in after.items():
        if value == UNSET:
            raise ReservedValueError(key)
        if key not in before or not _identical(before[key], value):
            changes[key] = value
    return changes


def _identical(a: Any, b: Any) -> bool:
    """Compare as PHP's === does: by type, and maps by the order of their keys, too."""
    if a is b:
        return True
    if type(a) is not type(b) or a != b:
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(_identical, a.values(), b.values()))
    return not isinstance(a, list) or all(map(_identical, a, b))
