"""What was built from real repositories, held against what upstream published.

`published.json` has links and a hash of the files for each package version that upstream
published of the split repositories; `known.toml` names every difference that is left.
"""

import fnmatch
import hashlib
import json
import tomllib
import zipfile
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
VERDICTS = ("equal", "different", "missing", "no source")
SECTIONS = ("require", "conflict", "replace", "provide", "suggest")


@dataclass(frozen=True, slots=True)
class Row:
    """One published package version and how ours compares."""

    name: str
    version: str
    verdict: str  # one of VERDICTS
    detail: str = ""
    known: str = ""  # the reason, if the difference is a known one


def compare(dists: Path, built: Mapping[tuple[str, str], str], absent: Collection[str]) -> Iterator[Row]:
    """Compare all published versions.

    ``built`` gives the path of a dist by name and version, ``absent`` the keys of sources that
    were not there: packages of theirs are nobody's fault.
    """
    published = json.loads((HERE / "published.json").read_text())["packages"]
    facts = tomllib.loads((HERE / "known.toml").read_text())
    known, sources = facts["known"], facts["source"]
    for key, upstream in sorted(published.items()):
        name, _, version = key.partition("@")
        reason = known.get(key, "")
        path = built.get((name, version))
        if path is None:
            gone = any(_matches(key, sources[source]) for source in absent if source in sources)
            yield Row(name, version, "no source" if gone else "missing", known=reason)
            continue
        detail = "; ".join(differences(dists / path, upstream))
        yield Row(name, version, "different" if detail else "equal", detail, reason)


def _matches(key: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)


def differences(dist: Path, upstream: Mapping[str, Any]) -> Iterator[str]:
    with zipfile.ZipFile(dist) as archive:
        composer = json.loads(archive.read("composer.json"))
        for section in SECTIONS:
            ours, theirs = composer.get(section) or {}, upstream["links"].get(section) or {}
            for name in sorted({*ours, *theirs}):
                if ours.get(name) != theirs.get(name):
                    yield f"{section} {name}: {ours.get(name)}, upstream {theirs.get(name)}"
        if upstream["files_sha256"] and files_hash(archive) != upstream["files_sha256"]:
            count = sum(not info.is_dir() for info in archive.infolist()) - 1
            yield f"files: {count}, upstream {upstream['files']}"


def files_hash(archive: zipfile.ZipFile) -> str:
    """Hash the lines ``path TAB git blob id`` of all files but composer.json, sorted by path."""
    lines = []
    for info in archive.infolist():
        if info.is_dir() or info.filename == "composer.json":
            continue
        data = archive.read(info)
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        lines.append(f"{info.filename}\t{blob}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def table(rows: list[Row]) -> str:
    """Render one line a package with its versions by verdict, the totals, and every difference."""
    by_package: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        by_package[row.name][row.verdict].append(row.version)
    width = max(map(len, by_package), default=0)
    lines = [
        f"{'package':{width}}  " + "  ".join(f"{verdict:>9}" for verdict in VERDICTS) + "  versions that are equal"
    ]
    for name, verdicts in sorted(by_package.items()):
        counts = "  ".join(f"{len(verdicts[verdict]):9}" for verdict in VERDICTS)
        lines.append(f"{name:{width}}  {counts}  {' '.join(verdicts['equal'])}")
    total = Counter(row.verdict for row in rows)
    lines.append(f"{'all':{width}}  " + "  ".join(f"{total[verdict]:9}" for verdict in VERDICTS))
    for row in rows:
        if row.verdict in {"different", "missing"}:
            reason = f"known: {row.known}" if row.known else "NOT KNOWN"
            lines.append(f"{row.name} {row.version}: {row.verdict} {row.detail} [{reason}]")
    return "\n".join(lines)
