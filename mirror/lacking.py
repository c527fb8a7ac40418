"""What a mirror lacks of another one: a judgement on values alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mirror.offering import Offered


class Held(NamedTuple):
    """A version that is here."""

    pk: int
    name: str
    version: str
    normalized: str
    path: str
    sha1: str
    sha256: str
    size: int  # bytes
    reference: str
    time: int | None
    body: str
    is_published: bool  # or was
    is_gone: bool  # the origin has stopped listing it
    is_kept_back: bool  # it was withdrawn or purged here

    @property
    def subject(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def identity(self) -> tuple[str, str]:
        return self.name, self.normalized


@dataclass(frozen=True, slots=True)
class Difference:
    """What there is to do to be like the origin."""

    new: tuple[Offered, ...]
    renewed: tuple[tuple[Held, Offered], ...]  # with other metadata
    gone: tuple[Held, ...]  # newly
    returned: tuple[Held, ...]
    kept_back: tuple[Held, ...]  # offered, and stays out
    loose: tuple[str, ...]  # archives in the manifest that belong to no version
    same: int  # versions


def compare(
    archives: Mapping[str, str], offered: Sequence[Offered], unchanged: frozenset[str], held: Sequence[Held]
) -> Difference:
    """Hold what is offered against what is here.

    ``archives`` are sha256 by path. Of the packages in ``unchanged`` everything that is here and not gone is
    offered, with the metadata that it has; ``offered`` are the versions of the others.
    """
    by_identity = {one.identity: one for one in held}
    listed = {found.identity for found in offered}
    pairs = [(by_identity[found.identity], found) for found in offered if found.identity in by_identity]
    same = [one for one in held if one.name in unchanged and not one.is_gone]
    present = listed | {one.identity for one in same}
    known = {one.path for one in held} | {found.path for found in offered}
    return Difference(
        new=tuple(found for found in offered if found.identity not in by_identity),
        renewed=tuple((one, found) for one, found in pairs if not one.is_kept_back and _differ(one, found)),
        gone=tuple(one for one in held if one.identity not in present and not one.is_gone and not one.is_kept_back),
        returned=tuple(one for one, _ in pairs if one.is_gone),
        kept_back=tuple(one for one, _ in pairs if one.is_kept_back),
        loose=tuple(sorted(archives.keys() - known)),
        same=len(same) + len(pairs),
    )


def _differ(one: Held, found: Offered) -> bool:
    ours = (one.version, one.reference, one.time, one.body)
    return ours != (found.version, found.reference, found.time, found.body)


def refusals(archives: Mapping[str, str], offered: Sequence[Offered], held: Iterable[Held]) -> Iterator[str]:
    """Say what of an origin would change something that is here, or cannot be."""
    known = list(held)
    for one in known:
        theirs = archives.get(one.path, one.sha256)
        if theirs != one.sha256:
            yield f"{one.path} ({one.subject}) has the sha256 {one.sha256} here, and the origin lists {theirs}"
    by_identity, by_path = {one.identity: one for one in known}, {one.path: one for one in known}
    taken: dict[str, Offered] = {}
    for found in offered:
        if found.path not in archives:
            yield f"{found.subject} has its archive at {found.path}, which is not in the manifest"
        if taken.setdefault(found.path, found) is not found:
            yield f"{found.path} is the address of {taken[found.path].subject} and of {found.subject}"
        if there := by_identity.get(found.identity):
            yield from _moved(there, found)
        elif found.path in by_path:
            yield f"{found.path} is the address of {by_path[found.path].subject} here, and there of {found.subject}"


def _moved(one: Held, found: Offered) -> Iterator[str]:
    if one.path != found.path:
        yield f"{one.subject} is at {one.path} here, and the origin has it at {found.path}"
    elif one.sha1 != found.sha1:
        yield f"{one.path} ({one.subject}) has the sha1 {one.sha1} here, and the origin says {found.sha1}"
