"""The composer.json of a package as it goes into its dist."""

import fnmatch
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PINNED_SECTIONS = ("require", "require-dev", "suggest")


@dataclass(frozen=True, slots=True)
class Edits:
    """What a recipe changes in one composer.json, besides setting its version."""

    version: str
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # replaced whole
    pins: Mapping[str, str] = field(default_factory=dict)  # only where the name is required
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # set or added
    prefixes: tuple[tuple[str, str], ...] = ()  # (pattern of names, text of their suggest)

    @property
    def correct_something(self) -> bool:
        return bool(self.sections or self.pins or self.links)

    def digest(self) -> str:
        """Give 64 hex digits that differ when the edits do."""
        parts = [self.version, self.sections, self.pins, self.links, self.prefixes]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def rewrite(composer: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """Give the composer.json with its version and links set; ``version`` is last when it is new."""
    result = dict(composer)
    result["version"] = edits.version
    for section, links in edits.sections.items():
        result[section] = dict(links)
    for section in PINNED_SECTIONS:
        if isinstance(result.get(section), dict):
            result[section] = _pinned(section, result[section], edits)
    for section, links in edits.links.items():
        result[section] = {**(result.get(section) or {}), **links}
    return result


def _pinned(section: str, links: Mapping[str, str], edits: Edits) -> dict[str, str]:
    pinned = {name: edits.pins.get(name, constraint) for name, constraint in links.items()}
    if section != "suggest":
        return pinned
    return {name: _prefixed(name, text, edits.prefixes) for name, text in pinned.items()}


def _prefixed(name: str, text: str, prefixes: tuple[tuple[str, str], ...]) -> str:
    for pattern, prefix in prefixes:
        if fnmatch.fnmatchcase(name, pattern) and prefix not in text:
            return prefix + text
    return text
