"""Version constraints as Composer reads them (composer/semver 3.4.4).

Stability is not judged here: a version that matches is usable only if its stability is allowed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product, starmap
from typing import Final, Literal, TypeAlias

from mirror.composer.versions import (
    HIGHEST,
    LOWEST,
    MODIFIER,
    PHP_SPACE,
    InvalidVersionError,
    SortKey,
    is_branch,
    normalize,
    sort_key,
    stability,
)

Operator: TypeAlias = Literal["*", "==", "!=", "<", "<=", ">", ">="]

_FLAGS: Final = re.ASCII | re.IGNORECASE
_WHITESPACE: Final = " \t\n\v\f\r"
_OR = re.compile(r"\|\|?")
_AND = re.compile(r"(?<!^)(?<!as)(?<![=>< ,]) *(?<!-)[, ](?!-) *(?!,|as|$)")
_ALIAS = re.compile(r"^([^,\s]++) ++as ++([^,\s]++)$", _FLAGS)
_STABILITY_FLAG = re.compile(r"^([^,\s]*?)@(stable|RC|beta|alpha|dev)$", _FLAGS)
_REFERENCE = re.compile(r"^(?=.+$)(dev-[^,\s@]+?|[^,\s@]+?\.x-dev)#.+$", _FLAGS)
_ANYTHING = re.compile(r"^(v)?[x*](\.[x*])*$", _FLAGS)
# Groups: four numbers, the three of MODIFIER, "x-dev".
_VERSION: Final = (
    r"v?(\d++)(?:\.(\d++))?(?:\.(\d++))?(?:\.(\d++))?"
    rf"(?:{MODIFIER}|\.([x*][.-]?dev))(?:\+\S+)?"
)
_TILDE = re.compile(rf"^~{_VERSION}$", _FLAGS)
_CARET = re.compile(rf"^\^{_VERSION}$", _FLAGS)
_WILDCARD = re.compile(r"^v?(\d++)(?:\.(\d++))?(?:\.(\d++))?(?:\.[xX*])+$", re.ASCII)
_HYPHEN = re.compile(rf"^({_VERSION}) +- +({_VERSION})$", _FLAGS)
_COMPARISON = re.compile(r"(<>|!=|>=?|<=?|==?)?\s*(.*)", re.ASCII)
_PLAIN_BRANCH = re.compile(r"^[0-9a-zA-Z./-]*-dev$")
_MODIFIED = re.compile(rf"-{MODIFIER}$", re.ASCII)  # takes lower case text, so never sees "RC"
_OPERATORS: Final[dict[str | None, Operator]] = {
    None: "==",
    "=": "==",
    "==": "==",
    "!=": "!=",
    "<>": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
_NUMBER_DIGITS: Final = 18  # more than these Composer turns into a float


class InvalidConstraintError(ValueError):
    """Composer reads no constraint from this text; it would drop the whole package."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint

    def __str__(self) -> str:
        return (
            f'"{self.constraint}" is no version constraint for Composer; write it like ^1.2, '
            "~1.2.3, 1.2.*, >=1.2 <2.0, 1.2.3 || 1.3.0 or *"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of a version; `*` holds for every version and has none of its own."""

    operator: Operator
    version: str = ""  # normalized


@dataclass(frozen=True, slots=True)
class Span:
    """Keys of numbered versions: `low <= key < high`, without `excluded`."""

    low: SortKey
    high: SortKey
    excluded: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class Constraint:
    """Alternatives of which one must hold; each is comparisons that must hold together."""

    text: str
    alternatives: tuple[tuple[Comparison, ...], ...]
    spans: tuple[Span, ...] = field(repr=False, compare=False)  # the same, for numbered versions

    def matches(self, normalized_version: str) -> bool:
        """Tell whether the version is in the set, whatever its stability."""
        if is_branch(normalized_version):
            return self._names(normalized_version)
        key = sort_key(normalized_version)
        for span in self.spans:  # noqa: SIM110 - a generator takes twice the time
            if span.low <= key < span.high and key not in span.excluded:
                return True
        return False

    def _names(self, branch: str) -> bool:
        version = Comparison("==", branch)
        return any(all(_meet(c, version) for c in part) for part in self.alternatives)


@lru_cache(maxsize=2**16)
def parse(text: str) -> Constraint:
    """Read a constraint as it stands in require, conflict, replace or provide.

    Raises: InvalidConstraintError; also for a number that has to grow and has over 18 digits.
    """
    parts = [part.strip(_WHITESPACE) for part in _OR.split(text.strip(PHP_SPACE))]
    try:
        alternatives = _join_neighbours([_read_all(part) for part in parts])
    except InvalidVersionError as error:
        raise InvalidConstraintError(text) from error
    spans = tuple(span for part in alternatives if (span := _span(part)) is not None)
    return Constraint(text, tuple(alternatives), spans)


def intersects(a: Constraint, b: Constraint) -> bool:
    """Tell whether a requirement `a` is met by a package that provides or replaces `b`.

    As in Composer every comparison of one side is held against every one of the other, so an
    alternative that contradicts itself still meets what both of its halves meet.
    """
    pairs = product(a.alternatives, b.alternatives)
    return any(all(starmap(_meet, product(left, right))) for left, right in pairs)


def _meet(a: Comparison, b: Comparison) -> bool:
    operators = {a.operator, b.operator}
    if "*" in operators:
        return True
    if "!=" in operators:
        return _meet_unequal(a, b)
    if is_branch(a.version) or is_branch(b.version):
        return a == b and a.operator == "=="
    (a_low, a_high), (b_low, b_high) = _bounds(a), _bounds(b)
    return a_low < b_high and b_low < a_high


def _meet_unequal(a: Comparison, b: Comparison) -> bool:
    if "==" in {a.operator, b.operator}:
        return sort_key(a.version) != sort_key(b.version)
    return not any(c.operator != "!=" and is_branch(c.version) for c in (a, b))


def _bounds(comparison: Comparison) -> tuple[SortKey, SortKey]:
    at = sort_key(comparison.version)
    past = (*at, 0)
    match comparison.operator:
        case "==":
            return at, past
        case "<":
            return LOWEST, at
        case "<=":
            return LOWEST, past
        case ">":
            return past, HIGHEST
        case ">=":
            return at, HIGHEST
        case _:
            return LOWEST, HIGHEST


def _span(comparisons: Sequence[Comparison]) -> Span | None:
    """Return what is left for numbered versions, None where a branch is asked for."""
    unequal = [c for c in comparisons if c.operator == "!="]
    others = [c for c in comparisons if c.operator != "!="]
    if any(is_branch(c.version) for c in others):
        return None
    bounds = [_bounds(c) for c in others]
    return Span(
        low=max((low for low, _ in bounds), default=LOWEST),
        high=min((high for _, high in bounds), default=HIGHEST),
        excluded=tuple(sort_key(c.version) for c in unequal),
    )


def _join_neighbours(alternatives: list[tuple[Comparison, ...]]) -> list[tuple[Comparison, ...]]:
    """Join `>=1 <2 || >=2 <3` to `>=1 <3`, as Composer does; it shows if a range is upside down."""
    joined = alternatives[:1]
    for right in alternatives[1:]:
        left = joined[-1]
        if _touch(left, right):
            joined[-1] = (left[0], right[1])
        else:
            joined.append(right)
    return joined


def _touch(left: tuple[Comparison, ...], right: tuple[Comparison, ...]) -> bool:
    match left, right:
        case (
            (Comparison(">="), Comparison("<", end)),
            (Comparison(">=", start), Comparison("<" | "<=")),
        ):
            return start == end
        case _:
            return False


def _read_all(text: str) -> tuple[Comparison, ...]:
    return tuple(comparison for part in _AND.split(text) for comparison in _read(part))


def _read(text: str) -> tuple[Comparison, ...]:
    text = _ALIAS.sub(r"\1", text)
    flag = ""
    if match := _STABILITY_FLAG.match(text):
        text, flag = match[1] or "*", match[2]
    text = _REFERENCE.sub(r"\1", text)
    for rule in (_read_anything, _read_tilde, _read_caret, _read_wildcard, _read_hyphen):
        if found := rule(text):
            return found
    return (_read_comparison(text, "" if flag == "stable" else flag),)


def _read_anything(text: str) -> tuple[Comparison, ...]:
    match = _ANYTHING.match(text)
    if match is None:
        return ()
    return (Comparison(">=", "0.0.0.0-dev") if any(match.groups()) else Comparison("*"),)


def _read_tilde(text: str) -> tuple[Comparison, ...]:
    match = _TILDE.match(text)
    if match is None:
        return ()
    low = _low(text[1:], match.groups()[4:])
    given = sum(number is not None for number in match.group(1, 2, 3, 4)) + bool(match[8])
    return low, _below_next(match.groups()[:4], max(1, given - 1))


def _read_caret(text: str) -> tuple[Comparison, ...]:
    match = _CARET.match(text)
    if match is None:
        return ()
    major, minor, patch = match.group(1, 2, 3)
    if major != "0" or minor is None:
        position = 1
    elif minor != "0" or patch is None:
        position = 2
    else:
        position = 3
    return _low(text[1:], match.groups()[4:]), _below_next(match.groups()[:4], position)


def _read_wildcard(text: str) -> tuple[Comparison, ...]:
    match = _WILDCARD.match(text)
    if match is None:
        return ()
    given = [number for number in match.groups() if number is not None]
    low = ".".join([*given, "0", "0", "0"][:4]) + "-dev"
    high = _below_next(given, len(given))
    return (high,) if low == "0.0.0.0-dev" else (Comparison(">=", low), high)


def _read_hyphen(text: str) -> tuple[Comparison, ...]:
    match = _HYPHEN.match(text)
    if match is None:
        return ()
    start, end = match.groups()[:9], match.groups()[9:]
    low = normalize(start[0] or "") + ("" if _is_modified(start[5:]) else "-dev")
    high = normalize(end[0] or "")
    if (end[2] and end[3]) or _is_modified(end[5:]):
        upper = Comparison("<=", high)
    else:
        upper = _below_next(end[1:5], 2 if end[2] else 1)
    return Comparison(">=", low), upper


def _read_comparison(text: str, flag: str) -> Comparison:
    match = _COMPARISON.match(text)
    sign, written = match.groups() if match else (None, text)
    operator, version = _OPERATORS[sign], _normalize_loosely(written)
    if operator != "==" and flag and stability(version) == "stable":
        version = f"{version}-{flag}"
    elif operator in {"<", ">="} and not _has_stability(written):
        version = f"{version}-dev"
    return Comparison(operator, version)


def _has_stability(written: str) -> bool:
    return written.startswith("dev-") or _MODIFIED.search(written.lower()) is not None


def _normalize_loosely(written: str) -> str:
    try:
        return normalize(written)
    except InvalidVersionError:
        if not _PLAIN_BRANCH.match(written):
            raise
        return normalize(f"dev-{written[:-4]}")


def _low(text: str, modifiers: Sequence[str | None]) -> Comparison:
    return Comparison(">=", normalize(text if _is_modified(modifiers) else f"{text}-dev"))


def _is_modified(modifiers: Sequence[str | None]) -> bool:
    word, _, dev, x_dev = modifiers
    return bool(word or dev or x_dev)


def _below_next(numbers: Sequence[str | None], position: int) -> Comparison:
    """Return "< the version whose number at `position` (from 1) is one higher"."""
    kept, number = numbers[: position - 1], numbers[position - 1] or "0"
    if len(number) > _NUMBER_DIGITS:
        raise InvalidVersionError(number)
    parts = [*(part or "0" for part in kept), str(int(number) + 1), "0", "0", "0"]
    return Comparison("<", ".".join(parts[:4]) + "-dev")
