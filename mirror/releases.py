"""Release ranges as the recipes write them.

``a`` is one release, ``a..b`` all from a to b, ``a..`` all from a on; both ends belong to it.
The order is Composer's: X-beta1 < X < X-p1 < X-p2 < X-p10.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mirror.composer.versions import InvalidVersionError, normalize, sort_key, stability


@dataclass(frozen=True, slots=True)
class ReleaseRange:
    """A closed interval of releases; ``None`` is an open end. Versions are normalized."""

    first: str | None
    last: str | None

    def __contains__(self, normalized: str) -> bool:
        key = sort_key(normalized)
        if self.first is not None and key < sort_key(self.first):
            return False
        return self.last is None or key <= sort_key(self.last)


def parse_range(text: str) -> ReleaseRange:
    """Read one range.

    Raises:
        InvalidVersionError: an end of the range is no version.
    """
    first, dots, last = text.partition("..")
    if not dots:
        return ReleaseRange(normalize(first), normalize(first))
    return ReleaseRange(normalize(first) if first else None, normalize(last) if last else None)


def within(release: str, ranges: Iterable[str]) -> bool:
    """Tell whether a release (pretty version) lies in one of the ranges."""
    normalized = normalize(release)
    return any(normalized in parse_range(text) for text in ranges)


def version_of_tag(tag: str) -> str | None:
    """Give the pretty version that a tag stands for, without a leading ``v``; else ``None``."""
    version = tag[1:] if tag[:1] in {"v", "V"} else tag
    try:
        normalized = normalize(version)
    except InvalidVersionError:
        return None
    if stability(normalized) == "dev":
        return None
    return version if version[:1].isdigit() and version.isascii() and version.isprintable() else None
