"""Which releases there are, when they came out, and what version a package has at a tag."""

import calendar
from collections.abc import Iterable, Mapping, Sequence

from mirror.composer.versions import normalize, sort_key
from mirror.edition import Edition
from mirror.sampling.filler import chosen, digest

DEFAULT_COUNT = 3
WITH_MISTAKES = "2.3.7-p3"  # as upstream's: packages that nobody has keep it incomplete
DEFAULT_RELEASES = ("2.4.3", "2.4.3-p1", "2.4.4")
FIRST_SCALED = "2.4.4"
BASELINE = "2.4.3"  # the release that the versions in modules.py are of

DAY = 86_400
_DATES = {
    "2.3.7": (2021, 5, 11),
    "2.4.3": (2021, 8, 10),
    "2.4.4": (2022, 4, 12),
    "2.4.5": (2022, 8, 9),
    "2.4.6": (2023, 3, 14),
    "2.4.7": (2024, 4, 9),
    "2.4.8": (2025, 4, 8),
    "2.4.9": (2026, 5, 12),
}
_BETAS = 4
_PATCHED = 150  # thousandths of the packages that a patch release changes
_FRAMEWORK = "magento/framework"  # changes with every patch

# What upstream changed between 2.4.3 and 2.4.3-p1; the recipe's corrections name these versions.
_PATCHED_IN_2_4_3_P1 = {
    _FRAMEWORK,
    *(
        f"magento/module-{name}"
        for name in (
            *("catalog", "cms", "media-storage", "theme", "ui", "variable", "wishlist"),
            *("admin-analytics", "aws-s3"),
        )
    ),
}
_PATCHED_IN_2_3_7_P3 = {_FRAMEWORK, "magento/module-catalog"}


class UnknownReleasesError(ValueError):
    """There are not as many releases as were asked for; nothing was made."""


def in_order(versions: Iterable[str]) -> list[str]:
    """Sort pretty versions as composer does."""
    return sorted(versions, key=lambda version: sort_key(normalize(version)))


def choose_releases(edition: Edition, count: int) -> list[str]:
    """Give the releases of a sample of this size, oldest first.

    Raises:
        UnknownReleasesError: the recipe knows fewer.
    """
    if count == DEFAULT_COUNT:
        return [WITH_MISTAKES, *DEFAULT_RELEASES]
    known = in_order(edition.bundled)
    scaled = known[known.index(FIRST_SCALED) :]
    if not 1 <= count <= len(scaled):
        raise UnknownReleasesError(f"the recipe knows {len(scaled)} releases from {FIRST_SCALED} on, not {count}")
    return scaled[:count]


def third_number(tag: str) -> int:
    return int(tag.partition("-")[0].split(".")[2])


def suffix_of(tag: str) -> str:
    """Give ``-p1`` of 2.4.3-p1, ``""`` of 2.4.3."""
    return "".join(tag.partition("-")[1:])


def is_patch(tag: str) -> bool:
    return suffix_of(tag).startswith("-p")


def is_beta(tag: str) -> bool:
    return suffix_of(tag).startswith("-beta")


def time_of(release: str) -> int:
    """Give unix seconds; the days of patches and betas are made up."""
    base, _, suffix = release.partition("-")
    day = calendar.timegm((*_DATES[base], 12, 0, 0))
    number = int(suffix.lstrip("abehltp") or 0)
    if is_beta(release):
        return day - (_BETAS - number) * 60 * DAY
    return day + number * 60 * DAY


def parent_of(release: str, earlier: Sequence[str]) -> str | None:
    """Give the release that this one was made from: the patch before, or the base before."""
    line = release.partition("-")[0]
    if is_patch(release):
        return next((tag for tag in reversed(earlier) if tag.partition("-")[0] == line), None)
    series = release.rpartition(".")[0]
    bases = (tag for tag in reversed(earlier) if not is_patch(tag))
    return next((tag for tag in bases if tag.startswith(series)), None)


def versions_at(tag: str, packages: Mapping[str, str], before: Mapping[str, str], steps: int) -> dict[str, str]:
    """Give the version of each package at a tag.

    ``packages`` has the versions of the baseline, ``before`` those of the parent, and ``steps``
    says how many base releases lie between the baseline and this tag.
    """
    fresh = {name: _stepped(version, steps) + suffix_of(tag) for name, version in packages.items()}
    if not (is_patch(tag) and before):
        return fresh
    patched = _patched(tag, packages)
    kept = {name: before[name] for name in packages if name in before and name not in patched}
    return fresh | kept


def versions_of_2_3(packages: Mapping[str, str]) -> dict[str, str]:
    """Give the versions at 2.3.7-p3, which count otherwise."""
    versions = {name: _of_2_3(version) for name, version in packages.items()}
    return {n: v + "-p3" * (n in _PATCHED_IN_2_3_7_P3) for n, v in versions.items()} | {
        "magento/module-bundle": "100.3.7"
    }


def wildcard(version: str) -> str:
    """Give the constraint that siblings use: 103.0.3-p1 becomes 103.0.*."""
    return version.partition("-")[0].rpartition(".")[0] + ".*"


def _patched(tag: str, names: Iterable[str]) -> set[str]:
    if tag == "2.4.3-p1":
        return _PATCHED_IN_2_4_3_P1
    found = {name for name in names if name == _FRAMEWORK or chosen(_PATCHED, name, tag)}
    return found or {min(names, key=lambda name: digest(name, tag))}


def _stepped(version: str, steps: int) -> str:
    head, _, last = version.rpartition(".")
    return f"{head}.{int(last) + steps}"


def _of_2_3(version: str) -> str:
    first, second, _ = map(int, version.split("."))
    return f"{first}.{second - 1}.7" if second else f"{first - 1}.0.7"
