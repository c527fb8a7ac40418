"""Versions as Composer reads and orders them: composer/semver 3.4.4 on PHP's version_compare.

A *normalized* version is what `normalize` and `normalize_branch` return: "2.4.3.0-patch1",
"2.4.9999999.9999999-dev", "dev-main". `compare` and `sort_key` take nothing else.
"""

import re
from functools import lru_cache
from typing import Final, TypeAlias

SortKey: TypeAlias = tuple[int, ...]

STABILITIES: Final = ("dev", "alpha", "beta", "RC", "stable")  # ascending

# Word, digits and "-dev" behind the numbers: the three groups that every pattern with it has.
MODIFIER: Final = r"[._-]?(?:(stable|beta|b|RC|alpha|a|patch|pl|p)((?:[.-]?\d++)*)?)?([.-]?dev)?"
PHP_SPACE: Final = " \n\r\t\v\0"  # what PHP's trim() takes away

_FLAGS: Final = re.ASCII | re.IGNORECASE
_ALIAS = re.compile(r"^([^,\s]++) ++as ++([^,\s]++)$", _FLAGS)
_STABILITY_FLAG = re.compile(r"@(?:stable|RC|beta|alpha|dev)$", _FLAGS)
_BUILD = re.compile(r"^([^,\s+]++)\+\S++$", _FLAGS)
_NUMBERED = re.compile(rf"^v?(\d{{1,5}})(\.\d++)?(\.\d++)?(\.\d++)?{MODIFIER}$", _FLAGS)
_DATE = r"\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3}){0,2}"
_DATED = re.compile(rf"^v?({_DATE}){MODIFIER}$", _FLAGS)
_BRANCH_VERSION = re.compile(r"(?m:^)(.*?)[.-]?dev$", _FLAGS)
_NUMERIC_BRANCH = re.compile(r"^v?(\d++)" + r"(\.(?:\d++|[x*]))?" * 3 + "$", _FLAGS)
_REFERENCE = re.compile(r"#.+$")
_TRAILING_MODIFIER = re.compile(rf"{MODIFIER}(?:\+.*)?$", _FLAGS)

_WORDS: Final = {"a": "alpha", "b": "beta", "p": "patch", "pl": "patch", "rc": "RC"}
_UNSTABLE: Final = {"a": "alpha", "alpha": "alpha", "b": "beta", "beta": "beta", "rc": "RC"}

# Places of tokens for version_compare. A word goes by its first letters, an unknown one is lowest;
# where a version ends it is above "RC" and below any number.
_TOKEN = re.compile(r"\d+|[A-Za-z]+", re.ASCII)
_RANKED_WORD = re.compile(r"dev|a|b|RC|rc|p")
_RANKS: Final = {"dev": 1, "a": 2, "b": 3, "RC": 4, "rc": 4, "p": 2**64}
_BRANCH_RANK, _OTHER_RANK, _END_RANK, _NUMBER_RANK = -1, 0, 5, 6
_LONG_MAX: Final = 2**63 - 1  # PHP's strtol() stops here
_LONG_DIGITS: Final = 19

LOWEST: Final[SortKey] = ()
HIGHEST: Final[SortKey] = (2**65,)


class InvalidVersionError(ValueError):
    """Composer reads no version from this text."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version

    def __str__(self) -> str:
        return (
            f'"{self.version}" is no version for Composer; write it like 1.2.3, 1.2.3-beta1, '
            "1.2.3-p1, 1.2.x-dev or dev-<branch>"
        )


@lru_cache(maxsize=2**16)
def normalize(version: str) -> str:
    """Return the form that Composer compares and locks: "2.4.3-p1" → "2.4.3.0-patch1".

    Raises: InvalidVersionError.
    """
    text = _STABILITY_FLAG.sub("", _ALIAS.sub(r"\1", version.strip(PHP_SPACE)))
    if text in {"master", "trunk", "default"}:
        return f"dev-{text}"
    if text[:4].lower() == "dev-":
        return f"dev-{text[4:]}"
    text = _BUILD.sub(r"\1", text)
    normalized = _numbered(text) or _dated(text) or _numeric_branch(text)
    if normalized is None:
        raise InvalidVersionError(version)
    return normalized


def normalize_branch(branch: str) -> str:
    """Return a git branch's version: "main" → "dev-main", "2.4" → "2.4.9999999.9999999-dev"."""
    name = branch.strip(PHP_SPACE)
    match = _NUMERIC_BRANCH.match(name)
    if match is None:
        return f"dev-{name}"
    return re.sub("[xX*]", "9999999", "".join(match.groups(".x"))) + "-dev"


@lru_cache(maxsize=2**16)
def stability(normalized: str) -> str:
    """Return one of `STABILITIES`; patches are stable. Reads versions as written, too."""
    version = _REFERENCE.sub("", normalized)
    if version.startswith("dev-") or version.endswith("-dev"):
        return "dev"
    match = _TRAILING_MODIFIER.search(version)
    word, dev = (match[1], match[3]) if match else (None, None)
    return "dev" if dev else _UNSTABLE.get((word or "").lower(), "stable")


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 for two normalized versions, None for two different branches."""
    if a != b and is_branch(a) and is_branch(b):
        return None
    left, right = sort_key(a), sort_key(b)
    return (left > right) - (left < right)


def is_branch(normalized: str) -> bool:
    """Tell whether this is a branch without a number; those fit only constraints that name them."""
    return normalized.startswith("dev-")


@lru_cache(maxsize=2**16)
def sort_key(normalized: str) -> SortKey:
    """Return a key that orders as `compare` does, branches first and by name among themselves.

    No key of a numbered version begins another one, so `(*key, 0)` is the first place after it;
    every key is above `LOWEST` and below `HIGHEST`.
    """
    if is_branch(normalized):
        return (_BRANCH_RANK, *map(ord, normalized))
    return (*map(_rank, _TOKEN.findall(normalized)), _END_RANK)


def _numbered(text: str) -> str | None:
    match = _NUMBERED.match(text)
    if match is None:
        return None
    major, minor, patch, build, word, digits, dev = match.groups()
    numbers = f"{major}{minor or '.0'}{patch or '.0'}{build or '.0'}"
    return numbers + _suffix(word, digits, dev)


def _dated(text: str) -> str | None:
    match = _DATED.match(text)
    if match is None:
        return None
    date, word, digits, dev = match.groups()
    return re.sub("[.:-]", ".", date) + _suffix(word, digits, dev)


def _suffix(word: str | None, digits: str | None, dev: str | None) -> str:
    if word == "stable":  # in lower case only, and it takes a "-dev" behind it along
        return ""
    stage = ""
    if word:
        stage = f"-{_WORDS.get(word.lower(), word.lower())}{(digits or '').lstrip('.-')}"
    return f"{stage}-dev" if dev else stage


def _numeric_branch(text: str) -> str | None:
    match = _BRANCH_VERSION.search(text)
    if match is None:
        return None
    normalized = normalize_branch(match[1])
    return None if is_branch(normalized) else normalized


def _rank(token: str) -> int:
    if token[0].isdigit():
        return _NUMBER_RANK + _to_long(token)
    word = _RANKED_WORD.match(token)
    return _RANKS[word[0]] if word else _OTHER_RANK


def _to_long(digits: str) -> int:
    significant = digits.lstrip("0")
    if len(significant) > _LONG_DIGITS:
        return _LONG_MAX
    return min(int(significant or "0"), _LONG_MAX)
