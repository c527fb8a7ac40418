"""What a scan finds: tags, and the packages that each holds before any correction."""

import json
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and the commit that it leads to; ``commit`` is empty if it leads to none."""

    name: str
    commit: str  # 40 hex digits
    tree: str
    time: int  # committer date, unix seconds


class Candidate(NamedTuple):
    """A package as one tag has it, before the recipe's corrections."""

    kind: str
    rule: int  # index into the source's package rules, -1 if derived
    dir: str
    tree: str  # git id of its directory; empty if it is not there
    composer: str  # git id of its composer.json
    name: str
    version: str
    unpinned: bool = False  # a metapackage that takes any version of its own siblings
    faults: tuple[tuple[str, str], ...] = ()  # (code, sentence)
    derived: str = ""  # the composer.json of a derived package
    content: str = ""  # digest of files and links; equal if only the form of composer.json differs


def candidates_from_json(text: str) -> list[Candidate]:
    rows = json.loads(text)
    return [Candidate._make([*row[:8], tuple((c, s) for c, s in row[8]), *row[9:]]) for row in rows]
