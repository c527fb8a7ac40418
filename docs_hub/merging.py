"""Files that are one update: published on the same day under the same title."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from docs_hub import linking
from docs_hub.findings import Finding, warning
from docs_hub.posts import Post

NOT_WORDS = re.compile(r"[\W_]+")
NEWER = {"blog": 0, "post": 1}

Key = tuple[date, str]  # day, normalised title
Rank = Callable[[Post], int]


@dataclass(frozen=True, slots=True)
class Merged:
    """One update."""

    post: Post  # the newer file's text, with the description that a person wrote
    files: tuple[Post, ...]  # the one whose text it is first
    address: str  # "/updates/2022/week-7-of-2022/"
    old_addresses: tuple[str, ...]  # of all its files
    findings: tuple[Finding, ...]


def key(post: Post) -> Key:
    """Give what two files of one update have in common."""
    return key_of(post.day, post.title)


def key_of(day: date, title: str) -> Key:
    folded = unicodedata.normalize("NFKC", title).casefold()
    return day, NOT_WORDS.sub(" ", folded).strip() or folded


def no_rank(_: Post) -> int:
    return 0


def merge(posts: Iterable[Post], rank: Rank = no_rank) -> tuple[Merged, ...]:
    """Bring files of one update together, oldest update first; no two have one address. See ``preferred``."""
    together: dict[Key, list[Post]] = {}
    for post in posts:
        together.setdefault(key(post), []).append(post)
    taken: set[str] = set()
    return tuple(_merged(preferred(together[found], rank), taken) for found in sorted(together))


def preferred(posts: Iterable[Post], rank: Rank = no_rank) -> list[Post]:
    """Sort files of one update, the one whose body wins first: of a higher rank, or else the newer layout."""
    return sorted(posts, key=lambda post: (-rank(post), -NEWER[post.layout], post.path))


def _merged(files: list[Post], taken: set[str]) -> Merged:
    first = files[0]
    description = next((post.description for post in files if post.description), "")
    address, findings = _free_address(first, taken)
    taken.add(address)
    old = (address for post in files for address in linking.old_addresses(post))
    return Merged(replace(first, description=description), tuple(files), address, tuple(dict.fromkeys(old)), findings)


def _free_address(post: Post, taken: set[str]) -> tuple[str, tuple[Finding, ...]]:
    """Give a post's address, with its month and day where another update of the year has that name."""
    address = linking.canonical(post)
    if address not in taken:
        return address, ()
    other = f"{address.rstrip('/')}-{post.day:%m-%d}/"
    number = 2
    while other in taken:
        other = f"{address.rstrip('/')}-{post.day:%m-%d}-{number}/"
        number += 1
    return other, (warning("address-taken", f"{post.path}: {address} is another update; this one is at {other}"),)
